"""Each operation does what it says, once, and refuses to touch what is not ours."""

import hashlib
import json
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

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
from tests.github_world import TEMPLATE_FILES, github_world

NAME = "risk-churn-training"
RULESET = {
    "name": "main",
    "target": "branch",
    "enforcement": "active",
    "conditions": {"ref_name": {"include": ["~DEFAULT_BRANCH"], "exclude": []}},
    "rules": [{"type": "pull_request"}],
    "bypass_actors": [],
}


def generate(github, marker="req-1", name=NAME):
    github.hub.store.by_name("model-training") or github.repository("model-training", template=True)
    client = github.client(contract.CREATE_REPOSITORY)
    return repositories.generate(
        client, owner="acme", template="model-training", name=name, description="Churn", marker=marker
    )


def setup(github, repository):
    return github.client(contract.SETUP, [repository.id])


# creating
def test_a_generated_repository_is_private_and_has_the_templates_files(github):
    repository, made = generate(github)
    assert (made, repository.private, repository.archived) == (True, True, False)
    assert github.hub.files(NAME) == dict(sorted(TEMPLATE_FILES.items()))
    assert repository.template_id == github.hub.repository("model-training")["id"]


def test_the_same_request_again_finds_its_repository(github):
    first, _ = generate(github)
    again, made = generate(github)
    assert (again, made) == (first, False)
    assert len(github.calls("POST /repos/acme/model-training/generate")) == 1


@pytest.mark.parametrize("description", [None, "Churn", "Churn [req-2]", "[req-1] Churn"])
def test_a_repository_that_this_request_did_not_make_is_left_alone(github, description):
    github.repository("model-training", template=True)
    record = github.hub.add_repository(NAME, {"theirs.txt": b"theirs"})
    record["description"] = description
    with pytest.raises(errors.NameTakenError, match="nothing was touched"):
        generate(github)
    assert github.hub.files(NAME) == {"theirs.txt": b"theirs"}
    assert github.calls("POST /repos/") == []


def test_a_name_that_was_renamed_away_counts_as_free():
    class Moved:
        def find(self, path):
            raise errors.MovedError(f"GET {path}", 301, "Moved Permanently")

    assert repositories.by_name(Moved(), "acme", NAME) is None, "GitHub gives the old name to whoever asks first"


def test_a_new_repository_that_github_does_not_show_yet_is_waited_for(github):
    github.hub.lag_reads, github.hub.content_lag_reads = 3, 4
    github.hub.faults.add("POST /repos/*/generate", Fault.TIMEOUT_AFTER_SUCCESS)
    repository, made = generate(github)
    assert made
    head = repositories.wait_for_head(setup(github, repository), repository)
    assert head == github.hub.repository(NAME)["refs"]["refs/heads/main"]
    assert len(github.clock.waits) >= 3


def test_a_name_that_is_taken_by_what_the_app_does_not_see_is_said(github):
    github.repository("model-training", template=True)
    github.hub.add_repository(NAME)["hidden_reads"] = 1000
    with pytest.raises(errors.NameTakenError, match="the app does not see it"):
        generate(github)


def test_waiting_for_content_ends_at_the_deadline(github):
    empty = github.repository(NAME, files={})
    client = github.client(contract.SETUP, [empty.id], seconds=20)
    with pytest.raises(errors.ConflictError, match="empty"):
        repositories.wait_for_head(client, empty)
    assert sum(github.clock.waits) < 20


def test_a_long_description_keeps_the_marker():
    text = repositories.marked("x" * 500, "req-1")
    assert len(text) <= contract.DESCRIPTION_LENGTH
    assert text.endswith(" [req-1]")


# ending
def test_archiving_twice_is_the_same_as_once_whatever_the_name_is_by_now(github):
    repository, _ = generate(github)
    github.hub.repository(NAME)["name"] = "renamed"
    client = github.client(contract.ARCHIVE, [repository.id])
    assert repositories.archive(client, repository.id).archived
    assert repositories.archive(client, repository.id).archived
    assert github.hub.repository("renamed")["archived"]
    assert not repositories.unarchive(client, repository.id).archived
    assert repositories.archive(github.client(contract.ARCHIVE, [github.repository("b").id]), 5) is None


