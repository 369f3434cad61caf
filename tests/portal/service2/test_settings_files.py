"""The editor of stack files: what it finds, what it saves, and that nothing of a save is ever half."""

import stat
import subprocess

import pytest

from portal.access.roles import ForbiddenError, Role
from portal.service import git_checkout
from portal.service.errors import ConflictError, InvalidError, NotThereError
from portal.service.settings_files import SettingsFiles
from tests.portal.service2.conftest import PORTAL, actor

CIPHER = "v1:AAAAAAAAAAAAAAAA:BBBBBBBBBBBBBBBBBBBBBBBBBBBB"
ADA = actor("Ada")


@pytest.fixture
def files(store, settings, clock, project):
    return SettingsFiles(store=store, settings=settings, clock=clock, checkout=project.checkout())


def edited(project, old="accuracy: 0.80", new="accuracy: 0.85"):
    text = project.file.read_text()
    assert old in text
    return text.replace(old, new)


def with_secret(project, value=f"{{secure: {CIPHER}}}"):
    return project.file.read_text().replace("config:\n", f"config:\n  github:token: {value}\n", 1)


def save(files, text, why="less strict", person=ADA, base=None):
    base = base or files.read(person, "dev").base_hash
    return files.save(person, "dev", text, base, why)


def test_a_file_is_read_with_its_comments_and_every_default(files, project):
    found = files.read(ADA, "dev")
    assert found.text == project.file.read_text()
    assert found.settings["log_retention_days"] == 365, "a default that the file does not name"


def test_a_mistake_has_its_line_and_a_missing_key_that_of_its_section(files, project):
    text = edited(project, "          accuracy: 0.80\n", "").replace("nat: single", "nat: double")
    problems = {problem.path: problem for problem in files.check(ADA, "dev", text).problems}
    lines = text.splitlines()
    assert "gate:" in lines[problems["models.fraud-detector.gate.accuracy"].line - 1]
    assert "nat: double" in lines[problems["network.nat"].line - 1]


def test_changes_are_told_by_setting_and_a_default_written_out_is_none(files, project):
    text = edited(project).replace("    owner:", "    log_retention_days: 365\n    owner:")
    checked = files.check(ADA, "dev", text)
    assert [(c.path, c.what, c.old, c.new) for c in checked.changes] == [
        ("models.fraud-detector.gate.accuracy", "changed", 0.8, 0.85)
    ]
    assert any("+    log_retention_days: 365" in line for line in checked.diff), "line by line it is one"


def test_a_save_is_a_commit_of_that_file_alone_by_the_person_through_the_portal(files, project, audit):
    (project.folder / "other.txt").write_text("two\n")
    project.git("add", "other.txt")
    saved = save(files, edited(project), why="less strict\nSigned-off-by: Mallory\x1b[31m")
    shown = project.git("show", "--format=%an <%ae>|%cn <%ce>|%B", "--name-only", saved.commit)
    assert "Ada <ada@example.com>|MLOps portal <portal@portal.example.com>" in shown
    assert shown.endswith("Pulumi.dev.yaml"), "no other file"
    assert "less strict Signed-off-by: Mallory [31m" in shown, "one line: nobody writes a trailer into it"
    assert project.git("diff", "--cached", "--name-only") == "other.txt", "what was staged still is"
    assert [action for action, _ in audit()] == ["settings.save"]
    assert files.read(ADA, "dev").base_hash == saved.base_hash


def test_who_is_only_a_viewer_reads_and_checks_and_saves_nothing(files, project):
    viewer = actor("Vic", role=Role.VIEWER)
    files.check(viewer, "dev", edited(project))
    with pytest.raises(ForbiddenError):
        save(files, edited(project), person=viewer)


def test_who_comes_second_is_told_and_overwrites_nothing(files, project):
    base = files.read(ADA, "dev").base_hash
    save(files, edited(project))
    with pytest.raises(ConflictError, match="somebody saved it"):
        files.save(actor("Bob"), "dev", edited(project, "0.85", "0.9"), base, "mine")
    assert "accuracy: 0.85" in project.file.read_text()


