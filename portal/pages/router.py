"""All pages of the portal, as one router."""

from fastapi import APIRouter
from fastapi.responses import HTMLResponse

from portal.pages import assets
from portal.pages.audit import AuditPages
from portal.pages.editor import EditorPages
from portal.pages.history import HistoryPages
from portal.pages.models import ModelPages
from portal.pages.operations import OperationPages
from portal.pages.reviews import ReviewPages
from portal.pages.site import Clock
from portal.pages.stacks import StackPages
from portal.pages.tokens import TokenPages
from portal.service.portal import Portal
from portal.web.sessions import Sessions

AREAS = (StackPages, OperationPages, HistoryPages, EditorPages, ModelPages, ReviewPages, TokenPages, AuditPages)


def pages_router(portal: Portal, sessions: Sessions, *, clock: Clock) -> APIRouter:
    """Return the pages. Who visits, and whether a form may be believed, is the edge's matter (`portal.web.edge`)."""
    router = APIRouter(default_response_class=HTMLResponse, include_in_schema=False)
    assets.add_to(router)
    for area in AREAS:
        area(portal, sessions, clock).add_to(router)
    return router
