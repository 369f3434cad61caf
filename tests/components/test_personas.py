"""What people may do, row by row of the table behind the page; who becomes whom; what AWS's limits leave."""

import copy
import json
from fnmatch import fnmatchcase

import pulumi
import pytest

from components.persona_policies_studio import Tracking, Workbench
from components.persona_policies_trust import boundary_statements, people_trust, service_trust
from components.personas import Personas, PersonasArgs
from components.personas_page import page
from components.personas_table import NOBODY, PERSONAS, ROWS
from components.project_boundary import ProjectBoundary, ProjectBoundaryArgs, project_boundary_statements
from contracts.instances import STUDIO
from contracts.regions import ALL_REGIONS
from contracts.studio import MOST_APP_INSTANCES
from contracts.version_metadata import KNOWN
from settings.people import People
from tests.components.personas import (
    WORKBENCH,
    document,
    key_of,
    may,
    names,
    project_statements,
    request,
    scope,
    session,
    size,
    statements,
)
from tests.components.test_iam_vocabulary import GLOBAL_KEY, KNOWN_ACTIONS, as_list, known_keys
from tests.graph_checks import documents, half_ready_role_users, too_long_names
from tests.harness import ROOT, deploy
from tests.policy_evaluator import is_allowed, is_allowed_within, is_principal, matches

INLINE_LIMIT, MANAGED_LIMIT = 10_240, 6_144
"""IAM quotas: characters of all inline policies of a role, and of one managed policy."""
EVERYTHING = {"Statement": [{"Sid": "A", "Effect": "Allow", "Action": "*", "Resource": "*"}]}


def expected(row, environment):
    if row.dev_alone and environment != "dev":
        return set()
    return {p for p in row.may if not (row.dev_only and p == "lead" and environment != "dev")}


@pytest.mark.parametrize("environment", ["dev", "preprod", "prod"])
def test_every_row_of_the_table_holds(environment):
    of = names(environment)
    wrong = {}
    for row in ROWS:
        found = {p for p in PERSONAS if may(p, of, *request(row, of), nameless=row.nameless)}
        if found != expected(row, environment):
            wrong[row.what] = (sorted(found), sorted(expected(row, environment)))
    assert wrong == {}, "who may, and who should"


def answers(of, documents, bounds):
    """Who may do each row, with other policies than the rendered ones."""
    return [
        {
            persona for persona, own in documents.items()
            if is_allowed_within(bounds, [own], *asked[:2], {**asked[2], **session(persona, of, nameless=row.nameless)})
        }
        for row in ROWS
        for asked in [request(row, of)]
    ]  # fmt: skip


def without(whole, index, path=()):
    """A policy without one statement, or without what lies at a path of its conditions."""
    changed = copy.deepcopy(whole)
    if not path:
        del changed["Statement"][index]
    else:
        del changed["Statement"][index]["Condition"][path[0]][path[1]]
    return changed


@pytest.mark.parametrize("persona", PERSONAS)
def test_a_row_notices_each_statement_and_each_condition_that_goes_missing(persona):
    of = names("dev")
    own = document(statements(persona, of))
    told = answers(of, {persona: own}, EVERYTHING)
    unnoticed = []
    for index, statement in enumerate(own["Statement"]):
        paths = [(operator, key) for operator, keys in statement.get("Condition", {}).items() for key in keys]
        for path in [(), *paths]:
            if path and path[1].startswith("sagemaker:CustomerMetadataProperties/"):
                continue  # each has its turn in the test of metadata
            if answers(of, {persona: without(own, index, path)}, EVERYTHING) == told:
                unnoticed.append((statement["Sid"], *path))
    assert unnoticed == [], "the table would not tell that it is gone"


def test_a_row_notices_each_statement_of_the_boundary_that_goes_missing():
    of = names("dev")
    own = {persona: document(statements(persona, of)) for persona in PERSONAS}
    bounds = document(boundary_statements(scope(of)))
    told = answers(of, own, bounds)
    found = enumerate(bounds["Statement"])
    assert [s["Sid"] for index, s in found if answers(of, own, without(bounds, index)) == told] == []


