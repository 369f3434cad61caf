"""What an environment of the platform publishes in SSM: ids that AWS gave, which no variable could know."""

from dataclasses import dataclass
from typing import Any

PATHS = {
    "subnet_ids": "network/private-subnet-ids",
    "security_group_ids": "network/job-security-group-id",
    "key_arn": "encryption/data-key-arn",
    "data_bucket": "storage/data-bucket",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Published:
    """The ids of one environment."""

    subnet_ids: tuple[str, ...]
    security_group_ids: tuple[str, ...]
    key_arn: str
    """Key of data, artifacts, volumes and state."""
    data_bucket: str


def published(ssm: Any, root: str) -> Published:
    """Read what lies under PARAMETER_ROOT. Raises LookupError that names what is not there."""
    names = {f"{root.rstrip('/')}/{path}": field for field, path in PATHS.items()}
    answer = ssm.get_parameters(Names=sorted(names))
    if answer["InvalidParameters"]:
        raise LookupError(
            f"{', '.join(sorted(answer['InvalidParameters']))}: no such parameter. PARAMETER_ROOT is {root!r}; is the "
            "platform deployed in this environment?"
        )
    found = {names[parameter["Name"]]: parameter["Value"] for parameter in answer["Parameters"]}
    return Published(
        subnet_ids=tuple(found["subnet_ids"].split(",")),
        security_group_ids=tuple(found["security_group_ids"].split(",")),
        key_arn=found["key_arn"],
        data_bucket=found["data_bucket"],
    )
