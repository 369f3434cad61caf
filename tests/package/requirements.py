"""Writes `package/requirements.txt`: what the host needs of the project's pinned dependencies, with their hashes.

.venv/bin/python -m tests.package.requirements > package/requirements.txt
"""

import re
import sys
from importlib.metadata import distribution

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.harness import ROOT

NEEDED = ("pulumi", "pulumi-aws")
HEAD = """\
# What the component host imports, out of ../requirements.txt. `pulumi package add` installs it where it makes the
# environment itself. Written by `.venv/bin/python -m tests.package.requirements > package/requirements.txt`.
"""


def closure(names):
    """The distributions that these need, themselves included, as installed."""
    found, waiting = set(), [canonicalize_name(name) for name in names]
    while waiting:
        name = waiting.pop()
        if name in found:
            continue
        found.add(name)
        for line in distribution(name).requires or ():
            requirement = Requirement(line)
            if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
                waiting.append(canonicalize_name(requirement.name))
    return found


def pins():
    """Each pin of the project by its name, with its hashes and without comments."""
    lines = [line for line in (ROOT / "requirements.txt").read_text().splitlines() if not line.strip().startswith("#")]
    blocks = re.split(r"\n(?=[A-Za-z0-9])", "\n".join(lines))
    return {canonicalize_name(re.split(r"[=\[ ;]", block, maxsplit=1)[0]): block.rstrip() for block in blocks if block}


def text():
    known = pins()
    return HEAD + "".join(f"{known[name]}\n" for name in sorted(closure(NEEDED)))


if __name__ == "__main__":
    sys.stdout.write(text())
