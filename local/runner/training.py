"""A Training step: channels from S3, the training contract of /opt/ml, the model as model.tar.gz in S3."""

import json
import os
import re
import tarfile
from collections.abc import Iterator, Mapping
from io import BytesIO
from pathlib import Path
from typing import Any

from local.runner.container import Job
from local.runner.errors import StepError
from local.runner.jobs import Workshop, execute, limit_of, resources, write_json
from local.runner.parameters import text_of
from local.runner.record import StepRecord

PROGRAM, SOURCE = "sagemaker_program", "sagemaker_submit_directory"


def run(arguments: Mapping[str, Any], job: Job, workshop: Workshop, record: StepRecord) -> dict[str, Any]:
    """Run the job and return its properties. `arguments` are those of CreateTrainingJob, fully evaluated."""
    specification = arguments["AlgorithmSpecification"]
    hyperparameters = {name: text_of(value) for name, value in (arguments.get("HyperParameters") or {}).items()}
    channels = list(arguments.get("InputDataConfig") or [])
    entrypoint = [text_of(word) for word in specification.get("ContainerEntrypoint") or []]
    script = [] if entrypoint else _toolkit_script(hyperparameters, job, workshop, record)
    command = workshop.images.command(
        job.image, entrypoint, [text_of(word) for word in specification.get("ContainerArguments") or []], script
    )
    for channel in channels:
        source = channel["DataSource"].get("S3DataSource")
        if source is None:
            raise StepError(f"channel {channel['ChannelName']}: only an S3DataSource can be read on this machine")
        folder = job.root / "input" / "data" / channel["ChannelName"]
        source = {**source, "CompressionType": channel.get("CompressionType")}
        record.inputs += [t.to_json() for t in workshop.storage.download(channel["ChannelName"], source, folder)]
        job.rewrite_code(folder)
    for part in ("model", "output/data", "code"):
        (job.root / part).mkdir(parents=True, exist_ok=True)
    instance = (arguments.get("ResourceConfig") or {}).get("InstanceType", "ml.m5.xlarge")
    inputs = _channel_config(channels, specification)
    configuration = job.root / "input" / "config"
    write_json(configuration / "hyperparameters.json", hyperparameters)
    write_json(configuration / "inputdataconfig.json", inputs)
    write_json(configuration / "resourceconfig.json", resources(instance))
    execute(
        job,
        command,
        workshop=workshop,
        record=record,
        own={name: text_of(value) for name, value in (arguments.get("Environment") or {}).items()},
        extra={
            "TRAINING_JOB_NAME": job.name,
            "TRAINING_JOB_ARN": job.arn,
            **toolkit_environment(job.root, hyperparameters, inputs, instance),
        },
        limit=limit_of(arguments),
        messages=[job.root / "output" / "failure"],
    )
    record.metrics = final_metrics(specification.get("MetricDefinitions") or [], job.log)
    return _finish(arguments, job, workshop, record)


def _finish(arguments: Mapping[str, Any], job: Job, workshop: Workshop, record: StepRecord) -> dict[str, Any]:
    base = f"{arguments['OutputDataConfig']['S3OutputPath'].rstrip('/')}/{job.name}/output"
    artifact = f"{base}/model.tar.gz"
    record.outputs.append(workshop.storage.write("model", artifact, archive(job.root / "model")).to_json())
    if any((job.root / "output" / "data").iterdir()):
        data = archive(job.root / "output" / "data")
        record.outputs.append(workshop.storage.write("output", f"{base}/output.tar.gz", data).to_json())
    return {
        **arguments,
        "InputDataConfig": {c["ChannelName"]: c for c in arguments.get("InputDataConfig") or []},
        "TrainingJobName": job.name,
        "TrainingJobArn": job.arn,
        "TrainingJobStatus": "Completed",
        "SecondaryStatus": "Completed",
        "ModelArtifacts": {"S3ModelArtifacts": artifact},
        "FinalMetricDataList": {n: {"MetricName": n, "Value": v} for n, v in record.metrics.items()},
    }


