"""`mlops github-token`: a token in one process's environment, limited, and worthless when that process is over."""

import dataclasses
import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from botocore.exceptions import ClientError
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from typer.testing import CliRunner

from contracts.github import app_permissions
from lambda_src.github_client.deadline import within
from lambda_src.github_client.errors import UnavailableError
from lambda_src.github_client.transport import HttpTransport
from local import github_token, github_token_run
from local.cli import app
from local.github.faults import Fault
from local.github.server import LocalGitHub
from operations.errors import OperationError, RefusedError
from settings import load_settings
from tests.github_world import World, private_key, public_der
from tests.harness import ROOT, deploy_stack
from tests.settings_errors.changes import REMOVED, changed

NAMES = ("mlops-workflows", "risk-template-model-training", "risk-template-realtime-inference")
SHOW = "import os, sys; open(sys.argv[1], 'w').write(os.environ['GITHUB_TOKEN'])"
MINTED = "POST /app/installations/4242/access_tokens"
REVOKED = "DELETE /installation/token"
SETTINGS = load_settings(changed("dev", github__publish_templates=True), source="test")
WANTED = github_token.repositories_of(SETTINGS)


@pytest.fixture
def world(tmp_path):
    with LocalGitHub(tmp_path / "state") as hub:
        hub.trust(public_der())
        yield World(hub, time.time)


@pytest.fixture
def complete(world):
    for name in NAMES:
        world.repository(name)
    world.repository("risk-churn-training")
    return world


def arguments(world, *command, key=0, **given):
    pem = private_key(key).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    file = world.hub.folder / "driver.json"
    file.write_text(json.dumps({"app": dataclasses.asdict(world.app), "pem": pem, **given}))
    return [sys.executable, "-m", "tests.local.github_token_driver", str(file), "github-token", *command]


def start(world, *command, **given):
    environment = {**os.environ, "GITHUB_TOKEN": "ghp_of_the_shell", "NO_COLOR": "1"}
    return subprocess.Popen(
        arguments(world, "dev", "--", *command, **given), cwd=ROOT, env=environment, text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True,
        preexec_fn=heed_signals,  # noqa: PLW1509 - it only sets handlers, which no thread holds a lock for
    )  # fmt: skip


