"""API tokens: their form, what is kept, and how long they last."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.access import tokens
from portal.access.roles import SCOPES
from portal.redaction import HIDDEN, Redactor

NOW = datetime(2030, 1, 1, tzinfo=UTC)


def test_a_new_token_is_found_by_its_id_and_matches_what_is_kept():
    plain, kept = tokens.new_token()
    parsed = tokens.parse(plain)
    assert parsed is not None
    assert parsed.id == kept.id
    assert tokens.matches(parsed, kept)
    assert plain not in repr(parsed), "a log line must not carry it"
    assert plain.split("_")[2] not in repr(kept)


def test_the_secret_has_256_random_bits_and_the_form_is_always_the_same_length():
    asked = []

    def random(count):
        asked.append(count)
        return b"\xff" * count if len(asked) <= 2 else b"\0" * count

    most, least = tokens.new_token(random)[0], tokens.new_token(random)[0]
    assert asked == [8, 32, 8, 32]
    assert len(most) == len(least) == len("mlops_") + 12 + 1 + 43 + 6
    assert tokens.parse(most)
    assert tokens.parse(least), "leading zeros are written"


def test_two_tokens_share_nothing():
    made = [tokens.new_token() for _ in range(50)]
    assert len({kept.id for _, kept in made}) == len({kept.sha256 for _, kept in made}) == 50
    assert not tokens.matches(tokens.parse(made[0][0]), made[1][1])


def test_a_secret_under_the_id_of_another_token_does_not_match():
    (_, kept), (two, _) = tokens.new_token(), tokens.new_token()
    body = f"mlops_{kept.id}_{two.split('_')[2][:43]}"
    forged = tokens.parse(body + tokens._checksum(body))
    assert forged is not None
    assert forged.id == kept.id
    assert not tokens.matches(forged, kept)


@given(st.binary(min_size=40, max_size=40), st.integers(0, 67), st.sampled_from("0aZ_-é \n"))
def test_a_token_with_one_other_character_is_none(random, place, other):
    plain, _ = tokens.new_token(lambda count: random[:8] if count == 8 else random[8:])
    assert tokens.parse(plain).plain == plain
    changed = plain[:place] + other + plain[place + 1 :]
    assert (tokens.parse(changed) is None) is (changed != plain), "CRC-32 finds every error within 32 bits"


@given(st.one_of(st.text(), st.from_regex(tokens.PATTERN), st.text(alphabet="mlops_0aZ").map(lambda t: f"mlops_{t}")))
def test_any_text_is_parsed_without_an_error(text):
    parsed = tokens.parse(text)
    assert parsed is None or parsed.plain == text


@pytest.mark.parametrize("text", ["", "Bearer x", "mlops_", "ghp_0123456789", "\n"])
def test_what_is_no_token_is_none(text):
    assert tokens.parse(text) is None
    assert tokens.parse(tokens.new_token()[0] + text) is None or text == ""


@pytest.mark.parametrize(
    "form", ["{}", "Authorization: Bearer {}", "https://x/?token={}&a=b", '{{"t": "{}"}}', "x\n{}\ny", "x\\n{}\\ny"]
)
def test_a_token_is_hidden_from_every_event_and_page(form):
    plain, kept = tokens.new_token()
    shown = Redactor().text(form.format(plain))
    assert HIDDEN in shown
    assert plain.split("_")[2][:20] not in shown
    assert plain[30:] not in shown
    assert (
        Redactor().text(f"token:{kept.id} in mlops_platform_settings") == f"token:{kept.id} in mlops_platform_settings"
    )


def test_a_secret_scanner_can_look_for_the_pattern():
    plain, _ = tokens.new_token()
    assert re.findall(rf"\b{tokens.PATTERN.pattern}\b", f"TOKEN={plain}\nmlops_platform_settings")


def test_scopes_are_those_of_the_table():
    assert tokens.check_scopes(["read", "deploy", "read"]) == {"read", "deploy"}
    assert tokens.check_scopes(SCOPES) == set(SCOPES)
    with pytest.raises(tokens.TokenRequestError, match=r"scopes: admin, root: no such scope; choose from read, "):
        tokens.check_scopes(["root", "read", "admin"])
    with pytest.raises(tokens.TokenRequestError, match="none chosen"):
        tokens.check_scopes([])


def test_every_token_ends():
    assert tokens.expiry(90, now=NOW) == NOW + timedelta(days=90)
    assert tokens.expiry(365, now=NOW, max_days=365) == NOW + timedelta(days=365)
    for days in (0, -1, 91):
        with pytest.raises(tokens.TokenRequestError, match=f"days: {days}: a token is good for 1 to 90 days"):
            tokens.expiry(days, now=NOW)
    assert not tokens.is_expired(NOW + timedelta(seconds=1), now=NOW)
    assert tokens.is_expired(NOW, now=NOW)