def test_an_untouched_repository_is_deleted_and_one_with_work_in_it_archived(github):
    repository, _ = generate(github)
    head = repositories.wait_for_head(setup(github, repository), repository)
    client = github.client(contract.ARCHIVE, [repository.id])
    assert repositories.delete_if_untouched(client, repository.id, [head]) == "deleted"
    assert repositories.delete_if_untouched(client, repository.id, [head]) == "gone"
    again, _ = generate(github, "req-2")
    client = github.client(contract.ARCHIVE, [again.id])
    head = github.hub.repository(NAME)["refs"]["refs/heads/main"]
    github.hub.push(NAME, {"work.py": b"work"}, branch="feature")
    assert repositories.foreign_work(client, again, [head]), "a branch counts, main is not all there is"
    assert repositories.delete_if_untouched(client, again.id, [head]) == "archived"
    assert github.hub.files(NAME, "feature")["work.py"] == b"work", "nobody's work is lost by a rollback"


def test_the_wrong_repository_of_the_right_name_is_refused(github):
    repository, _ = generate(github)
    client = setup(github, repository)
    assert repositories.verified(client, "acme", NAME, repository.id) == repository
    with pytest.raises(errors.IdentityError, match="not ours to touch"):
        repositories.verified(client, "acme", NAME, repository.id + 1)
    with pytest.raises(errors.NotFoundError):
        repositories.verified(client, "acme", "nothing", repository.id)


def test_a_template_is_marked(github):
    repository = github.repository("model-training")
    client = github.client(contract.MARK_TEMPLATE, [repository.id])
    assert repositories.mark_as_template(client, repository).is_template


# people
def test_a_login_that_changed_hands_is_noticed(github):
    ada = github.hub.add_user("ada", 1001)
    repository = github.repository()
    client = setup(github, repository)
    assert people.verified_user(client, "ada", ada) == people.User(login="ada", id=1001)
    github.hub.rename_user("ada", "ada-lovelace")
    with pytest.raises(errors.IdentityError, match="no person ada"):
        people.verified_user(client, "ada", ada)
    github.hub.add_user("ada", 6666)
    with pytest.raises(errors.IdentityError, match="6666 now, not 1001"):
        people.verified_user(client, "ada", ada)


def test_who_is_known_but_was_never_invited_is_no_member(github):
    github.hub.add_user("ada")
    github.hub.add_user("mallory", member=False)
    client = github.client(contract.DIRECTORY)
    found = [people.is_member(client, "acme", login) for login in ("ada", "Ada", "mallory", "nobody")]
    assert found == [True, True, False, False], "GitHub does not look at the case of a login"
    github.hub.rename_user("mallory", "mal")
    assert not people.is_member(client, "acme", "mal"), "another login makes nobody a member"


def test_a_team_gets_its_permission_and_an_unknown_one_is_named(github):
    github.hub.add_team("risk-models")
    repository = github.repository()
    client = setup(github, repository)
    for _ in range(2):
        people.grant_team(client, "acme", "risk-models", repository, "push")
    assert github.hub.repository(NAME)["teams"] == {"risk-models": "push"}
    with pytest.raises(errors.NotFoundError, match="no team nobody"):
        people.grant_team(client, "acme", "nobody", repository, "push")
    with pytest.raises(ValueError, match="choose one of"):
        people.grant_team(client, "acme", "risk-models", repository, "owner")


# variables
def test_variables_are_set_once_changed_once_and_others_left(github):
    repository = github.repository()
    client = setup(github, repository)
    assert variables.set_repository_variables(client, repository, {"A": "1", "B": "2"}) == ["A", "B"]
    assert variables.set_repository_variables(client, repository, {"A": "1", "B": "2"}) == []
    assert variables.set_repository_variables(client, repository, {"B": "3"}) == ["B"]
    assert variables.repository_variables(client, repository) == {"A": "1", "B": "3"}


