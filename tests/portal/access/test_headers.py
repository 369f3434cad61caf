"""The security headers."""

import pytest

from portal.access.headers import content_security_policy, security_headers


def test_a_page_runs_and_loads_nothing_foreign_and_nothing_inline():
    policy = dict(part.split(" ", 1) for part in content_security_policy().split("; "))
    assert policy == {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": "'self'",
        "connect-src": "'self'",
        "img-src": "'self' data:",
        "form-action": "'self'",
        "frame-ancestors": "'none'",
        "base-uri": "'none'",
    }


def test_forms_may_lead_to_the_issuer_s_origin_and_to_nothing_that_is_written_behind_it():
    assert "form-action 'self' https://login.example.com;" in content_security_policy(
        "https://login.example.com/a/v2.0"
    )
    assert content_security_policy("https://x.example.com/; script-src *").count("script-src") == 1
    with pytest.raises(ValueError, match="issuer_origin"):
        content_security_policy("login.example.com")


def test_https_is_kept_for_a_year_where_there_is_https():
    assert security_headers(https=True)["Strict-Transport-Security"] == "max-age=31536000"
    assert "Strict-Transport-Security" not in security_headers(https=False)


def test_pages_are_kept_by_no_cache_and_files_decide_themselves():
    assert security_headers(https=True)["Cache-Control"] == "no-store"
    assert "Cache-Control" not in security_headers(https=True, page=False)


def test_our_own_forms_send_their_origin():
    assert security_headers(https=True)["Referrer-Policy"] == "same-origin", "no-referrer makes it `null`"


def test_every_value_can_stand_in_a_header():
    for name, value in security_headers(https=True, issuer_origin="https://login.example.com").items():
        assert value.isascii(), name
        assert value.isprintable(), name
