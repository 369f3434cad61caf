"""Example settings, and composing in a process of its own (the SDK replaces parts of boto3 where it is prepared)."""

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from pipeline_defs.settings import PipelineSettings
from pipeline_defs.worker_process import environment

ROOT = Path(__file__).parents[2]

PROGRAM = """
import sys
from pipeline_defs.settings import PipelineSettings, canonical
from pipeline_defs.worker import compose
for line in sys.stdin:
    sys.__stdout__.write(canonical(compose(PipelineSettings.from_json(line))) + chr(10))
"""

EXAMPLE = PipelineSettings(
    model="fraud-detector",
    environment="dev",
    region="us-east-1",
    pipeline="tabular_classification",
    pipeline_name="acme-risk-dev-us-east-1-fraud-detector",
    role_arns={
        role: f"arn:aws:iam::111111111111:role/acme-risk-dev-us-east-1-{role}"
        for role in ("pipeline", "processing", "training")
    },
    model_package_group="acme-risk-dev-us-east-1-fraud-detector",
    artifact_bucket="acme-risk-dev-us-east-1-artifacts-111111111111",
    input_data_uri="s3://acme-risk-dev-us-east-1-data-111111111111/latest/",
    training_image="111111111111.dkr.ecr.us-east-1.amazonaws.com/acme-risk-training:dev",
    gate={"accuracy": 0.8},
    approval_status="Approved",
    data_schema="fraud_detector",
    preprocessing_instance="ml.m5.large",
    training_instance="ml.m5.xlarge",
    evaluation_instance="ml.m5.large",
    inference_instance="ml.m5.xlarge",
    volume_gb=30,
    max_runtime_seconds=7200,
    tags={"Environment": "dev", "Owner": "ml-platform@example.com"},
)
CHURN = replace(
    EXAMPLE,
    model="churn",
    pipeline_name="acme-risk-dev-us-east-1-churn",
    model_package_group="acme-risk-dev-us-east-1-churn",
    input_data_uri="s3://acme-risk-dev-us-east-1-data-111111111111/churn/latest/",
    data_schema="breast_cancer",
)
PROD = replace(
    EXAMPLE,
    environment="prod",
    gate={"accuracy": 0.9, "recall": 0.5},
    approval_status="PendingManualApproval",
    training_image=f"111111111111.dkr.ecr.us-east-1.amazonaws.com/acme-risk-training@sha256:{'ab' * 32}",
    hyperparameters={"max_leaf_nodes": "31", "max_iterations": "5", "learning_rate": "0.3"},
)


def run(program, stdin="", *, cwd=None, flags=("-s", "-P"), **variables):
    """Run a Python program with the worker's environment; its stdout. Fails with its stderr."""
    with TemporaryDirectory() as home:
        done = subprocess.run(
            [sys.executable, *flags, "-c", program],
            input=stdin,
            text=True,
            capture_output=True,
            cwd=cwd or home,
            env=environment(Path(home)) | variables,
            check=False,
            timeout=180,
        )
    assert done.returncode == 0, f"the program failed:\n{done.stderr[-4000:]}"
    return done.stdout


def compose_texts(*settings, before="", **options):
    """Compose each in one new process, after running `before` in it; the canonical texts."""
    return run(before + PROGRAM, "".join(f"{item.to_json()}\n" for item in settings), **options).splitlines()


@cache
def documents():
    """The definitions of the three examples: (EXAMPLE, PROD, CHURN)."""
    return tuple(json.loads(text) for text in compose_texts(EXAMPLE, PROD, CHURN))


def steps(document) -> dict:
    """All steps by name, those inside conditions too."""

    def walk(items) -> Iterator[tuple[str, dict]]:
        for step in items:
            yield step["Name"], step
            if step["Type"] == "Condition":
                yield from walk(step["Arguments"]["IfSteps"])
                yield from walk(step["Arguments"]["ElseSteps"])

    return dict(walk(document["Steps"]))


def leaves(node, path="$"):
    """Every (path, value) of a JSON document that is not an object or a list."""
    if isinstance(node, dict):
        for key, child in node.items():
            yield from leaves(child, f"{path}.{key}")
    elif isinstance(node, list):
        for index, child in enumerate(node):
            yield from leaves(child, f"{path}[{index}]")
    else:
        yield path, node