def test_variables_of_an_environment_are_its_own(github):
    repository = github.repository()
    client = setup(github, repository)
    for name in ("preprod", "prod"):
        environments.put_environment(client, repository, name)
        variables.set_environment_variables(client, repository, name, {"AWS_REGION": name})
    assert variables.environment_variables(client, repository, "prod") == {"AWS_REGION": "prod"}
    assert variables.repository_variables(client, repository) == {}
    with pytest.raises(errors.NotFoundError):
        variables.set_environment_variables(client, repository, "dev", {"AWS_REGION": "dev"})


@pytest.mark.parametrize("name", ["GITHUB_TOKEN", "lower", "1A", "A-B", ""])
def test_a_name_that_github_would_change_is_refused_before_any_call(github, name):
    repository = github.repository()
    client = setup(github, repository)
    before = len(github.calls())
    with pytest.raises(ValueError, match="no name of a variable"):
        variables.set_repository_variables(client, repository, {name: "x"})
    assert len(github.calls()) == before


def test_a_variable_that_somebody_else_made_or_removed_meanwhile_is_set_all_the_same(github):
    repository = github.repository()
    client = setup(github, repository)
    record = github.hub.repository(NAME)["variables"]
    variables.set_repository_variables(client, repository, {"A": "1"})
    path = f"{repository.path}/actions/variables"
    variables._set(client, path, "A", "2", exists=False)
    assert record["A"]["value"] == "2"
    del record["A"]
    variables._set(client, path, "A", "3", exists=True)
    assert record["A"]["value"] == "3"


# protection
@pytest.mark.parametrize(
    ("plan", "reviewers", "branches", "missing"),
    [("enterprise", True, True, 0), ("team", False, True, 1), ("free", False, False, 2)],
)
def test_what_the_plan_cannot_protect_is_said_and_stops_nothing(tmp_path, plan, reviewers, branches, missing):
    with github_world(tmp_path / ".mlops", plan=plan) as github:
        ada = github.hub.add_user("ada")
        repository = github.repository()
        client = setup(github, repository)
        for _ in range(2):
            found = environments.put_environment(
                client, repository, "prod", reviewers=[Reviewer(kind="User", id=ada)], branches=["main"]
            )
        assert (found.reviewers, found.branches, len(found.missing)) == (reviewers, branches, missing)
        record = github.hub.repository(NAME)["environments"]["prod"]
        assert [r["id"] for r in record["reviewers"]] == ([ada] if reviewers else [])
        assert [policy["name"] for policy in record["branches"]] == (["main"] if branches else [])
        sentence = rulesets.put_ruleset(client, repository, RULESET)
        assert (sentence is None) is (plan != "free")


def test_reviewers_that_are_no_longer_wanted_go(github):
    repository = github.repository()
    client = setup(github, repository)
    ada = Reviewer(kind="User", id=github.hub.add_user("ada"))
    assert environments.put_environment(client, repository, "prod", reviewers=[ada]).reviewers
    assert not environments.put_environment(client, repository, "prod").reviewers
    assert github.hub.repository(NAME)["environments"]["prod"]["reviewers"] == []


def test_branches_that_are_no_longer_wanted_go(github):
    repository = github.repository()
    client = setup(github, repository)
    environments.put_environment(client, repository, "prod", branches=["main", "release/*"])
    environments.put_environment(client, repository, "prod", branches=["main"])
    assert environments.deployment_branches(client, repository, "prod") == ["main"]


def test_a_reviewer_that_github_does_not_know_is_an_error_and_not_a_matter_of_the_plan(github):
    repository = github.repository()
    with pytest.raises(errors.ValidationError, match="Invalid reviewer"):
        environments.put_environment(
            setup(github, repository), repository, "prod", reviewers=[Reviewer(kind="User", id=5)]
        )


def test_a_ruleset_is_updated_by_its_name(github):
    repository = github.repository()
    client = setup(github, repository)
    rulesets.put_ruleset(client, repository, RULESET)
    rulesets.put_ruleset(client, repository, {**RULESET, "rules": [{"type": "deletion"}]})
    (found,) = github.hub.repository(NAME)["rulesets"]
    assert found["rules"] == [{"type": "deletion"}]


# files
@given(st.binary(max_size=200))
def test_the_hash_of_a_file_is_gits_own(content):
    expected = hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()
    assert File(content=content).sha == expected


