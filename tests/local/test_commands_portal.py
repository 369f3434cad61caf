"""`mlops portal …`: the verbs through a portal behind a port."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from typer.main import get_command

from local.cli import app
from tests.portal.api.conftest import behind_a_port, portal  # noqa: F401  # fixtures
from tests.portal.api.test_rights import Models
from tests.portal.pages import aws_values
from tests.portal.web.conftest import provider  # noqa: F401  # a fixture
from tests.portal.world import PortalWorld

CHECKOUT = Path(__file__).parents[2]
MLOPS = get_command(app)
"""Made once: building all verbs takes longer than most of them."""
SCOPES = ("read", "preview", "edit", "deploy", "approve", "models", "reviews", "repair", "destroy", "audit")


@pytest.fixture
def mlops(portal, monkeypatch):  # noqa: F811
    """Run a verb as somebody; return exit code, stdout and stderr."""

    def run(*words, who=PortalWorld.developer, scopes=SCOPES, columns=200, said=None):
        monkeypatch.setenv("MLOPS_PORTAL_URL", portal.url)
        monkeypatch.setenv("MLOPS_PORTAL_TOKEN", portal.token(who, *scopes))
        monkeypatch.setenv("COLUMNS", str(columns))
        found = CliRunner().invoke(MLOPS, ["portal", *words], input=said)
        assert found.exception is None or isinstance(found.exception, SystemExit), found.exception
        return found.exit_code, found.stdout, found.stderr

    return run


def identity_in(text):
    return next(line.split()[1] for line in text.splitlines() if line.startswith("operation "))


def test_a_change_goes_all_its_way_on_the_command_line(mlops):
    code, out, _ = mlops("preview", "preprod", "--why", "a new gate")
    assert code == 0
    assert "preprod: succeeded" in out
    preview = identity_in(out)
    code, _, err = mlops("up", preview)
    assert (code, "1 more approval" in err) == (2, True)
    code, out, _ = mlops("approve", preview, "--comment", "fine", who=PortalWorld.approver)
    assert (code, "ready to be deployed" in out) == (0, True)
    code, out, _ = mlops("up", preview)
    assert (code, "preprod: succeeded" in out) == (0, True)
    code, out, _ = mlops("stacks")
    assert code == 0
    assert next(line for line in out.splitlines() if line.startswith("preprod")).split()[1] == "ok"
    code, out, _ = mlops("history", "--stack", "preprod", "--newest", "1")
    assert (code, preview in out, "a new gate" in out) == (0, False, True)
    code, out, _ = mlops("history", columns=80)
    assert (code, preview in out, max(map(len, out.splitlines())) <= 80) == (0, True, True), "ids can be copied"
    code, out, _ = mlops("watch", preview)
    assert (code, "preprod: succeeded" in out) == (0, True)


def test_a_rejected_preview_stays_so(mlops):
    preview = identity_in(mlops("preview", "prod")[1])
    code, out, _ = mlops("reject", preview, "--comment", "not now", who=PortalWorld.approver)
    assert (code, "rejected" in out, "not now" in out) == (0, True, True)


def test_programs_read_one_json_document(mlops):
    code, out, _ = mlops("preview", "dev", "--json")
    assert (code, json.loads(out)["outcome"]["state"]) == (0, "succeeded")
    assert [each["name"] for each in json.loads(mlops("stacks", "--json")[1])] == ["dev", "preprod", "prod", "sandbox"]
    assert json.loads(mlops("history", "--json", "--newest", "1")[1])["items"][0]["stack"] == "dev"
    code, out, _ = mlops("cancel", "none", "--json")
    assert (code, "none" in json.loads(out)["error"]) == (2, True)


def test_a_draft_of_a_stack_file_is_previewed(mlops, tmp_path):
    draft = tmp_path / "draft.yaml"
    draft.write_text((CHECKOUT / "Pulumi.dev.yaml").read_text())
    assert mlops("preview", "dev", "--draft", str(draft))[0] == 0
    draft.write_text("config: {}\n")
    code, _, err = mlops("preview", "dev", "--draft", str(draft))
    assert (code, "mlops:settings" in err) == (2, True)
    assert mlops("preview", "dev", "--draft", str(tmp_path / "none.yaml"))[0] == 2


def test_an_operation_that_fails_gives_exit_code_1(mlops, portal):  # noqa: F811
    portal.world.scenario.stop("dev", "preview-begin")
    code, out, _ = mlops("preview", "dev", "--no-wait")
    assert code == 0
    preview = identity_in(out)
    assert mlops("cancel", preview)[0] == 0
    code, out, err = mlops("watch", preview)
    assert (code, "cancelled" in out + err) == (1, True)


def test_without_address_or_token_the_verbs_say_what_to_set(mlops, monkeypatch):
    monkeypatch.delenv("MLOPS_PORTAL_URL", raising=False)
    found = CliRunner().invoke(MLOPS, ["portal", "stacks"])
    assert (found.exit_code, "MLOPS_PORTAL_URL" in found.stderr) == (2, True)
    for url, token, said in (
        ("http://portal.example.com", "x", "https://"),
        ("http://127.0.0.1:9", "t\u00f6ken", "characters that no token has"),
    ):
        monkeypatch.setenv("MLOPS_PORTAL_URL", url)
        monkeypatch.setenv("MLOPS_PORTAL_TOKEN", token)
        found = CliRunner().invoke(MLOPS, ["portal", "stacks"])
        assert (found.exit_code, said in found.stderr) == (2, True), found.stderr


def test_a_token_without_the_scope_is_told_which_one(mlops):
    code, _, err = mlops("preview", "dev", scopes=("read",))
    assert (code, "needs the scope preview" in err) == (2, True)


def test_serve_says_what_is_wrong_with_its_configuration(tmp_path):
    found = CliRunner().invoke(MLOPS, ["portal", "serve", "--config", str(tmp_path / "none.toml")])
    assert (found.exit_code, "docs/examples/portal.toml" in found.stderr) == (2, True)


def test_a_plan_is_read_at_80_columns_as_markdown_and_as_json(mlops):
    preview = identity_in(mlops("preview", "dev")[1])
    code, out, _ = mlops("plan", preview, columns=80)
    assert (code, "preview of dev" in out, "Resources" in out) == (0, True, True)
    assert max(map(len, out.splitlines())) <= 80
    code, out, _ = mlops("plan", preview, "--markdown")
    assert (code, out.startswith("## preview of dev")) == (0, True)
    code, out, _ = mlops("plan", preview, "--json")
    assert (code, json.loads(out)["blocked"], json.loads(out)["counts"]["create"] > 5) == (0, False, True)
    code, _, err = mlops("plan", "none")
    assert (code, "none" in err) == (2, True)


def test_a_stack_is_removed_by_its_approved_preview(mlops):
    code, out, _ = mlops("destroy", "preprod", "--why", "not needed")
    preview = identity_in(out)
    assert (code, f"once it is approved: mlops portal up {preview}" in out) == (0, True)
    assert mlops("approve", preview, who=PortalWorld.approver)[0] == 0
    code, out, _ = mlops("up", preview, "--json", who=PortalWorld.admin)
    assert (code, json.loads(out)["kind"]) == (0, "destroy")


def test_a_deployed_stack_is_refreshed_repaired_and_checked(mlops):
    code, _, err = mlops("refresh", "sandbox", "--why", "look again", who=PortalWorld.approver)
    assert (code, "sandbox" in err) == (1, True), "never deployed"
    assert mlops("up", identity_in(mlops("preview", "sandbox")[1]))[0] == 0
    code, out, _ = mlops("refresh", "sandbox", "--why", "look again", who=PortalWorld.approver)
    assert (code, "sandbox: succeeded" in out) == (0, True)
    code, _, err = mlops("repair", "sandbox", "magic")
    assert (code, "unlock, refresh, clear_pending" in err) == (2, True)
    code, _, err = mlops("repair", "sandbox", "clear-pending", who=PortalWorld.admin)
    assert (code, "Look in AWS" in err) == (2, True)
    code, out, _ = mlops("repair", "sandbox", "unlock", "--confirmed", "--json", who=PortalWorld.admin)
    assert (code, json.loads(out)["kind"]) == (0, "repair")
    assert mlops("drift", "check", "sandbox")[0] == 0
    code, out, _ = mlops("drift", "show", columns=80)
    assert (code, "on demand only" in out) == (0, True)
    assert next(line for line in out.splitlines() if line.startswith("sandbox")).split()[1] == "clean"
    assert [each["stack"] for each in json.loads(mlops("drift", "show", "dev", "--json")[1])] == ["dev"]
    assert mlops("drift", "show", "none")[0] == 2


def test_a_stack_file_is_shown_edited_checked_and_saved(mlops, tmp_path):
    code, text, err = mlops("settings", "show", "sandbox")
    base = err.split()[1]
    assert (code, json.loads(mlops("settings", "show", "sandbox", "--json")[1])["base_hash"]) == (0, base)
    file = tmp_path / "sandbox.yaml"
    file.write_text(text.replace("accuracy: 0.8", "accuracy: 0.85"))
    code, out, _ = mlops("settings", "check", "sandbox", str(file))
    assert (code, "+" in out, "accuracy: 0.85" in out) == (0, True, True)
    code, _, _ = mlops("settings", "save", "sandbox", str(file), "--why", "stricter", said="n\n")
    assert code == 1, "who does not say yes saves nothing"
    code, out, _ = mlops("settings", "save", "sandbox", str(file), "--why", "stricter", "--json")
    assert (code, "--yes" in json.loads(out)["error"]) == (2, True)
    code, out, _ = mlops("settings", "save", "sandbox", str(file), "--why", "stricter", "--base", base)
    assert (code, "sandbox: saved" in out) == (0, True)
    code, _, err = mlops("settings", "save", "sandbox", str(file), "--why", "again", "--base", base)
    assert code == 2, "somebody saved since that text"
    code, out, _ = mlops("settings", "save", "sandbox", str(file), "--why", "again", "--yes")
    assert (code, "nothing to save" in out) == (0, True)
    file.write_text("config:\n  mlops:settings: {}\n")
    code, out, _ = mlops("settings", "check", "sandbox", str(file))
    assert (code, "organisation" in out) == (1, True)
    assert mlops("settings", "save", "sandbox", str(file), "--why", "again", "--yes")[0] == 2


def test_reviews_say_why_there_is_none(mlops):
    code, out, _ = mlops("reviews", "list")
    assert (code, "no review environment" in out) == (0, True)
    code, _, err = mlops("reviews", "create", "feature/x", "--hours", "2")
    assert (code, "git checkout" in err) == (2, True)
    assert mlops("reviews", "extend", "none", "2")[0] == 2
    assert mlops("reviews", "remove", "none", said="n\n")[0] == 1, "asked before anything is removed"
    assert mlops("reviews", "remove", "none", "--yes")[0] == 2


def test_models_and_projects(mlops, portal, monkeypatch):  # noqa: F811
    monkeypatch.setattr(portal.world.portal, "models", Models())
    monkeypatch.setattr(portal.world.portal, "projects", aws_values.Projects())
    model = ("dev", "fraud-detector")
    code, out, _ = mlops("models", "list", "dev", columns=80)
    assert (code, "fraud-detector" in out, max(map(len, out.splitlines())) <= 80) == (0, True, True)
    code, out, _ = mlops("models", "show", *model, columns=80)
    assert (code, "fraud-detector version 7" in out) == (0, True), "the newest"
    assert json.loads(mlops("models", "show", *model, "6", "--json")[1])["version"] == 6
    assert mlops("models", "show", "dev", "none")[0] == 2
    code, out, _ = mlops("models", "diff", *model, "5", "6")
    assert (code, "accuracy" in out) == (0, True)
    assert mlops("models", "deployments", "dev")[0] == 0
    approver = {"who": PortalWorld.approver}
    code, out, _ = mlops("models", "approve", *model, "7", "--reason", "good", **approver)
    assert (code, "fraud-detector version 7 in dev: PendingManualApproval" in out) == (0, True)
    assert mlops("models", "reject", *model, "7", "--reason", "bad", "--json", **approver)[0] == 0
    code, out, _ = mlops("models", "rollback", *model, "--to", "5", "--reason", "worse", **approver)
    assert (code, "version 5 was asked for" in out) == (0, True)
    assert mlops("models", "approve", *model, "7", "--reason", "good")[0] == 2, "a developer does not decide"
    code, out, _ = mlops("projects", "list", "dev", columns=80)
    assert (code, "churn" in out) == (0, True)
    code, out, _ = mlops("projects", "show", "dev", "churn", columns=80)
    assert (code, "churn-training" in out) == (0, True)


def test_the_audit_log_is_listed_verified_and_exported(mlops, portal, tmp_path):  # noqa: F811
    mlops("drift", "check", "dev", "--no-wait")
    approver = {"who": PortalWorld.approver}
    code, out, _ = mlops("audit", "list", "--action", "operation.drift", "--newest", "3", columns=80, **approver)
    assert (code, "stack:dev" in out or "operation:" in out) == (0, True)
    code, out, _ = mlops("audit", "verify", **approver)
    assert (code, "the log is what was written" in out) == (0, True)
    file = tmp_path / "audit.jsonl"
    assert mlops("audit", "export", "--output", str(file), **approver)[0] == 0
    numbers = [json.loads(line)["sequence"] for line in file.read_text().splitlines()]
    assert numbers == list(range(1, len(numbers) + 1))
    code, out, _ = mlops("audit", "export", "--after", str(numbers[-2]), **approver)
    assert (code, json.loads(out.splitlines()[0])["sequence"]) == (0, numbers[-1])
    assert mlops("audit", "export", "--output", str(file))[0] == 2, "not for a developer"
    assert file.read_text().splitlines(), "and what was there stays"
    assert mlops("audit", "export", "--output", str(tmp_path / "no" / "file"), **approver)[0] == 2
    assert mlops("audit", "list")[0] == 2, "not for a developer"
