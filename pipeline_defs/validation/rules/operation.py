"""How jobs are run: retried when AWS falters, stopped when they hang, with the roles and tags of the settings."""

from collections.abc import Iterator, Mapping
from typing import Any

from pipeline_defs.validation.finding import show
from pipeline_defs.validation.model import shapes
from pipeline_defs.validation.outline import Step
from pipeline_defs.validation.rules.context import JOB_STEPS, Broken, Context, Rule
from pipeline_defs.validation.step_types import STEP_TYPES

RETRIED = ("Step.SERVICE_FAULT", "Step.THROTTLING", "SageMaker.CAPACITY_ERROR")
"""Exception types that say nothing about the job itself, so every job step tries again on them."""

_ROLES = ("RoleArn", "ExecutionRoleArn")


def _retry(context: Context) -> Iterator[Broken]:
    for step in context.outline.of_type(*JOB_STEPS):
        if not STEP_TYPES[step.type].retryable:
            continue
        policies = step.body.get("RetryPolicies")
        covered: set[object] = set()
        for policy in policies if isinstance(policies, list) else []:
            types = policy.get("ExceptionType") if isinstance(policy, Mapping) else None
            covered |= {name for name in types if isinstance(name, str)} if isinstance(types, list) else set()
        missing = [name for name in RETRIED if name not in covered]
        if missing:
            message = f"the step is not retried on {', '.join(missing)}"
            yield step, "RetryPolicies", message, "add a policy with ExceptionType, an interval and a limit"


def _runtime(context: Context) -> Iterator[Broken]:
    most = context.settings.max_runtime_seconds
    for job in context.jobs("training", "processing"):
        seconds = job.get("StoppingCondition", "MaxRuntimeInSeconds")
        if not isinstance(seconds, int) or isinstance(seconds, bool) or not 0 < seconds <= most:
            state = "has no longest run" if seconds is None else f"may run for {show(seconds)} s"
            path = job.at("StoppingCondition", "MaxRuntimeInSeconds")
            yield (
                job.step,
                path,
                f"the job {state}",
                f"set a literal of at most {most}, the settings' max_runtime_seconds",
            )


def _role(context: Context) -> Iterator[Broken]:
    known = context.settings.role_arns
    places: list[tuple[Step, str, Mapping[str, Any]]] = [
        (step, "Arguments", step.arguments) for step in context.outline.steps if step.type in STEP_TYPES
    ]
    places += [(job.step, job.path, job.body) for job in context.jobs() if job.path != "Arguments"]
    for step, path, body in places:
        for key in _ROLES:
            if key in body and body[key] not in known.values():
                message = f"{show(body[key])} is none of the pipeline's roles"
                yield step, f"{path}.{key}", message, f"use the role of {', '.join(sorted(known))}"


def _tags(context: Context) -> Iterator[Broken]:
    for step in context.outline.steps:
        kind = STEP_TYPES.get(step.type)
        request = kind.request if kind else None
        # A version in a group takes the group's tags, and the API refuses its own.
        if request is None or step.type == "RegisterModel":
            continue
        if "Tags" not in shapes("sagemaker")[request].get("members", {}):
            continue
        carried = {str(tag.get("Key")): tag.get("Value") for tag in step.items("Tags")}
        for key, value in sorted(context.settings.tags.items()):
            if carried.get(key) != value:
                message = f"the tag {key!r} is {show(carried.get(key)) if key in carried else 'absent'}"
                yield step, "Arguments.Tags", message, f"tag it {key}={value}"


RULES = (
    Rule(id="retry.missing", about="Every job step is retried when AWS falters.", check=_retry),
    Rule(id="runtime.limit", about="Every job has a longest run within the settings'.", check=_runtime),
    Rule(id="role.known", about="Jobs run under the roles of the settings.", check=_role),
    Rule(id="tag.missing", about="Every job carries the tags of the settings.", check=_tags),
)
