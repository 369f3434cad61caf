"""Rules of single step types that the API model states in prose only, so that no shape carries them."""

from collections.abc import Callable, Mapping
from typing import Any

from pipeline_defs.validation.arguments import Checker
from pipeline_defs.validation.finding import show
from pipeline_defs.validation.outline import Outline, Step

_LOCAL_ROOT = "/opt/ml/processing/"


def check_semantics(outline: Outline, checker: Checker) -> None:
    """Check each step against the rules of its type."""
    for step in outline.steps:
        checker.step = step.name
        for rule in RULES_BY_TYPE.get(step.type, ()):
            rule(step, checker)
    checker.step = None


def _require(value: object, keys: tuple[str, ...], path: str, checker: Checker, what: str) -> None:
    if not isinstance(value, Mapping):
        return
    for key in keys:
        if key not in value:
            where = f"{path}.{key}"
            checker.add(where, "member.missing", f"{what} requires {key}, which is absent", f"add {key}")


def _exactly_one(value: object, keys: tuple[str, ...], path: str, checker: Checker) -> None:
    if not isinstance(value, Mapping):
        return
    present = [key for key in keys if key in value]
    if len(present) != 1:
        given = " and ".join(present) if present else f"none of {', '.join(keys)}"
        checker.add(path, "member.choice", f"it has {given}", f"set exactly one of {', '.join(keys)}")


def _unique(items: list[Mapping[str, Any]], key: str, path: str, checker: Checker) -> None:
    seen: set[str] = set()
    for index, item in enumerate(items):
        name = item.get(key)
        if isinstance(name, str) and name in seen:
            checker.add(f"{path}[{index}].{key}", "value.duplicate", f"{name!r} occurs twice", "name each once")
        seen.add(str(name))


def _at_least_one(value: object, path: str, checker: Checker) -> None:
    """Refuse 0, which the model allows only for heterogeneous and serverless jobs."""
    if isinstance(value, int) and not isinstance(value, bool) and value < 1:
        checker.add(path, "value.range", f"{value} is too few, a job needs at least 1", "give at least 1")


def _training(step: Step, checker: Checker) -> None:
    """CreateTrainingJob: what a job that is not serverless needs, since the model had to relax its requirements."""
    arguments = step.arguments
    _unique(step.items("InputDataConfig"), "ChannelName", "Arguments.InputDataConfig", checker)
    if "ServerlessJobConfig" in arguments:
        return
    needed = ("AlgorithmSpecification", "ResourceConfig", "StoppingCondition")
    _require(arguments, needed, "Arguments", checker, "a training job")
    _exactly_one(
        arguments.get("AlgorithmSpecification"),
        ("TrainingImage", "AlgorithmName"),
        "Arguments.AlgorithmSpecification",
        checker,
    )
    resources = arguments.get("ResourceConfig")
    if isinstance(resources, Mapping) and not {"InstanceGroups", "InstancePreferences"} & resources.keys():
        path = "Arguments.ResourceConfig"
        _require(resources, ("InstanceType", "InstanceCount", "VolumeSizeInGB"), path, checker, "a training job")
        _at_least_one(resources.get("InstanceCount"), f"{path}.InstanceCount", checker)
        _at_least_one(resources.get("VolumeSizeInGB"), f"{path}.VolumeSizeInGB", checker)
    _spot(arguments, checker)


def _spot(arguments: Mapping[str, Any], checker: Checker) -> None:
    """StoppingCondition: the wait covers the run, and belongs to managed spot training alone."""
    stopping = arguments.get("StoppingCondition")
    if not isinstance(stopping, Mapping):
        return
    path = "Arguments.StoppingCondition.MaxWaitTimeInSeconds"
    wait, runtime = stopping.get("MaxWaitTimeInSeconds"), stopping.get("MaxRuntimeInSeconds")
    spot = arguments.get("EnableManagedSpotTraining")
    if spot is True and wait is None:
        checker.add(path, "member.missing", "managed spot training requires MaxWaitTimeInSeconds", "add it")
    if spot in (None, False) and wait is not None:
        checker.add(path, "member.refused", "MaxWaitTimeInSeconds is set without managed spot training", "remove it")
    if isinstance(wait, int) and isinstance(runtime, int) and wait < runtime:
        checker.add(
            path, "value.range", f"{wait} is less than the {runtime} s the job may run", "wait at least as long"
        )


