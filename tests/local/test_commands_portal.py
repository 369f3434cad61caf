"""`mlops portal …`: the verbs through a portal behind a port, and the portal of one machine."""

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
import yaml
from fastapi.testclient import TestClient
from typer.testing import CliRunner

from local import console
from local.cli import app
from local.portal_here import greeting, portal_here
from local.portal_here_cloud import engine_is_there
from portal.serve import StartError
from tests.portal.api.conftest import portal, shared  # noqa: F401  # fixtures
from tests.portal.web.conftest import provider  # noqa: F401  # a fixture
from tests.portal.world import PortalWorld

CHECKOUT = Path(__file__).parents[2]


@pytest.fixture
def mlops(portal, monkeypatch):  # noqa: F811
    """Run a verb as somebody; return exit code, stdout and stderr."""

    def run(*words, who=PortalWorld.developer, scopes=("read", "preview", "deploy", "approve")):
        monkeypatch.setenv("MLOPS_PORTAL_URL", portal.url)
        monkeypatch.setenv("MLOPS_PORTAL_TOKEN", portal.site.token(who, *scopes))
        monkeypatch.setenv("COLUMNS", "200")
        found = CliRunner().invoke(app, ["portal", *words])
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
    found = CliRunner().invoke(app, ["portal", "stacks"])
    assert (found.exit_code, "MLOPS_PORTAL_URL" in found.stderr) == (2, True)
    for url, token, said in (
        ("http://portal.example.com", "x", "https://"),
        ("http://127.0.0.1:9", "t\u00f6ken", "characters that no token has"),
    ):
        monkeypatch.setenv("MLOPS_PORTAL_URL", url)
        monkeypatch.setenv("MLOPS_PORTAL_TOKEN", token)
        found = CliRunner().invoke(app, ["portal", "stacks"])
        assert (found.exit_code, said in found.stderr) == (2, True), found.stderr


def test_a_token_without_the_scope_is_told_which_one(mlops):
    code, _, err = mlops("preview", "dev", scopes=("read",))
    assert (code, "needs the scope preview" in err) == (2, True)


def test_serve_says_what_is_wrong_with_its_configuration(tmp_path):
    found = CliRunner().invoke(app, ["portal", "serve", "--config", str(tmp_path / "none.toml")])
    assert (found.exit_code, "docs/examples/portal.toml" in found.stderr) == (2, True)


# -- the portal of one machine


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", "/usr/bin:/bin")  # whatever this machine has of the engine
    return tmp_path


def log_in(browser, url, who):
    to_issuer = browser.post("/login", headers={"origin": url}).headers["location"]
    with httpx.Client(trust_env=False) as http:
        back = http.get(f"{to_issuer}&login_hint={who}").headers["location"]
    assert browser.get(back.removeprefix(url)).status_code == 303


def test_a_newcomer_looks_around_and_edits_a_copy_of_the_checkouts_files(folder):
    with (
        portal_here(0) as (application, _, url),
        TestClient(application, base_url=url, follow_redirects=False) as browser,
    ):
        log_in(browser, url, "dan")
        page = browser.get("/")
        assert (page.status_code, "Dan Developer" in page.text) == (200, True)
        stacks = {each["name"]: each for each in browser.get("/api/v1/stacks").json()}
        assert [(each["approvals"], each["by_others"]) for each in stacks.values()] == [
            (0, False),
            (1, False),
            (1, True),
        ]
        assert [each["health"] for each in stacks.values()] == ["never"] * 3
        models = browser.get("/api/v1/stacks/dev/models").json()
        assert models[0]["model"] == "fraud-detector", "the embedded AWS answers for the stack's own account"
        assert browser.get("/api/v1/stacks/prod/models").status_code == 200
        file = browser.get("/api/v1/stacks/dev/settings").json()
        token = browser.get("/tokens").text.partition('name="csrf_token" value="')[2].partition('"')[0]
        body = {"text": file["text"] + "# mine\n", "base_hash": file["base_hash"], "why": "a first try"}
        answer = browser.put("/api/v1/stacks/dev/settings", json=body, headers={"origin": url, "x-csrf-token": token})
        assert answer.status_code == 200, answer.text
    state = folder / ".mlops" / "portal"
    assert (state / "portal.db").is_file()
    assert json.loads((state / "portal.log").read_text().splitlines()[0])["at"], "the log is in a file"
    assert (state / "project" / "policy" / "PulumiPolicy.yaml").is_file()
    own = state / "project" / "Pulumi.dev.yaml"
    assert own.read_text().endswith("# mine\n")
    assert not (CHECKOUT / "Pulumi.dev.yaml").read_text().endswith("# mine\n")
    described = yaml.safe_load(own.with_name("Pulumi.yaml").read_text())
    assert described["main"] == str(console.CHECKOUT), "the program is the checkout's"


def test_a_port_in_use_is_said_in_a_sentence(folder):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(StartError, match=f"127.0.0.1:{port} cannot be listened on"), portal_here(port):
            pass
        with pytest.raises(StartError, match=f"127.0.0.1:{port} cannot be listened on"), portal_here(port - 1):
            pass


def test_the_greeting_is_address_and_people():
    lines = greeting("http://127.0.0.1:8080")
    assert lines[0].endswith("http://127.0.0.1:8080")
    assert "Ana Approver" in "\n".join(lines)


def test_the_engine_counts_only_with_language_host_and_plugin(tmp_path):
    for command in ("pulumi", "pulumi-language-python", "pulumi-resource-aws"):
        assert not engine_is_there({"PATH": str(tmp_path), "HOME": str(tmp_path)}, ("aws",)), command
        (tmp_path / command).write_text("#!/bin/sh\n")
        (tmp_path / command).chmod(0o755)
    assert engine_is_there({"PATH": str(tmp_path), "HOME": str(tmp_path)}, ("aws",))


@pytest.mark.stories
@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_portal_of_one_machine_in_good_order(folder, ending):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [sys.executable, "-c", "from local.cli import main; main()", "portal", "here", "--port", str(port)]
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "PYTHONPATH": str(CHECKOUT)}
    with subprocess.Popen(
        command, cwd=folder, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        said = [process.stdout.readline() for _ in greeting("")]
        assert said[0] == f"The portal: http://127.0.0.1:{port}\n"
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False) as http:
            assert http.get("/readyz").json()["runs_operations"] is True
        process.send_signal(ending)
        out, err = process.communicate(timeout=60)
    assert (process.returncode, out, err) == (0, "", "")
