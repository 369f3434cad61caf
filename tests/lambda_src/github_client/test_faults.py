"""A fault at any call of any operation changes the way, and neither the result nor what GitHub holds in the end."""

import pytest

from contracts import github as contract
from lambda_src.github_client import (
    environments,
    errors,
    files,
    people,
    pulls,
    repositories,
    rulesets,
    variables,
    workflows,
)
from lambda_src.github_client.environments import Reviewer
from lambda_src.github_client.files import File
from local.github.faults import Fault
from local.github.objects import history
from tests.github_world import github_world
from tests.lambda_src.github_client.test_operations import RULESET, generate

TRANSIENT = (Fault.SERVER_ERROR, Fault.TIMEOUT_AFTER_SUCCESS, Fault.SECONDARY_LIMIT)
"""Before, after, and without doing anything; test_rest has every kind for one call."""
MOST_CALLS = 40


def set_up(github):
    repository = github.repository()
    client = github.client(contract.SETUP, [repository.id], seconds=3000)
    reviewer = Reviewer(kind="User", id=github.hub.add_user("ada", 1001))
    github.hub.add_team("risk")
    environments.put_environment(client, repository, "prod", reviewers=[reviewer], branches=["main"])
    variables.set_repository_variables(client, repository, {"PROJECT": "churn"})
    variables.set_environment_variables(client, repository, "prod", {"AWS_REGION": "us-east-1"})
    people.grant_team(client, "acme", "risk", repository, "push")
    rulesets.put_ruleset(client, repository, RULESET)


def create(github):
    repository, _ = generate(github)
    repositories.wait_for_head(github.client(contract.INSPECT, [repository.id]), repository)


def publish(github):
    repository = github.repository()
    client = github.client(contract.PUBLISH, [repository.id], seconds=3000)
    files.commit_files(client, repository, "main", {"a": File(content=b"a"), "b": File(content=b"b")}, "Publish")
    change = {"README.md": File(content=b"new")}
    pulls.propose_files(client, repository, branch="mlops/t", files=change, title="New", body="")


def end(github):
    repository, other = github.repository(), github.repository("risk-b-training")
    head = github.hub.repository(other.name)["refs"]["refs/heads/main"]
    repositories.archive(github.client(contract.ARCHIVE, [repository.id]), repository.id)
    repositories.delete_if_untouched(github.client(contract.ARCHIVE, [other.id]), other.id, [head])


def start(github):
    repository = github.repository()
    client = github.client(contract.DISPATCH, [repository.id])
    for _ in range(3):  # as Lambda tries an event: an unclear end is an error, and the next try looks first
        try:
            workflows.dispatch_once(
                client, repository, "deploy.yml", ref="main", inputs={"version_arn": "v"}, title="v"
            )
        except errors.UnavailableError:
            continue


def picture(hub):
    """What GitHub holds, without ids and times, which a second try may change."""

    def plain(value):
        if isinstance(value, dict):
            return {k: plain(v) for k, v in value.items() if k not in ("id", "node_id", "html_url") and "_at" not in k}
        return [plain(item) for item in value] if isinstance(value, list) else value

    found = plain(list(hub.store.repositories.values()))
    for repository in found:
        repository.pop("template_id")
        repository["refs"] = {ref: hub.store.objects[sha]["tree"] for ref, sha in repository["refs"].items()}
        repository["commits"] = {
            ref: len(objects_of(hub, repository["name"], ref)) for ref in sorted(repository["refs"])
        }
        for pull in repository["pulls"]:
            pull["head"], pull["base"] = pull["head"]["ref"], pull["base"]["ref"]
        for run in repository["runs"]:
            run.pop("head_sha")
    return sorted(found, key=lambda repository: repository["name"])


def objects_of(hub, name, ref):
    return history(hub.store.objects, hub.repository(name)["refs"][ref])


@pytest.mark.parametrize("fault", TRANSIENT, ids=lambda fault: fault.name)
@pytest.mark.parametrize("work", [create, set_up, publish, end, start], ids=lambda work: work.__name__)
def test_a_fault_at_any_call_ends_as_without_it(tmp_path, work, fault):
    with github_world(tmp_path / "clean") as github:
        work(github)
        wanted, calls = picture(github.hub), len(github.hub.requests)
    assert 0 < calls < MOST_CALLS
    for place in range(calls):
        with github_world(tmp_path / str(place)) as github:
            github.hub.faults.add("*", fault, after=place)
            work(github)
            assert picture(github.hub) == wanted, f"{fault} at call {place}: {github.hub.requests[place].call}"
