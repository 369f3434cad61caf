"""The whole login against the local issuer, as it should go."""

import json
from urllib.parse import parse_qs, urlsplit

import pytest

from local.identity_provider.faults import Fault
from local.identity_provider.people import Client
from portal.access.errors import LoginError, Reason
from portal.access.oidc import LoginAttempt
from tests.portal.access.conftest import CALLBACK, NONE, POST, SECRET


def test_a_person_logs_in_and_is_known_by_issuer_and_subject(world):
    claims = world.log_in("ana")
    assert claims.id == f"oidc:{world.provider.url.removeprefix('http://')}#ana"
    assert (claims.name, claims.email) == ("Ana Approver", "ana@example.com")
    assert claims.all["groups"] == ["ml-approvers"]
    assert claims.id_token not in repr(claims), "a claim set in a log line must not carry the token"


def test_the_address_asks_for_a_code_with_pkce_state_and_nonce_and_carries_no_secret(world):
    url, attempt = world.client.begin(CALLBACK)
    query = {name: value for name, (value,) in parse_qs(urlsplit(url).query).items()}
    assert query["response_type"] == "code"
    assert query["code_challenge_method"] == "S256"
    assert (query["state"], query["nonce"]) == (attempt.state, attempt.nonce)
    assert attempt.code_verifier not in url
    assert 43 <= len(attempt.code_verifier) <= 128, "RFC 7636, 4.1"
    assert len({attempt.state, attempt.nonce, attempt.code_verifier}) == 3
    other = world.client.begin(CALLBACK).attempt
    assert {attempt.state, attempt.nonce, attempt.code_verifier}.isdisjoint(
        {other.state, other.nonce, other.code_verifier}
    )


def test_an_attempt_can_be_kept_as_json_and_shows_no_secret_in_a_log_line(world):
    url, attempt = world.client.begin(CALLBACK, "/stacks/dev?tab=history")
    kept = LoginAttempt.from_json(json.loads(json.dumps(attempt.to_json())))
    assert kept == attempt
    assert kept.next_path == "/stacks/dev?tab=history"
    assert all(secret not in repr(attempt) for secret in (attempt.state, attempt.nonce, attempt.code_verifier))
    assert world.client.finish(kept, world.visit(url)).name == "Ada Admin"


@pytest.mark.parametrize("way", [POST, NONE])
def test_each_way_to_prove_which_client_it_is_works(world, way):
    secret = None if way is NONE else SECRET
    world.provider.register(Client(client_id="portal", secret=secret, redirect_uris=(CALLBACK,)))
    client = world.client_with(client_authentication=way, client_secret=secret)
    assert world.log_in(client=client).name == "Ada Admin"


def test_a_wrong_client_secret_is_refused_and_not_repeated(world):
    client = world.client_with(client_secret="not the secret")
    with pytest.raises(LoginError) as caught:
        world.log_in(client=client)
    assert caught.value.reason is Reason.CODE_REFUSED
    assert caught.value.detail == "401 invalid_client"


def test_a_code_is_good_once(world):
    url, attempt = world.client.begin(CALLBACK)
    answer = world.visit(url)
    world.client.finish(attempt, answer)
    with pytest.raises(LoginError) as caught:
        world.client.finish(attempt, answer)
    assert caught.value.detail == "400 invalid_grant"


def test_a_code_needs_the_verifier_of_the_login_that_it_was_given_to(world):
    stolen = world.visit(world.client.begin(CALLBACK).url)
    other = world.client.begin(CALLBACK).attempt
    with pytest.raises(LoginError) as caught:
        world.client.finish(other, {**stolen, "state": other.state})
    assert caught.value.reason is Reason.CODE_REFUSED


def test_a_code_ends_after_a_minute(world):
    url, attempt = world.client.begin(CALLBACK)
    answer = world.visit(url)
    world.clock.pass_(seconds=60)
    with pytest.raises(LoginError) as caught:
        world.client.finish(attempt, answer)
    assert caught.value.reason is Reason.CODE_REFUSED


def test_groups_come_from_userinfo_where_the_token_has_none(world):
    world.provider.claims_in_token = False
    assert "groups" not in world.log_in().all
    world.provider.more_in_userinfo |= {"nonce": "another", "iss": "another", "aud": "another"}
    claims = world.log_in(client=world.client_with(claims_from="userinfo"))
    assert claims.all["groups"] == ["ml-admins"]
    assert "another" not in claims.all.values(), "it adds to the token's claims and replaces none"
    assert claims.all["nonce"], "the token's own claims are still there"


def test_userinfo_of_somebody_else_is_refused(world):
    world.provider.faults.add(Fault.USERINFO_OF_ANOTHER)
    with pytest.raises(LoginError) as caught:
        world.log_in(client=world.client_with(claims_from="userinfo"))
    assert caught.value.reason is Reason.USERINFO


