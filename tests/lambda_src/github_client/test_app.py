"""The app's JWT is what GitHub asks for, and each token has what was asked for and no more."""

import base64
import json
import logging

import pytest
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from hypothesis import given
from hypothesis import strategies as st

from contracts import github as contract
from contracts.github import redact
from lambda_src.github_client import app, repositories
from lambda_src.github_client.deadline import within
from lambda_src.github_client.errors import (
    ForbiddenError,
    NotFoundError,
    UnauthorizedError,
    ValidationError,
)
from lambda_src.github_client.rest import GitHub
from lambda_src.github_client.transport import HttpTransport
from local.aws.server import EmbeddedAws
from local.github.app import install
from local.github.credentials import Keys
from tests.github_world import KEY, Kms, private_key


def decoded(part):
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


@given(now=st.floats(1e9, 4e9), app_id=st.integers(1, 10**9))
def test_the_jwt_says_what_github_asks_for_whenever_it_is_made(now, app_id):
    jwt = app.app_jwt(Kms(), KEY, app_id, now)
    head, claims, signature = jwt.split(".")
    assert "=" not in jwt, "JWTs carry no padding"
    assert decoded(head) == {"alg": "RS256", "typ": "JWT"}
    body = decoded(claims)
    assert body["iss"] == str(app_id)
    assert body["iat"] == int(now) - 60, "60 seconds back, against clocks that differ"
    assert 0 < body["exp"] - now <= 600 - 60, "ten minutes ahead at most, also for a clock that is a minute behind"
    content = base64.urlsafe_b64decode(signature + "=" * (-len(signature) % 4))
    private_key(0).public_key().verify(content, f"{head}.{claims}".encode(), PKCS1v15(), SHA256())


def test_a_key_of_kms_signs_what_github_takes(github, tmp_path):
    with EmbeddedAws(tmp_path / "aws") as aws:
        kms = aws.client("kms", "111111111111", "us-east-1")
        installed = install(github.hub, kms)
        minter = app.TokenMinter(installed, kms)
        repository = github.repository()
        client = minter.client(contract.INSPECT, [repository.id], within(60, clock=github.clock))
        found = repositories.by_id(client, repository.id)
    assert found == repository


def test_a_token_has_the_permissions_asked_for_and_sees_only_its_repository(github):
    one, other = github.repository("risk-a-training"), github.repository("risk-b-training")
    client = github.client(contract.INSPECT, [one.id])
    assert repositories.by_name(client, "acme", one.name) == one
    assert repositories.by_name(client, "acme", other.name) is None, "404 for what a token does not cover"
    assert repositories.by_id(client, other.id) is None
    with pytest.raises(ForbiddenError, match="not accessible by integration"):
        repositories.archive(client, one.id)
    assert github.hub.repository(one.name)["archived"] is False


def test_each_client_has_a_token_of_its_own(github):
    repository = github.repository()
    for _ in range(2):
        github.client(contract.INSPECT, [repository.id])
    assert len(github.calls("POST /app/installations/")) == 2, "a token that is kept is a token that can leak"
    assert len(github.kms.calls) == 2


@pytest.mark.parametrize(
    ("permissions", "ids", "why"), [({}, [1], "no permission"), (contract.INSPECT, [], "0 repository ids")]
)
def test_what_github_would_read_as_everything_is_refused_here(github, permissions, ids, why):
    with pytest.raises(ValueError, match=why):
        github.client(permissions, ids)
    assert github.calls() == [], "nothing was asked"


def test_a_repository_that_is_not_there_gets_no_token(github):
    with pytest.raises(ValidationError, match="does not exist or is not accessible"):
        github.client(contract.INSPECT, [12345])


def test_a_repository_that_was_made_a_moment_ago_gets_its_token_a_little_later(github):
    repository = github.repository()
    github.hub.repository(repository.name)["hidden_reads"] = 3
    assert repositories.by_id(github.client(contract.INSPECT, [repository.id]), repository.id) == repository
    assert github.clock.waits == [2, 2, 2]


def test_a_permission_that_github_drops_in_silence_is_noticed(github):
    repository = github.repository()
    with pytest.raises(ForbiddenError, match="got other"):
        github.client({"variables": "write"}, [repository.id])


def test_a_token_with_more_than_asked_for_is_not_used(github, monkeypatch):
    issue = Keys.issue

    def generous(self, permissions, ids, now):
        permissions["administration"] = "write"
        return issue(self, permissions, ids, now)

    monkeypatch.setattr(Keys, "issue", generous)
    with pytest.raises(ForbiddenError, match="administration"):
        github.client(contract.DISPATCH, [github.repository().id])


def test_another_key_is_refused(github):
    github.minter = app.TokenMinter(github.app, Kms(1))
    with pytest.raises(UnauthorizedError, match="could not be decoded"):
        github.client(contract.CREATE_REPOSITORY)


@pytest.mark.parametrize("drift", [-700, 700])
def test_a_clock_that_is_wrong_by_minutes_is_refused(github, drift):
    jwt = app.app_jwt(github.kms, KEY, github.app.app_id, github.clock() + drift)
    with pytest.raises(UnauthorizedError):
        client_with(github, jwt).post("/app/installations/4242/access_tokens", {})


def client_with(github, token):
    return GitHub(HttpTransport(github.hub.url), token, within(60, clock=github.clock, sleeper=github.clock.sleep))


def test_a_token_expires_after_an_hour(github):
    repository = github.repository()
    client = github.client(contract.INSPECT, [repository.id], seconds=10_000)
    github.clock.now += 3600
    with pytest.raises(UnauthorizedError):
        repositories.by_id(client, repository.id)


def test_no_token_is_in_errors_logs_or_representations(github, caplog):
    caplog.set_level(logging.DEBUG)
    repository = github.repository()
    client = github.client(contract.INSPECT, [repository.id])
    (token,) = github.hub._keys.tokens
    assert redact(token) == contract.REDACTED, "the server gives tokens of the new form"
    client.get(repository.path)
    logged = caplog.text
    with pytest.raises(NotFoundError) as caught:
        client.get(f"/repos/acme/{token}")
    texts = [str(caught.value), repr(caught.value), caught.value.call, repr(client), repr(github.minter), logged]
    assert not [text for text in texts if token[5:40] in text]
    assert token not in json.dumps([served.body for served in github.hub.requests])


def test_a_message_of_github_that_quotes_a_token_is_redacted():
    token = "ghs_" + "a1" * 18
    error = ValidationError("POST /x", 422, f"bad {token}", [f"field {token}"])
    assert "a1a1a1" not in f"{error} {error.message} {error.details} {error!r}"
