"""Putting templates together: what is in, what is out, and that the tokens are gone."""

import json
import re

import pytest

from components import template_content
from components.template_content import (
    ORGANIZATION,
    PLATFORM_TEAM,
    ROOT,
    TemplateError,
    available,
    content_hash,
    rendered,
    template,
)
from contracts.products import PRODUCTS

EVERY = [*available(), "workflows"]
every_template = pytest.mark.parametrize("name", EVERY)


def test_the_templates_of_the_first_two_products_are_there():
    assert available() == ["model-training", "realtime-inference"]
    assert set(available()) <= {name for product in PRODUCTS.values() for name in product.templates}


@every_template
def test_a_rendered_repository_holds_its_own_files_and_no_traces_of_tools(name):
    files = rendered(name, "acme")
    assert list(files) == sorted(files), "the order is part of the hash"
    assert {"README.md", ".github/CODEOWNERS", ".github/dependabot.yml", ".github/zizmor.yml"} <= set(files)
    left = [
        place for place in files if re.search(r"__pycache__|\.pyc$|\.ruff_cache|(^|/)\.venv/|template\.json$", place)
    ]
    assert left == [], left
    assert not any(place.startswith("/") or ".." in place.split("/") for place in files)


@pytest.mark.parametrize("name", available())
def test_both_kinds_of_project_get_the_shared_library_with_its_tests(name):
    files = rendered(name, "acme")
    shared = {
        place: content for place, content in files.items() if place.startswith(("mlops_project/", "tests/library/"))
    }
    source = ROOT / "templates" / "library"
    assert shared == {place: (source / place).read_bytes() for place in shared}
    assert {"mlops_project/__init__.py", "tests/library/test_traffic.py"} <= set(shared)


def test_the_shared_workflows_bring_the_platforms_package_along():
    files = rendered("workflows", "acme")
    for place in (
        "package/PulumiPlugin.yaml",
        "package/schema.json",
        "components/model_endpoint.py",
        "contracts/names.py",
    ):
        assert files[f"actions/mlops-package/{place}"] == (ROOT / place).read_bytes(), place


@every_template
def test_no_token_is_left_and_the_organisation_is_in_its_place(name):
    files = rendered(name, "acme", platform_team="ml-platform")
    ours = {
        place: content for place, content in files.items() if not place.startswith("actions/mlops-package/components/")
    }
    for place, content in ours.items():
        assert ORGANIZATION.encode() not in content, place
        assert PLATFORM_TEAM.encode() not in content, place
    assert b"@acme/ml-platform" in files[".github/CODEOWNERS"]


@every_template
def test_tokens_stand_only_where_the_documentation_says(name):
    folder = template(name).folder
    lines = [
        (path.relative_to(folder).as_posix(), line.strip())
        for path in folder.rglob("*")
        if path.is_file() and ".ruff_cache" not in path.parts
        for line in path.read_text(encoding="utf-8", errors="ignore").splitlines()
        if ORGANIZATION in line or PLATFORM_TEAM in line
    ]
    wrong = [
        (place, line)
        for place, line in lines
        if place not in (".github/CODEOWNERS", ".github/zizmor.yml")
        and not line.removeprefix("- ").startswith("uses: ")
    ]
    assert wrong == [], wrong
    assert all(PLATFORM_TEAM not in line for place, line in lines if place != ".github/CODEOWNERS")


@every_template
def test_the_hash_is_stable_and_changes_with_the_organisation_and_the_content(name, monkeypatch):
    first = content_hash(name, "acme")
    assert first == content_hash(name, "acme")
    assert re.fullmatch(r"[0-9a-f]{64}", first)
    assert first != content_hash(name, "acme", platform_team="others")
    files = rendered(name, "acme")
    monkeypatch.setattr(template_content, "rendered", lambda *_, **__: {**files, "README.md": b"other"})
    assert content_hash(name, "acme") != first


def test_moving_content_from_one_file_to_another_changes_the_hash(monkeypatch):
    monkeypatch.setattr(template_content, "rendered", lambda *_, **__: {"a": b"bc", "d": b""})
    one = content_hash("x", "acme")
    monkeypatch.setattr(template_content, "rendered", lambda *_, **__: {"a": b"b", "cd": b""})
    assert content_hash("x", "acme") != one


@pytest.mark.parametrize("organization", ["", "a/b", "-acme", "a--b", "acme\n", "${{ x }}", "a" * 40])
def test_what_is_no_github_login_is_refused(organization):
    with pytest.raises(TemplateError, match="GitHub login"):
        rendered("model-training", organization)


def test_a_team_that_is_no_slug_is_refused():
    with pytest.raises(TemplateError, match="slug"):
        rendered("model-training", "acme", platform_team="The Team")


@pytest.mark.parametrize("name", ["gone", "../library", ""])
def test_an_unknown_template_is_refused_with_those_that_there_are(name):
    with pytest.raises(TemplateError, match="model-training, realtime-inference"):
        template(name)


@pytest.fixture
def elsewhere(tmp_path, monkeypatch):
    """Template folders that a test may fill."""
    monkeypatch.setattr(template_content, "REPOSITORIES", tmp_path)

    def make(**changed):
        (tmp_path / "one").mkdir()
        stated = {"version": "1.0.0", "title": "One", "description": "One.", "includes": [], **changed}
        (tmp_path / "one" / "template.json").write_text(json.dumps({k: v for k, v in stated.items() if v is not None}))
        return tmp_path / "one"

    return make


@pytest.mark.parametrize(
    ("changed", "reason"),
    [({"version": "1"}, "semantic version"), ({"includes": ["gone"]}, "library"), ({"title": None}, "exactly")],
)
def test_a_wrong_description_is_told(elsewhere, changed, reason):
    elsewhere(**changed)
    with pytest.raises(TemplateError, match=reason):
        template("one")


def test_a_file_that_comes_from_two_folders_is_told(elsewhere):
    folder = elsewhere(includes=["library"])
    (folder / "mlops_project").mkdir()
    (folder / "mlops_project" / "__init__.py").write_text("")
    with pytest.raises(TemplateError, match="comes from two folders"):
        rendered("one", "acme")
