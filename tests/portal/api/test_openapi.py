"""The committed description of the API, and that the API is as described."""

import json
from pathlib import Path

from portal.api import openapi

COMMITTED = Path(__file__).parents[3] / "docs" / "reference" / "portal-api.json"


def test_the_committed_description_is_fresh():
    assert COMMITTED.read_text(encoding="utf-8") == openapi.document(), "the API changed: run make schema"


def test_the_portal_serves_what_is_committed(site):
    assert site.browser().get("/api/v1/openapi.json").json() == json.loads(COMMITTED.read_text(encoding="utf-8"))


def test_every_operation_says_what_it_does_and_how_it_fails():
    document = json.loads(COMMITTED.read_text(encoding="utf-8"))
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            assert operation["description"], (path, method)
            assert operation["responses"]["default"] == {"$ref": "#/components/responses/Problem"}, (path, method)
    assert "application/problem+json" in document["components"]["responses"]["Problem"]["content"]
    assert document["security"] == [{"token": []}]
