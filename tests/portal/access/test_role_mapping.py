"""From claims to roles."""

import tomllib
from types import MappingProxyType

import pytest
from pydantic import ValidationError

from portal.access.errors import LoginError, Reason
from portal.access.oidc import Claims
from portal.access.role_mapping import RoleMapping
from portal.access.roles import Role

CONFIG = """
[[role]]
claim = "groups"
value = "ml-viewers"
role = "viewer"

[[role]]
claim = "groups"
value = "ml-approvers"
role = "approver"
stacks = ["prod", "preprod"]

[[role]]
claim = "realm_access.roles"
value = "platform-admin"
role = "admin"

[[role]]
claim = "https://example.com/team"
value = "fraud"
role = "developer"
stacks = ["dev"]

[[role]]
claim = "email"
value = "ada@example.com"
role = "admin"
stacks = ["dev"]
"""
MAPPING = RoleMapping.model_validate(tomllib.loads(CONFIG))


def of(**claims) -> Claims:
    return Claims(
        id="oidc:issuer.example.com#ann", name="Ann", email="a@b.c", all=MappingProxyType(claims), id_token="x"
    )


@pytest.mark.parametrize(
    ("claims", "roles"),
    [
        ({"groups": ["ml-viewers", "others"]}, {"*": "viewer"}),
        ({"groups": "ml-viewers"}, {"*": "viewer"}),
        ({"groups": "ml-viewers ml-approvers"}, {}),
        ({"groups": ["ML-viewers"]}, {}),
        ({"groups": ["ml-approvers", "ml-viewers"]}, {"*": "viewer", "prod": "approver", "preprod": "approver"}),
        ({"realm_access": {"roles": ["platform-admin"]}}, {"*": "admin"}),
        ({"groups": ["ml-viewers"], "realm_access": {"roles": ["platform-admin"]}}, {"*": "admin"}),
        ({"realm_access.roles": "platform-admin"}, {"*": "admin"}),
        ({"https://example.com/team": "fraud"}, {"dev": "developer"}),
        ({"email": "ada@example.com", "email_verified": True}, {"dev": "admin"}),
        ({"email": "ada@example.com", "email_verified": "true"}, {}),
        ({"email": "ada@example.com"}, {}),
        ({"groups": [["ml-viewers"], {"ml-viewers": 1}, 7, None]}, {}),
        ({"groups": {"ml-viewers": True}}, {}),
        ({"realm_access": ["platform-admin"]}, {}),
        ({}, {}),
    ],
)
def test_claims_become_roles(claims, roles):
    assert MAPPING.roles(claims) == roles


def test_the_greatest_role_of_several_rules_holds_whatever_their_order():
    rules = tomllib.loads(CONFIG)["role"]
    rules += [{"claim": "groups", "value": "ml-viewers", "role": "developer"}]
    for order in (rules, rules[::-1]):
        assert RoleMapping(role=order).roles({"groups": ["ml-viewers"]}) == {"*": Role.DEVELOPER}


def test_a_person_with_a_role_becomes_an_actor():
    actor = MAPPING.actor(of(groups=["ml-approvers"]))
    assert (actor.id, actor.name, actor.via, actor.scopes) == ("oidc:issuer.example.com#ann", "Ann", "session", None)
    assert actor.role_on("prod") is Role.APPROVER
    assert actor.role_on("dev") is None


def test_a_person_without_a_role_is_refused_and_reads_where_to_ask():
    with pytest.raises(LoginError) as caught:
        MAPPING.actor(of(groups=["others"]))
    assert caught.value.reason is Reason.NO_ROLE
    assert caught.value.text == (
        "You are logged in as Ann, but none of your groups has a role in this portal. "
        "Ask for one where your groups are managed, then log out and in again."
    )
    assert "without a value: email, https://example.com/team, realm_access.roles" in caught.value.detail
    assert "others" not in caught.value.detail, "which groups people are in is nobody's business but the issuer's"


def test_groups_that_the_issuer_left_out_as_too_many_are_named_as_the_cause():
    with pytest.raises(LoginError) as caught:
        MAPPING.actor(of(_claim_names={"groups": "src1"}, _claim_sources={"src1": {"endpoint": "https://x"}}))
    assert "so many groups" in caught.value.text
    assert "left out by the issuer as too many: groups" in caught.value.detail


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"role": "owner"}, "viewer"),
        ({"claim": "preferred_username"}, "people can change this claim"),
        ({"claim": "name"}, "people can change this claim"),
        ({"value": ""}, "at least 1"),
        ({"stacks": []}, "at least 1"),
        ({"stack": "prod"}, "Extra inputs"),
    ],
)
def test_a_rule_that_is_wrong_or_dangerous_is_refused(wrong, said):
    with pytest.raises(ValidationError, match=said):
        RoleMapping(role=[{"claim": "groups", "value": "x", "role": "viewer", **wrong}])


def test_a_portal_without_any_rule_is_refused_since_nobody_could_log_in():
    with pytest.raises(ValidationError):
        RoleMapping(role=[])
