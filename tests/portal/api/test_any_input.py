"""Whatever is sent to the API, the answer is one that was meant: no 500, no trace."""

import json
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from portal.api import openapi
from tests.portal.api.test_rights import ALL, Models
from tests.portal.pages import aws_values
from tests.portal.world import PortalWorld

DOCUMENT = json.loads(openapi.document())
SCHEMAS = DOCUMENT["components"]["schemas"]
OPERATIONS = [
    (method.upper(), path, operation)
    for path, methods in DOCUMENT["paths"].items()
    for method, operation in methods.items()
    if not path.endswith("/events")  # of an operation that waits for its turn: the stream has no end
]
ODD = st.sampled_from(
    ["", "dev", "prod", "review-x", "../../etc", "\0", "\ud800", "a" * 5000, "9" * 30, "-1", "*", "%s", "{}", "'", "é",
     "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "2026-01-01", "2026-01-01T00:00:00", "~", "2026~x"]
)  # fmt: skip
TEXT = ODD | st.text(max_size=30)
ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=5,
)


def of_schema(schema):
    """Values of a schema, and now and then others."""
    if "$ref" in schema:
        return of_schema(SCHEMAS[schema["$ref"].rpartition("/")[2]])
    if "const" in schema or "enum" in schema:
        return st.sampled_from(schema.get("enum") or [schema["const"]]) | ANY
    for several in ("anyOf", "oneOf"):
        if several in schema:
            return st.one_of(*map(of_schema, schema[several]))
    if schema.get("type") == "object":
        parts = {name: of_schema(each) for name, each in schema.get("properties", {}).items()}
        return st.fixed_dictionaries({}, optional=parts) | st.fixed_dictionaries(parts) | ANY
    kinds = {"integer": st.integers(), "boolean": st.booleans(), "string": TEXT}
    return kinds.get(schema.get("type"), ANY)


@st.composite
def requests(draw):
    method, path, operation = draw(st.sampled_from(OPERATIONS))
    query, headers = {}, {}
    for parameter in operation.get("parameters", ()):
        value = draw(TEXT)
        if parameter["in"] == "path":
            path = path.replace("{" + parameter["name"] + "}", quote(value.encode("utf-8", "replace"), safe=""))
        elif parameter["in"] == "query" and draw(st.booleans()):
            query[parameter["name"]] = value.encode("utf-8", "replace")
        elif draw(st.booleans()):
            headers[parameter["name"]] = value.encode("utf-8", "replace").replace(b"\n", b"").replace(b"\r", b"")
    body = None
    if "requestBody" in operation:
        wanted = operation["requestBody"]["content"]["application/json"]["schema"]
        body = json.dumps(draw(of_schema(wanted))).encode() if draw(st.integers(0, 9)) else draw(st.binary(max_size=20))
    return method, path, query, headers, body


@pytest.fixture(scope="module")
def admin(shared):
    portal = shared.begun().world.portal
    portal.models, portal.projects = Models(), aws_values.Projects()
    return shared.program(PortalWorld.admin, *ALL)


@settings(max_examples=30, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(request=requests())
def test_no_input_makes_the_api_fail(admin, request):
    method, path, query, headers, body = request
    sent = (
        {"content": body, "headers": {"content-type": "application/json", **headers}}
        if body is not None
        else {"headers": headers}
    )
    answer = admin.request(method, path, params=query, **sent)
    assert answer.status_code < 500, (request, answer.text)
    if answer.status_code >= 400:
        assert answer.headers["content-type"] == "application/problem+json"
        assert "Traceback" not in answer.text
