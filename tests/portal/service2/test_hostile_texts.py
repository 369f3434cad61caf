"""Texts that somebody sends to make the portal slow, large or a liar: what they cost is counted, never timed."""

import pytest

from contracts import rules
from portal.service import settings_checks
from portal.service.errors import ConflictError
from portal.service.settings_checks import MOST_PROBLEMS, check_text
from portal.service.settings_files import SettingsFiles
from portal.service.settings_secrets import MOST_EXPOSED, masked_text
from portal.service.stack_text import stack_text
from settings.problems import MOST_MEANT
from tests.harness import ROOT
from tests.portal.service2.conftest import actor

BASE = (ROOT / "Pulumi.dev.yaml").read_text()
CIPHER = "v1:AAAAAAAAAAAAAAAA:BBBBBBBBBBBBBBBBBBBBBBBBBBBB"
ADA = actor("Ada")


@pytest.fixture
def files(store, settings, clock, project):
    return SettingsFiles(store=store, settings=settings, clock=clock, checkout=project.checkout())


def checked(text, before=BASE):
    return check_text(before, text, "Pulumi.dev.yaml")


def in_settings(lines):
    return BASE.replace("mlops:settings:\n", f"mlops:settings:\n{lines}", 1)


@pytest.mark.parametrize("secret", ["e", "sec", "secr"])
def test_secrets_that_are_found_in_their_own_masks_do_not_double_the_text(secret):
    documents = [{f"k{number}": {"secure": secret} for number in range(14)}]
    text = "".join(f"k{number}:\n  secure: {secret}\n" for number in range(14))
    assert len(masked_text(text, *documents)) < 4 * len(text)


def test_a_cipher_text_is_masked_wherever_it_stands_and_alike_texts_are_not():
    shown = masked_text(f"a: {CIPHER}\nb: '{CIPHER}' # {CIPHER}\nc: {CIPHER}C\n", {"a": {"secure": CIPHER}})
    assert shown.count("[secret ") == 3
    assert f"c: {CIPHER}C" in shown, "another secret has another mask, or none where it is in no document"


def test_more_texts_in_clear_than_can_be_looked_for_are_not_shown_at_all():
    before = f"{BASE}  tok: {{secure: {CIPHER}}}\n"
    text = f"{BASE}  tok: [{', '.join(f'{{a: hunter-no-{number}}}' for number in range(MOST_EXPOSED + 1))}]\n"
    found = checked(text, before)
    assert found.problems[0].path == "config.tok"
    assert "hunter" not in str((found.diff, found.changes, found.problems))


def test_of_many_mistakes_a_hundred_are_told_and_how_many_more_there_are(monkeypatch):
    asked = []
    monkeypatch.setattr("settings.problems.nearest", lambda *words: asked.append(rules.nearest(*words)))
    found = checked(in_settings("".join(f"    q{number}: 1\n" for number in range(500))))
    assert len(found.problems) == MOST_PROBLEMS + 1
    assert found.problems[-1].rule == f"there are {500 - MOST_PROBLEMS} more mistakes below"
    assert [problem.line for problem in found.problems[:MOST_PROBLEMS]] == list(range(5, 105))
    assert len(asked) == MOST_MEANT, "what was meant is looked for a hundred times: not twice, and not for all"


def test_the_keys_of_a_section_are_gone_through_once_however_many_mistakes_are_in_it():
    found = stack_text(in_settings("".join(f"    q{number}: 1\n" for number in range(500))))
    looked = []
    for node in (found.root, *(value for _, value in found.root.value)):
        node.value = Counted(node.value, looked)
    section = found.root.value[0][1].value[0][1]
    section.value = Counted(section.value, looked)
    for number in range(500):
        assert found.line(("config", "mlops:settings"), f"q{number}") == 5 + number
    assert len(looked) <= 3, "once for each section on the way"


class Counted(list):
    """A list that notes how often it is gone through."""

    def __init__(self, values, looked):
        super().__init__(values)
        self.looked = looked

    def __iter__(self):
        self.looked.append(self)
        return super().__iter__()


def test_a_person_has_one_text_checked_at_a_time_and_others_are_not_held_up(files, monkeypatch):
    seen = []

    def nested(*arguments):
        if not seen:
            seen.append("Ada")
            with pytest.raises(ConflictError, match="being checked"):
                files.check(ADA, "dev", BASE)
            seen.append(files.check(actor("Bob"), "dev", BASE))
        return settings_checks.check_text(*arguments)

    monkeypatch.setattr("portal.service.settings_files.check_text", nested)
    assert files.check(ADA, "dev", BASE).valid
    assert len(seen) == 2
    assert files.check(ADA, "dev", BASE).valid, "afterwards the next"


def test_a_key_writes_no_trailer_into_the_commits_message(files, project):
    key = "x:a\\n\\nPortal-Actor: oidc:id.example.com#root\\nReviewed-by: Root <root@example.com>\\n" + "k" * 150
    found = files.read(ADA, "dev")
    saved = files.save(ADA, "dev", f'{found.text}  "{key}": 1\n', found.base_hash, "typo")
    message = project.git("show", "--no-patch", "--format=%B", saved.commit)
    assert [line for line in message.splitlines() if line.startswith(("Portal-Actor", "Reviewed-by"))] == [
        f"Portal-Actor: {ADA.id}"
    ]
    assert max(map(len, message.splitlines())) < 220
