"""No secret passes: by value, by form, by the name of its property."""

import json
import time

import pytest

from portal.redaction import SECRET_SIGNATURE, Redactor, secrets_of_environment, secrets_of_state

SECRET = 'pass"word\nwith a line break'


@pytest.mark.parametrize(
    "text",
    [
        f"the value {SECRET} is too long",
        f"body: {json.dumps({'value': SECRET})}",
        "header: cGFzcyJ3b3JkCndpdGggYSBsaW5lIGJyZWFr",
        "only its second line: with a line break",
    ],
)
def test_a_known_secret_is_hidden_in_every_form_it_takes(text):
    shown = Redactor([SECRET]).text(text)
    assert "line break" not in shown, shown
    assert "cGFzcy" not in shown, "base64 is no protection"
    assert "[secret]" in shown


@pytest.mark.parametrize(
    "text",
    [
        "token ghp_0123456789abcdefghijABCDEFGHIJ012345",
        "token github_pat_0123456789abcdefghij_ABCDEFGHIJ",
        "pul-0123456789abcdef0123456789abcdef01234567",
        "-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----",
        "a key that is cut off: -----BEGIN PRIVATE KEY-----\nMIIE",
        "https://user:hunter2@example.com/",
        "Bearer eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiIxMjM0In0.c2lnbmF0dXJl",
    ],
)
def test_what_looks_like_a_secret_is_hidden_although_nobody_named_it(text):
    shown = Redactor().text(text)
    assert "[secret]" in shown, shown
    assert not any(part in shown for part in ("MIIE", "hunter2", "0123456789abcdef", "c2lnbmF0dXJl")), shown


def test_properties_with_telling_names_are_hidden_and_others_stay():
    value = {"masterPassword": "x1", "list": [{"secretKey": "x2"}], "keyName": "shown", "size": 3, "none": None}
    assert Redactor().value(value) == {
        "masterPassword": "[secret]",
        "list": [{"secretKey": "[secret]"}],
        "keyName": "shown",
        "size": 3,
        "none": None,
    }


def test_a_short_secret_is_hidden_where_it_is_the_whole_value_and_does_not_tear_words():
    redactor = Redactor(["dev"])
    assert redactor.value({"a": "dev", "b": "development"}) == {"a": "[secret]", "b": "development"}


def test_an_innocent_text_stays_as_it_is():
    text = "arn:aws:kms:us-east-1:111111111111:key/00000000-0000-0000-0000-000000000000 at https://example.com/a:b"
    assert Redactor(["something else"]).text(text) == text


def test_secrets_of_a_state_are_found_at_any_depth():
    state = {
        "resources": [
            {"inputs": {"password": {SECRET_SIGNATURE: "1b47", "plaintext": json.dumps("one")}}},
            {"outputs": {"deep": [{SECRET_SIGNATURE: "1b47", "plaintext": json.dumps({"k": ["two", 3]})}]}},
        ]
    }
    assert list(secrets_of_state(state)) == ["one", "two"]


def test_variables_that_are_secret_by_name_are_found():
    environment = {
        "GITHUB_TOKEN": "0123456789",
        "AWS_SECRET_ACCESS_KEY": "abcdefghij",
        "HOME": "/home/someone",
        "X_TOKEN": "1",
    }
    assert sorted(secrets_of_environment(environment)) == ["0123456789", "abcdefghij"]


@pytest.mark.parametrize(
    "text", ["-{}", "a-b-{}", "--token-{}", "x.{}", "eyJ-{}", "ghp_0123456789abcdefghijABCDEFGHIJ-{}"]
)
def test_a_token_is_found_behind_whatever_stands_before_it(text):
    shown = Redactor().text(text.format("eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiIxMjM0In0.c2lnbmF0dXJl"))
    assert "eyJhbGc" not in shown, shown
    assert "c2lnbmF0" not in shown, shown
    assert "0123456789" not in shown, shown


HOSTILE = ["-eyJ", "eyJaaaaaaaa.", "eyJaaaaaaaa-eyJ", "-----BEGIN PRIVATE KEY-----", "-----BEGIN A", "-----END A",
           "ghp_a-", "github_pat_", "pul-0", "mlops_000000000000_", "://a:b", ":a", "://", "-a", "_"]  # fmt: skip


@pytest.mark.parametrize("start", ["", "://u:", "-----BEGIN PRIVATE KEY-----"])
def test_four_times_the_text_takes_no_sixteen_times_the_work(start):
    """Quadratic work would be sixteen times as much; eight is between, and far from either."""

    def cost(unit, length):
        text, best = start + unit * (length // len(unit)), float("inf")
        for _ in range(3):
            began = time.process_time_ns()
            Redactor().text(text)
            best = min(best, time.process_time_ns() - began)
        return best

    for unit in HOSTILE:
        once, more = cost(unit, 3_000), cost(unit, 12_000)
        assert more < max(8 * once, 5_000_000), f"{unit}: {once} and {more} ns"
