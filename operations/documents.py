"""Small JSON documents in S3 that versions refer to: metrics and data manifests."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from operations.errors import DENIED, code_of, is_missing, told
from operations.session import Access

MOST_BYTES = 32 * 1024 * 1024
"""Ours: a manifest of a hundred thousand objects is smaller; what is larger is no document for a person."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Manifest:
    """What a run read."""

    uri: str
    rows: int | None
    objects: int
    digest: str
    """SHA-256 over place, version and content of every object: equal digests, equal data. 16 hexadecimal digits."""


class UnreadableDocumentError(Exception):
    """A document is gone, not ours to read, or not what it should be; the text says which. Only a part is unknown."""


def read_json(access: Access, uri: str) -> Any:
    """Return the JSON at an S3 URI. Raises UnreadableDocumentError, and OperationError where AWS is at fault."""
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    if not uri.startswith("s3://") or not bucket or not key:
        raise UnreadableDocumentError(f"{uri} is not the address of a file in S3")
    with told(f"read {uri}"):
        try:
            answer = access.client("s3").get_object(Bucket=bucket, Key=key)
        except ClientError as error:
            if is_missing(error):
                raise UnreadableDocumentError(f"{uri} is gone") from error
            if code_of(error) in DENIED:  # such as a file of the environment that a version was promoted from
                raise UnreadableDocumentError(f"{uri}: {access.caller} may not read it") from error
            raise
        if answer["ContentLength"] > MOST_BYTES:
            raise UnreadableDocumentError(f"{uri} takes {answer['ContentLength']} bytes; {MOST_BYTES} are read at most")
        body = answer["Body"].read()
    try:
        return json.loads(body)
    except ValueError as error:
        raise UnreadableDocumentError(f"{uri} is no JSON: {error}") from error


def metrics(document: object) -> dict[str, float]:
    """Return the numbers of SageMaker's Model Quality format (`{name: {"value": 0.9}}`) or of plain `{name: 0.9}`."""
    if not isinstance(document, Mapping):
        return {}
    sections = [
        value
        for name, value in document.items()
        if isinstance(value, Mapping) and (name == "metrics" or str(name).endswith("_metrics"))
    ]
    # Beside its sections the format has a number that is no metric: `version`.
    return {name: value for section in sections or [document] for name, value in _numbers(section)}


def _numbers(section: Mapping[str, Any]) -> Iterator[tuple[str, float]]:
    for name, value in section.items():
        content = value.get("value") if isinstance(value, Mapping) else value
        if isinstance(content, int | float) and not isinstance(content, bool):
            yield str(name), float(content)


def manifest(uri: str, document: object) -> Manifest:
    """Return what a data manifest says. Raises UnreadableDocumentError where it is none."""
    objects = document.get("objects") if isinstance(document, Mapping) else None
    if not isinstance(document, Mapping) or not isinstance(objects, list):
        raise UnreadableDocumentError(f"{uri} is no data manifest: it has no list `objects`")
    places = sorted(
        [str(part.get(name)) for name in ("bucket", "key", "version_id", "sha256")]
        for part in objects
        if isinstance(part, Mapping)
    )
    rows = document.get("rows")
    return Manifest(
        uri=uri,
        rows=rows if isinstance(rows, int) else None,
        objects=len(objects),
        digest=hashlib.sha256(json.dumps(places).encode()).hexdigest()[:16],
    )
