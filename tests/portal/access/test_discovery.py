"""Which addresses and keys of an issuer are believed."""

import json

import httpx
import pytest
from joserfc.jwk import ECKey, RSAKey

from portal.access.discovery import Discovery, _read_key
from portal.access.errors import LoginError, Reason
from portal.access.issuer_http import IssuerHttp
from portal.access.oidc import OidcClient, _display
from portal.access.oidc_config import OidcConfig
from tests.portal.access.conftest import Time

ISSUER = "https://issuer.example.com"
DOCUMENT = {
    "issuer": ISSUER,
    "authorization_endpoint": f"{ISSUER}/authorize?tenant=1",
    "token_endpoint": f"{ISSUER}/token",
    "jwks_uri": f"{ISSUER}/jwks",
}
EC = [ECKey.generate_key("P-256").as_dict(private=False) for _ in range(2)]
RSA = RSAKey.generate_key(2048).as_dict(private=False)


class Issuer:
    """Answers with a document and keys."""

    def __init__(self, document=None, keys=()) -> None:
        self.documents = {
            "/.well-known/openid-configuration": {**DOCUMENT, **(document or {})},
            "/jwks": {"keys": list(keys)},
        }
        self.asked: list[httpx.Request] = []
        self.client = httpx.Client(transport=httpx.MockTransport(self._answer))
        self.discovery = Discovery(ISSUER, IssuerHttp(self.client, Time()), Time())

    def _answer(self, request):
        self.asked.append(request)
        return httpx.Response(200, content=iter([json.dumps(self.documents[request.url.path]).encode()]))


@pytest.mark.parametrize("member", ["authorization_endpoint", "token_endpoint", "jwks_uri", "end_session_endpoint"])
@pytest.mark.parametrize("address", ["http://issuer.example.com/x", "https://127.0.0.1/x", "http://localhost/x", 7, ""])
def test_an_address_without_https_or_on_this_machine_is_refused(member, address):
    with pytest.raises(LoginError) as caught:
        Issuer({member: address}).discovery.endpoints()
    assert caught.value.reason is Reason.DISCOVERY
    assert member in caught.value.detail


def test_an_issuer_that_does_not_list_its_methods_is_given_the_benefit_of_the_doubt():
    assert Issuer().discovery.endpoints().end_session is None


def test_a_missing_address_is_named():
    with pytest.raises(LoginError, match="has no token_endpoint"):
        Issuer({"token_endpoint": None}).discovery.endpoints()


def test_an_answer_is_asked_for_uncompressed():
    issuer = Issuer()
    issuer.discovery.endpoints()
    assert issuer.asked[0].headers["accept-encoding"] == "identity"


@pytest.mark.parametrize(
    ("keys", "kid", "alg", "found"),
    [
        ([{**EC[0], "kid": "a"}, {**EC[1], "kid": "b"}], "b", "ES256", EC[1]),
        ([{**EC[0], "kid": "a"}], None, "ES256", EC[0]),
        ([{**EC[0], "kid": "a"}, {**RSA, "kid": "b"}], None, "RS256", RSA),
        ([{**EC[0], "kid": "a"}, {**EC[1], "kid": "b"}], None, "ES256", None),
        ([{**EC[0], "kid": "a"}, {**EC[1], "kid": "a"}], "a", "ES256", None),
        ([{**EC[0], "kid": "a"}], "b", "ES256", None),
        ([{**EC[0], "kid": "a"}], "a", "RS256", None),
        ([{**RSA, "kid": "a", "alg": "PS256"}], "a", "RS256", None),
        ([{**RSA, "kid": "a", "alg": "PS256"}], "a", "PS256", RSA),
        ([{**RSA, "kid": "a", "use": "enc"}], "a", "RS256", None),
        ([{"kty": "unheard-of"}, {**RSA, "kid": "a", "unheard": [1]}], "a", "RS256", RSA),
    ],
)
def test_the_one_key_that_fits_is_taken_and_none_is_guessed(keys, kid, alg, found):
    discovery = Issuer(keys=keys).discovery
    if found is None:
        with pytest.raises(LoginError, match="no single key"):
            discovery.key(kid, alg)
    else:
        taken = discovery.key(kid, alg).key.as_dict(private=False)
        assert {name: taken[name] for name in ("n", "e", "x", "y") if name in taken} == {
            name: found[name] for name in ("n", "e", "x", "y") if name in found
        }


@pytest.mark.filterwarnings("ignore::joserfc.errors.SecurityWarning")
def test_a_short_rsa_key_is_passed_over():
    weak = RSAKey.generate_key(1024).as_dict(private=False)
    assert _read_key({**weak, "kid": "a"}) is None
    assert _read_key({**RSA, "kid": "a"}) is not None


def test_a_key_set_that_is_none_or_endless_is_refused():
    for keys in (None, [EC[0]] * 101):
        issuer = Issuer()
        issuer.documents["/jwks"] = {"keys": keys}
        with pytest.raises(LoginError) as caught:
            issuer.discovery.key("a", "ES256")
        assert caught.value.reason is Reason.ISSUER_ANSWER


def test_a_login_begins_at_the_issuer_s_address_and_leads_to_a_page_of_the_portal_only():
    config = OidcConfig(issuer=ISSUER, client_id="portal", client_authentication="none")
    client = OidcClient(config, Issuer().client, Time())
    url, attempt = client.begin("https://portal.example.com/login/callback", "//evil.example.com")
    assert url.startswith(f"{ISSUER}/authorize?tenant=1&response_type=code&")
    assert attempt.next_path == "/"


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Ann\nadmin logged in", "Annadmin logged in"),
        ("\u202eAnn\x00 ", "Ann"),
        ("x" * 500, "x" * 200),
        (7, ""),
        (None, ""),
    ],
)
def test_a_name_can_stand_in_a_line_of_a_log(name, shown):
    assert _display(name) == shown
