"""Jobs of pipelines, and models, run enclosed and encrypted."""

from collections.abc import Iterator, Mapping
from typing import Any

from policy.documents import decoded
from policy.model import Checked, Rule, Stack

Step = Mapping[str, Any]


def _check(resource: Checked, _: Stack) -> Iterator[str]:
    if resource.short_type == "sagemaker:Model":
        if not resource.has("vpcConfig") and not resource.value("enableNetworkIsolation"):
            yield "it runs in SageMaker's network, with a way to the internet"
        return
    definition = resource.value("pipelineDefinition")
    if definition is None:
        return  # by location in S3: judged where it is composed
    for step in _steps(decoded(definition).get("Steps", [])):
        for fault in _faults(step):
            yield f"step {step.get('Name')} {fault}"


def _steps(steps: list[Step]) -> Iterator[Step]:
    for step in steps:
        yield step
        arguments = step.get("Arguments")
        for branch in ("IfSteps", "ElseSteps"):
            yield from _steps((arguments or {}).get(branch, []) if isinstance(arguments, dict) else [])


def _faults(step: Step) -> Iterator[str]:
    if step.get("Type") not in ("Training", "Processing"):
        return
    job = step["Arguments"]
    network = job if step["Type"] == "Training" else job.get("NetworkConfig") or {}
    machines = (
        job.get("ResourceConfig")
        if step["Type"] == "Training"
        else job.get("ProcessingResources", {}).get("ClusterConfig")
    )
    results = job.get("OutputDataConfig") if step["Type"] == "Training" else job.get("ProcessingOutputConfig")
    if not network.get("VpcConfig") and not network.get("EnableNetworkIsolation"):
        yield "runs in SageMaker's network, with a way to the internet"
    if not (machines or {}).get("VolumeKmsKeyId"):
        yield "writes to a volume without a customer key"
    if results and not results.get("KmsKeyId"):
        yield "writes results without a customer key"


RULE = Rule(
    id="enclosed-jobs",
    forbids="job or model outside the VPC or without a customer key",
    why="A job's code is what somebody wrote last week; the network and the key are what bounds it.",
    fix="build the job with pipeline_defs/jobs.py, which sets network, volume key and output key",
    types=("sagemaker:Model", "sagemaker:Pipeline"),
    check=_check,
)