def archive(folder: Path) -> bytes:
    """Return the files of `folder` as a tar.gz whose bytes depend on names and content only, so that its hash tells."""
    import gzip

    raw = BytesIO()
    with tarfile.open(fileobj=raw, mode="w") as tar:
        for path in sorted(folder.rglob("*")):
            member = tar.gettarinfo(path, arcname=path.relative_to(folder).as_posix())
            member.mtime = member.uid = member.gid = 0
            member.uname = member.gname = ""
            if path.is_file():
                with path.open("rb") as file:
                    tar.addfile(member, file)
            else:
                tar.addfile(member)
    return gzip.compress(raw.getvalue(), compresslevel=6, mtime=0)


def final_metrics(definitions: list[dict[str, str]], log: Path) -> dict[str, float]:
    """Return the last value of each metric that a definition's regular expressions find in the log."""
    text = log.read_text(encoding="utf-8", errors="replace") if definitions and log.is_file() else ""
    found = {d["Name"]: re.findall(d["Regex"], text) for d in definitions}
    return {name: float(values[-1]) for name, values in found.items() if values}


def _channel_config(channels: list[dict[str, Any]], specification: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    mode = specification.get("TrainingInputMode", "File")
    if mode not in {"File", "FastFile"}:
        raise StepError(f"TrainingInputMode {mode}: a pipe cannot be had on this machine; File and FastFile can")
    return {
        c["ChannelName"]: {
            "TrainingInputMode": mode,
            "S3DistributionType": "FullyReplicated",
            "RecordWrapperType": c.get("RecordWrapperType", "None"),
            **({"ContentType": c["ContentType"]} if c.get("ContentType") else {}),
        }
        for c in channels
    }


def _toolkit_script(hyperparameters: Mapping[str, str], job: Job, workshop: Workshop, record: StepRecord) -> list[str]:
    """Unpack what the training toolkit of the AWS images would (script mode), and return the script's command line."""
    program, source = (_decoded(hyperparameters.get(name, "")) for name in (PROGRAM, SOURCE))
    if not (program and source):
        return []
    code = job.root / "code"
    code.mkdir(parents=True, exist_ok=True)
    with tarfile.open(fileobj=BytesIO(workshop.storage.read(str(source)))) as tar:
        tar.extractall(code, filter="data")
    record.inputs += [{"name": "code", "uri": str(source)}]
    job.rewrite_code(code)
    return [str(code / str(program)), *user_arguments(hyperparameters)]


def _decoded(text: str) -> Any:  # JSON out
    try:
        return json.loads(text)
    except ValueError:
        return text


def user_arguments(hyperparameters: Mapping[str, str]) -> list[str]:
    """Return hyperparameters as the toolkit's command line: `--name value`, the toolkit's own ones left out."""
    own = {n: v for n, v in sorted(hyperparameters.items()) if not n.startswith("sagemaker_")}
    return [word for name, value in own.items() for word in (f"--{name}", text_of(_decoded(value)))]


def toolkit_environment(
    root: Path, hyperparameters: Mapping[str, str], inputs: Mapping[str, Any], instance: str
) -> dict[str, str]:
    """Return the SM_* variables of the training toolkit. They come from the AWS images, not from the service."""
    own = {n: _decoded(v) for n, v in hyperparameters.items() if not n.startswith("sagemaker_")}
    host = resources(instance)
    values: dict[str, object] = {
        "MODEL_DIR": str(root / "model"),
        "OUTPUT_DIR": str(root / "output"),
        "OUTPUT_DATA_DIR": str(root / "output" / "data"),
        "INPUT_DIR": str(root / "input"),
        "INPUT_CONFIG_DIR": str(root / "input" / "config"),
        "CHANNELS": sorted(inputs),
        "HPS": own,
        "USER_ARGS": user_arguments(hyperparameters),
        "NUM_CPUS": os.cpu_count() or 1,
        "NUM_GPUS": 0,
        "NUM_NEURONS": 0,
        "HOSTS": host["hosts"],
        "CURRENT_HOST": host["current_host"],
        "CURRENT_INSTANCE_TYPE": instance,
        "NETWORK_INTERFACE_NAME": host["network_interface_name"],
        "INPUT_DATA_CONFIG": inputs,
        "RESOURCE_CONFIG": host,
        "LOG_LEVEL": 20,
        **{f"CHANNEL_{name.upper()}": str(root / "input" / "data" / name) for name in inputs},
        **{f"HP_{name.upper()}": value for name, value in own.items()},
    }
    return dict(_encoded(values))


def _encoded(values: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    for name, value in values.items():
        yield f"SM_{name}", json.dumps(value) if isinstance(value, list | dict) else text_of(value)
