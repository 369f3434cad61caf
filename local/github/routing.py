"""Routes, and what a token needs for each of them: found, checked, then done."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from werkzeug.exceptions import MethodNotAllowed, NotFound
from werkzeug.routing import Map, Rule

from local.github.answers import Record, RefusedError, Reply, not_accessible, not_found
from local.github.credentials import Keys, Token
from local.github.store import Store

Needs = Mapping[str, str]
STILL_POSSIBLE = ("PATCH /repos/<owner>/<repo>", "DELETE /repos/<owner>/<repo>")
"""What an archived repository still takes: the way out, and the end."""
APP = "app"
"""A route that the app itself calls, with its JWT."""


@dataclass(kw_only=True)
class Call:
    """One request, with its caller known and its repository found."""

    store: Store
    keys: Keys
    method: str
    query: Mapping[str, str]
    body: Any
    url: str
    """Address of the API and the path, for links."""
    authorization: str
    token: Token | None = None
    parameters: dict[str, str] = field(default_factory=dict)
    found: Record | None = None

    def __getitem__(self, name: str) -> str:
        """Return a part of the path."""
        return self.parameters[name]

    @property
    def repository(self) -> Record:
        """The repository that the path names."""
        if self.found is None:
            raise not_found()
        return self.found

    def field(self, name: str, kind: type[Any] | tuple[type[Any], ...]) -> Any:
        """Return a field of the body. Raises RefusedError (422) where it is missing or of another type."""
        value = self.body.get(name) if isinstance(self.body, Mapping) else None
        if not isinstance(value, kind):
            raise RefusedError(422, f'Invalid request.\n\n"{name}" wasn\'t supplied or is of another type.')
        return value

    def page(self, items: list[Any], key: str = "", most: int = 100) -> Reply:
        """Return a page, and the link to the next one (GitHub docs, "Using pagination in the REST API")."""
        size = max(1, min(int(self.query.get("per_page", 30)), most))
        number = max(1, int(self.query.get("page", 1)))
        part = items[(number - 1) * size : number * size]
        headers = {}
        if number * size < len(items):
            others = "".join(
                f"&{name}={value}" for name, value in self.query.items() if name not in ("page", "per_page")
            )
            headers["link"] = f'<{self.url}?per_page={size}&page={number + 1}{others}>; rel="next"'
        return Reply(body={"total_count": len(items), key: part} if key else part, headers=headers)


Handler = Callable[[Call], Reply]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Route:
    handler: Handler
    needs: Needs | str


_ROUTES: dict[str, _Route] = {}
_MAP = Map(strict_slashes=True, merge_slashes=False)


def route(method: str, path: str, needs: Needs | str) -> Callable[[Handler], Handler]:
    """Register a handler. `needs` are the permissions that GitHub's docs list for the route, or APP."""

    def register(handler: Handler) -> Handler:
        name = f"{method} {path}"
        _ROUTES[name] = _Route(handler=handler, needs=needs)
        _MAP.add(Rule(path, endpoint=name, methods=[method]))
        return handler

    return register


def routes() -> list[str]:
    """Return every route, `GET /repos/<owner>/<repo>`."""
    return sorted(_ROUTES)


def answer(call: Call, path: str) -> Reply:
    """Find the route, check the caller, and do it."""
    try:
        name, parameters = _MAP.bind("github").match(path, method=call.method)
    except (NotFound, MethodNotAllowed):
        raise not_found() from None
    call.parameters = {key: str(value) for key, value in parameters.items()}
    found = _ROUTES[name]
    if found.needs == APP:
        call.keys.check_app(call.authorization, call.store.clock())
        return found.handler(call)
    call.token = call.keys.token(call.authorization, call.store.clock())
    if "repo" in call.parameters:
        call.found = _visible(call, call.token)
    # The same permission of a repository says nothing about another one: `_visible` comes first.
    if isinstance(found.needs, Mapping) and not all(call.token.allows(*need) for need in found.needs.items()):
        raise not_accessible()
    if call.found is not None and call.found["archived"] and call.method != "GET" and name not in STILL_POSSIBLE:
        raise RefusedError(403, "Repository was archived so is read-only.")
    return found.handler(call)


def _visible(call: Call, token: Token) -> Record:
    repository = call.store.by_name(call["repo"])
    if repository is None or call["owner"].lower() != call.store.organization.lower():
        raise not_found()
    check_seen(call, token, repository)
    return repository


def check_seen(call: Call, token: Token, repository: Record) -> None:
    """Raise RefusedError (404) where the token does not cover the repository, or GitHub does not show it yet."""
    if not token.sees(repository["id"]) and (repository["private"] or call.method != "GET"):
        raise not_found() if repository["private"] else not_accessible()
    if repository["hidden_reads"] and call.method == "GET":
        repository["hidden_reads"] -= 1
        raise not_found()