def test_many_files_make_one_commit_and_the_same_files_none(github):
    repository = github.repository()
    client = github.client(contract.PUBLISH, [repository.id])
    before = github.hub.repository(NAME)["refs"]["refs/heads/main"]
    wanted = {f"src/m{n}.py": File(content=b"%d" % n) for n in range(5)}
    wanted["run.sh"] = File(content=b"#!/bin/sh\n", executable=True)
    first = files.commit_files(client, repository, "main", wanted, "Publish", remove_others=True)
    again = files.commit_files(client, repository, "main", wanted, "Publish", remove_others=True)
    assert (first.created, again.created, again.sha) == (True, False, first.sha)
    assert github.hub.store.objects[first.sha]["parents"] == [before], "one commit on top, nothing rewritten"
    assert set(github.hub.files(NAME)) == set(wanted)
    present = files.files_of(client, repository, "main")
    assert present["run.sh"].mode == "100755"
    assert files.read_file(client, repository, present["run.sh"]) == b"#!/bin/sh\n"


def test_only_what_changed_is_sent(github):
    repository = github.repository()
    client = github.client(contract.PUBLISH, [repository.id])
    change = {"README.md": File(content=b"Template\n"), "new": File(content=b"")}
    files.commit_files(client, repository, "main", change, "x")
    (sent,) = [served.body for served in github.hub.requests if served.call.endswith("/git/trees")]
    assert [entry["path"] for entry in json.loads(sent)["tree"]] == ["new"]


def test_a_hundred_texts_take_few_calls(github):
    repository = github.repository()
    client = github.client(contract.PUBLISH, [repository.id])
    wanted = {f"src/{n}.py": File(content=b"# %d\n" % n * 4000) for n in range(100)}
    wanted |= {
        "logo.png": File(content=b"\x89PNG\0\xff"),
        "zero": File(content=b"\0"),
        "long": File(content=b"x" * 100_001),
    }
    before = len(github.calls())
    result = files.commit_files(client, repository, "main", wanted, "x")
    assert {path: entry.sha for path, entry in files.files_of(client, repository, result.sha).items()} == {
        **{path: file.sha for path, file in wanted.items()},
        **{path: File(content=content).sha for path, content in TEMPLATE_FILES.items()},
    }, "what arrives is what was sent, byte for byte"
    assert len(github.calls("POST")) < 20
    assert len(github.calls()) - before < 20, "GitHub admits 80 calls that create content a minute"


def test_files_that_others_committed_meanwhile_are_kept(github, monkeypatch):
    repository = github.repository()
    client = github.client(contract.PUBLISH, [repository.id])
    commit, pushed = files._commit, []

    def slow(*arguments):
        if not pushed:
            pushed.append(github.hub.push(NAME, {"theirs.py": b"theirs"}))
        return commit(*arguments)

    monkeypatch.setattr(files, "_commit", slow)
    result = files.commit_files(client, repository, "main", {"ours.py": File(content=b"ours")}, "x")
    assert {"ours.py", "theirs.py"} <= set(github.hub.files(NAME))
    assert github.hub.store.objects[result.sha]["parents"] == pushed


def test_workflow_files_need_their_own_permission(github):
    repository = github.repository()
    client = github.client({"contents": "write"}, [repository.id])
    change = {".github/workflows/ci.yml": File(content=b"on: push\n")}
    with pytest.raises(errors.ForbiddenError):
        files.commit_files(client, repository, "main", change, "x")


def test_a_protected_branch_takes_commits_of_a_bypass_actor_only(github):
    repository = github.repository()
    rulesets.put_ruleset(setup(github, repository), repository, RULESET)
    client = github.client(contract.PUBLISH, [repository.id])
    change = {"a": File(content=b"a")}
    with pytest.raises(errors.ValidationError, match="through a pull request"):
        files.commit_files(client, repository, "main", change, "x")
    actor = {"actor_type": "Integration", "actor_id": github.hub.app_id, "bypass_mode": "always"}
    rulesets.put_ruleset(setup(github, repository), repository, {**RULESET, "bypass_actors": [actor]})
    assert files.commit_files(client, repository, "main", change, "x").created