def test_invalid_settings_are_not_saved_and_a_reason_is_asked_for(files, project):
    before = project.file.read_text()
    with pytest.raises(InvalidError) as refused:
        save(files, edited(project, "nat: single", "nat: double"))
    assert [problem.path for problem in refused.value.problems] == ["network.nat"]
    with pytest.raises(InvalidError, match="why"):
        save(files, edited(project), why=" \n")
    assert project.file.read_text() == before


def test_the_same_text_makes_no_commit_and_what_a_browser_does_to_line_ends_is_no_change(files, project):
    saved = save(files, project.file.read_text().rstrip("\n").replace("\n", "\r\n"))
    assert (saved.changed, saved.commit) == (False, None)


def test_a_file_keeps_its_permissions_and_its_own_line_ends(files, project):
    project.file.write_bytes(project.file.read_bytes().replace(b"\n", b"\r\n"))
    project.file.chmod(0o640)
    save(files, edited(project))
    assert stat.S_IMODE(project.file.stat().st_mode) == 0o640
    assert b"\n" not in project.file.read_bytes().replace(b"\r\n", b"")


def test_a_commit_that_fails_leaves_file_and_index_as_they_were_and_says_so(files, project, audit):
    before = project.file.read_text()
    (project.folder / ".git" / "index.lock").touch()
    with pytest.raises(ConflictError, match=r"as it was before.*index\.lock"):
        save(files, edited(project))
    assert project.file.read_text() == before
    (project.folder / ".git" / "index.lock").unlink()
    assert project.git("status", "--porcelain") == ""
    assert [action for action, _ in audit()] == ["settings.save", "settings.save_failed"]


def test_a_commit_without_an_answer_counts_if_it_was_made(files, project, monkeypatch):
    commit = git_checkout.GitCheckout.commit_file

    def silent(*arguments):
        commit(*arguments)
        raise git_checkout.GitError("git commit: no end")

    monkeypatch.setattr(git_checkout.GitCheckout, "commit_file", silent)
    saved = save(files, edited(project))
    assert saved.commit == project.git("rev-parse", "HEAD")
    assert "0.85" in project.file.read_text(), "git and folder agree"


def test_a_checkout_at_no_branch_is_refused(files, project):
    project.git("switch", "--quiet", "--detach")
    with pytest.raises(ConflictError, match="at no branch"):
        save(files, edited(project))
    assert project.git("status", "--porcelain") == ""


def test_hooks_and_other_programs_of_the_checkout_do_not_run(files, project, tmp_path):
    trap = tmp_path / "trap"
    hook = project.folder / ".git" / "hooks" / "post-commit"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f"#!/bin/sh\ntouch {trap}\n")
    hook.chmod(0o755)
    project.git("config", "core.fsmonitor", str(hook))
    save(files, edited(project))
    assert not trap.exists()


def test_a_new_file_is_added_and_an_ignored_one_is_saved_without_a_commit(files, project):
    text = edited(project)
    project.git("rm", "--quiet", "--cached", "Pulumi.dev.yaml")
    project.git("commit", "--quiet", "-m", "no file")
    assert save(files, text).commit == project.git("rev-parse", "HEAD")
    project.git("rm", "--quiet", "--cached", "Pulumi.dev.yaml")
    (project.folder / ".gitignore").write_text("Pulumi.dev.yaml\n")
    project.git("add", ".gitignore")
    project.git("commit", "--quiet", "-m", "ignored")
    saved = save(files, edited(project, "0.85", "0.9"))
    assert (saved.changed, saved.commit) == (True, None)


def test_a_project_outside_git_is_saved_too(files, project):
    subprocess.run(["rm", "-rf", str(project.folder / ".git")], check=True)
    saved = save(files, edited(project))
    assert (saved.changed, saved.commit) == (True, None)
    assert "0.85" in project.file.read_text()


