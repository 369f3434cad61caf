"""Jobs do not run with the rights of the pipeline that starts them."""

from collections.abc import Iterator

from policy.documents import decoded, named
from policy.model import Checked, Rule, Stack

KEYS = frozenset({"rolearn", "executionrolearn"})


def _check(pipeline: Checked, _: Stack) -> Iterator[str]:
    own = pipeline.value("roleArn")
    definition = pipeline.value("pipelineDefinition")
    if definition is None:
        return
    steps = decoded(definition).get("Steps", [])
    for path, role in named(steps, KEYS):
        if role == own:
            yield f"Steps.{path} is the pipeline's own role"


RULE = Rule(
    id="separate-job-role",
    forbids="job that has the rights of its pipeline",
    why="The pipeline's role may create jobs and register versions; code inside a job could approve itself with it.",
    fix="give the job role_arns['processing'] or ['training'] of the pipeline's settings",
    types=("sagemaker:Pipeline",),
    check=_check,
)