@pytest.mark.parametrize("persona", ["lead", "approver"])
def test_who_decides_writes_none_of_the_platforms_metadata(persona):
    of = names("dev")
    version = f"arn:aws:sagemaker:us-east-1:{of.account}:model-package/{of.prefix}-fraud/1"
    update = (persona, of, "sagemaker:UpdateModelPackage", version)
    status = {"sagemaker:ModelApprovalStatus": "Approved"}
    forged = {key for key in KNOWN if may(*update, {**status, f"sagemaker:CustomerMetadataProperties/{key}": "x"})}
    assert forged == set(), "who approved, and what a version comes from, is not the approver's to say"
    assert may(*update, {**status, "sagemaker:CustomerMetadataProperties/ticket": "RISK-7"}), "a note of one's own is"


def test_no_row_says_something_twice():
    asked = [(row.action, row.resource, json.dumps(row.context, sort_keys=True), row.nameless) for row in ROWS]
    assert len(set(asked)) == len(asked)
    assert len({row.what for row in ROWS}) == len(ROWS)


FINER = {
    *("sagemaker:CreateApp", "sagemaker:CreatePresignedDomainUrl", "sagemaker:CreateSpace", "sagemaker:DeleteSpace"),
    *("sagemaker:DescribeDomain", "sagemaker:DescribeTrainingJob", "sagemaker:StartPipelineExecution"),
    *("sagemaker:StopTrainingJob", "servicecatalog:ProvisionProduct", "servicecatalog:TerminateProvisionedProduct"),
    *("dynamodb:PutItem", "events:PutEvents", "iam:PassRole", "logs:GetLogEvents", "s3:GetObject", "s3:PutObject"),
}
"""What some may do with some things: whose and which is said by the persona's policy, and not by the boundary."""


@pytest.mark.parametrize("persona", PERSONAS)
def test_what_nobody_may_stays_so_whatever_policy_is_attached(persona):
    of = names("dev")
    bounds = document(boundary_statements(scope(of)))
    rows = [row for row in ROWS if row.may == NOBODY and row.action not in FINER and "approve and" not in row.what]
    escaped = []
    for row in rows:
        action, resource, context = request(row, of)
        context |= session(persona, of, nameless=row.nameless)
        # A job's name is the person's; the boundary knows none.
        if "another's name" not in row.what and is_allowed_within(bounds, [EVERYTHING], action, resource, context):
            escaped.append(row.what)
    assert len(rows) > 30
    assert escaped == []


def test_only_deciders_decide_whatever_policy_is_attached():
    version = "arn:aws:sagemaker:us-east-1:111111111111:model-package/acme-risk-dev-us-east-1-fraud/1"
    for environment, deciders in (("dev", {"lead", "approver"}), ("prod", {"approver"})):
        of = names(environment)
        bounds = document(boundary_statements(scope(of)))
        there = version.replace("dev", environment).replace("1" * 12, of.account)
        wish = {"sagemaker:ModelApprovalStatus": "Approved"}
        update = (bounds, [EVERYTHING], "sagemaker:UpdateModelPackage", there)
        found = {p for p in PERSONAS if is_allowed_within(*update, {**wish, **session(p, of)})}
        assert found == deciders


def test_a_person_cannot_be_taken_for_another_whose_name_begins_alike():
    of = names("dev")
    jobs = "arn:aws:sagemaker:us-east-1:111111111111:training-job/"
    assert may("data-scientist", of, "sagemaker:StopTrainingJob", f"{jobs}ada--x", {})
    assert not may("data-scientist", of, "sagemaker:StopTrainingJob", f"{jobs}ada-b--x", {}), (
        "a profile's name has no two hyphens in a row, so they end it"
    )


def test_without_a_source_identity_nobody_has_a_folder_or_a_job():
    of = names("dev")
    for action, resource in (
        ("s3:PutObject", f"{of.bucket_arn('artifacts')}/people/ada/x"),
        ("sagemaker:StopTrainingJob", "arn:aws:sagemaker:us-east-1:111111111111:training-job/ada--x"),
    ):
        assert not may("data-scientist", of, action, resource, {}, nameless=True)


