"""A stack file's text: bounded before anything is built of it, and each path with its line."""

import pytest

from portal.service.stack_text import MOST_BYTES, stack_text
from settings.files import StackFileError

TEXT = """\
config:
  mlops:settings:
    network:
      zones:
        - us-east-1a
        - us-east-1b
    tags:
      team.name: a
      team: b
    models:
      fraud:
        gate: {accuracy: 0.8}
        delivery:
          smoke:
            - payload: {a: 1}
            - payload:
                b: 2
"""
IN = ("config", "mlops:settings")
BOMB = "a: &a [x,x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{name}: &{name} [{','.join([f'*{before}'] * 10)}]\n" for before, name in zip("abcdef", "bcdefg", strict=True)
)
"""Sixty bytes a line, ten times as many values in each."""


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("", 2),
        ("network.zones[1]", 6),
        ("models.fraud.gate.accuracy", 12),
        ("models.fraud.gate.recall", 12),  # missing: its section's
        ("models.fraud.image", 11),
        ("tags.team.name", 8),
        ("tags.team", 9),
        ("models.fraud.delivery.smoke[1].payload.b", 17),
        ("models.fraud.delivery.smoke[9]", 14),
        ("owner", 2),
    ],
)
def test_a_path_has_the_line_of_its_key_or_of_the_section_that_lacks_it(path, line):
    assert stack_text(TEXT).line(IN, path) == line


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("config:\n  a: 1\n  a: 2\n", 3, "stands twice"),
        ("config: [\n", 2, "YAML"),
        ("", None, "config: at its top"),
        ("- a\n", None, "config: at its top"),
        ("config: &a\n  b: *a\n", 1, "contain itself"),
        (BOMB, 5, "at most"),
        ("[" * 200 + "]" * 200, 1, "deeply"),
        ("- " * 3_000, None, "deeply"),
        ("config:\n  day: 2026-99-99\n", None, "quotes"),
        ("config: !!timestamp never\n", None, "quotes"),
        ("config: !!python/object/apply:os.system [id]\n", 1, "YAML"),
        ("config: a\x00b\n", None, "YAML"),
        ("config: \ud800\n", None, "YAML"),
        ("a" * (MOST_BYTES + 1), None, "KiB"),
    ],
    ids=["twice", "syntax", "empty", "list", "itself", "bomb", "deep", "deeper", "date", "tag", "code", "nul",
         "surrogate", "long"],
)  # fmt: skip
def test_a_text_that_is_no_stack_file_is_refused_with_its_line(text, line, said):
    with pytest.raises(StackFileError) as refused:
        stack_text(text)
    assert said in str(refused.value), "the person reads what is wrong"
    if line is not None:
        assert refused.value.line == line
