"""What GitHub's runners and SageMaker's workers do for a project, here: its tests, its train job, its run."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from local.aws import identity
from local.project_world import ProjectWorld
from local.runner import definition as definitions
from local.runner import images
from local.runner.engine import Runner
from local.runner.record import RunRecord

TRAIN = ".github/workflows/train.yml"
SHARED_TESTS = "tests/library"
"""Tests of what the platform puts into every repository; the platform's own suite runs them."""
EXPRESSION = re.compile(r"\$\{\{\s*(vars|inputs|github)\.([\w-]+)\s*\}\}")


class JobError(Exception):
    """A job failed; the message is the end of what it printed."""


def run_tests(checkout: Path) -> str:
    """Run a repository's own tests as its Makefile does, in the present environment; return pytest's last line."""
    printed = _python(checkout, ["-m", "pytest", "-q", f"--ignore={SHARED_TESTS}"], {})
    return next(line for line in reversed(printed.splitlines()) if line.strip())


def run_train_job(world: ProjectWorld, repository: str, checkout: Path, environment: str) -> str:
    """Do what the shared workflow `train` does on a merge to main; return what the job reports.

    The job's variables are those that the workflow's file asks for, as GitHub would fill them in from repository and
    environment; its credentials are of the deploy role in the environment's account. Raises JobError.
    """
    record = world.hub.repository(repository)
    variables = {
        name: str(variable["value"])
        for found in (record["variables"], record["environments"][environment]["variables"])
        for name, variable in found.items()
    }
    github = {"sha": record["refs"]["refs/heads/main"], "run_id": "1", "run_attempt": "1"}
    given = {"vars": variables, "inputs": {"environment": environment}, "github": github}
    job = {name: _filled(value, given) for name, value in _variables_of_job(world).items()}
    role = variables["AWS_DEPLOY_ROLE_ARN"].rsplit("/", 1)[-1]
    settings = world.settings[environment]
    keys = identity.keys_of(world.aws, settings.account, settings.region, role=role, session="train-1")
    signed_in = {
        "AWS_ACCESS_KEY_ID": keys["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": keys["SecretAccessKey"],
        "AWS_SESSION_TOKEN": keys["SessionToken"],
        "AWS_ENDPOINT_URL": world.aws.endpoint,
        "AWS_REGION": variables["AWS_REGION"],
        "GITHUB_SHA": github["sha"],
        "GITHUB_RUN_ID": github["run_id"],
        "GITHUB_RUN_ATTEMPT": github["run_attempt"],
    }
    return _python(checkout, ["-m", "training", "publish"], {**job, **signed_in}).strip()


def run_pipeline(world: ProjectWorld, project: str) -> RunRecord:
    """Do SageMaker's part: run the execution that was started last of the project's pipeline in dev."""
    settings, name = world.settings["dev"], world.development.pipeline(project)
    client: Any = world.delivery.client("sagemaker", "dev")
    described = client.describe_pipeline(PipelineName=name)
    started = client.list_pipeline_executions(PipelineName=name)["PipelineExecutionSummaries"]
    latest = max(started, key=lambda each: each["StartTime"])
    runner = Runner(aws=world.aws, account=settings.account, region=settings.region, images=images.load())
    return runner.run(
        definitions.read(json.loads(described["PipelineDefinition"])),
        pipeline=name,
        overrides={},
        role=described["RoleArn"],
        execution=latest["PipelineExecutionArn"],
    )


def _variables_of_job(world: ProjectWorld) -> Mapping[str, str]:
    """Return `env` of the step of the shared workflow that publishes."""
    github = world.settings["dev"].github
    name = github.workflows_repository if github is not None else "mlops-workflows"
    document = yaml.safe_load(world.hub.files(name)[TRAIN])
    steps = [step for job in document["jobs"].values() for step in job.get("steps", ())]
    found = next(step for step in steps if "publish" in str(step.get("run", "")))
    return {name: str(value) for name, value in found["env"].items()}


def _filled(value: str, given: Mapping[str, Mapping[str, str]]) -> str:
    """Return a value with its expressions replaced; what is not set is empty, as on GitHub."""
    return EXPRESSION.sub(lambda match: given[match.group(1)].get(match.group(2), ""), value)


def _python(folder: Path, words: list[str], variables: Mapping[str, str]) -> str:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "PYTEST_", "GITHUB_"))}
    nothing = {"AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull}
    done = subprocess.run(
        [sys.executable, *words],
        cwd=folder,
        env={
            **kept,
            **nothing,
            "PYTHONPATH": f"src{os.pathsep}.",
            "PYTHONDONTWRITEBYTECODE": "1",
            "AWS_EC2_METADATA_DISABLED": "true",
            **variables,
        },
        text=True,
        capture_output=True,
        check=False,
    )
    if done.returncode:
        raise JobError(f"python {' '.join(words)} ended with {done.returncode}:\n{(done.stdout + done.stderr)[-2000:]}")
    return done.stdout