def test_a_persons_job_cannot_write_where_pipelines_do():
    of = names("dev")
    own = [document(statements("experiment", of))]
    bucket = of.bucket_arn("artifacts")
    assert is_allowed(own, "s3:PutObject", f"{bucket}/people/ada/model.tar.gz", {})
    assert is_allowed(own, "s3:GetObject", f"{bucket}/pipelines/p/e/train/train.csv", {})
    for prefix in ("pipelines/p/e/train/model.tar.gz", "code/0/train/train.py", "promoted/fraud/0/model.tar.gz"):
        assert not is_allowed(own, "s3:PutObject", f"{bucket}/{prefix}", {}), "a model that awaits approval"
    assert not is_allowed(own, "sagemaker:CreateTrainingJob", "*", {})


# who becomes whom
OF = names("prod")
ROLE = OF.role_arn("approver")
SSO = f"arn:aws:iam::{OF.account}:role/aws-reserved/sso.amazonaws.com/eu-west-1/AWSReservedSSO_{{}}_0123456789abcdef"
USER = f"arn:aws:iam::{OF.account}:user/team/ada"


def admits(people, context, *, principal, named=True):
    """Whether the trust lets a principal assume the role and say whose session it is."""
    trust = json.loads(people_trust(OF, people.approver("prod"), named=named))
    actions = ["sts:AssumeRole", "sts:SetSourceIdentity"] if "sts:SourceIdentity" in context else ["sts:AssumeRole"]
    return all(
        any(
            is_principal(s["Principal"], principal)
            and matches(s, action, ROLE, {**context, "aws:PrincipalArn": principal})
            for s in trust["Statement"]
        )
        for action in actions
    )


USERS = People.model_validate({"trusted": {"identity_center": False, "account": True}})
CENTER = People.model_validate({"approvers": {"permission_sets": ["Approver"]}})
SECOND_FACTOR = {"aws:MultiFactorAuthPresent": "true"}


@pytest.mark.parametrize(
    ("context", "admitted"),
    [
        ({"aws:username": "ada", "sts:SourceIdentity": "ada", **SECOND_FACTOR}, True),
        ({"aws:username": "ada", "sts:SourceIdentity": "grace", **SECOND_FACTOR}, False),
        ({"aws:username": "ada", **SECOND_FACTOR}, False),
        ({"aws:username": "ada", "sts:SourceIdentity": "ada", "aws:MultiFactorAuthPresent": "false"}, False),
        ({"aws:username": "ada", "sts:SourceIdentity": "ada"}, False),
    ],
    ids=["as herself", "as another", "nameless", "factor refused", "key of long-term credentials absent"],
)
def test_an_iam_user_approves_in_prod_as_herself_and_with_a_second_factor(context, admitted):
    assert admits(USERS, context, principal=USER) is admitted


@pytest.mark.parametrize(
    ("context", "permission_set", "admitted"),
    [
        ({"aws:PrincipalTag/username": "ada", "sts:SourceIdentity": "ada"}, "Approver", True),
        ({"aws:PrincipalTag/username": "ada", "sts:SourceIdentity": "grace"}, "Approver", False),
        ({"sts:SourceIdentity": "ada"}, "Approver", False),
        ({"aws:PrincipalTag/username": "ada", "sts:SourceIdentity": "ada"}, "Approver_Trainee", False),
        ({"aws:PrincipalTag/username": "ada", "sts:SourceIdentity": "ada"}, "PowerUser", False),
    ],
    ids=["as herself", "as another", "no attribute sent", "name that begins alike", "other set"],
)
def test_a_person_of_identity_center_approves_without_the_key_that_such_sessions_lack(
    context, permission_set, admitted
):
    assert admits(CENTER, context, principal=SSO.format(permission_set)) is admitted


def test_named_users_shut_out_permission_sets_and_other_users():
    raw = {"trusted": {"account": True}, "approvers": {"users": ["ada"]}}
    trust = People.model_validate(raw)
    context = {"aws:username": "ada", "sts:SourceIdentity": "ada", **SECOND_FACTOR}
    assert admits(trust, context, principal=USER)
    assert not admits(
        trust, {**context, "aws:username": "eve", "sts:SourceIdentity": "eve"}, principal=USER[:-3] + "eve"
    )
    center = {"aws:PrincipalTag/username": "ada", "sts:SourceIdentity": "ada"}
    assert not admits(trust, center, principal=SSO.format("Approver"))