def heed_signals():
    """A suite that was started in the background, or with nohup, ignores signals, and so would its children."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)


def ran(world, *command, **given):
    process = start(world, *command, **given)
    out, err = process.communicate(timeout=60)
    return process.returncode, out, err


def python(code, *more):
    return (sys.executable, "-c", code, *map(str, more))


def status(world, token):
    return HttpTransport(world.hub.url).send("GET", "/repos/acme/mlops-workflows", token).status


def mint(world, kms=None, deadline=None, wanted=WANTED):
    return github_token.mint(world.app, kms or world.kms, wanted, "arn:caller", deadline or within(60))


# what the token may do
def test_the_repositories_are_those_that_the_program_creates():
    raw = changed("dev", github__publish_templates=True)
    made = {each.inputs["name"] for each in deploy_stack(raw).of_type("github:index/repository:Repository")}
    assert made == WANTED.wanted == set(NAMES)


def test_a_template_that_is_not_offered_is_covered_so_that_pulumi_can_remove_it():
    raw = changed("dev", github__publish_templates=True, catalog__products=["model-training"])
    found = github_token.repositories_of(load_settings(raw, source="test"))
    assert found.known - found.wanted == {"risk-template-realtime-inference"}


def test_where_all_repositories_exist_the_token_is_limited_to_them(complete):
    token = mint(complete)
    granted = complete.hub._keys.tokens[token.text]
    ids = {complete.hub.repository(name)["id"] for name in NAMES}
    assert granted.repository_ids == ids, "nobody's project is among them"
    assert granted.permissions == {
        "administration": "write",
        "contents": "write",
        "members": "read",
        "metadata": "read",
    }
    assert (token.covered, token.missing) == (NAMES, ())


@pytest.mark.parametrize("there", [(), NAMES[:2]])
def test_as_long_as_one_is_missing_the_token_administers_and_does_nothing_else(world, there):
    for name in there:
        world.repository(name)
    token = mint(world)
    granted = world.hub._keys.tokens[token.text]
    assert granted.repository_ids is None, "no token can be limited to what is not there"
    assert granted.permissions == {"administration": "write", "members": "read", "metadata": "read"}
    assert token.missing == tuple(sorted(set(NAMES) - set(there)))


def test_the_app_has_every_permission_that_is_asked_for():
    granted = app_permissions()
    for asked in (github_token.LOOK, github_token.CREATE, github_token.MANAGE):
        assert all(access == granted[name] for name, access in asked.items())


def test_the_token_to_look_by_is_revoked_before_the_other_is_used(complete):
    token = mint(complete)
    assert list(complete.hub._keys.tokens) == [token.text]
    assert complete.calls()[-2:] == [REVOKED, MINTED]


def test_it_is_revoked_also_where_looking_fails(complete):
    complete.hub.faults.add("GET /repos/*", Fault.FORBIDDEN)
    with pytest.raises(OperationError, match="Resource not accessible"):
        mint(complete)
    assert complete.hub._keys.tokens == {}


@pytest.mark.parametrize(
    "change",
    [
        {"permissions": {"administration": "write", "metadata": "read"}},
        {"permissions": {**github_token.MANAGE, "actions": "write"}},
        {"repository_selection": "all"},
        {"repositories": []},
    ],
)
def test_a_token_that_may_more_or_less_than_was_asked_for_is_revoked(complete, monkeypatch, change):
    send = HttpTransport.send

    def other(self, method, path, token, body=None, seconds=20.0):
        answer = send(self, method, path, token, body, seconds)
        if path.endswith("access_tokens") and "contents" in body["permissions"]:
            answer.body.update(change)
        return answer

    monkeypatch.setattr(HttpTransport, "send", other)
    with pytest.raises(OperationError, match="another token than it was asked for"):
        mint(complete)
    assert complete.hub._keys.tokens == {}


def test_a_token_does_not_show_itself(complete):
    token = mint(complete)
    assert token.text not in repr(token)
    assert token.text not in " ".join(github_token.summary("acme", token))


# whom the errors help
@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("AccessDeniedException", "github.ci_role_arn"),
        ("NotFoundException", "not imported: docs/runbooks/github-app-key.md"),
        ("KMSInvalidStateException", "not imported: docs/runbooks/github-app-key.md"),
        ("DisabledException", "disabled"),
    ],
)
def test_a_key_that_does_not_sign_is_told(complete, code, words):
    class Refusing:
        def sign(self, **_):
            raise ClientError({"Error": {"Code": code, "Message": "no"}}, "Sign")

    with pytest.raises(OperationError, match=re.escape(words)) as caught:
        mint(complete, Refusing())
    assert isinstance(caught.value, RefusedError) == (code == "AccessDeniedException")
    assert complete.calls() == [], "GitHub was not asked"


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (Fault.UNAUTHORIZED, "github.app_id"),
        (Fault.NOT_FOUND, "github.installation_id"),
        (Fault.FORBIDDEN, "Try again later"),
    ],
)
def test_what_github_refuses_is_told_with_what_helps(complete, fault, words):
    complete.hub.faults.add(MINTED, fault)
    with pytest.raises(OperationError, match=re.escape(words)):
        mint(complete)


def test_a_permission_that_the_installation_lacks_is_told(complete, monkeypatch):
    from local.github import route_apps

    monkeypatch.setattr(route_apps, "app_permissions", lambda: {"metadata": "read", "administration": "read"})
    with pytest.raises(OperationError, match="an owner of acme grants it"):
        mint(complete)


def test_revoking_twice_or_after_a_lost_answer_is_no_error(complete):
    token = mint(complete)
    complete.hub.faults.add(REVOKED, Fault.TIMEOUT_AFTER_SUCCESS)
    deadline = within(60, sleeper=lambda _: None)
    github_token.revoke(complete.app, token, deadline)
    github_token.revoke(complete.app, token, deadline)
    assert status(complete, token.text) == 401


def test_a_github_that_does_not_answer_is_an_error_of_revoking(complete):
    token = mint(complete)
    complete.hub.faults.add(REVOKED, Fault.SERVER_ERROR, times=99)
    now = [time.time()]
    deadline = within(20, clock=lambda: now[0], sleeper=lambda s: now.__setitem__(0, now[0] + s))
    with pytest.raises(UnavailableError):
        github_token.revoke(complete.app, token, deadline)


# the command
def test_the_token_is_in_the_childs_environment_only_and_revoked_after(complete, tmp_path):
    kept, seen = tmp_path / "token", tmp_path / "seen"
    code = f"""{SHOW}
import subprocess, urllib.request
places = [f'/proc/{{os.getppid()}}/cmdline', '/proc/self/cmdline', f'/proc/{{os.getppid()}}/environ']
processes = subprocess.run(['ps', '-e', '-ww', '-o', 'args='], capture_output=True, text=True).stdout
open({str(seen)!r}, 'w').write(processes + ''.join(open(place).read() for place in places))
request = urllib.request.Request({complete.hub.url!r} + '/repos/acme/mlops-workflows',
    headers={{'authorization': 'Bearer ' + os.environ['GITHUB_TOKEN'], 'user-agent': 'test'}})
