"""Nothing stands in the internet by its own address."""

from collections.abc import Iterator

from policy.model import Checked, Rule, Stack

PUBLIC = {
    "ec2:Instance": ("associatePublicIpAddress", True),
    "ec2:Subnet": ("mapPublicIpOnLaunch", True),
    "lambda:FunctionUrl": ("authorizationType", "NONE"),
    "rds:ClusterInstance": ("publiclyAccessible", True),
    "rds:Instance": ("publiclyAccessible", True),
    "sagemaker:NotebookInstance": ("directInternetAccess", "Enabled"),
}
"""The input, and the value of it, that puts a resource into the internet."""
OPEN_BY_DEFAULT = ("sagemaker:NotebookInstance",)


def _check(resource: Checked, _: Stack) -> Iterator[str]:
    key, public = PUBLIC[resource.short_type]
    if resource.value(key, public if resource.short_type in OPEN_BY_DEFAULT else None) == public:
        yield f"{key} is {str(public).lower() if public is True else public}"


RULE = Rule(
    id="public-address",
    forbids="subnet, instance, database, notebook or function URL that the internet can address",
    why="Work runs in private subnets and goes out through NAT or endpoints; nobody has to come in.",
    fix="place it in the subnets of components/network.py and switch the public address off",
    types=tuple(PUBLIC),
    check=_check,
)
