"""The section `people`: who may take on a role, and what is refused, by the exact text."""

import pytest

from settings import SettingsError, load_settings
from tests.settings_errors.changes import changed

USER_RULE = "an IAM user's name has 2 to 64 letters, digits and _+=,.@-, and no path"
CASES = {
    "nobody could approve": (
        {"people__trusted": {"identity_center": False}}, "people.trusted.account: false",
        "somebody has to be able to approve: people come by Identity Center, or are the account's IAM users",
        "set one of the two to true",
    ),
    "a user where users are not trusted": (
        {"people__approvers__users": ["ada"]}, 'people.approvers.users: ["ada"]',
        "IAM users of the account are not trusted here", "remove it, or set people.trusted.account: true",
    ),
    "a permission set where Identity Center is not trusted": (
        {"people": {"trusted": {"identity_center": False, "account": True}, "viewers": {"permission_sets": ["V"]}}},
        'people.viewers.permission_sets: ["V"]',
        "permission sets are of Identity Center, which is not trusted here",
        "remove it, or set people.trusted.identity_center: true",
    ),
    "a second factor that prod gives up": (
        {"people__require_mfa": False}, "people.require_mfa: false",
        "in prod an IAM user approves with a second factor", "remove it, or write true",
    ),
    "the role in place of the permission set": (
        {"people__approvers__permission_sets": ["AWSReservedSSO_Approver_0123456789abcdef"]},
        'people.approvers.permission_sets[0]: "AWSReservedSSO_Approver_0123456789abcdef"',
        "it is the permission set's own name, not that of the role that AWS makes of it",
        "write what stands between AWSReservedSSO_ and the last underscore",
    ),
    "a permission set's name that matches others": (
        {"people__approvers__permission_sets": ["*"]}, 'people.approvers.permission_sets[0]: "*"',
        "a permission set's name has 1 to 32 letters, digits and _+=,.@-", "write for example ModelApprover",
    ),
    "a user's name with a path": (
        {"people__trusted__account": True, "people__approvers__users": ["team/ada"]},
        'people.approvers.users[0]: "team/ada"', USER_RULE, "write for example ada",
    ),
    "a user's name that matches others": (
        {"people__trusted__account": True, "people__approvers__users": ["a*"]}, 'people.approvers.users[0]: "a*"',
        USER_RULE, "write for example ada",
    ),
    "a user who is listed twice": (
        {"people__trusted__account": True, "people__approvers__users": ["ada", "ada"]},
        'people.approvers.users: ["ada", "ada"]', "each name is listed once", "remove the second",
    ),
    "a role of the platform as the portal's": (
        {"people__portal_role_arn": "arn:aws:iam::333333333333:role/acme-risk-prod-lead"},
        'people.portal_role_arn: "arn:aws:iam::333333333333:role/acme-risk-prod-lead"',
        "the portal runs in a role that the platform does not make: its name does not begin as theirs do",
        "write the role of the machine or container that the portal runs on",
    ),
    "a pattern as the portal's role": (
        {"people__portal_role_arn": "arn:aws:iam::444444444444:role/*"},
        'people.portal_role_arn: "arn:aws:iam::444444444444:role/*"',
        "a role is named by its exact ARN: no pattern, no session of it (sts, assumed-role), no user, no root",
        "copy it: aws iam get-role --role-name NAME --query Role.Arn --output text",
    ),
    "an attribute that could leave its variable": (
        {"people__identity_attribute": "user}name"}, 'people.identity_attribute: "user}name"',
        "an attribute for access control has 1 to 128 letters, digits and _.:/=+@-", "write for example username",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_a_broken_rule_of_people_says_where_what_and_how_to_mend_it(case):
    changes, head, rule, fix = CASES[case]
    with pytest.raises(SettingsError) as caught:
        load_settings(changed("prod", **changes), source="Pulumi.prod.yaml")
    assert [str(problem) for problem in caught.value.problems] == [f"  {head}\n    rule: {rule}\n    fix:  {fix}"]


@pytest.mark.parametrize(("stack", "asked"), [("dev", False), ("preprod", False), ("prod", True)])
def test_an_iam_user_needs_a_second_factor_in_prod_by_default(stack, asked):
    people = load_settings(changed(stack, people={}), source=f"Pulumi.{stack}.yaml").people
    assert people.approver(stack).require_mfa is asked
    assert people.viewer(stack).require_mfa is asked


def test_who_is_named_shuts_out_everybody_else():
    raw = changed("dev", people={"trusted": {"account": True}, "approvers": {"users": ["ada"]}})
    people = load_settings(raw, source="Pulumi.dev.yaml").people
    approver, viewer = people.approver("dev"), people.viewer("dev")
    assert (approver.account, approver.users, approver.identity_center) == (True, ("ada",), False)
    assert (viewer.account, viewer.identity_center) == (True, True), "for the viewer nobody was named"
