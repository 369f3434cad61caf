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
    ("value", "said"),
    [
        ("2026-01-01", "timestamp"),
        ("!!binary gICA", "binary"),
        ("!!set {a, b}", "set"),
        ("!!omap [a: 1]", "omap"),
        (".nan", "finite"),
        ("1.0e+999", "finite"),
        (f"0x{'f' * 8000}", "at most 40"),
        (f"1:{':'.join(['59'] * 3000)}", "at most 40"),
        ("!!int ''", "form"),
        ("!!bool perhaps", "form"),
        ("{? 2026-01-01 : a}", "timestamp"),
        (f"{{{'k' * 257}: a}}", "at most 256"),
    ],
)
def test_what_json_has_not_is_refused_before_it_is_saved(value, said):
    with pytest.raises(StackFileError, match=said) as refused:
        stack_text(f"config:\n  a: 1\n  b: {value}\n")
    assert refused.value.line in {3, None}


@pytest.mark.parametrize(
    "text",
    [
        "a: &a {b: 1}\nconfig:\n  <<: *a\n  c: [yes, ~, 1_000, 0x1f, 1.5, '2026-01-01', 12:30:45]\n",
        "config:\n" + "".join(f"  key{number}: [a, b, c]\n" for number in range(300)),
    ],
)
def test_what_people_write_is_not_refused(text):
    assert stack_text(text).document["config"]


@pytest.mark.parametrize(
    "text",
    [
        'a: &a "' + "K" * 100_000 + '"\nb: [' + ",".join(["*a"] * 1000) + "]\n",
        "a: &a {" + ",".join(f"k{number}: 0" for number in range(100)) + "}\n"
        + "b: &b {" + "K" * 250 + ": {" + "L" * 250 + ": *a}}\nc: [" + ",".join(["*b"] * 95) + "]\n",
    ],
    ids=["values", "paths"],
)  # fmt: skip
def test_what_aliases_make_of_a_short_text_is_bounded_in_characters_too(text):
    with pytest.raises(StackFileError, match="2 MiB with all aliases"):
        stack_text(text)


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
