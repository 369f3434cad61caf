"""A process of its own for one run of a function: `python -m local.engine_function_run ANSWER`, the request on stdin.

Imports nothing but the function, whose environment and modules are this process's. An answer that is not JSON fails
the function, as in Lambda.
"""

import importlib
import json
import sys
import time
import traceback
import types
from collections.abc import Mapping
from pathlib import Path
from typing import Any


def main(request: Mapping[str, Any], answer: Path) -> None:
    """Run the handler that the request names and write its result, or its error, into `answer`."""
    ends = time.monotonic() + request["timeout_seconds"]
    context = types.SimpleNamespace(
        **request["context"],
        identity=None,
        client_context=None,
        get_remaining_time_in_millis=lambda: max(0, int(1000 * (ends - time.monotonic()))),
    )
    module, _, name = request["handler"].rpartition(".")
    try:
        handler = getattr(importlib.import_module(module), name)
        text = json.dumps({"result": handler(request["event"], context)})
    except Exception as raised:  # noqa: BLE001  # whatever a handler raises is an error of the function
        traceback.print_exc()
        text = json.dumps({"error": f"{type(raised).__name__}: {raised}"})
    answer.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main(json.load(sys.stdin), Path(sys.argv[1]))
