"""What is wrong with an edited stack file, each mistake with its line, and what the edit changes."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from portal.service.settings_diff import Change, line_changes, loaded, setting_changes
from portal.service.settings_secrets import secret_problems
from portal.service.stack_text import StackText, stack_text
from settings import CONFIG_KEY, Problem, SettingsError
from settings.files import StackFileError

IN_SETTINGS = ("config", CONFIG_KEY)
MOST_PROBLEMS = 100
"""That are told at once; nobody reads more, and a text can hold thousands."""


@dataclass(frozen=True, kw_only=True, slots=True)
class FoundProblem:
    """One mistake in a text. `path` is below `mlops:settings`, or begins with `config.`; empty for the whole."""

    path: str
    value: str
    rule: str
    fix: str
    line: int
    """Counts from 1; a missing key has the line of the section that lacks it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Checked:
    """What an edited text would be: its mistakes, and what it changes in the file as it is now."""

    problems: tuple[FoundProblem, ...]
    diff: tuple[str, ...]
    """Lines of a unified diff, secrets hidden."""
    changes: tuple[Change, ...]
    """By setting, with defaults filled in; empty where only comments or order differ."""
    base_hash: str
    """Of the file that it was compared with."""

    @property
    def valid(self) -> bool:
        """Whether it can be saved."""
        return not self.problems


def check_text(before: str, after: str, name: str) -> Checked:
    """Compare an edited text with the saved one, of the stack file `name`."""
    base = hash_of(before.encode())
    was: Mapping[str, Any] = {}
    try:
        was = stack_text(before).document
        found = stack_text(after)
    except StackFileError as error:
        diff = line_changes(before, after, name, was)
        return Checked(problems=(_unreadable(after, error if was else None),), diff=diff, changes=(), base_hash=base)
    problems, valid = _problems(was, found, name)
    return Checked(
        problems=problems,
        diff=line_changes(before, after, name, was, found.document),
        changes=setting_changes(was, found.document, filled=valid),
        base_hash=base,
    )


def hash_of(content: bytes) -> str:
    """Return what tells one content of a file from another."""
    return hashlib.sha256(content).hexdigest()


def _problems(old: Mapping[str, Any], found: StackText, name: str) -> tuple[tuple[FoundProblem, ...], bool]:
    """Return the mistakes, and whether the settings themselves are valid."""
    problems = [_found(problem, found.line(at)) for at, problem in secret_problems(old, found.document)]
    config = found.document.get("config")
    if not isinstance(config, Mapping) or CONFIG_KEY not in config:
        rule, fix = f"a stack's config holds its settings under {CONFIG_KEY}", f"write {CONFIG_KEY}: below config:"
        missing = FoundProblem(path="", value="", rule=rule, fix=fix, line=found.line(IN_SETTINGS))
        return (*_first(problems), missing), False
    valid = True
    try:
        loaded(found.document, name)
    except SettingsError as error:
        valid = False
        problems += [_found(problem, found.line(IN_SETTINGS, problem.path)) for problem in error.problems]
    return _first(sorted(problems, key=lambda each: each.line)), valid


def _first(problems: Sequence[FoundProblem]) -> tuple[FoundProblem, ...]:
    """Return what is told of the mistakes, and how many more there are."""
    more = len(problems) - MOST_PROBLEMS
    if more <= 0:
        return tuple(problems)
    rule, line = f"there are {more} more mistakes below", problems[MOST_PROBLEMS].line
    last = FoundProblem(path="", value="", rule=rule, fix="correct those above first, then check again", line=line)
    return (*problems[:MOST_PROBLEMS], last)


def _found(problem: Problem, line: int) -> FoundProblem:
    return FoundProblem(path=problem.path, value=problem.value, rule=problem.rule, fix=problem.fix, line=line)


def _unreadable(text: str, known: StackFileError | None) -> FoundProblem:
    """Return the problem of a text that is no stack file, or where the edited one is, that the saved one is none."""
    try:
        if known is not None:  # a document is never empty, so it was the edited text that could not be read
            raise known
        stack_text(text)
    except StackFileError as error:
        return FoundProblem(path="", value="", rule=error.rule, fix=error.fix, line=error.line or 1)
    # Which secrets it has cannot be known then, so an edit could spill one unseen.
    rule = "the saved file is no stack file at all, and the editor changes those that are"
    return FoundProblem(path="", value="", rule=rule, fix="repair it in the project", line=1)


def as_in(before: str, text: str) -> str:
    """Return an edited text with the line ends of the file: browsers send CRLF whatever they got."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    lines = lines if lines.endswith("\n") or not lines else f"{lines}\n"
    return lines.replace("\n", "\r\n") if "\r\n" in before else lines