print('answered', urllib.request.urlopen(request).status)
"""
    if not Path("/proc/self/cmdline").exists():
        pytest.skip("this test reads /proc")
    status_code, out, err = ran(complete, *python(code, kept))

    token = kept.read_text()
    assert (status_code, out) == (0, "answered 200\n"), err
    assert token.startswith("ghs_"), "the shell's own token is not passed on"
    assert status(complete, token) == 401, "it is worthless afterwards"
    assert complete.hub._keys.tokens == {}
    everything = out + err + seen.read_text()
    assert "github-token" in everything, "the processes were seen"
    assert token not in everything
    assert "ghs_" not in everything
    assert f"for acme: {', '.join(NAMES)}" in err


@pytest.mark.stories
def test_input_output_arguments_and_exit_code_are_the_commands(complete):
    process = start(
        complete, *python("import sys; print(sys.argv[1:], sys.stdin.read()); sys.exit(7)", "--stack", "--")
    )
    out, err = process.communicate("said", timeout=60)
    assert (process.returncode, out) == (7, "['--stack', '--'] said\n"), err
    assert complete.hub._keys.tokens == {}, "revoked after a failure too"


@pytest.mark.stories
def test_a_run_that_creates_says_what_its_token_covers(world):
    code, _, err = ran(world, *python("pass"))
    assert code == 0
    assert "for all repositories of the installation in acme, to administer only" in err
    assert f"not there yet, so no token can be limited to it: {', '.join(NAMES)}" in err


WAITS = """
import os, signal, sys
def came(number, frame):
    print('got', number, flush=True)
    sys.exit(int(sys.argv[1]))
for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
    signal.signal(each, came)
print('ready', flush=True)
while True:
    signal.pause()
