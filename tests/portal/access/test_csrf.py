"""A request that another site made a browser send is refused."""

import base64

import pytest

from portal.access.csrf import CsrfError, check_origin, check_request, check_token, csrf_token

KEY = bytes(range(32))
OWN = "https://portal.example.com"
GOOD = {"Sec-Fetch-Site": "same-origin", "Origin": OWN}


def test_the_token_belongs_to_one_session_and_one_key():
    tokens = {csrf_token("one", KEY), csrf_token("two", KEY), csrf_token("one", KEY[::-1])}
    assert len(tokens) == 3
    assert csrf_token("one", KEY) == csrf_token("one", KEY)
    assert len(base64.urlsafe_b64decode(csrf_token("one", KEY) + "=")) == 32
    check_token(csrf_token("one", KEY), "one", KEY)


@pytest.mark.parametrize(
    ("sent", "reason"),
    [
        (None, "no_token"), ("", "no_token"), ("x", "wrong_token"), ("é\ud800", "wrong_token"),
        (csrf_token("two", KEY), "wrong_token"), (csrf_token("one", KEY)[:-1], "wrong_token"),
    ],
)  # fmt: skip
def test_another_token_is_refused(sent, reason):
    with pytest.raises(CsrfError) as caught:
        check_token(sent, "one", KEY)
    assert caught.value.reason == reason
    assert "Load it again" in caught.value.text


@pytest.mark.parametrize(
    "headers",
    [
        GOOD,
        {"Origin": OWN},
        {"origin": OWN, "sec-fetch-site": "same-origin"},
        {"Referer": f"{OWN}/stacks/dev"},
        {"Origin": OWN, "Referer": "https://evil.example.com/"},
    ],
)
@pytest.mark.parametrize("method", ["POST", "put", "DELETE", "PATCH"])
def test_a_request_of_our_own_page_passes(method, headers):
    check_origin(method, headers, f"{OWN}:443/somewhere")


@pytest.mark.parametrize(
    ("headers", "reason"),
    [
        ({}, "no_origin"),
        ({**GOOD, "Sec-Fetch-Site": "cross-site"}, "other_site"),
        ({**GOOD, "Sec-Fetch-Site": "same-site"}, "other_site"),
        ({**GOOD, "Sec-Fetch-Site": "none"}, "other_site"),
        ({"Origin": "null"}, "other_origin"),
        ({"Origin": "https://evil.example.com"}, "other_origin"),
        ({"Origin": f"{OWN}.evil.example.com"}, "other_origin"),
        ({"Origin": "http://portal.example.com"}, "other_origin"),
        ({"Origin": f"{OWN}:8443"}, "other_origin"),
        ({"Origin": ""}, "other_origin"),
        ({"Origin": "null", "Referer": f"{OWN}/"}, "other_origin"),
        ({"Referer": "https://evil.example.com/?https://portal.example.com"}, "other_referer"),
        ({"Referer": "https://portal.example.com@evil.example.com/"}, "other_referer"),
        ({"Referer": "about:blank"}, "other_referer"),
    ],
)
def test_a_request_from_elsewhere_is_refused(headers, reason):
    with pytest.raises(CsrfError) as caught:
        check_request(method="POST", headers=headers, sent=csrf_token("s", KEY), session_id="s", key=KEY, own_url=OWN)
    assert caught.value.reason == reason


def test_both_the_origin_and_the_token_are_needed():
    check_request(method="POST", headers=GOOD, sent=csrf_token("s", KEY), session_id="s", key=KEY, own_url=OWN)
    with pytest.raises(CsrfError, match="no_token"):
        check_request(method="POST", headers=GOOD, sent=None, session_id="s", key=KEY, own_url=OWN)


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "get"])
def test_reading_needs_neither(method):
    check_request(method=method, headers={}, sent=None, session_id="s", key=KEY, own_url=OWN)


@pytest.mark.parametrize(("session", "key"), [("s", b"short"), ("", KEY)])
def test_a_weak_key_and_no_session_are_errors_of_ours(session, key):
    with pytest.raises(ValueError, match=r"key has 5 bytes|id is empty"):
        csrf_token(session, key)
    with pytest.raises(ValueError, match="no http"):
        check_origin("POST", GOOD, "portal")
