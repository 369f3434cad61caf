"""Is an answer to a recorded request what it must be? Neither request nor answer is ever logged or recorded."""

import json
from typing import Any

from contracts.delivery_config import Smoke


def problems(smoke: Smoke, body: bytes, *, milliseconds: float) -> list[str]:
    """Return what is wrong with one answer, as sentences; `milliseconds` is how long it took."""
    try:
        document = json.loads(body)
    except ValueError:
        return ["the answer is no JSON"]
    found = []
    if smoke.max_latency_ms is not None and milliseconds > smoke.max_latency_ms:
        found.append(f"took {milliseconds:.0f} ms, {smoke.max_latency_ms} are allowed")
    if smoke.expect_label is not None and smoke.expect_label not in _labels(document):
        found.append("the label is not the one expected")
    return found


def _labels(document: Any) -> list[Any]:
    """Return the labels in an answer: of the handler of this platform (`predictions`), or of a bare object or list."""
    found = document.get("predictions", document) if isinstance(document, dict) else document
    entries = found if isinstance(found, list) else [found]
    return [entry.get("label") if isinstance(entry, dict) else entry for entry in entries]