def test_the_discovery_document_and_keys_are_fetched_once_an_hour(world):
    world.log_in()
    world.log_in("dan")
    assert world.provider.requests == ["discovery", "token", "jwks", "token"]
    world.clock.pass_(hours=1)
    world.log_in()
    assert world.provider.requests[4:] == ["discovery", "token", "jwks"]


def test_a_new_key_of_the_issuer_is_found_at_once_and_not_asked_for_in_a_loop(world):
    world.log_in()
    world.clock.pass_(seconds=61)
    world.provider.keys.rotate("ES256")
    assert world.log_in().name == "Ada Admin"
    assert world.provider.requests.count("jwks") == 2
    world.provider.faults.add(Fault.UNPUBLISHED_KID)
    for _ in range(3):
        with pytest.raises(LoginError, match="token_key"):
            world.log_in()
    assert world.provider.requests.count("jwks") == 2, "the keys are not a minute old"
    world.clock.pass_(seconds=60)
    with pytest.raises(LoginError, match="token_key"):
        world.log_in()
    assert world.provider.requests.count("jwks") == 3


@pytest.mark.parametrize("algorithm", ["ES256", "PS256", "RS256"])
def test_every_allowed_signature_is_understood_and_one_that_the_configuration_leaves_out_is_not(world, algorithm):
    world.provider.keys.rotate(algorithm)
    assert world.log_in(client=world.client_with()).name == "Ada Admin"
    others = {"ES256", "PS256", "RS256"} - {algorithm}
    with pytest.raises(LoginError) as caught:
        world.log_in(client=world.client_with(algorithms=others))
    assert caught.value.reason is Reason.TOKEN_ALGORITHM


def test_logging_out_leads_to_the_issuer_and_back(world):
    home = "http://127.0.0.1:8000/"
    world.provider.register(Client(client_id="portal", secret=SECRET, redirect_uris=(CALLBACK,), logout_uris=(home,)))
    url = world.client.logout_url(home)
    assert world.http.get(url).headers["location"] == home
    assert "id_token_hint=hint" in world.client.logout_url(home, "hint")
    assert "location" not in world.http.get(world.client.logout_url("https://evil.example.com/")).headers
    assert world.client_with(logout_at_issuer=False).logout_url(home) is None


def test_the_page_of_the_issuer_offers_every_person_as_a_link_that_logs_in(world):
    url, attempt = world.client.begin(CALLBACK)
    page = world.http.get(url)
    assert page.status_code == 200
    for person in world.provider.people.values():
        assert person.name in page.text
    links = [part.partition('"')[0].replace("&amp;", "&") for part in page.text.split('<a href="?')[1:]]
    assert len(links) == len(world.provider.people) + 1, "and one to cancel"
    back = world.http.get(f"{world.provider.url}/authorize?{links[0]}").headers["location"]
    answer = {name: value for name, (value,) in parse_qs(urlsplit(back).query).items()}
    assert world.client.finish(attempt, answer).name == "Vera Viewer"


def test_who_cancels_at_the_issuer_reads_that_and_not_what_a_link_says(world):
    url, attempt = world.client.begin(CALLBACK)
    back = world.http.get(f"{url}&prompt=cancel").headers["location"]
    answer = {name: value for name, (value,) in parse_qs(urlsplit(back).query).items()}
    with pytest.raises(LoginError) as caught:
        world.client.finish(attempt, {**answer, "error_description": "call 555-0100"})
    assert caught.value.reason is Reason.REFUSED_BY_ISSUER
    assert caught.value.detail == "access_denied"
    assert "cancelled" in caught.value.text
    assert "555" not in f"{caught.value} {caught.value.text}"


@pytest.mark.parametrize("wrong", [{"client_id": "unknown"}, {"redirect_uri": f"{CALLBACK}/../../evil"}])
def test_the_issuer_sends_nobody_to_an_address_that_is_not_registered(world, wrong):
    url = world.client.begin(CALLBACK).url
    query = {name: value for name, (value,) in parse_qs(urlsplit(url).query).items()}
    answer = world.http.get(f"{world.provider.url}/authorize", params={**query, **wrong, "login_hint": "ada"})
    assert answer.status_code == 400
    assert "location" not in answer.headers


@pytest.mark.parametrize("missing", ["code_challenge", "code_challenge_method", "response_type", "scope"])
def test_the_issuer_wants_a_code_flow_with_pkce(world, missing):
    url = world.client.begin(CALLBACK).url
    query = {name: value for name, (value,) in parse_qs(urlsplit(url).query).items() if name != missing}
    answer = world.http.get(f"{world.provider.url}/authorize", params={**query, "login_hint": "ada"})
    assert "error=invalid_request" in answer.headers["location"]
