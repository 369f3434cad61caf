"""A Processing step: inputs from S3, the entrypoint as a process, outputs to S3, properties as Describe has them."""

from collections.abc import Mapping
from typing import Any

from local.runner.container import Job
from local.runner.errors import StepError
from local.runner.jobs import Workshop, execute, limit_of, resources, write_json
from local.runner.parameters import text_of
from local.runner.record import StepRecord


def run(arguments: Mapping[str, Any], job: Job, workshop: Workshop, record: StepRecord) -> dict[str, Any]:
    """Run the job and return its properties. `arguments` are those of CreateProcessingJob, fully evaluated."""
    specification = arguments["AppSpecification"]
    command = workshop.images.command(
        job.image,
        [text_of(word) for word in specification.get("ContainerEntrypoint") or []],
        [text_of(word) for word in specification.get("ContainerArguments") or []],
        [],
    )
    for item in arguments.get("ProcessingInputs") or []:
        _fetch(item, job, workshop, record)
    outputs = (arguments.get("ProcessingOutputConfig") or {}).get("Outputs") or []
    for output in outputs:  # the service makes these folders, and scripts rely on it
        job.path(_s3_output(output)["LocalPath"]).mkdir(parents=True, exist_ok=True)
    own = {name: text_of(value) for name, value in (arguments.get("Environment") or {}).items()}
    instance = (arguments.get("ProcessingResources") or {}).get("ClusterConfig", {}).get("InstanceType", "ml.m5.large")
    write_json(
        job.root / "config" / "processingjobconfig.json",
        {**arguments, "ProcessingJobArn": job.arn, "ProcessingJobName": job.name, "Environment": own},
    )
    write_json(job.root / "config" / "resourceconfig.json", resources(instance))
    message = execute(
        job,
        command,
        workshop=workshop,
        record=record,
        own=own,
        extra={"PROCESSING_JOB_ARN": job.arn, "PROCESSING_JOB_NAME": job.name},
        limit=limit_of(arguments),
        messages=[job.root / "output" / "message", job.root / "output" / "failure"],
    )
    for output in outputs:
        s3 = _s3_output(output)
        sent = workshop.storage.upload(output["OutputName"], job.path(s3["LocalPath"]), s3["S3Uri"])
        record.outputs += [transfer.to_json() for transfer in sent]
    return _properties(arguments, job, outputs, message)


def _fetch(item: Mapping[str, Any], job: Job, workshop: Workshop, record: StepRecord) -> None:
    name, source = item["InputName"], item.get("S3Input")
    if source is None:
        raise StepError(f"input {name}: only an S3Input can be read on this machine, not {', '.join(item)}")
    folder = job.path(source["LocalPath"])
    source = {**source, "CompressionType": source.get("S3CompressionType")}
    record.inputs += [t.to_json() for t in workshop.storage.download(name, source, folder)]
    job.rewrite_code(folder)


def _s3_output(output: Mapping[str, Any]) -> Mapping[str, Any]:
    s3 = output.get("S3Output")
    if s3 is None:
        raise StepError(f"output {output['OutputName']}: only an S3Output can be written on this machine")
    return dict(s3)


def _properties(arguments: Mapping[str, Any], job: Job, outputs: list[dict[str, Any]], message: str) -> dict[str, Any]:
    config = dict(arguments.get("ProcessingOutputConfig") or {})
    # Describe returns lists; a pipeline's references see maps by name: Outputs['train'].
    config["Outputs"] = {output["OutputName"]: output for output in outputs}
    return {
        **arguments,
        "ProcessingInputs": {i["InputName"]: i for i in arguments.get("ProcessingInputs") or []},
        "ProcessingOutputConfig": config,
        "ProcessingJobName": job.name,
        "ProcessingJobArn": job.arn,
        "ProcessingJobStatus": "Completed",
        **({"ExitMessage": message} if message else {}),
    }
