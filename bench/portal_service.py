"""A process of its own: what the portal adds to the engine's own start, and what people who watch cost it.

    python -m bench.portal_service REPEAT

The engine is the scripted worker of the tests, a process that starts as the real one does and needs no CLI. Prints
{"click": [..], "bare": [..]} in seconds, {"one": [..], "fifty": [..]} in MB of the service's process, and the events.
"""

import asyncio
import importlib
import json
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

# Untyped: programs of the tests, looked up when they are needed.
SERVER, WATCHING = "tests.portal.load.server", "tests.portal.load.watching"
RESOURCES = 2000
PEOPLE = 50
SAMPLED_EVERY = 0.02


def main(repeat: int) -> dict[str, Any]:
    """Measure `repeat` starts with and without the portal, and half as many operations with one and fifty watchers."""
    found: dict[str, Any] = {"people": PEOPLE, **_starts(repeat)}
    rounds = [(_watched(1), _watched(PEOPLE)) for _ in range(max(2, repeat // 2))]
    found["one"], found["fifty"] = ([each[n]["megabytes"] for each in rounds] for n in (0, 1))
    found["events"] = rounds[0][0]["events"]
    return found


def _starts(repeat: int) -> dict[str, list[float]]:
    """Measure from the click to the first event that a watcher sees, and the same of the engine alone, in turn."""
    found: dict[str, list[float]] = {"click": [], "bare": []}
    with (
        tempfile.TemporaryDirectory(prefix="mlops-bench-") as name,
        importlib.import_module(SERVER).world_of(Path(name) / "bare", 10) as world,
        importlib.import_module(WATCHING).portal_process(Path(name) / "portal", 10) as portal,
    ):
        for number in range(repeat + 1):
            before = time.monotonic()
            operation = world.portal.engines.of("dev").preview("dev")
            next(operation.events())
            bare = time.monotonic() - before
            operation.wait()
            before = time.monotonic()
            asked = portal.start(kind="preview", stack="dev")
            with portal.api.stream("GET", f"/api/v1/operations/{asked}/events") as stream:
                lines = stream.iter_lines()
                next(line for line in lines if line.startswith("data: "))
                click = time.monotonic() - before
                for _ in lines:  # to its end, so that it is over when the next one begins
                    continue
            if number:  # the first of each warms up
                found["bare"].append(bare)
                found["click"].append(click)
    return found


def _watched(people: int) -> dict[str, float]:
    """Return the most memory of a new service during one operation with so many watchers."""
    watching = importlib.import_module(WATCHING)
    with (
        tempfile.TemporaryDirectory(prefix="mlops-bench-") as name,
        watching.portal_process(Path(name), RESOURCES) as portal,
    ):
        asked = portal.start(kind="preview", stack="dev")
        watchers = [watching.Watcher(portal, asked) for _ in range(people)]
        most, over = [0.0], threading.Event()

        def sample() -> None:
            while not over.wait(SAMPLED_EVERY):
                most[0] = max(most[0], portal.megabytes)

        sampling = threading.Thread(target=sample)
        sampling.start()
        try:
            asyncio.run(_all(watchers))
        finally:
            over.set()
            sampling.join()
        counts = {len(watcher.seen) for watcher in watchers}
        if len(counts) != 1:
            raise RuntimeError(f"not all saw the same: {counts} events")
        return {"megabytes": most[0], "events": counts.pop()}


async def _all(watchers: list[Any]) -> None:
    await asyncio.gather(*[each.watch() for each in watchers])


if __name__ == "__main__":
    print(json.dumps(main(int(sys.argv[1]))))
