"""API tokens of the visitor, and for admins those of everybody."""

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter
from fastapi.responses import HTMLResponse, RedirectResponse

from portal.access.roles import PERMISSIONS, SCOPES, Action
from portal.access.tokens import DEFAULT_MAX_DAYS, TokenRequestError
from portal.pages.site import Form, Pages, Visit, Visitor, see, text, whole_number
from portal.service.errors import InvalidError


def scope_words() -> dict[str, str]:
    """Return what each scope lets a token do, in words."""
    return {scope: ", ".join(each.does for each in PERMISSIONS.values() if each.scope == scope) for scope in SCOPES}


class TokenPages(Pages):
    """`/tokens`."""

    def add_to(self, router: APIRouter) -> None:
        """Register the routes."""
        router.add_api_route("/tokens", self.tokens, methods=["GET"])
        router.add_api_route("/tokens", self.make, methods=["POST"])
        router.add_api_route("/tokens/{identity}/revoke", self.revoke, methods=["POST"])

    def tokens(self, visit: Visitor, everybody: bool = False) -> HTMLResponse:
        """Show the visitor's tokens, or everybody's."""
        return self._shown(visit, everybody=everybody)

    def make(self, visit: Visitor, form: Form) -> HTMLResponse:
        """Make a token and show it, once: this answer is no redirect, since nothing but it holds the plain token."""
        try:
            days = whole_number(form, "days", least=1, most=DEFAULT_MAX_DAYS)
            scopes = [scope for scope in SCOPES if form.get(f"scope_{scope}") == "yes"]
            name = text(form, "name", longest=100, required=True)
            made = self.sessions.make_token(visit.actor, name=name, scopes=scopes, days=days)
        except (InvalidError, TokenRequestError) as error:
            return self._shown(visit, trouble=str(error), asked=form, status=422)
        return self._shown(visit, made=made)

    def revoke(self, visit: Visitor, form: Form, identity: str) -> RedirectResponse:
        """Revoke a token."""
        del form  # checked, and empty
        self.sessions.revoke_token(visit.actor, identity)
        return see("tokens", said="revoked")

    def _shown(
        self,
        visit: Visit,
        *,
        everybody: bool = False,
        made: Any = None,
        trouble: str = "",
        asked: Mapping[str, str] | None = None,
        status: int = 200,
    ) -> HTMLResponse:
        tokens = self.sessions.tokens_of(visit.actor, everybody=everybody)
        given = asked or {}
        return self.page(
            visit,
            "tokens.html",
            status=status,
            tokens=tokens,
            # None: the visitor may not ask for everybody's
            everybody=everybody if visit.actor.may(Action.MANAGE_TOKENS) else None,
            made=made,
            trouble=trouble,
            asked={"name": given.get("name", ""), "days": given.get("days", "")},
            scopes=scope_words(),
            max_days=DEFAULT_MAX_DAYS,
        )