def test_an_empty_repository_or_an_unknown_branch_is_said(github):
    empty = github.repository("empty", files={})
    client = github.client(contract.PUBLISH, [empty.id])
    with pytest.raises(errors.NotFoundError, match="create the repository with a commit"):
        files.commit_files(client, empty, "main", {"a": File(content=b"a")}, "x")
    assert not files.delete_branch(client, empty, "nothing")


def test_a_proposal_never_touches_the_default_branch_and_is_opened_once(github):
    repository = github.repository()
    client = github.client(contract.PUBLISH, [repository.id])
    before = github.hub.repository(NAME)["refs"]["refs/heads/main"]
    change = {"README.md": File(content=b"1.1.0\n")}
    propose = {"branch": "mlops/template-1.1.0", "files": change, "title": "Template 1.1.0", "body": "New"}
    first = pulls.propose_files(client, repository, **propose, remove=frozenset({"src/train.py"}))
    github.hub.push(NAME, {"fix.py": b"fix"}, branch="mlops/template-1.1.0")
    again = pulls.propose_files(client, repository, **propose, remove=frozenset({"src/train.py"}))
    assert (first.created, again.created, again.number) == (True, False, first.number)
    assert github.hub.repository(NAME)["refs"]["refs/heads/main"] == before
    assert set(github.hub.files(NAME, "mlops/template-1.1.0")) == {
        ".github/workflows/deploy.yml",
        "README.md",
        "fix.py",
    }
    github.hub.push(NAME, {"README.md": b"1.1.0\n"})
    assert pulls.propose_files(client, repository, **propose) is None, "the project has it already"


def test_a_checkout_is_what_git_itself_would_write(github, tmp_path):
    repository = github.repository()
    client = github.client(contract.PUBLISH, [repository.id])
    files.commit_files(client, repository, "main", {"bin/run": File(content=b"#!", executable=True)}, "x")
    folder = github.hub.checkout(NAME, tmp_path / "clone")
    assert (folder / "bin/run").stat().st_mode & 0o111
    for command in (["init", "-q"], ["add", "-A"]):
        subprocess.run(["git", *command], cwd=folder, check=True)
    tree = subprocess.run(["git", "write-tree"], cwd=folder, check=True, capture_output=True, text=True).stdout.strip()
    commit = github.hub.repository(NAME)["refs"]["refs/heads/main"]
    assert tree == github.hub.store.objects[commit]["tree"], "the hashes are git's own"
    with pytest.raises(FileExistsError):
        github.hub.checkout(NAME, folder)


# workflows
def start(github, repository, version="arn:1"):
    client = github.client(contract.DISPATCH, [repository.id])
    return workflows.dispatch_once(
        client, repository, "deploy.yml", ref="main", inputs={"version_arn": version}, title=version
    )


@pytest.mark.parametrize("fault", [None, *Fault])
def test_a_workflow_starts_once_however_the_first_try_ends(github, fault):
    repository = github.repository()
    route = "POST /repos/*/dispatches"
    if fault:
        github.hub.faults.add(route, fault)
    for _ in range(3):
        try:
            start(github, repository)
        except errors.GitHubError:
            continue
    assert [run["display_title"] for run in github.hub.repository(NAME)["runs"]] == ["Deploy arn:1"]


def test_each_version_starts_its_own_run(github):
    repository = github.repository()
    for number in (31, 3, 1, 2):
        assert start(github, repository, f"arn:{number}") is None, "version 3 is not taken for running because 31 is"
    assert len(github.hub.repository(NAME)["runs"]) == 4


@pytest.mark.parametrize(
    ("workflow", "ref", "inputs", "kind"),
    [
        ("nothing.yml", "main", {"version_arn": "a"}, errors.NotFoundError),
        ("deploy.yml", "nothing", {"version_arn": "a"}, errors.ValidationError),
        ("deploy.yml", "main", {}, errors.ValidationError),
        ("deploy.yml", "main", {"version_arn": "a", "more": "b"}, errors.ValidationError),
    ],
)
def test_a_dispatch_that_cannot_work_is_an_error(github, workflow, ref, inputs, kind):
    repository = github.repository()
    client = github.client(contract.DISPATCH, [repository.id])
    with pytest.raises(kind):
        workflows.dispatch(client, repository, workflow, ref=ref, inputs=inputs)
