"""What a pipeline definition must have before it may leave the repository.

Arguments are checked against SageMaker's own request shapes, as botocore has them, and the gate, the way out, network,
keys and images against the platform's rules. The platform's local runner checks more when it runs the definition.
"""

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

import botocore.session
from botocore.validate import ParamValidator

REQUESTS = {"Processing": "CreateProcessingJob", "Training": "CreateTrainingJob", "RegisterModel": "CreateModelPackage"}
FILLED_BY_SERVICE = re.compile(r"(ProcessingJobName|TrainingJobName|ModelPackageName)$")
ENDS = {"Approved", "PendingManualApproval"}


def problems(document: Mapping[str, Any]) -> list[str]:
    """Return what is wrong with a definition, a sentence each; nothing where it may be deployed."""
    found = list(_arguments(document))
    steps = {step["Name"]: step for step in _steps(document["Steps"])}
    kinds = [step["Type"] for step in steps.values()]
    gates = [step for step in steps.values() if step["Type"] == "Condition"]
    if len(gates) != 1 or "Fail" not in kinds or "RegisterModel" not in kinds:
        found.append("the definition needs one gate (Condition), a RegisterModel behind it and a Fail beside it")
    for gate in gates:
        found += _gate(gate["Arguments"])
    if any(step["Type"] == "RegisterModel" for step in document["Steps"]):
        found.append("RegisterModel stands outside the gate, so every model is registered")
    for name, step in steps.items():
        found += [f"{name}: {problem}" for problem in _step(step)]
    return found


def _arguments(document: Mapping[str, Any]) -> Iterator[str]:
    for step in _steps(document["Steps"]):
        request = REQUESTS.get(step["Type"])
        if request is None:
            continue
        shape = _sagemaker().operation_model(request).input_shape
        report = ParamValidator().validate(_plain(step["Arguments"]), shape).generate_report()
        for line in filter(None, report.splitlines()):
            if not (line.startswith("Missing required parameter") and FILLED_BY_SERVICE.search(line.strip('"'))):
                yield f"{step['Name']}: {line}"


@cache
def _sagemaker() -> Any:
    return botocore.session.get_session().get_service_model("sagemaker")


def _gate(arguments: Mapping[str, Any]) -> Iterator[str]:
    if not arguments["Conditions"]:
        yield "the gate has no condition"
    for condition in arguments["Conditions"]:
        if not isinstance(condition.get("RightValue"), int | float):
            yield f"the gate compares with {condition.get('RightValue')}: a threshold is a number, never a parameter"
    if [step["Type"] for step in arguments["IfSteps"]] != ["RegisterModel"]:
        yield "behind the gate there is RegisterModel and nothing else"
    if [step["Type"] for step in arguments["ElseSteps"]] != ["Fail"]:
        yield "what does not pass the gate ends in Fail, or the run looks like a success"


def _step(step: Mapping[str, Any]) -> Iterator[str]:
    arguments, kind = step.get("Arguments", {}), step["Type"]
    if kind == "RegisterModel" and str(arguments.get("ModelApprovalStatus")) not in ENDS:
        yield "ModelApprovalStatus is a literal: whoever may start a run must not approve its result"
    if kind == "Processing":
        cluster = arguments["ProcessingResources"]["ClusterConfig"]
        yield from _job(arguments.get("NetworkConfig", {}), cluster, arguments.get("ProcessingOutputConfig", {}))
    elif kind == "Training":
        yield from _job(arguments, arguments["ResourceConfig"], arguments["OutputDataConfig"])
    for image in _images(arguments):
        if not re.search(r"@sha256:[0-9a-f]{64}$|:(?!latest$)[\w][\w.-]*$", image):
            yield f"image {image} has no tag, or `latest`: the same definition would run something else tomorrow"


def _job(network: Mapping[str, Any], cluster: Mapping[str, Any], outputs: Mapping[str, Any]) -> Iterator[str]:
    if not network.get("VpcConfig"):
        yield "it has no VpcConfig; jobs run in the platform's subnets"
    if not network.get("EnableInterContainerTrafficEncryption"):
        yield "traffic between containers is not encrypted"
    if not cluster.get("VolumeKmsKeyId") or not outputs.get("KmsKeyId"):
        yield "its volume and its outputs take the platform's key"


def _steps(steps: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for step in steps:
        yield step
        if step["Type"] == "Condition":
            yield from _steps([*step["Arguments"]["IfSteps"], *step["Arguments"]["ElseSteps"]])


def _images(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        for name, part in value.items():
            if name in ("ImageUri", "TrainingImage", "Image") and isinstance(part, str):
                yield part
            else:
                yield from _images(part)
    elif isinstance(value, list):
        for part in value:
            yield from _images(part)


def _plain(value: Any) -> Any:
    """Return arguments with every expression (a parameter, another step's output) replaced by a text."""
    if isinstance(value, Mapping):
        if set(value) <= {"Get", "Std:Join", "Std:JsonGet"} and value:
            return "s3://known-when-it-runs"
        return {name: _plain(part) for name, part in value.items() if part is not None}
    return [_plain(part) for part in value] if isinstance(value, list) else value