def test_a_checkout_that_git_cannot_work_with_is_no_folder_outside_git(files, project):
    before = project.file.read_text()
    (project.folder / ".git" / "HEAD").unlink()
    with pytest.raises(ConflictError, match=r"as it was before.*git repository"):
        save(files, edited(project))
    assert project.file.read_text() == before


def test_stacks_that_the_portal_does_not_have_and_links_out_of_the_project_are_not_there(files, project, tmp_path):
    with pytest.raises(NotThereError, match="it has dev, prod"):
        files.read(ADA, "../dev")
    outside = tmp_path / "Pulumi.dev.yaml"
    project.file.rename(outside)
    project.file.symlink_to(outside)
    with pytest.raises(NotThereError, match="link"):
        files.read(ADA, "dev")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("ghp_" + "a" * 36, "secret: in clear text"),
        ("{secure: hunter2}", "what Pulumi encrypted"),
        ("{plain: hunter2-hunter2}", "secret: in clear text"),
    ],
)
def test_a_secret_stays_encrypted_whatever_is_written_in_its_place(files, project, line, said):
    project.file.write_text(with_secret(project))
    text = project.file.read_text().replace(f"{{secure: {CIPHER}}}", line)
    checked = files.check(ADA, "dev", text)
    (problem, *_) = checked.problems
    assert said in problem.rule
    assert problem.line == 4, "the line of the secret's key"
    assert problem.value == "", "it may be the secret"
    shown = "\n".join(checked.diff) + str(checked.changes) + str(checked.problems)
    assert "hunter2" not in shown
    assert CIPHER not in shown
    assert "ghp_" not in shown


def test_secrets_may_be_moved_renewed_and_removed_and_are_never_shown(files, project):
    project.file.write_text(with_secret(project))
    renewed = CIPHER.replace("B", "C")
    checked = files.check(ADA, "dev", project.file.read_text().replace(CIPHER, renewed))
    assert checked.valid
    (change,) = checked.changes
    assert (change.path, change.what) == ("config.github:token", "changed")
    assert change.old.startswith("[secret "), "that it changed can be seen, what it is cannot"
    assert change.old != change.new
    shown = "\n".join(checked.diff)
    assert CIPHER not in shown
    assert renewed not in shown
    assert files.check(
        ADA, "dev", project.file.read_text().replace(f"  github:token: {{secure: {CIPHER}}}\n", "")
    ).valid


def test_tokens_in_clear_text_and_another_encryption_are_refused(files, project):
    token = with_secret(project, "ghp_" + "a" * 36)
    (problem,) = files.check(ADA, "dev", token).problems
    assert (problem.path, problem.line, problem.value) == ("config.github:token", 4, "")
    salted = project.file.read_text() + "secretsprovider: awskms://alias/mine\n"
    (problem,) = files.check(ADA, "dev", salted).problems
    assert problem.path == "secretsprovider"


def test_a_saved_file_that_is_broken_is_shown_and_left_to_the_project(files, project):
    good = project.file.read_text()
    project.file.write_text("config: [\n")
    found = files.read(ADA, "dev")
    assert found.settings is None
    (problem,) = files.check(ADA, "dev", good).problems
    assert "repair it in the project" in problem.fix


def test_every_setting_has_a_row_with_its_type_and_meaning(files):
    rows = {row.path: row for row in files.schema()}
    assert rows["models.<name>.gate.accuracy"].limits == ("at least 0", "at most 1")
    assert rows["models.<name>.gate.accuracy"].required
    assert rows["network.nat"].choices == ("none", "single", "per_zone")
    assert rows["log_retention_days"].default == "365"
    assert rows["github.reviewers.prod[].login"].type == "text"
    assert all(row.description for row in rows.values()), "each says what it means"
    assert PORTAL.email, "the portal commits as itself"
