"""`mlops portal here`: the portal of one machine, for a look."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
import yaml
from fastapi.testclient import TestClient

from local import console, portal_here_cloud
from local.portal_here import WITHOUT_ENGINE, WITHOUT_GIT, greeting, portal_here
from local.portal_here_cloud import engine_is_there
from portal.access.roles import Actor, Role
from portal.serve import StartError

CHECKOUT = Path(__file__).parents[2]
DEVELOPER = Actor(id="oidc:issuer#dan", name="Dan", email="dan@example.com", roles={"*": Role.DEVELOPER})


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


def test_without_the_engine_the_greeting_says_what_is_off_and_why(folder):
    with portal_here(0) as (application, _, url):
        lines = greeting(url, application.state.portal.settings)
    assert lines[0] == f"The portal: {url}"
    assert "Ana Approver" in "\n".join(lines)
    assert all(line in lines for line in WITHOUT_ENGINE)


@pytest.fixture
def checkout(folder, monkeypatch):
    """A checkout of one's own, on a machine that has the engine."""
    for name in ("Pulumi.yaml", "Pulumi.dev.yaml"):
        shutil.copy(CHECKOUT / name, folder)
    (folder / ".gitignore").write_text(".mlops/\n")
    who = ("-c", "user.name=Dan", "-c", "user.email=dan@example.com")
    for words in (("init", "--quiet", "-b", "main"), ("add", "."), (*who, "commit", "--quiet", "-m", "begin")):
        subprocess.run(["git", *words], cwd=folder, check=True, capture_output=True)
    monkeypatch.setattr(portal_here_cloud, "engine_is_there", lambda *_: True)
    return folder


def test_with_the_engine_there_are_drift_checks_and_review_environments_of_the_checkout(checkout):
    with portal_here(0) as (application, _, url):
        portal = application.state.portal
        assert portal.settings.stacks["dev"].drift.every_hours == 24
        lines = greeting(url, portal.settings)
        assert not {*WITHOUT_ENGINE, *WITHOUT_GIT} & set(lines)
        assert [each.name for each in portal.reviews.branches(DEVELOPER)] == ["main"]
        made = portal.reviews.create(DEVELOPER, "main", why="a look")
        files = checkout / ".mlops" / "portal" / "work" / "reviews" / made.name
        assert (files / f"Pulumi.{made.stack}.yaml").is_file()
    shutil.rmtree(checkout / ".git")
    with portal_here(0) as (application, _, url):
        settings = application.state.portal.settings
        assert (settings.reviews.enabled, settings.stacks["dev"].drift is not None) == (False, True)
        assert set(WITHOUT_GIT) <= set(greeting(url, settings))


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
        said = [process.stdout.readline()]
        while not said[-1].startswith("Ctrl-C"):
            said.append(process.stdout.readline())
            assert said[-1], "it ended"
        assert said[0] == f"The portal: http://127.0.0.1:{port}\n"
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False) as http:
            assert http.get("/readyz").json()["runs_operations"] is True
        process.send_signal(ending)
        out, err = process.communicate(timeout=60)
    assert (process.returncode, out, err) == (0, "", "")
