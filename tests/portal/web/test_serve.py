"""`portal.serve`: a portal by its configuration file, as a process, from its start to its end."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path

import httpx
import pytest
import uvicorn
from fastapi import FastAPI

from local.identity_provider.people import Client
from portal.access.roles import Role
from portal.client import PortalClient
from portal.configuration import ConfigurationError, Listen
from portal.serve import Server, StartError, listening, run, serve
from portal.service.portal import utc_now
from portal.store import Store
from portal.web.sessions import Sessions
from tests.portal.world import person, stack_files

CHECKOUT = Path(__file__).parents[3]
SECRET, KEY = "a client's secret", "5e" * 32


def configuration(folder, issuer, port, **more):
    """Write a portal.toml and return it."""
    stack_files(folder / "project")
    (folder / "state").mkdir(exist_ok=True)
    lines = {
        "url": f"http://127.0.0.1:{port}", "project": "project", "work": "work", "backend": f"file://{folder}/state",
        "database": f"sqlite:///{folder}/portal.db", "session_key_env": "SESSION_KEY", **more,
    }  # fmt: skip
    text = "\n".join(f"{name} = {json.dumps(value)}" for name, value in lines.items())
    file = folder / "portal.toml"
    file.write_text(f"""{text}
listen = {{ host = "127.0.0.1", port = {port} }}
plugins = []
[login]
issuer = "{issuer}"
client_id = "portal"
client_secret_env = "CLIENT_SECRET"
[[roles.role]]
claim = "groups"
value = "ml-developers"
role = "developer"
[stacks.dev]
""")
    return file


def test_a_wrong_configuration_a_missing_secret_and_a_taken_port_are_told(tmp_path, monkeypatch):
    with pytest.raises(ConfigurationError, match=r"docs/examples/portal\.toml"):
        serve(tmp_path / "none.toml")
    file = configuration(tmp_path, "http://127.0.0.1:9", 0, colour="green")
    with pytest.raises(ConfigurationError, match="colour"):
        serve(file)
    monkeypatch.setattr("portal.serve.logging_setup.configure", lambda: None)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        file = configuration(tmp_path, "http://127.0.0.1:9", taken.getsockname()[1])
        monkeypatch.delenv("SESSION_KEY", raising=False)
        with pytest.raises(ConfigurationError, match="SESSION_KEY is set"):
            serve(file)
        monkeypatch.setenv("SESSION_KEY", KEY)
        with pytest.raises(StartError, match="Address already in use"):
            serve(file)


def test_an_application_that_does_not_start_is_an_error():
    async def broken(scope, receive, send):
        assert scope["type"] == "lifespan", "nothing is served before the start"
        await receive()
        await send({"type": "lifespan.startup.failed", "message": "no"})

    with listening(Listen(port=0)) as listener, pytest.raises(StartError, match="the log says why"):
        run(broken, listener)


def test_signals_are_the_callers_again_after_the_end():
    handled = []
    before = signal.signal(signal.SIGTERM, lambda *_: handled.append("caller"))
    try:
        with listening(Listen(port=0)) as listener:
            run(FastAPI(), listener, lambda: os.kill(os.getpid(), signal.SIGTERM))
        assert handled == [], "the signal ended the serving, and nothing else"
        os.kill(os.getpid(), signal.SIGTERM)
        assert handled == ["caller"]
    finally:
        signal.signal(signal.SIGTERM, before)


def test_in_another_thread_signals_are_left_alone():
    before = signal.getsignal(signal.SIGTERM)
    begun, server = threading.Event(), None
    with listening(Listen(port=0)) as listener:
        server = Server(uvicorn.Config(FastAPI(), log_config=None, lifespan="off"), begun.set)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        assert begun.wait(20)
        assert signal.getsignal(signal.SIGTERM) is before
        server.should_exit = True
        thread.join(20)


@pytest.mark.stories
def test_a_service_serves_logs_in_json_and_ends_in_good_order(tmp_path, provider):
    provider.clock.current = utc_now
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    provider.register(Client(client_id="portal", secret=SECRET, redirect_uris=(f"{url}/login/callback",)))
    file = configuration(tmp_path, provider.url, port)
    environment = {
        "PATH": os.environ["PATH"], "HOME": str(tmp_path), "PYTHONPATH": str(CHECKOUT), "SESSION_KEY": KEY,
        "CLIENT_SECRET": SECRET,
    }  # fmt: skip
    command = [sys.executable, "-c", "from local.cli import main; main()", "portal", "serve", "--config", str(file)]
    with subprocess.Popen(command, cwd=tmp_path, env=environment, text=True, stderr=subprocess.PIPE) as process:
        lines = []
        for line in process.stderr:
            lines.append(json.loads(line))
            if "startup complete" in lines[-1]["message"]:
                break
        with httpx.Client(base_url=url, trust_env=False) as http:
            until_ready(http)
            begun = http.post("/login", headers={"origin": url})
            back = http.get(f"{begun.headers['location']}&login_hint=dan").headers["location"]
            assert http.get(back).status_code == 303
            assert http.get("/api/v1/me").json()["name"] == "Dan Developer"
        token = a_token(tmp_path)
        with PortalClient(url, token) as client:
            preview = client.preview("dev")
            ended = client.wait(preview.id)
            assert ended.outcome.reason.value in {"no_cli", "no_plugin", "program"}, ended.outcome
        process.send_signal(signal.SIGTERM)
        rest = [json.loads(line) for line in process.stderr]
        process.wait(60)
    assert process.returncode == 0, rest
    text = json.dumps(lines + rest)
    assert '"path": "/login/callback"' in text
    for secret in (SECRET, KEY, token, "code="):
        assert secret not in text


def until_ready(http):
    for _ in range(1000):
        if http.get("/readyz").status_code == 200:
            return
    raise AssertionError("it never became ready")


def a_token(folder):
    store = Store(f"sqlite:///{folder}/portal.db")
    sessions = Sessions(store, login=None, mapping=None, clock=utc_now)
    made = sessions.make_token(person("dan", {"*": Role.DEVELOPER}), name="ci", scopes=["read", "preview"], days=1)
    store.close()
    return made.plain
