"""All routes of the JSON API, below /api/v1."""

from fastapi import APIRouter

from portal.api import account, operations, stacks

PREFIX = "/api/v1"


def api_router() -> APIRouter:
    """Return the routes. They find the portal in `app.state.portal`, and who calls by `portal.web.edge`."""
    routes = APIRouter(prefix=PREFIX)
    for part in (stacks.routes, operations.routes, stacks.model_routes, account.routes):
        routes.include_router(part)
    return routes
