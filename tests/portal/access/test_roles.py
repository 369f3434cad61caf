"""Who may do what: every role with every action, tokens, and the refusals that people read."""

import pytest

from portal.access.roles import PERMISSIONS, SCOPES, Action, Actor, ForbiddenError, Reach, Role

V, D, P, A = Role.VIEWER, Role.DEVELOPER, Role.APPROVER, Role.ADMIN
LEAST = {
    Action.VIEW: V,
    Action.PREVIEW: D,
    Action.EDIT_SETTINGS: D,
    Action.CHECK_DRIFT: D,
    Action.DEPLOY: D,
    Action.APPROVE: P,
    Action.DECIDE_MODELS: P,
    Action.MANAGE_REVIEWS: D,
    Action.CANCEL: D,
    Action.REFRESH: P,
    Action.REPAIR: A,
    Action.DESTROY: A,
    Action.MANAGE_OWN_TOKENS: V,
    Action.MANAGE_TOKENS: A,
    Action.READ_AUDIT: P,
}
"""Written a second time on purpose: who changes a right changes it in two places and knows it."""
WHO = "Who manages your groups at the identity provider can change that."
OVER_ALL = {Action.MANAGE_TOKENS, Action.READ_AUDIT}


def person(**roles):
    return Actor(
        id="oidc:issuer.example.com#ann", name="Ann", roles={k.replace("all", "*"): r for k, r in roles.items()}
    )


def token(*scopes, **roles):
    return Actor(
        id="token:t1",
        name="ci",
        roles=roles,
        scopes=frozenset(scopes),
        via="token",
        owner="oidc:issuer.example.com#ann",
    )


@pytest.mark.parametrize("action", Action)
@pytest.mark.parametrize("role", Role)
def test_every_role_may_what_the_table_says(role, action):
    order = [V, D, P, A]
    right = order.index(role) >= order.index(LEAST[action])
    assert person(all=role).may(action, "prod") is right
    assert person(all=role).may(action) is right
    assert person(prod=role).may(action, "prod") is (right and action not in OVER_ALL)
    assert person(dev=role).may(action, "prod") is (right and action is Action.MANAGE_OWN_TOKENS)


@pytest.mark.parametrize("action", Action)
def test_nobody_without_a_role_may_anything(action):
    assert not person().may(action, "prod")
    assert not person().may(action)


@pytest.mark.parametrize("action", Action)
def test_a_token_needs_the_action_s_scope_and_its_owner_s_role(action):
    scope = PERMISSIONS[action].scope
    every = token(*SCOPES, **{"*": A})
    assert every.may(action, "prod") is (scope is not None), "some things only a person does"
    if scope is not None:
        assert token(scope, **{"*": A}).may(action, "prod")
        assert not token(*set(SCOPES) - {scope}, **{"*": A}).may(action, "prod")
        assert not token(scope).may(action, "prod"), "a scope is no role"


def test_a_token_cannot_make_tokens_nor_read_and_revoke_those_of_others():
    assert {a for a, needs in PERMISSIONS.items() if needs.scope is None} == {
        Action.MANAGE_OWN_TOKENS,
        Action.MANAGE_TOKENS,
    }


@pytest.mark.parametrize("wrong", [{"scopes": None}, {"owner": ""}, {"scopes": frozenset({"everything"})}])
def test_a_token_without_limits_or_owner_cannot_be_made(wrong):
    given = {"scopes": frozenset({"read"}), "owner": "oidc:issuer.example.com#ann", **wrong}
    with pytest.raises(ValueError, match="actor token:t1"):
        Actor(id="token:t1", name="ci", via="token", **given)


def test_a_person_and_the_person_s_token_are_one_where_two_are_needed():
    ann = person(all=P)
    assert token("approve", prod=P).person == ann.person == ann.id
    assert Actor(id="system:drift", name="drift check", via="system").person == "system:drift"


def test_the_portal_itself_can_be_limited_and_never_manages_tokens():
    drift = Actor(id="system:drift", name="x", via="system", roles={"*": D}, scopes=frozenset({"preview"}))
    assert drift.may(Action.CHECK_DRIFT, "dev")
    assert not drift.may(Action.DEPLOY, "dev")
    assert not Actor(id="system:x", name="x", via="system", roles={"*": A}).may(Action.MANAGE_TOKENS)


def test_the_greater_role_counts():
    ann = person(all=V, prod=P, dev=A)
    assert (ann.role_on("prod"), ann.role_on("dev"), ann.role_on("preprod"), ann.role_on(None)) == (P, A, V, V)
    assert person(all=A, prod=V).role_on("prod") is A
    assert person(prod=V).role_on(None) is None, "one stack is not all of them"


def test_people_see_the_stacks_where_they_have_a_role():
    assert person(prod=V, dev=D).visible(["dev", "preprod", "prod"]) == ["dev", "prod"]


def test_roles_are_ordered_by_what_they_may_and_not_by_the_alphabet():
    assert sorted([A, P, D, V]) == [V, D, P, A]
    assert max([V, A, D]) is A
    assert (V < D, D <= D, A > P, P >= A) == (True, True, True, False)
    for compare in (lambda: V < "z", lambda: V > "z", lambda: V <= "z", lambda: V >= "z"):
        with pytest.raises(TypeError, match="Role"):
            compare()


@pytest.mark.parametrize(
    ("actor", "action", "stack", "text"),
    [
        (
            person(prod=V),
            Action.DEPLOY,
            "prod",
            (
                "You may not start the deployment of an approved preview: this needs the role developer on prod, "
                f"and yours is viewer. {WHO}"
            ),
        ),
        (
            person(dev=A),
            Action.APPROVE,
            "prod",
            (f"You may not approve a preview: this needs the role approver on prod, and you have none there. {WHO}"),
        ),
        (
            person(dev=A),
            Action.READ_AUDIT,
            "dev",
            (
                "You may not read the audit log: this needs the role approver on all stacks, and you have none there. "
                f"{WHO}"
            ),
        ),
        (
            token("read", prod=A),
            Action.DESTROY,
            "prod",
            "This token may not destroy a stack: it needs the scope destroy. Make a token that has it.",
        ),
        (
            token(*SCOPES, prod=A),
            Action.MANAGE_OWN_TOKENS,
            None,
            "Only a person who is logged in may manage own API tokens.",
        ),
    ],
)
def test_a_refusal_says_which_role_or_scope_is_missing(actor, action, stack, text):
    with pytest.raises(ForbiddenError) as caught:
        actor.require(action, stack)
    assert caught.value.text == str(caught.value) == text
    assert (caught.value.action, caught.value.stack) == (action, stack)


def test_what_is_allowed_raises_nothing():
    person(prod=P).require(Action.APPROVE, "prod")


def test_roles_cannot_be_changed_after_login():
    given = {"dev": V}
    ann = Actor(id="oidc:issuer.example.com#ann", name="Ann", roles=given)
    given["dev"] = A
    assert ann.role_on("dev") is V
    with pytest.raises(TypeError):
        ann.roles["dev"] = A


def test_what_is_about_the_portal_needs_a_role_on_all_stacks():
    assert {action for action, needs in PERMISSIONS.items() if needs.reach is Reach.ALL} == OVER_ALL
