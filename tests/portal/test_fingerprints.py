"""What an approval is bound to changes with anything that matters, and with nothing else."""

import subprocess

import pytest

from portal.events import PropertyChange, ResourcePlanned, to_json
from portal.fingerprints import Fingerprint, commit_of, config_hash, plan_hash, program_hash, state_version

EQUAL = Fingerprint(commit="c", program="p", config="s", state="v", plan="d")


def planned(name, operation="update", new=1):
    return to_json(
        ResourcePlanned(
            urn=f"urn::{name}",
            type="t",
            operation=operation,
            changes=(PropertyChange(path="size", kind="update", old=0, new=new),),
            inputs={"size": new},
        )
    )


def git(folder, *arguments):
    who = ("-c", "user.name=t", "-c", "user.email=t@example.com")
    subprocess.run(["git", "-C", folder, *who, *arguments], check=True, capture_output=True)


@pytest.fixture
def checkout(tmp_path):
    (tmp_path / "a.py").write_text("a = 1\n")
    (tmp_path / ".gitignore").write_text("ignored\n")
    git(tmp_path, "init")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-m", "one")
    return tmp_path


def test_every_part_makes_a_difference_and_says_which():
    for part in ("commit", "program", "config", "state", "plan"):
        (found,) = EQUAL.differences(Fingerprint(**{**EQUAL.to_json(), part: "other"}))
        assert found
    assert EQUAL.differences(EQUAL) == ()


def test_before_the_second_preview_the_plan_is_not_compared():
    assert EQUAL.differences(Fingerprint(**{**EQUAL.to_json(), "plan": ""})) == ()


def test_a_change_that_is_not_committed_changes_the_program_and_an_ignored_file_does_not(checkout):
    commit, before = commit_of(checkout), program_hash(checkout)
    assert len(commit) == 40
    (checkout / "ignored").write_text("x")
    assert program_hash(checkout) == before
    (checkout / "new.py").write_text("b = 1\n")
    added = program_hash(checkout)
    assert added != before, "a new file belongs to the program before it is committed"
    (checkout / "a.py").write_text("a = 2\n")
    assert program_hash(checkout) not in {before, added}
    assert commit_of(checkout) == commit


def test_outside_git_all_files_count_but_caches(tmp_path):
    (tmp_path / "a.py").write_text("a = 1\n")
    before = program_hash(tmp_path)
    (tmp_path / "__pycache__").mkdir()
    (tmp_path / "__pycache__" / "a.pyc").write_text("x")
    assert program_hash(tmp_path) == before
    (tmp_path / "a.py").rename(tmp_path / "b.py")
    assert program_hash(tmp_path) != before, "names count, too"
    assert commit_of(tmp_path) == ""


def test_settings_count_and_what_encrypts_them_does_not():
    before = config_hash({"config": {"a": 1, "b": 2}})
    assert config_hash({"config": {"b": 2, "a": 1}, "encryptionsalt": "new"}) == before
    assert config_hash({"config": {"a": 1, "b": 3}}) != before


def test_the_state_is_its_resources_and_not_when_it_was_written():
    state = {"manifest": {"time": "now"}, "resources": [{"urn": "a"}]}
    assert state_version(state) == state_version({**state, "manifest": {"time": "later"}})
    assert state_version(state) != state_version({**state, "pending_operations": [{"type": "creating"}]})
    assert state_version(None) == state_version({})


def test_a_plan_is_its_changes_in_any_order():
    plan = plan_hash([planned("a"), planned("b"), planned("c", "same")])
    assert plan_hash([planned("b"), planned("a")]) == plan, "neither order nor what stays the same matters"
    assert plan_hash([planned("a"), planned("b", new=2)]) != plan
    assert plan_hash([planned("a"), planned("b", "replace")]) != plan


def group(name, end, *, rule="10.0.0.0/16", listed=("name",)):
    made = f"{name}-{end}"
    inputs = {"name": made, "rules": [{"cidr": rule, "about": f"of {made}"}], "__defaults": list(listed)}
    return {**planned(name, "create"), "changes": (), "inputs": inputs}


def test_the_random_end_of_a_name_that_the_provider_makes_up_is_no_difference():
    user = {**planned("user", "create"), "changes": (), "inputs": {"of": "jobs-0a1b2c3"}}
    other = {**user, "inputs": {"of": "jobs-4d5e6f7"}}
    first = plan_hash([group("jobs", "0a1b2c3"), user])
    assert first == plan_hash([group("jobs", "4d5e6f7"), other]), "also where another resource repeats it"
    assert first != plan_hash([group("jobs", "4d5e6f7", rule="0.0.0.0/0"), other])
    assert first != plan_hash([group("jobs", "4d5e6f7"), {**user, "inputs": {"of": "jobs-9999999"}}])
    assert first != plan_hash([group("jobs", "name", listed=["name"]), user])


def test_a_name_that_the_program_chooses_counts_to_its_last_letter():
    assert plan_hash([group("jobs", "0a1b2c3", listed=())]) != plan_hash([group("jobs", "4d5e6f7", listed=())])
