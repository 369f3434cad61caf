"""The environment: its size on disk, what is left out of it, and the machine."""

import os
import platform
import re
import tomllib
from importlib import metadata
from pathlib import Path
from typing import Any

from bench.scenarios import ROOT

SDKS = ("pulumi", "pulumi-aws", "sagemaker", "boto3")
PINNED = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._-]*)(?:\[[^]]*\])?==", re.MULTILINE)


def size(root: Path = ROOT) -> dict[str, Any]:
    """Return what `requirements.txt` takes on disk, in MB by distribution, bytecode excluded.

    A distribution that is pinned for another platform or Python only is not installed and not counted.
    """
    pinned = PINNED.findall((root / "requirements.txt").read_text(encoding="utf-8"))
    sizes, absent = {}, []
    for name in pinned:
        try:
            sizes[name] = _megabytes(metadata.distribution(name))
        except metadata.PackageNotFoundError:
            absent.append(name)
    left_out = _left_out(root)
    return {
        "megabytes": sum(sizes.values()),
        "distributions": len(sizes),
        "not_for_this_platform": absent,
        "largest": dict(sorted(sizes.items(), key=lambda item: -item[1])[:5]),
        "left_out": left_out,
        "left_out_but_installed": [name for name in left_out if _installed(name)],
    }


def _megabytes(distribution: metadata.Distribution) -> float:
    """What RECORD lists, as it is on disk."""
    files = [Path(str(path.locate())) for path in distribution.files or [] if path.suffix != ".pyc"]
    return sum(file.stat().st_size for file in files if file.is_file()) / 1e6


def _left_out(root: Path) -> list[str]:
    overrides = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["uv"]
    return sorted(re.split(r"[\s;=<>]", entry)[0] for entry in overrides["override-dependencies"] if ";" in entry)


def _installed(name: str) -> bool:
    try:
        metadata.distribution(name)
    except metadata.PackageNotFoundError:
        return False
    return True


def facts() -> dict[str, Any]:
    """Return what the numbers were measured on."""
    return {
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "cores": os.cpu_count(),
        "load": round(os.getloadavg()[0], 2),
        "versions": {name: metadata.version(name) for name in SDKS},
    }
