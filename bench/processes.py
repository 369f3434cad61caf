"""Fresh processes with a clean environment, timed from before their start."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bench.scenarios import ROOT

DROPPED = ("PYTHON", "AWS_", "PULUMI_", "COV_")


def environment(keep: Sequence[str] = ()) -> dict[str, str]:
    """Return this process's variables without those that change what Python does or where AWS is.

    `keep` names beginnings of `DROPPED` that stay: the engine finds its plugins by PULUMI_ ones.

    PYTHONDONTWRITEBYTECODE above all: without bytecode every run compiles the AWS provider anew, and that
    doubling of all times makes every ratio look good.
    """
    dropped = tuple(each for each in DROPPED if each not in keep)
    kept = {name: value for name, value in os.environ.items() if not name.startswith(dropped)}
    return {**kept, "PYTHONPATH": str(ROOT)}


def python(
    arguments: Sequence[str], *, folder: Path, codes: tuple[int, ...] = (0,), keep: Sequence[str] = ()
) -> tuple[Any, float, float]:
    """Run Python with `arguments` in `folder`; return the JSON it prints, when it was started, and when it had ended.

    Raises RuntimeError with the end of its stderr where the exit code is not one of `codes`.
    """
    before = time.monotonic()
    done = subprocess.run(
        [sys.executable, *arguments], cwd=folder, env=environment(keep), capture_output=True, text=True, check=False
    )
    after = time.monotonic()
    if done.returncode not in codes:
        raise RuntimeError(f"{' '.join(arguments)} ended with {done.returncode}:\n{done.stderr[-2000:]}")
    return json.loads(done.stdout), before, after