def _processing(step: Step, checker: Checker) -> None:
    """CreateProcessingJob: cluster, inputs and outputs."""
    path = "Arguments.ProcessingResources.ClusterConfig"
    cluster = step.get("ProcessingResources", "ClusterConfig")
    if isinstance(cluster, Mapping) and "InstancePreferences" not in cluster:
        _require(cluster, ("InstanceType", "InstanceCount"), path, checker, "a processing job")
        _at_least_one(cluster.get("InstanceCount"), f"{path}.InstanceCount", checker)
    elif cluster is None and "ProcessingResources" in step.arguments:
        checker.add(path, "member.missing", "a processing job requires ClusterConfig, which is absent", "add it")
    lists = {
        "ProcessingInputs": (step.items("ProcessingInputs"), "InputName", ("S3Input", "DatasetDefinition")),
        "ProcessingOutputConfig.Outputs": (
            step.items("ProcessingOutputConfig", "Outputs"),
            "OutputName",
            ("S3Output", "FeatureStoreOutput"),
        ),
    }
    for name, (items, key, choices) in lists.items():
        _unique(items, key, f"Arguments.{name}", checker)
        for index, item in enumerate(items):
            here = f"Arguments.{name}[{index}]"
            _exactly_one(item, choices, here, checker)
            if item.get("AppManaged") is not True:
                _local_path(item.get(choices[0]), f"{here}.{choices[0]}", checker)


def _local_path(value: object, path: str, checker: Checker) -> None:
    """ProcessingS3Input: LocalPath is required unless the container reads S3 itself, and lies under one root."""
    if not isinstance(value, Mapping):
        return
    _require(value, ("LocalPath",), path, checker, "an input or output that SageMaker copies")
    local = value.get("LocalPath")
    if isinstance(local, str) and not local.startswith(_LOCAL_ROOT):
        message = f"{show(local)} is outside {_LOCAL_ROOT}"
        checker.add(f"{path}.LocalPath", "value.local_path", message, f"start it with {_LOCAL_ROOT}")


def _property_files(step: Step, checker: Checker) -> None:
    """Property files: each is read from an output that the same step declares."""
    listed = step.body.get("PropertyFiles")
    files = [item for item in listed if isinstance(item, Mapping)] if isinstance(listed, list) else []
    _unique(files, "PropertyFileName", "PropertyFiles", checker)
    names = [item.get("OutputName") for item in step.items("ProcessingOutputConfig", "Outputs")]
    for index, item in enumerate(files):
        if isinstance(item.get("OutputName"), str) and item["OutputName"] not in names:
            message = f"{item['OutputName']!r} is no output of {step.name}"
            fix = f"the step declares {names}"
            checker.add(f"PropertyFiles[{index}].OutputName", "reference.output", message, fix)


def _register(step: Step, checker: Checker) -> None:
    """CreateModelPackage: in a group or by a name of its own; a version in a group takes the group's tags."""
    arguments = step.arguments
    _exactly_one(arguments, ("ModelPackageGroupName", "ModelPackageName"), "Arguments", checker)
    if "ModelPackageGroupName" in arguments and "Tags" in arguments:
        message = "a version in a group cannot carry Tags, it uses the tags of the group"
        checker.add("Arguments.Tags", "member.refused", message, "tag the model package group")
    _exactly_one(
        arguments, ("InferenceSpecification", "SourceAlgorithmSpecification", "SourceUri"), "Arguments", checker
    )
    for index, container in enumerate(step.items("InferenceSpecification", "Containers")):
        path = f"Arguments.InferenceSpecification.Containers[{index}]"
        _require(container, ("Image",), path, checker, "a container of a model package")


def _model(step: Step, checker: Checker) -> None:
    """CreateModel: one container or a pipeline of them."""
    _exactly_one(step.arguments, ("PrimaryContainer", "Containers"), "Arguments", checker)


def _emr(step: Step, checker: Checker) -> None:
    """EMR: the step runs on a cluster that exists or on one that it starts."""
    _exactly_one(step.arguments, ("ClusterId", "ClusterConfig"), "Arguments", checker)


def _emr_serverless(step: Step, checker: Checker) -> None:
    """EMR Serverless: the step uses an application that exists or one that it creates."""
    _exactly_one(step.arguments, ("ApplicationId", "ApplicationConfig"), "Arguments", checker)


def _tags(step: Step, checker: Checker) -> None:
    """Tags: each key once, none in AWS's own namespace."""
    tags = step.items("Tags")
    _unique(tags, "Key", "Arguments.Tags", checker)
    for index, tag in enumerate(tags):
        if str(tag.get("Key")).lower().startswith("aws:"):
            checker.add(f"Arguments.Tags[{index}].Key", "value.reserved", f"{tag['Key']!r} is reserved", "rename it")


RULES_BY_TYPE: Mapping[str, tuple[Callable[[Step, Checker], None], ...]] = {
    "Training": (_training, _tags),
    "Processing": (_processing, _property_files, _tags),
    "QualityCheck": (_processing, _tags),
    "ClarifyCheck": (_processing, _tags),
    "RegisterModel": (_register, _tags),
    "Model": (_model, _tags),
    "EMR": (_emr,),
    "EMRServerless": (_emr_serverless,),
}
"""What is checked beyond the shapes, by step type."""