@pytest.mark.parametrize("other", ["data-scientist", "lead", "viewer", "training", "experiment"])
def test_no_role_of_ours_becomes_an_approver(other):
    context = {"aws:PrincipalTag/username": "ada", "sts:SourceIdentity": "ada", "aws:username": "ada", **SECOND_FACTOR}
    for people in (USERS, CENTER, People()):
        assert not admits(people, context, principal=OF.role_arn(other))


PORTAL = "arn:aws:iam::444444444444:role/tools/mlops-portal"


@pytest.mark.parametrize(
    ("principal", "context", "admitted"),
    [
        (PORTAL, {"sts:SourceIdentity": "ada@example.com"}, True),
        (PORTAL, {}, False),
        ("arn:aws:iam::444444444444:role/other", {"sts:SourceIdentity": "ada@example.com"}, False),
        ("arn:aws:iam::444444444444:user/eve", {"sts:SourceIdentity": "ada@example.com"}, False),
        (OF.role_arn("lead"), {"sts:SourceIdentity": "ada@example.com"}, False),
    ],
    ids=["for somebody", "for nobody", "another role there", "a user there", "a role of ours"],
)
def test_the_portal_becomes_an_approver_for_a_person_it_names(principal, context, admitted):
    people = People.model_validate({"portal_role_arn": PORTAL})
    assert admits(people, context, principal=principal) is admitted
    assert not admits(People(), context, principal=principal), "only where the settings name it"
    assert not admits(people, context, principal=principal, named=False), "and never a viewer"


def test_a_viewer_comes_by_the_consoles_role_switch_which_names_nobody():
    assert admits(CENTER, {}, principal=SSO.format("Approver"), named=False)
    assert not admits(CENTER, {"sts:SourceIdentity": "grace"}, principal=SSO.format("Approver"), named=False), (
        "nor as somebody else"
    )


def test_studio_names_the_person_and_asks_no_second_factor():
    (statement,) = json.loads(service_trust(OF))["Statement"]
    assert statement["Action"] == ["sts:AssumeRole", "sts:SetSourceIdentity"]
    assert statement["Condition"] == {"StringEquals": {"aws:SourceAccount": OF.account}}, "another key denies everyone"


# limits and vocabulary
LONG_BENCHES = [
    Workbench(app_instances=sorted(STUDIO, key=len)[-MOST_APP_INSTANCES:], tracking=kind, catalog=True)
    for kind in Tracking
]


def test_policies_fit_into_iam_at_the_longest_settings():
    subnets = [f"subnet-0123456789abcde{i:02}" for i in range(8)]
    found = {}
    for region in sorted(ALL_REGIONS):
        for environment in ("dev", "preprod"):
            of = names(environment, organisation="o" * 12, unit="u" * 12, region=region)
            ids = {"subnets": subnets, "group": "sg-0123456789abcdef0"}
            for persona in (*PERSONAS, "experiment"):
                for bench in LONG_BENCHES:
                    found[persona, region, environment, bench.tracking] = (
                        size(statements(persona, of, bench, **ids)), INLINE_LIMIT)  # fmt: skip
            for template in ("model-training", "realtime-inference"):
                found[template, region, environment] = (size(project_statements(template, of, "p" * 24)), INLINE_LIMIT)
            bounds = boundary_statements(scope(of, **ids))
            found["people", region, environment] = (size(bounds), MANAGED_LIMIT)
            bounds = project_boundary_statements(
                scope(of, **ids), names("dev", organisation="o" * 12, unit="u" * 12, region=region)
            )
            found["project", region, environment] = (size(bounds), MANAGED_LIMIT)
    assert {where: sizes for where, sizes in found.items() if sizes[0] > sizes[1]} == {}


def all_statements():
    for environment in ("dev", "prod"):
        of = names(environment)
        for bench in (WORKBENCH, Workbench(tracking=Tracking.APP)):
            for persona in (*PERSONAS, "experiment"):
                yield from statements(persona, of, bench)
        yield from boundary_statements(scope(of))
        yield from project_boundary_statements(scope(of), names("dev"))
        for template in ("model-training", "realtime-inference"):
            yield from project_statements(template, of)


