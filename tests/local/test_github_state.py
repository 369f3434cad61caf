"""The local GitHub keeps what it holds between two commands, and no secret with it."""

import pytest

from contracts.github import INSPECT, SETUP
from lambda_src.github_client import repositories, variables
from local.aws.errors import AwsStateError
from local.github.server import STATE, LocalGitHub
from local.github.store import GitHubStateError
from tests.github_world import TEMPLATE_FILES, github_world


def test_what_was_made_is_there_again(tmp_path):
    with github_world(tmp_path) as first:
        repository = first.repository()
        variables.set_repository_variables(first.client(SETUP, [repository.id]), repository, {"PROJECT": "churn"})
        first.hub.add_user("ada", 1001)
    with github_world(tmp_path) as second:
        found = repositories.by_id(second.client(INSPECT, [repository.id]), repository.id)
        assert found == repository
        assert second.hub.files(repository.name) == dict(sorted(TEMPLATE_FILES.items()))
        assert second.hub.store.users == {"ada": 1001}
        assert second.hub.add_repository("another")["id"] > repository.id, "an id is never given twice"


def test_the_state_holds_no_token_and_is_its_owners_alone(tmp_path):
    with github_world(tmp_path) as world:
        world.client(INSPECT, [world.repository().id])
        tokens = list(world.hub._keys.tokens)
    path = tmp_path / STATE
    assert tokens
    assert "ghs_" not in path.read_text()
    assert path.stat().st_mode & 0o077 == 0


def test_a_state_of_another_form_is_refused_with_the_way_out(tmp_path):
    path = tmp_path / STATE
    path.parent.mkdir(parents=True)
    path.write_text('{"format": 99}')
    with pytest.raises(GitHubStateError, match="mlops reset"), LocalGitHub(tmp_path):
        pass
    path.unlink()
    with LocalGitHub(tmp_path):
        pass


def test_two_at_once_cannot_overwrite_each_other(tmp_path):
    with LocalGitHub(tmp_path), pytest.raises(AwsStateError, match="another mlops command"), LocalGitHub(tmp_path):
        pass


def test_an_unknown_plan_or_repository_is_named(tmp_path):
    with pytest.raises(ValueError, match="free, team, enterprise"):
        LocalGitHub(tmp_path, plan="pro")
    with LocalGitHub(tmp_path) as hub, pytest.raises(KeyError, match="there are: none"):
        hub.repository("x")


def test_the_state_of_another_organisation_is_not_taken_for_this_one(tmp_path):
    with LocalGitHub(tmp_path, organization="acme"):
        pass
    with (
        pytest.raises(GitHubStateError, match="holds the organisation acme"),
        LocalGitHub(tmp_path, organization="other"),
    ):
        pass
