"""What the routes of the API ask for: the portal, the caller, the sessions."""

from typing import Annotated

from fastapi import Depends, Request

from portal.access.roles import Actor
from portal.service.portal import Portal
from portal.web.edge import api_actor, edge_of
from portal.web.sessions import Sessions


def _portal(request: Request) -> Portal:
    found: Portal = request.app.state.portal
    return found


def _sessions(request: Request) -> Sessions:
    return edge_of(request).sessions


The = Annotated[Portal, Depends(_portal)]
Who = Annotated[Actor, Depends(api_actor)]
Logins = Annotated[Sessions, Depends(_sessions)]