"""


@pytest.mark.stories
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_to_mlops_reaches_the_command_once_and_the_token_is_revoked(complete, number):
    process = start(complete, *python(WAITS, 3))
    assert process.stdout.readline() == "ready\n", process.stderr.read()
    assert len(complete.hub._keys.tokens) == 1, "while it runs the token is good"
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (3, f"got {number}\n"), err
    assert complete.hub._keys.tokens == {}


@pytest.mark.stories
def test_ctrl_c_at_a_terminal_ends_in_the_commands_way_and_the_token_is_revoked(complete):
    import pty

    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(ROOT)
        command = arguments(complete, "dev", "--", *python(WAITS.replace("sys.exit(int(sys.argv[1]))", "pass")
                            .replace("signal.pause()", "print(sys.stdin.readline()); sys.exit(5)"), 0))  # fmt: skip
        os.execv(command[0], command)  # noqa: S606
    screen = read_until(terminal, "ready")
    os.write(terminal, b"\x03")
    screen = read_until(terminal, "got 2")
    os.write(terminal, b"on\n")
    screen += read_until(terminal, None)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 5, screen
    assert complete.hub._keys.tokens == {}


@pytest.mark.parametrize(
    ("at_the_terminal", "passed_on"),
    [(True, [signal.SIGTERM]), (False, [signal.SIGINT, signal.SIGTERM])],
)
def test_what_a_terminal_sends_to_the_command_itself_is_not_sent_twice(monkeypatch, at_the_terminal, passed_on):
    sent = []

    class Child:
        send_signal = sent.append

    monkeypatch.setattr(github_token_run, "_at_the_terminal", lambda: at_the_terminal)
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with github_token_run.Signals() as signals:
            signals.attach(Child)
            os.kill(os.getpid(), signal.SIGINT)
            os.kill(os.getpid(), signal.SIGTERM)
    finally:
        signal.signal(signal.SIGINT, before)
    assert sent == passed_on, "Pulumi takes a second Ctrl-C for: stop at once"


def test_whether_a_terminal_sends_its_keys_here_is_seen():
    import pty

    command = python("from local.github_token_run import _at_the_terminal as f; print('answer', f())")
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(ROOT)
        os.execv(command[0], command)  # noqa: S606
    assert "answer True" in read_until(terminal, None)
    os.waitpid(pid, 0)
    alone = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, start_new_session=True)
    assert alone.stdout == "answer False\n"


def read_until(terminal, word):
    text = ""
    while word is None or word not in text:
        try:
            text += os.read(terminal, 4096).decode()
        except OSError:
            if word is None:
                return text
            raise AssertionError(f"it ended without {word!r}: {text}") from None
    return text


@pytest.mark.stories
def test_a_command_that_a_signal_ends_gives_the_shells_exit_code(complete):
    code, _, err = ran(complete, *python("import os, signal; os.kill(os.getpid(), signal.SIGKILL)"))
    assert code == 128 + signal.SIGKILL, err
    assert complete.hub._keys.tokens == {}


def test_a_signal_while_the_token_is_minted_keeps_the_command_from_running(tmp_path):
    marker = tmp_path / "ran"
    before = signal.getsignal(signal.SIGTERM)
    with github_token_run.Signals() as signals:
        os.kill(os.getpid(), signal.SIGTERM)
        code = github_token_run.run(python(SHOW, marker), {"GITHUB_TOKEN": "x"}, signals)
    assert code == 128 + signal.SIGTERM
    assert not marker.exists()
    assert signal.getsignal(signal.SIGTERM) is before, "afterwards signals are as before"


def test_what_the_caller_wants_ignored_stays_ignored():
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with github_token_run.Signals() as signals:
            os.kill(os.getpid(), signal.SIGHUP)
            assert signals.first is None, "as with nohup"
    finally:
        signal.signal(signal.SIGHUP, before)


@pytest.mark.stories
def test_a_token_that_is_not_revoked_is_told_and_the_exit_code_is_the_commands(complete):
    complete.hub.faults.add(REVOKED, Fault.SERVER_ERROR, times=99, after=1)
    code, _, err = ran(complete, *python("raise SystemExit(4)"), constants={"REVOKING_SECONDS": 0.5})
    assert code == 4
    assert re.search(r"was not revoked and is good until \d\d:\d\d: GitHub DELETE /installation/token", err)


@pytest.mark.stories
def test_a_run_that_may_outlast_its_token_is_warned(complete, tmp_path):
    gate = tmp_path / "gate"
    os.mkfifo(gate)
    process = start(complete, *python(f"open({str(gate)!r}).read()"), constants={"WARNED_BEFORE": 3600.0 * 2})
    lines = [process.stderr.readline(), process.stderr.readline()]
    assert "run the same command again" in lines[1], lines
    gate.write_text("go on")
    process.communicate(timeout=60)
    assert process.returncode == 0


def test_no_warning_comes_after_the_end():
    said = []
    with github_token_run.warned(3600, lambda: said.append("late")):
        pass
    assert said == []


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"github": REMOVED, "catalog": REMOVED}, "no section `github`"),
        ({"github__publish_templates": False}, "github.publish_templates false"),
    ],
)
def test_a_stack_that_needs_no_token_is_told_so(monkeypatch, settings, words):
    chosen = load_settings(changed("dev", **settings), source="test")
    monkeypatch.setattr("local.commands_github.read_stack_file", lambda file: chosen)
    refused = CliRunner().invoke(app, ["github-token", "dev", "--", "pulumi", "up"])
    assert refused.exit_code == 125
    assert words in refused.output
    assert "run it as it is" in refused.output


def test_another_stack_is_refused():
    refused = CliRunner().invoke(app, ["github-token", "prod", "--", "pulumi", "up"])
    assert refused.exit_code == 125
    assert "GitHub belongs to the dev stack alone. Run mlops github-token dev." in refused.output


def test_a_call_without_a_command_is_a_misuse():
    assert CliRunner().invoke(app, ["github-token", "dev"]).exit_code == 2


def test_a_command_that_is_not_there_is_told_before_anything_is_signed(monkeypatch, tmp_path):
    from operations import session

    text = tmp_path / "text"
    text.write_text("no program")
    monkeypatch.setattr("local.commands_github.read_stack_file", lambda file: SETTINGS)
    monkeypatch.setattr(session, "connect", lambda settings: pytest.fail("AWS was asked"))
    for command, code in (("no-such-command", 127), (str(tmp_path / "gone"), 127), (str(text), 126)):
        refused = CliRunner().invoke(app, ["github-token", "dev", "--", command])
        assert refused.exit_code == code, refused.output
        assert command in refused.output
        assert "No token was asked for" in refused.output


@pytest.mark.stories
def test_a_file_that_is_no_program_is_told_and_the_token_revoked(complete, tmp_path):
    broken = tmp_path / "broken"
    broken.write_bytes(b"\x00\x01")
    broken.chmod(0o755)
    code, _, err = ran(complete, str(broken))
    assert code == 126, err
    assert complete.hub._keys.tokens == {}


@pytest.mark.stories
def test_an_app_whose_key_github_does_not_know_is_told_and_nothing_is_run(complete, tmp_path):
    marker = tmp_path / "ran"
    code, _, err = ran(complete, *python(SHOW, marker), key=1)
    assert code == 125
    assert "github.app_id" in err
    assert not marker.exists()


def test_who_is_not_signed_in_is_told(monkeypatch):
    from operations import session
    from operations.errors import AccountError

    def connect(settings):
        raise AccountError("sign in to stack dev: Unable to locate credentials")

    monkeypatch.setattr("local.commands_github.read_stack_file", lambda file: SETTINGS)
    monkeypatch.setattr(session, "connect", connect)
    refused = CliRunner().invoke(app, ["github-token", "dev", "--", sys.executable])
    assert refused.exit_code == 125
    assert "Unable to locate credentials" in refused.output
