"""Jobs run in the VPC, and encrypt what their containers tell each other."""

from collections.abc import Iterator

from pipeline_defs.placeholders import SECURITY_GROUPS, SUBNETS
from pipeline_defs.validation.finding import show
from pipeline_defs.validation.rules.context import Broken, Context, Rule

# Where a job says so. A transform job runs in the VPC of its model.
_VPC = {
    "training": ("VpcConfig",),
    "processing": ("NetworkConfig", "VpcConfig"),
    "automl": ("AutoMLJobConfig", "SecurityConfig", "VpcConfig"),
}
_ENCRYPTION = {
    "training": ("EnableInterContainerTrafficEncryption",),
    "processing": ("NetworkConfig", "EnableInterContainerTrafficEncryption"),
    "automl": ("AutoMLJobConfig", "SecurityConfig", "EnableInterContainerTrafficEncryption"),
}


def _vpc(context: Context) -> Iterator[Broken]:
    wanted = {"Subnets": [SUBNETS], "SecurityGroupIds": [SECURITY_GROUPS]}
    for job in context.jobs(*_VPC):
        keys = _VPC[job.kind]
        found = job.get(*keys)
        if found != wanted:
            state = "is absent" if found is None else f"is {show(found)}"
            yield job.step, job.at(*keys), f"the VPC configuration {state}", f"set it to {wanted}"
    for step in context.outline.of_type("Model"):
        if step.get("VpcConfig") != wanted:
            message = f"the VPC configuration is {show(step.get('VpcConfig'))}"
            yield step, "Arguments.VpcConfig", message, f"set it to {wanted}"


def _encryption(context: Context) -> Iterator[Broken]:
    for job in context.jobs(*_ENCRYPTION):
        keys = _ENCRYPTION[job.kind]
        if job.get(*keys) is not True:
            message = f"encryption between containers is {show(job.get(*keys))}"
            yield job.step, job.at(*keys), message, "set it to the literal true"


RULES = (
    Rule(id="network.vpc", about="Every job runs in the platform's subnets and security groups.", check=_vpc),
    Rule(id="network.encryption", about="Traffic between containers is encrypted.", check=_encryption),
)