def test_every_action_of_people_and_projects_exists():
    actions = {a.lower() for s in all_statements() for a in as_list(s["Action"])}
    unknown = {a for a in actions if not any(fnmatchcase(known, a) for known in KNOWN_ACTIONS)}
    assert unknown == set(), "a misspelt action allows nothing and says nothing"


def test_every_condition_key_of_people_and_projects_works_on_its_actions():
    everywhere = {"kms:viaservice", "iam:passedtoservice"}
    wrong = set()
    for statement in all_statements():
        for keys in statement.get("Condition", {}).values():
            for key in keys:
                for action in as_list(statement["Action"]):
                    if GLOBAL_KEY.match(key) or key.lower() in everywhere or "*" in action:
                        continue
                    known = known_keys(action)
                    if not any(fnmatchcase(key.lower(), pattern) for pattern in known):
                        wrong.add((statement["Sid"], action, key))
    assert wrong == set(), "a condition on a key that the action never sends denies always or never"


def test_statements_of_one_policy_have_names_of_their_own():
    for persona in (*PERSONAS, "experiment"):
        sids = [s["Sid"] for s in statements(persona, names("dev"))]
        assert len(set(sids)) == len(sids), "IAM refuses a Sid that stands twice"


# the components
def program(environment="dev", *, studio=True, workbench=WORKBENCH, of=None):
    of = of or names(environment)

    def run():
        network = {
            "names": of,
            "private_subnet_ids": pulumi.Output.from_input(["subnet-1", "subnet-2"]),
            "job_security_group_id": pulumi.Output.from_input("sg-1"),
            "data_key_arn": pulumi.Output.from_input(key_of(of)),
        }
        Personas("people", PersonasArgs(**network, people=People(), studio=studio, workbench=workbench))
        ProjectBoundary("project-boundary", ProjectBoundaryArgs(**network, development=names("dev")))

    return run


def test_every_persona_is_bound_and_holds_what_the_table_evaluates():
    of, graph = names("dev"), deploy(program())
    policies = {p.inputs["role"]: json.loads(p.inputs["policy"]) for p in graph.of_type("iam:RolePolicy")}
    for persona in PERSONAS:
        (role,) = [r for r in graph.of_type("iam:Role") if r.inputs["name"] == of.role(persona)]
        assert role.inputs["permissionsBoundary"].endswith(of.boundary("people"))
        assert policies[of.role(persona)] == document(statements(persona, of))
    (bounds,) = [p for p in graph.of_type("iam:Policy") if p.inputs["name"] == of.boundary("people")]
    assert json.loads(bounds.inputs["policy"]) == document(boundary_statements(scope(of)))
    assert half_ready_role_users(graph) == []


def test_without_studio_there_is_nobody_to_work_in_it():
    roles = {r.inputs["name"] for r in deploy(program("prod", studio=False)).of_type("iam:Role")}
    assert roles == {names("prod").role("approver"), names("prod").role("viewer")}


def test_names_fit_at_the_longest_settings():
    graph = deploy(program(of=names("preprod", organisation="o" * 12, unit="u" * 12, region="ap-southeast-2")))
    assert too_long_names(graph) == []
    assert len({r.inputs["name"] for r in graph.of_type("iam:Role")}) == len(graph.of_type("iam:Role"))
    assert len(list(documents(graph))) == 12, "five roles with trust and policy, two boundaries"


def test_more_instance_types_than_a_policy_holds_are_refused():
    too_many = Workbench(app_instances=["ml.t3.medium"] * (MOST_APP_INSTANCES + 1))
    with pytest.raises(ValueError, match="room for 8"):
        PersonasArgs(names=names("dev"), private_subnet_ids=[], job_security_group_id="", data_key_arn="",
                     people=People(), studio=True, workbench=too_many)  # fmt: skip


def test_the_page_is_what_the_tables_give():
    assert (ROOT / "docs/reference/personas.md").read_text() == page(), (
        "run: python -m components.personas_page > docs/reference/personas.md"
    )
