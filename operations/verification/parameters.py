"""The parameters that accounts, functions and repositories read."""

from operations.errors import told
from operations.verification.results import Result, Stage, judged

PART = "parameters"
BATCH = 10
"""GetParameters: the most names of one call."""


def check(stage: Stage) -> list[Result]:
    """Every published parameter is there and says something."""
    names, missing = sorted(stage.expected.parameters), []
    for start in range(0, len(names), BATCH):
        with told("read the published parameters"):
            answer = stage.client("ssm").get_parameters(Names=names[start : start + BATCH])
        missing += [*answer["InvalidParameters"], *(p["Name"] for p in answer["Parameters"] if not p["Value"].strip())]
    return [
        judged(
            PART,
            f"{len(names)} published parameters",
            f"missing or empty: {', '.join(sorted(missing))}" if missing else "",
            f"pulumi up --stack {stage.settings.environment.value}",
        )
    ]
