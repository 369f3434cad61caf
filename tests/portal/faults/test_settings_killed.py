"""A service is killed at every point of a settings save: file, commit and audit log agree once the next has looked."""

import shutil
import subprocess

import pytest

from tests.portal.faults.points import Fault
from tests.portal.faults.service import GoneError
from tests.portal.faults.world import FaultWorld
from tests.portal.world import stack_files

pytestmark = pytest.mark.faults


def git(folder, *arguments):
    names = [f"user.{key}={value}" for key, value in (("name", "Grace"), ("email", "grace@example.com"))]
    options = [part for name in names for part in ("-c", name)]
    return subprocess.run(
        ["git", "-C", str(folder), *options, *arguments], check=True, capture_output=True, text=True
    ).stdout


def repository(project):
    stack_files(project)
    shutil.rmtree(project / "__pycache__", ignore_errors=True)
    git(project, "init", "--quiet", "--initial-branch=main")
    git(project, "add", "--all")
    git(project, "commit", "--quiet", "-m", "begin")


@pytest.fixture(params=["in git", "no checkout"])
def world(tmp_path, request):
    if request.param == "in git":
        repository(tmp_path / "project")
    with FaultWorld(tmp_path) as made:
        made.in_git = request.param == "in git"
        yield made


POINTS = {
    "in transaction of settings.save": "old",
    "before commit of settings.save": "old",
    "after commit of settings.save": "old",
    "before replace of file": "old",
    "new file written beside the old one": "old",
    "after replace of file": "new",
    "before commit file": "new",
    "after commit file": "new",
}


@pytest.mark.parametrize(("point", "there"), POINTS.items())
def test_a_save_is_there_wholly_or_not_at_all_and_the_log_says_which(world, point, there):
    if "commit file" in point and not world.in_git:
        pytest.skip("nothing is committed outside git")
    world.serve(Fault(point))
    found = world.ask("settings_files.read", "developer", "dev")
    old, new = found.text, found.text.replace("cost_center: ", "cost_center: x-", 1)
    assert old != new
    with pytest.raises(GoneError):
        world.service.ask("settings_files.save", "developer", "dev", new, found.base_hash, "another payer")
    world.revive()
    now = world.ask("settings_files.read", "developer", "dev")
    assert now.text == {"old": old, "new": new}[there]
    world.until(lambda: not list((world.work / "saves").glob("*.json")), "the next service to look")
    actions = [entry.action for entry in world.audited("settings.*")]
    assert actions in {"old": ([], ["settings.save", "settings.save_failed"]), "new": (["settings.save"],)}[there]
    leftovers = [each.name for each in world.project.iterdir() if each.name.startswith(".Pulumi")]
    assert leftovers == [], "a part of a file is a part of the program, so approvals would be void"
    if world.in_git:
        assert git(world.project, "status", "--porcelain") == ""
        who = git(world.project, "log", "-1", "--format=%an %cn").strip()
        assert who == ("Dan MLOps portal" if there == "new" else "Grace Grace")
    # And the next save is as if nothing had been.
    saved = world.ask("settings_files.save", "approver", "dev", new, now.base_hash, "another payer")
    assert saved.changed is (there == "old")
    assert world.ask("settings_files.read", "developer", "dev").text == new
    with world.portal.store.reading() as unit:
        assert unit.audit.verify() is None
