"""What the documents name exists, and what is generated is current."""

import json
import re
import textwrap
from itertools import chain
from pathlib import Path

import pytest
import yaml

from settings import load_settings
from tests.graph_checks import strings
from tests.harness import ROOT, raw_settings, stack_graph
from tests.settings_page import page

DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
FOLDERS = (
    *("bench", "components", "contracts", "docs", "images", "lambda_src", "local", "operations", "package"),
    *("pipeline_defs", "policy", "portal", "settings", "templates", "tests"),
)
LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)\s]*)?\)")
IN_CODE = re.compile(r"`([^`\n]+)`")
PATH = re.compile(rf"(?:{'|'.join(FOLDERS)})/[\w./-]*")
MOST_ADR_LINES = 45
PROCEDURES = {f"docs/runbooks/{name}.md" for name in ("github-app-key", "project-failed", "studio")}
"""Runbooks that somebody follows on purpose or after a message, not because an alarm woke them."""

every_document = pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))


def faults(text: str, folder: Path) -> list[str]:
    """The links, paths, test names and make targets in `text` that lead nowhere."""
    tests = set(re.findall(r"def (test_\w+)", "".join(p.read_text() for p in (ROOT / "tests").rglob("test_*.py"))))
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    links = (link for link in LINK.findall(text) if "://" not in link)
    code = IN_CODE.findall(text)
    paths = (path for path in code if PATH.fullmatch(path))
    named = (name for name in code if re.fullmatch(r"test_\w+", name))
    made = re.findall(r"\bmake ([a-z-]+)", "\n".join([*code, *re.findall(r"```sh\n(.*?)```", text, re.DOTALL)]))
    return [
        *(f"link {link}" for link in links if not (folder / link).exists()),
        *(f"path {path}" for path in paths if not (ROOT / path).exists()),
        *(f"test {name}" for name in named if name not in tests),
        *(f"make {target}" for target in made if target not in targets),
    ]


@every_document
def test_everything_that_a_document_names_exists(document):
    assert faults(document.read_text(), document.parent) == [], "a reader who follows it ends nowhere"


def test_a_name_that_leads_nowhere_is_found():
    text = "[x](gone.md) `components/gone.py` `test_gone` `make gone` `components/alerts.py` [y](https://example.com)"
    assert faults(text, ROOT) == ["link gone.md", "path components/gone.py", "test test_gone", "make gone"]


@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_every_runbook_that_an_alarm_names_exists_and_names_the_alarm(stack):
    alarms = stack_graph(stack).of_type("cloudwatch:MetricAlarm")
    assert alarms, "the stack has alarms"
    for alarm in alarms:
        (runbook,) = re.findall(r"docs/runbooks/[\w-]+\.md", alarm.inputs["alarmDescription"])
        purpose = re.split(r"[-.]", alarm.inputs["name"])[-1]
        assert purpose in (ROOT / runbook).read_text(), f"{runbook} is what somebody reads who was woken by {purpose}"


def test_every_runbook_belongs_to_an_alarm():
    said = chain.from_iterable(strings(r.inputs) for r in stack_graph("dev").of_type("cloudwatch:MetricAlarm"))
    written = {f"docs/runbooks/{path.name}" for path in (ROOT / "docs/runbooks").glob("*.md")}
    named = {path for text in said for path in re.findall(r"docs/runbooks/[\w-]+\.md", text)}
    assert written - PROCEDURES == named - PROCEDURES


def test_the_settings_page_is_what_the_models_give():
    assert (ROOT / "docs/reference/settings.md").read_text() == page(), (
        "run: python -m tests.settings_page > docs/reference/settings.md"
    )


def test_decisions_are_numbered_without_a_gap_short_and_in_one_form():
    records = sorted((ROOT / "docs/adr").glob("*.md"))
    assert [int(path.name[:4]) for path in records] == list(range(1, len(records) + 1))
    for path in records:
        text = path.read_text()
        assert re.match(rf"# {int(path.name[:4])}\. ", text), f"{path.name}: the title begins with the number"
        assert all(f"## {part}" in text for part in ("Context", "Decision", "Consequences")), path.name
        if not path.name.startswith("0002"):  # it carries measurements
            assert len(text.splitlines()) <= MOST_ADR_LINES, f"{path.name}: who has to read more reads nothing"


def test_the_example_of_a_new_model_is_one_that_the_settings_take_and_its_schema_names_its_columns():
    text = (ROOT / "docs/adding-a-model.md").read_text()
    (entry,) = re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)
    (schema,) = (json.loads(block) for block in re.findall(r"```json\n(.*?)```", text, re.DOTALL))
    raw = raw_settings("dev")
    raw["models"] |= yaml.safe_load(textwrap.dedent(entry))
    assert load_settings(raw, source="Pulumi.dev.yaml").models["churn"].gate.accuracy == 0.75
    columns = [*schema["identifier"], *(f["name"] for f in schema["features"]), schema["target"]["column"]]
    assert ",".join(columns) in text, "the example's header and its schema are one data set"
