"""A process of its own: runs the project's `__main__.py` under the recorder, and prints when each phase began.

    python -m bench.run_program FOLDER SETTINGS.json

FOLDER holds a copy of `__main__.py`, so the definitions cache beside it is the caller's to keep cold or warm.
"""

import time

BEGAN = time.monotonic()  # before every other import: it is what the caller's clock is compared with

import gc  # noqa: E402
import json  # noqa: E402
import resource  # noqa: E402
import runpy  # noqa: E402
import sys  # noqa: E402
from collections.abc import Callable  # noqa: E402
from pathlib import Path  # noqa: E402
from types import ModuleType  # noqa: E402
from typing import Any  # noqa: E402


def _marked(function: Callable[..., Any], marks: dict[str, float], before: str, after: str) -> Callable[..., Any]:
    """Return `function`, noting the time of its first call and of its last return."""

    def call(*arguments: Any, **keywords: Any) -> Any:
        marks.setdefault(before, time.monotonic())
        result = function(*arguments, **keywords)
        marks[after] = time.monotonic()
        return result

    return call


def _phases(marks: dict[str, float]) -> dict[str, float]:
    return {
        "imports": marks["settings"] - marks["began"] + marks["wait"] - marks["started"],
        "settings": marks["start"] - marks["settings"],
        "definitions": marks["started"] - marks["start"] + marks["closed"] - marks["wait"],
        "registration": marks["ended"] - marks["closed"],
    }


def _cpu(who: int) -> float:
    usage = resource.getrusage(who)
    return usage.ru_utime + usage.ru_stime


def main(folder: Path, raw: dict[str, Any]) -> dict[str, Any]:
    """Run the program; return its times in seconds, its peak memory in MB and what it registered."""
    marks = {"began": BEGAN}
    # What the program imports first anyway. The names are replaced where it will look them up.
    import settings
    from local.recorder import record
    from pipeline_defs.composer import Composer

    wrapped: Any = Composer
    settings.settings_from_pulumi = _marked(settings.settings_from_pulumi, marks, "settings", "checked")
    start, wait, close = Composer.start, Composer.definition, Composer.close
    wrapped.start = staticmethod(_marked(start, marks, "start", "started"))
    wrapped.definition = _marked(wait, marks, "wait", "last")
    wrapped.close = _marked(close, marks, "wait", "closed")  # with no model nothing is waited for
    graph = record(
        lambda: runpy.run_path(str(folder / "__main__.py"), run_name="__main__"),
        stack=raw["environment"],
        config={"mlops:settings": raw},
        account=raw["accounts"][raw["environment"]],
        region=raw["region"],
    )
    marks["ended"] = time.monotonic()
    gc.disable()  # the recorder turns it on again; its first walk is no part of the program
    # Includes what the caller had before it started this process, which is a fraction of it: the caller stays small.
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    loaded = {
        name.split(".")[1]
        for name, module in sys.modules.items()
        # A module that nobody touched is still of the lazy type; packages are the ones that hold resources.
        if name.startswith("pulumi_aws.") and name.count(".") == 1 and type(module) is ModuleType
        if hasattr(module, "__path__")
    }
    return {
        "began": BEGAN,
        "ended": marks["ended"],
        "phases": _phases(marks),
        "cpu": _cpu(resource.RUSAGE_SELF) + _cpu(resource.RUSAGE_CHILDREN),
        "worker_cpu": _cpu(resource.RUSAGE_CHILDREN),
        "peak_mb": peak / (2**20 if sys.platform == "darwin" else 2**10),
        "registrations": len(graph.registrations),
        "aws_modules": sorted(loaded),
    }


if __name__ == "__main__":
    print(json.dumps(main(Path(sys.argv[1]), json.loads(Path(sys.argv[2]).read_text(encoding="utf-8")))))
