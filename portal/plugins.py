"""Which provider plugins the program needs: the versions of the installed packages, and whether they are there.

Each Pulumi package says which plugin belongs to it in its `pulumi-plugin.json`; the language host reads the same file,
so the version pinned in requirements.txt is the only place where one is written.
"""

import json
import os
import shutil
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path


def version_of(name: str) -> str:
    """Return the version of provider `name` (aws, github) that the installed package names.

    Raises LookupError where the package is not installed.
    """
    spec = find_spec(f"pulumi_{name}")
    if spec is None or spec.origin is None:
        raise LookupError(f"plugin {name!r}: the package pulumi-{name} is not installed; run `make install`")
    described = json.loads((Path(spec.origin).parent / "pulumi-plugin.json").read_text(encoding="utf-8"))
    version: str = described["version"]
    return version


def is_there(name: str, version: str, environment: Mapping[str, str]) -> bool:
    """Return whether the engine would find the plugin: attached, on PATH, or installed in this version."""
    attached = environment.get("PULUMI_DEBUG_PROVIDERS", "")
    if any(entry.partition(":")[0].strip() == name for entry in attached.split(",")):
        return True
    if shutil.which(f"pulumi-resource-{name}", path=environment.get("PATH", "")):
        return True
    return (plugins_folder(environment) / f"resource-{name}-v{version}").is_dir()


def plugins_folder(environment: Mapping[str, str]) -> Path:
    """Return where the CLI installs plugins."""
    home = environment.get("PULUMI_HOME") or str(Path(environment.get("HOME") or os.path.expanduser("~")) / ".pulumi")  # noqa: PTH111
    return Path(home) / "plugins"
