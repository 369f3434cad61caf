"""Whatever fails during a publication: the repository is right, or the invocation fails and the next one mends it."""

import itertools
from fnmatch import fnmatchcase

import pytest

from contracts import publication
from contracts.publication import MARK
from lambda_src.publish.errors import PublishError
from local.github.faults import Fault
from tests.lambda_src.publish.world import FILES, NAME, SECOND, SECONDS, SHARED, TREES


def test_others_who_move_the_branch_meanwhile_are_overtaken(stack):
    record = stack.repository()
    pushed = []

    def push(call):
        if fnmatchcase(call, TREES) and not pushed:
            pushed.append(stack.hub.push(NAME, {"late.txt": b"late\n"}))

    stack.hub.faults.take = push
    answer = stack.publish(record)

    assert pushed, "the branch moved between reading and writing"
    assert stack.files() == FILES
    assert stack.hub.store.objects[answer["commit"]]["parents"] == pushed, "on top of it, not instead of it"


def test_a_branch_that_never_rests_fails_in_words(stack):
    record = stack.repository()
    count = itertools.count()

    def push(call):
        if fnmatchcase(call, TREES):
            stack.hub.push(NAME, {"late.txt": b"%d\n" % next(count)})

    stack.hub.faults.take = push
    with pytest.raises(PublishError, match=r"moved 3 times meanwhile.*run `pulumi up` again"):
        stack.publish(record)


def test_a_ruleset_without_the_app_as_bypass_actor_says_so(stack):
    record = stack.repository()
    rule = {
        "enforcement": "active",
        "conditions": {"ref_name": {"include": ["~DEFAULT_BRANCH"]}},
        "rules": [{"type": "pull_request"}],
    }
    record["rulesets"].append({**rule, "bypass_actors": []})
    with pytest.raises(PublishError, match="Let the app bypass the rulesets"):
        stack.publish(record)

    record["rulesets"][0]["bypass_actors"] = [{"actor_type": "Integration", "actor_id": stack.hub.app_id}]
    assert stack.publish(record)["created"]


@pytest.mark.parametrize("fault", [Fault.SECONDARY_LIMIT, Fault.SECONDARY_LIMIT_WITHOUT_HEADER, Fault.PRIMARY_LIMIT])
def test_a_limit_is_waited_for(stack, fault):
    record = stack.repository()
    stack.hub.faults.add("POST /repos/*/git/commits", fault)
    assert stack.publish(record)["created"]
    assert stack.world.clock.waits, "GitHub asked to wait"


def test_a_limit_that_lasts_fails_before_the_function_ends(stack):
    record = stack.repository()
    stack.hub.faults.add("POST /repos/*/git/commits", Fault.PRIMARY_LIMIT, times=99)
    with pytest.raises(PublishError, match="GitHub asks to wait"):
        stack.publish(record)
    assert sum(stack.world.clock.waits) < SECONDS


def test_an_outage_fails_with_what_github_said_and_no_token(stack):
    record = stack.repository()
    stack.hub.faults.add("POST /repos/*/git/commits", Fault.SERVER_ERROR, times=99)
    with pytest.raises(PublishError, match="502: Server Error") as caught:
        stack.publish(record)
    assert "ghs_" not in str(caught.value)


CALLS = (
    "POST /app/installations/*",
    "GET /repositories/*",
    "GET /repos/*/git/ref/heads/main",
    "GET /repos/*/git/ref/tags/*",
    "GET /repos/*/git/trees/*",
    "GET /repos/*/git/commits/*",
    TREES,
    "POST /repos/*/git/commits",
    "PATCH /repos/*/git/refs/heads/main",
    "POST /repos/*/git/refs",
    "PATCH /repos/*/git/refs/tags/v1",
)
ONCE = (Fault.SERVER_ERROR, Fault.SERVER_ERROR_AFTER_SUCCESS, Fault.TIMEOUT_AFTER_SUCCESS, Fault.NOT_FOUND)
LASTING = (Fault.NO_ANSWER, Fault.TIMEOUT_AFTER_SUCCESS, Fault.FORBIDDEN)


def test_the_list_of_calls_is_what_publishing_calls(stack):
    record = stack.repository(SHARED)
    stack.publish(record, template="workflows")
    stack.publish(record, SECOND, template="workflows", action="update")

    calls = stack.world.calls()
    assert [call for call in calls if not any(fnmatchcase(call, pattern) for pattern in CALLS)] == []
    assert [pattern for pattern in CALLS if not any(fnmatchcase(call, pattern) for call in calls)] == []


@pytest.mark.parametrize("call", CALLS)
def test_whatever_fails_the_repository_is_right_or_the_invocation_fails_and_the_next_one_mends_it(stack, call):
    refused = 0
    for number, (fault, times) in enumerate([*((each, 1) for each in ONCE), *((each, 99) for each in LASTING)]):
        record = published_once(stack, f"repository-{number}")
        stack.hub.faults.add(call, fault, times=times)
        try:
            stack.publish(record, SECOND, template="workflows", action="update")
        except PublishError:
            refused += 1
            assert stack.files(record["name"]) in (FILES, SECOND), f"{fault}: nothing is half there"
            stack.hub.faults.clear()
            stack.publish(record, SECOND, template="workflows", action="update")
        stack.hub.faults.clear()

        assert stack.files(record["name"]) == SECOND, fault
        assert len(stack.commits(record["name"])) == 2, f"{fault}: one commit per content, whatever happened"
        commit, tags = stack.commits(record["name"])[0], stack.tags(record["name"])
        assert tags.pop("v1") == commit, fault
        assert list(tags.values()) == [commit], f"{fault}: the tag of the content"
    assert refused, "a fault that lasts is never answered as success"


def published_once(stack, name):
    """A repository as the first publication leaves it, as far as the second one looks."""
    record = stack.hub.add_repository(name, {**FILES, MARK: publication.mark("workflows", "1.0.0")})
    record["refs"]["refs/tags/v1"] = record["refs"]["refs/heads/main"]
    return record


def test_a_moving_tag_that_somebody_moved_aside_is_brought_back(stack):
    record = stack.repository(SHARED)
    first = stack.publish(record, template="workflows")
    record["refs"]["refs/tags/v1"] = stack.hub.push(SHARED, {"evil.yml": b"steal\n"}, branch="aside")

    stack.publish(record, template="workflows", action="update")

    assert stack.tags(SHARED)["v1"] == first["commit"], (
        "it is no descendant of what it was on, and comes back all the same"
    )


def test_a_tag_that_somebody_makes_meanwhile_on_another_commit_fails_in_words(stack):
    record = stack.repository()
    other = stack.commits()[0]

    def make(call):
        if call == f"POST /repos/acme/{NAME}/git/refs":
            record["refs"]["refs/tags/template-1.0.0"] = other

    stack.hub.faults.take = make
    with pytest.raises(PublishError, match=r"template-1\.0\.0 was made on another commit meanwhile"):
        stack.publish(record)
