"""Volumes and outputs are encrypted with the platform's key, but for volumes that no key can be set on.

The exception is local NVMe storage: SageMaker refuses a volume key there (`contracts.local_storage` has the families).
Where a family is missing in that table, the key stays required, and SageMaker names the instance type on refusing it.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from contracts.local_storage import has_local_nvme
from pipeline_defs.placeholders import KEY_ARN
from pipeline_defs.validation.finding import show
from pipeline_defs.validation.rules.context import Broken, Context, Job, Rule

_VOLUMES = {
    "training": ("ResourceConfig",),
    "processing": ("ProcessingResources", "ClusterConfig"),
    "transform": ("TransformResources",),
}
_OUTPUTS = {
    "training": ("OutputDataConfig", "KmsKeyId"),
    "processing": ("ProcessingOutputConfig", "KmsKeyId"),
    "transform": ("TransformOutput", "KmsKeyId"),
    "automl": ("OutputDataConfig", "KmsKeyId"),
}


def _instances(context: Context, job: Job) -> list[str]:
    resources = job.get(*_VOLUMES[job.kind])
    listed: list[Any] = []
    if isinstance(resources, Mapping):
        listed = [resources.get("InstanceType")]
        for key in ("InstanceGroups", "InstancePreferences"):
            items = resources.get(key)
            groups = items if isinstance(items, list) else []
            listed += [item.get("InstanceType") for item in groups if isinstance(item, Mapping)]
    return [text for value in listed if (text := context.text(value)) is not None]


def _volume(context: Context) -> Iterator[Broken]:
    for job in context.jobs(*_VOLUMES):
        keys = (*_VOLUMES[job.kind], "VolumeKmsKeyId")
        key = job.get(*keys)
        local = [instance for instance in _instances(context, job) if has_local_nvme(instance)]
        if local and key is not None:
            message = f"{local[0]} has local NVMe storage, SageMaker refuses the job with a volume key"
            yield job.step, job.at(*keys), message, "remove the key; the storage is encrypted by its hardware"
        elif not local and key != KEY_ARN:
            state = "absent" if key is None else show(key)
            yield job.step, job.at(*keys), f"the key of the volume is {state}", f"set it to {KEY_ARN}"
    for job in context.jobs("automl"):
        keys = ("AutoMLJobConfig", "SecurityConfig", "VolumeKmsKeyId")
        if job.get(*keys) != KEY_ARN:
            yield job.step, job.at(*keys), f"the key of the volume is {show(job.get(*keys))}", f"set it to {KEY_ARN}"


def _endpoint(context: Context) -> Iterator[Broken]:
    for step in context.outline.of_type("EndpointConfig"):
        key, path = step.get("KmsKeyId"), "Arguments.KmsKeyId"
        instances = [context.text(variant.get("InstanceType")) or "" for variant in step.items("ProductionVariants")]
        local = [instance for instance in instances if has_local_nvme(instance)]
        if local and key is not None:
            message = f"{local[0]} has local NVMe storage, SageMaker refuses the configuration with a key"
            yield step, path, message, "remove the key; the storage is encrypted by its hardware"
        elif not local and key != KEY_ARN:
            yield step, path, f"the key of the volumes is {show(key)}", f"set it to {KEY_ARN}"


def _output(context: Context) -> Iterator[Broken]:
    for job in context.jobs(*_OUTPUTS):
        keys = _OUTPUTS[job.kind]
        key = job.get(*keys)
        # A processing job may have no output at all; then there is nothing to encrypt.
        if key != KEY_ARN and (key is not None or job.kind != "processing" or job.get("ProcessingOutputConfig")):
            state = "absent" if key is None else show(key)
            yield job.step, job.at(*keys), f"the key of the output is {state}", f"set it to {KEY_ARN}"


RULES = (
    Rule(id="key.volume", about="Every volume that takes a key has the platform's.", check=_volume),
    Rule(id="key.endpoint", about="Volumes of endpoints have the platform's key.", check=_endpoint),
    Rule(id="key.output", about="Every output is encrypted with the platform's key.", check=_output),
)
