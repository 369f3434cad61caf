"""What an attacker, or a broken issuer, could do to a login: each is refused, with its reason, and tells no secret."""

import httpx
import pytest

from local.identity_provider.faults import Fault
from portal.access.discovery import _read_key
from portal.access.errors import LoginError, Reason
from portal.access.oidc_config import OidcConfig
from tests.portal.access.conftest import CALLBACK, SECRET, Time

REFUSED = {
    Fault.NO_ID_TOKEN: Reason.TOKEN_MALFORMED,
    Fault.GARBLED_TOKEN: Reason.TOKEN_MALFORMED,
    Fault.CRITICAL_HEADER: Reason.TOKEN_MALFORMED,
    Fault.TAMPERED: Reason.TOKEN_SIGNATURE,
    Fault.UNKNOWN_KEY: Reason.TOKEN_SIGNATURE,
    Fault.KEY_IN_HEADER: Reason.TOKEN_SIGNATURE,
    Fault.UNPUBLISHED_KID: Reason.TOKEN_KEY,
    Fault.ALG_NONE: Reason.TOKEN_ALGORITHM,
    Fault.HS256_WITH_PUBLIC_KEY: Reason.TOKEN_ALGORITHM,
    Fault.ALG_NOT_ALLOWED: Reason.TOKEN_ALGORITHM,
    Fault.WRONG_ISSUER: Reason.TOKEN_ISSUER,
    Fault.WRONG_AUDIENCE: Reason.TOKEN_AUDIENCE,
    Fault.SEVERAL_AUDIENCES: Reason.TOKEN_AUDIENCE,
    Fault.WRONG_PARTY: Reason.TOKEN_AUDIENCE,
    Fault.EXPIRED: Reason.TOKEN_EXPIRED,
    Fault.NO_EXPIRY: Reason.TOKEN_TIME,
    Fault.FROM_THE_FUTURE: Reason.TOKEN_TIME,
    Fault.NO_NONCE: Reason.TOKEN_NONCE,
    Fault.OTHER_NONCE: Reason.TOKEN_NONCE,
    Fault.NO_SUBJECT: Reason.TOKEN_SUBJECT,
    Fault.STRANGE_SUBJECT: Reason.TOKEN_SUBJECT,
    Fault.OTHER_ACCESS_TOKEN: Reason.TOKEN_ACCESS_HASH,
    Fault.DISCOVERY_ISSUER: Reason.DISCOVERY,
    Fault.DISCOVERY_WITHOUT_HTTPS: Reason.DISCOVERY,
    Fault.NO_PKCE: Reason.DISCOVERY,
    Fault.RESPONSE_ISSUER: Reason.RESPONSE_ISSUER,
    Fault.SERVER_ERROR: Reason.ISSUER_ANSWER,
    Fault.REDIRECT: Reason.ISSUER_ANSWER,
    Fault.HUGE: Reason.ISSUER_ANSWER,
    Fault.NO_JSON: Reason.ISSUER_ANSWER,
    Fault.OTHER_TOKEN_TYPE: Reason.ISSUER_ANSWER,
}
ELSEWHERE = {Fault.SLOW, Fault.USERINFO_OF_ANOTHER}
"""Faults with a test of their own."""


@pytest.mark.parametrize("fault", REFUSED)
def test_what_is_wrong_is_refused_with_its_reason_and_without_secrets(world, fault):
    world.provider.keys.rotate("ES256")  # quick to make, and no test depends on the keys of another
    if fault is Fault.ALG_NOT_ALLOWED:
        world.provider.keys.rotate("RS256")
    world.provider.faults.add(fault)
    with pytest.raises(LoginError) as caught:
        world.log_in()
    error = caught.value
    assert error.reason is REFUSED[fault], error.detail
    said = f"{error} {error.detail} {error.text}"
    assert SECRET not in said
    assert "eyJ" not in said, "no token, nor a part of one"
    assert error.__cause__ is None, "a chained error would bring its own text into the log"
    assert error.text.endswith(".") or error.text.endswith(")."), "a sentence for a person"


def test_every_fault_of_the_local_issuer_is_tried():
    assert set(Fault) == {*REFUSED, *ELSEWHERE}


@pytest.mark.parametrize(("seconds", "passes"), [(299 + 60, True), (300 + 60, False)])
def test_clocks_may_be_a_minute_apart(world, monkeypatch, seconds, passes):
    begun = world.client.begin(CALLBACK)
    answer = world.visit(begun.url)
    late = Time()
    late.now = world.clock.now
    late.pass_(seconds=seconds)
    monkeypatch.setattr(world.client, "_clock", late)
    if passes:
        assert world.client.finish(begun.attempt, answer).name == "Ada Admin"
    else:
        with pytest.raises(LoginError, match="token_expired"):
            world.client.finish(begun.attempt, answer)


def test_an_issuer_that_does_not_answer_is_given_up(world):
    world.provider.faults.add(Fault.SLOW)
    with httpx.Client(timeout=0.2, trust_env=False) as impatient:
        client = world.client_with(http=impatient)
        begun = client.begin(CALLBACK)
        answer = world.visit(begun.url)
        with pytest.raises(LoginError) as caught:
            client.finish(begun.attempt, answer)
    world.provider.release.set()
    assert caught.value.reason is Reason.ISSUER_UNREACHABLE
    assert "ReadTimeout" in caught.value.detail


