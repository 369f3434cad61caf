"""The policy pack that the engine runs: `pulumi preview --policy-pack policy`."""

import sys
from datetime import UTC, datetime
from pathlib import Path

# The engine runs this folder as a program; the rules are the package `policy` of the folder above.
sys.path[0] = str(Path(__file__).resolve().parent.parent)

from pulumi.runtime import get_config_env  # noqa: E402
from pulumi_policy import EnforcementLevel, PolicyPack  # noqa: E402

from policy.engine import Policies, surroundings_of  # noqa: E402
from policy.suppressions import read  # noqa: E402

if __name__ == "__main__":
    today = datetime.now(UTC).date()
    surroundings = surroundings_of(get_config_env(), today)
    PolicyPack(
        name="mlops",
        policies=Policies(surroundings, read(today)).all(),
        enforcement_level=EnforcementLevel.MANDATORY,
    )
