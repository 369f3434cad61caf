"""What the platform says of GitHub: subjects as documented, permissions that suffice, and no secret in any text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts import github
from contracts.rules import BrokenRuleError

BASE64URL = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
parts = st.text(BASE64URL, min_size=20, max_size=200)
jwts = st.builds(lambda a, b, c: f"eyJ{a}.{b}.{c}", parts, parts, parts)
old_tokens = st.text(BASE64URL.replace("-", "").replace("_", ""), min_size=36, max_size=36).map(lambda t: f"ghs_{t}")
new_tokens = st.builds(lambda app, jwt: f"ghs_{app}_{jwt}", st.integers(1, 10**9), jwts)
secrets = st.one_of(jwts, old_tokens, new_tokens)
surroundings = st.text(" \n'\"(){}[]<>,;=:/&?", max_size=10)


@given(surroundings, secrets, surroundings)
def test_no_part_of_a_secret_survives_redaction(before, secret, after):
    text = github.redact(f"{before}{secret}{after}")
    pieces = [secret[start : start + 12] for start in range(0, len(secret) - 12, 12)]
    assert not [piece for piece in pieces if piece in text], "half a token is a hint, and a JWT without its end a claim"
    assert github.REDACTED in text


@given(st.lists(st.one_of(secrets, surroundings, st.text(max_size=30)), max_size=6).map(" ".join))
def test_redacting_twice_changes_nothing_more(text):
    once = github.redact(text)
    assert github.redact(once) == once


@pytest.mark.parametrize(
    "text",
    [
        "Authorization: Bearer abcdefghijklmnopqrstuvwxyz",
        "authorization: token 0123456789abcdef0123456789abcdef01234567",
        "github_pat_11ABCDEFG0abcdefghijkl_mnop",
        "https://x-access-token:ghs_0123456789abcdefghijABCDEFGHIJ012345@github.com/acme/a.git",
        "-----BEGIN RSA PRIVATE KEY-----\nMIIEow\nIBAAKC\n-----END RSA PRIVATE KEY-----",
    ],
)
def test_headers_addresses_and_keys_are_redacted_too(text):
    clean = github.redact(text)
    for secret in ("abcdefghijklmnop", "0123456789abcdef", "11ABCDEFG0", "MIIEow", "IBAAKC"):
        assert secret not in clean, clean


@pytest.mark.parametrize("text", ["a token of the app", "bearer of news", "sha256:" + "a" * 64, "repo acme/eyJ"])
def test_plain_words_stay(text):
    assert github.redact(text) == text


def test_subjects_have_the_two_documented_forms():
    assert github.subjects("octo-org", 123456, "octo-repo", 456789, "prod") == [
        "repo:octo-org@123456/octo-repo@456789:environment:prod",
        "repo:octo-org/octo-repo:environment:prod",
    ], "GitHub docs, OpenID Connect reference, Immutable subject claims"
    assert github.subjects("octo-org", 1, "octo-repo", 2, "prod", immutable=False) == [
        "repo:octo-org/octo-repo:environment:prod"
    ]
    assert github.classic_subject("o", "r", "Production:V1").endswith(":environment:Production%3AV1")


@given(st.integers(1, 2**40), st.integers(1, 2**40))
def test_two_repositories_never_share_an_immutable_subject(one, other):
    subjects = {github.immutable_subject("o", 1, "r", number, "prod") for number in (one, other)}
    assert len(subjects) == len({one, other})


def test_a_subject_holds_nothing_that_a_policy_reads_as_a_pattern():
    for subject in github.subjects("acme", 1, "risk-churn-training", 2, "prod"):
        assert not set("*?$") & set(subject), "StringEquals is exact, and so must StringLike be"


def test_a_token_to_create_repositories_can_do_nothing_else():
    assert dict(github.CREATE_REPOSITORY) == {"administration": "write"}


def test_a_token_to_dispatch_cannot_write_code_or_settings():
    assert dict(github.DISPATCH) == {"actions": "write"}


def test_the_app_has_exactly_what_the_purposes_need():
    assert github.app_permissions() == {
        "actions": "write", "actions_variables": "write", "administration": "write", "contents": "write",
        "environments": "write", "members": "read", "metadata": "read", "pull_requests": "write", "workflows": "write",
    }, "the runbook tells people to grant these, and no secrets permission is among them"  # fmt: skip


def test_permissions_cannot_be_changed_by_who_uses_them():
    with pytest.raises(TypeError):
        github.SETUP["contents"] = "write"


@pytest.mark.parametrize("name", ["a" * 100, "mlops-workflows", "a.b_c-D", "x"])
def test_names_that_github_takes_pass(name):
    assert github.check_repository_name(name) == name


@pytest.mark.parametrize("name", ["", "a" * 101, "a b", "a/b", "..", ".", "a.git", "ü"])
def test_names_that_github_refuses_or_changes_do_not(name):
    with pytest.raises(BrokenRuleError):
        github.check_repository_name(name)


def test_a_variable_has_48_kilobytes_at_most_counted_in_bytes():
    github.check_variable_value("A", "x" * 49_152)
    with pytest.raises(BrokenRuleError, match="49154 bytes"):
        github.check_variable_value("A", "ü" * 24_577)
    with pytest.raises(BrokenRuleError, match="empty"):
        github.check_variable_value("A", "")


def test_the_workflow_pattern_is_bound_to_the_repository_and_to_version_tags():
    assert github.job_workflow_ref("acme", "mlops-workflows") == (
        "acme/mlops-workflows/.github/workflows/*@refs/tags/v*"
    ), "a branch could be pushed to, a version tag is protected by a ruleset"