def test_an_issuer_where_nobody_listens_is_named(world, unused_port):
    client = world.client_with(issuer=f"http://127.0.0.1:{unused_port}")
    with pytest.raises(LoginError) as caught:
        client.begin(CALLBACK)
    assert caught.value.reason is Reason.ISSUER_UNREACHABLE
    assert "ConnectError" in caught.value.detail


def test_an_issuer_that_failed_is_asked_again_after_a_pause_and_not_by_everybody_at_once(world):
    world.provider.faults.add(Fault.DISCOVERY_ISSUER)
    for _ in range(3):
        with pytest.raises(LoginError, match="discovery"):
            world.client.begin(CALLBACK)
    assert world.provider.requests == ["discovery"]
    world.provider.faults.clear()
    world.clock.pass_(seconds=5)
    assert world.log_in().name == "Ada Admin"


@pytest.mark.parametrize("query", [{}, {"state": ""}, {"state": "another"}, {"state": "é"}])
def test_an_answer_without_the_state_of_this_attempt_is_refused_before_anything_else(world, query):
    attempt = world.client.begin(CALLBACK).attempt
    asked = len(world.provider.requests)
    with pytest.raises(LoginError) as caught:
        world.client.finish(attempt, {"code": "x", "error": "y", "iss": world.provider.url, **query})
    assert caught.value.reason is Reason.STATE
    assert len(world.provider.requests) == asked, "nobody was asked"


@pytest.mark.parametrize("minutes", [10, -1])
def test_an_attempt_lasts_ten_minutes(world, minutes):
    begun = world.client.begin(CALLBACK)
    answer = world.visit(begun.url)
    world.clock.pass_(minutes=minutes)
    with pytest.raises(LoginError) as caught:
        world.client.finish(begun.attempt, answer)
    world.clock.pass_(minutes=-minutes)
    assert caught.value.reason is Reason.ATTEMPT_EXPIRED


def test_an_issuer_that_says_it_names_itself_has_to(world):
    begun = world.client.begin(CALLBACK)
    answer = world.visit(begun.url)
    del answer["iss"]
    with pytest.raises(LoginError) as caught:
        world.client.finish(begun.attempt, answer)
    assert caught.value.reason is Reason.RESPONSE_ISSUER


@pytest.mark.parametrize("error", ["<script>", "x" * 41, "Access Denied\n", ""])
def test_an_error_code_that_is_none_reaches_no_log(world, error):
    attempt = world.client.begin(CALLBACK).attempt
    with pytest.raises(LoginError) as caught:
        world.client.finish(attempt, {"state": attempt.state, "iss": world.provider.url, "error": error})
    assert caught.value.detail == "an unknown error"


@pytest.mark.parametrize(
    "jwk",
    [
        None,
        {"kty": "oct", "k": "c2VjcmV0"},
        {"kty": "RSA"},
        {"kty": "RSA", "n": "AQAB", "e": "AQAB"},
        {"kty": "RSA", "n": 1, "e": 2},
        {"kty": "EC", "crv": "P-000", "x": "AQ", "y": "AQ"},
        {"kty": "EC", "crv": "P-256", "x": "AQ", "y": "AQ"},
        {"kty": "RSA", "use": "enc", "n": "AQAB", "e": "AQAB"},
        {"kty": ["RSA"]},
    ],
)
def test_a_key_that_is_weak_broken_or_for_something_else_is_passed_over(jwk):
    assert _read_key(jwk) is None


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"issuer": "http://issuer.example.com"}, "https://"),
        ({"issuer": "https://user:pw@issuer.example.com"}, "https://"),
        ({"issuer": "https://issuer.example.com/?a=b"}, "no query"),
        ({"issuer": "https://issuer.example.com/\nx"}, "https://"),
        ({"algorithms": ["HS256"]}, "choose from RS256"),
        ({"algorithms": ["none"]}, "choose from RS256"),
        ({"algorithms": []}, "choose from RS256"),
        ({"scopes": ["profile"]}, "openid"),
        ({"client_secret": None}, "needs a client_secret"),
        ({"client_authentication": "none"}, "has no client_secret"),
        ({"redirect": "x"}, "Extra inputs"),
    ],
)
def test_a_configuration_that_would_be_unsafe_is_refused(wrong, said):
    with pytest.raises(ValueError, match=said):
        OidcConfig(**{"issuer": "https://issuer.example.com", "client_id": "portal", "client_secret": SECRET, **wrong})


def test_the_secret_of_the_configuration_shows_in_no_log_line():
    config = OidcConfig(issuer="https://issuer.example.com", client_id="portal", client_secret=SECRET)
    assert SECRET not in f"{config!r} {config.model_dump_json()}"


@pytest.mark.parametrize("redirect", ["http://portal.example.com/x", "https://portal.example.com/#x", "/x", "x:y"])
def test_the_way_back_is_protected_too(world, redirect):
    with pytest.raises(ValueError, match="redirect_uri"):
        world.client.begin(redirect)
