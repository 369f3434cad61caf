"""The endpoints of the local identity provider."""

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse, JSONResponse, PlainTextResponse, RedirectResponse, Response

from local.identity_provider import pages
from local.identity_provider.faults import Fault
from local.identity_provider.grants import Grant, GrantError, authenticated
from local.identity_provider.signing import LASTS, access_token_hash, signed, with_faults

if TYPE_CHECKING:
    from local.identity_provider.server import IdentityProvider

_LONGEST_WAIT = 60
"""Seconds after which a slow answer comes although nobody released it, so that no thread is left for ever."""


def build(provider: "IdentityProvider") -> FastAPI:
    """Return the application of one provider."""
    app = FastAPI(openapi_url=None)
    endpoints = _Endpoints(provider)
    app.add_api_route("/.well-known/openid-configuration", endpoints.discovery, response_model=None)
    app.add_api_route("/jwks", endpoints.jwks, response_model=None)
    app.add_api_route("/authorize", endpoints.authorize, response_model=None)
    app.add_api_route("/token", endpoints.token, methods=["POST"], response_model=None)
    app.add_api_route("/userinfo", endpoints.userinfo, response_model=None)
    app.add_api_route("/logout", endpoints.logout, response_model=None)
    app.add_api_route("/style.css", endpoints.style, response_model=None)
    return app


class _Endpoints:
    def __init__(self, provider: "IdentityProvider") -> None:
        self._provider = provider

    async def discovery(self) -> dict[str, Any]:
        faults, url = self._provider.faults, self._provider.url
        self._provider.requests.append("discovery")
        secure = "http://issuer.example.com" if Fault.DISCOVERY_WITHOUT_HTTPS in faults else url
        return {
            "issuer": f"{url}/other" if Fault.DISCOVERY_ISSUER in faults else url,
            "authorization_endpoint": f"{url}/authorize",
            "token_endpoint": f"{secure}/token",
            "jwks_uri": f"{url}/jwks",
            "userinfo_endpoint": f"{url}/userinfo",
            "end_session_endpoint": f"{url}/logout",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": [self._provider.keys.algorithm],
            "code_challenge_methods_supported": ["plain"] if Fault.NO_PKCE in faults else ["S256"],
            "authorization_response_iss_parameter_supported": True,
        }

    async def jwks(self) -> dict[str, Any]:
        self._provider.requests.append("jwks")
        return self._provider.keys.as_jwks()

    async def authorize(self, request: Request) -> Response:
        """Ask who it is, or go back with a code where `login_hint` says so."""
        query = dict(request.query_params)
        client = self._provider.clients.get(query.get("client_id", ""))
        # Until these two are known to be right, nobody is sent anywhere.
        if client is None or query.get("redirect_uri") not in client.redirect_uris:
            page = pages.message("Unknown application", "client_id or redirect_uri is not registered here.")
            return HTMLResponse(page, 400, headers=pages.HEADERS)
        if (
            query.get("response_type") != "code"
            or query.get("code_challenge_method") != "S256"
            or not query.get("code_challenge")
            or "openid" not in query.get("scope", "").split()
        ):
            return self._back(query, {"error": "invalid_request"})
        if query.get("prompt") == "cancel":
            return self._back(query, {"error": "access_denied"})
        if query.get("prompt") == "none":  # nobody stays logged in here
            return self._back(query, {"error": "login_required"})
        person = self._provider.people.get(query.get("login_hint", ""))
        if person is None:
            page = pages.choose(self._provider.people.values(), query, client.client_id)
            return HTMLResponse(page, headers=pages.HEADERS)
        return self._back(query, {"code": self._provider.grants.new_code(query, person)})

    async def token(self, request: Request) -> Response:
        """Redeem a code."""
        self._provider.requests.append("token")
        form = {name: value for name, value in (await request.form()).items() if isinstance(value, str)}
        broken = await self._broken_answer()
        if broken is not None:
            return broken
        try:
            client = authenticated(self._provider.clients, form, request.headers.get("authorization", ""))
            grant, access_token = self._provider.grants.redeem(form, client)
        except GrantError as error:
            return JSONResponse({"error": error.code}, error.status)
        answer = {
            "access_token": access_token,
            "token_type": "DPoP" if Fault.OTHER_TOKEN_TYPE in self._provider.faults else "Bearer",
            "expires_in": LASTS,
            "id_token": self._id_token(grant, access_token),
        }
        if Fault.NO_ID_TOKEN in self._provider.faults:
            del answer["id_token"]
        return JSONResponse(answer, headers={"Cache-Control": "no-store"})

    async def userinfo(self, request: Request) -> Response:
        """Say who an access token is of."""
        person = self._provider.grants.person(request.headers.get("authorization", ""))
        if person is None:
            return JSONResponse({"error": "invalid_token"}, 401)
        subject = "somebody-else" if Fault.USERINFO_OF_ANOTHER in self._provider.faults else person.subject
        return JSONResponse({"sub": subject, **person.claims(), **self._provider.more_in_userinfo})

    async def logout(self, request: Request) -> Response:
        """Go back where the client may be gone back to; there is no session here to end."""
        query = request.query_params
        client = self._provider.clients.get(query.get("client_id", ""))
        back = query.get("post_logout_redirect_uri")
        if client is not None and back in client.logout_uris:
            return RedirectResponse(back, 303)
        return HTMLResponse(pages.message("Logged out", "You can close this page."), headers=pages.HEADERS)

    async def style(self) -> Response:
        """Return the style sheet of the pages."""
        return Response(pages.STYLE, media_type="text/css")

    def _back(self, query: Mapping[str, str], answer: dict[str, str]) -> Response:
        issuer = "https://other-issuer.example.com"
        answer["iss"] = issuer if Fault.RESPONSE_ISSUER in self._provider.faults else self._provider.url
        if "state" in query:
            answer["state"] = query["state"]
        target = query["redirect_uri"]
        return RedirectResponse(f"{target}{'&' if '?' in target else '?'}{urlencode(answer)}", 303)

    async def _broken_answer(self) -> Response | None:
        faults = self._provider.faults
        if Fault.SLOW in faults:
            await asyncio.to_thread(self._provider.release.wait, _LONGEST_WAIT)
        if Fault.SERVER_ERROR in faults:
            return PlainTextResponse("out of order", 503)
        if Fault.REDIRECT in faults:
            return RedirectResponse(f"{self._provider.url}/elsewhere", 307)
        if Fault.HUGE in faults:
            return PlainTextResponse("x" * 2_000_000)
        return PlainTextResponse("<html>") if Fault.NO_JSON in faults else None

    def _id_token(self, grant: Grant, access_token: str) -> str:
        now = int(self._provider.clock().timestamp())
        claims = {
            "iss": self._provider.url,
            "sub": grant.person.subject,
            "aud": grant.client_id,
            "iat": now,
            "exp": now + LASTS,
            "nonce": grant.nonce,
            "at_hash": access_token_hash(access_token),
            **(grant.person.claims() if self._provider.claims_in_token else {}),
        }
        faults = self._provider.faults
        return signed(with_faults(claims, faults, client_id=grant.client_id), self._provider.keys, faults)
