"""The API's description as a document: `python -m portal.api.openapi > docs/reference/portal-api.json`."""

import json
import sys
from functools import cache
from typing import Any

from fastapi import FastAPI

TITLE = "MLOps platform portal"
VERSION = "1"
ABOUT = """Preview, approve, deploy and watch the stacks of the platform.

Programs authenticate with `Authorization: Bearer <API token>`, which the portal's page Tokens makes. Failures are
`application/problem+json` (RFC 9457). docs/portal-api.md has examples."""
PROBLEM: dict[str, Any] = {
    "description": "A problem (RFC 9457).",
    "content": {
        "application/problem+json": {
            "schema": {
                "type": "object",
                "required": ["type", "title", "status", "detail"],
                "properties": {
                    "type": {"type": "string"},
                    "title": {"type": "string"},
                    "status": {"type": "integer"},
                    "detail": {"type": "string", "description": "For people: what is wrong, and what to do."},
                    "request_id": {"type": "string", "description": "Finds the request in the portal's log."},
                    "problems": {
                        "type": "array",
                        "items": {
                            "type": "object",
                            "properties": {"path": {"type": "string"}, "message": {"type": "string"}},
                        },
                    },
                },
            }
        }
    },
}


def described(app: FastAPI) -> dict[str, Any]:
    """Return the description of an application that has the API's routes."""
    from fastapi.openapi.utils import get_openapi

    document = get_openapi(title=TITLE, version=VERSION, description=ABOUT, routes=app.routes)
    document["components"]["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
    document["components"]["responses"] = {"Problem": PROBLEM}
    document["security"] = [{"token": []}]
    for name in ("HTTPValidationError", "ValidationError"):  # FastAPI's own form of a failure, which is not ours
        document["components"]["schemas"].pop(name, None)
    for methods in document["paths"].values():
        for operation in methods.values():
            operation["responses"].pop("422", None)
            operation["responses"]["default"] = {"$ref": "#/components/responses/Problem"}
    return document


@cache
def document() -> str:
    """Return the description as it is committed."""
    from portal.api.router import api_router

    app = FastAPI()
    app.include_router(api_router())
    return json.dumps(described(app), indent=1, sort_keys=True, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    sys.stdout.write(document())
