"""Checks placeholders: in a template each stands only for its own kind of id, in a filled document none is left."""

from collections.abc import Iterator, Mapping
from typing import Any

from pipeline_defs.placeholders import KEY_ARN, MARK, SECURITY_GROUPS, SUBNETS
from pipeline_defs.validation.arguments import Checker
from pipeline_defs.validation.finding import show
from pipeline_defs.validation.outline import Outline, body_without_nested, strings

_LISTS = {SUBNETS: "Subnets", SECURITY_GROUPS: "SecurityGroupIds"}
_KEYS = ("KmsKeyId", "VolumeKmsKeyId", "OutputKmsKeyId", "KmsKey", "S3KmsKeyId")


def _parts(outline: Outline) -> Iterator[tuple[str | None, Any]]:
    yield None, {key: value for key, value in outline.document.items() if key != "Steps"}
    for step in outline.steps:
        yield step.name, body_without_nested(step)


def check_placeholders(outline: Outline, checker: Checker, *, filled: bool) -> None:
    """Report every placeholder of a filled document, and in a template those that stand in a wrong place."""
    for step, part in _parts(outline):
        checker.step = step
        for path, text in strings(part, ""):
            if MARK not in text:
                continue
            if filled:
                fix = "fill it: the value must be known before the pipeline is created"
                checker.add(path, "placeholder.left", f"{show(text)} was not filled", fix)
            elif not _in_place(part, path, text):
                fix = f"{SUBNETS} alone in Subnets, {SECURITY_GROUPS} alone in SecurityGroupIds, {KEY_ARN} as a key"
                checker.add(path, "placeholder.place", f"{show(text)} does not stand for such an id here", fix)
    checker.step = None


def _in_place(part: Mapping[str, Any], path: str, text: str) -> bool:
    if text == KEY_ARN:
        return path.rpartition(".")[2] in _KEYS
    member = _LISTS.get(text)
    # A list placeholder is replaced by the whole list, so it is its only item.
    return member is not None and path.endswith(f".{member}[0]") and f"{path[:-3]}[1]" not in dict(strings(part, ""))
