"""Remove what SageMaker leaves behind when a domain is deleted, as far as it is marked as this stack's."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from contracts.studio import MANAGED_TAG, MARK_TAG
from lambda_src.shared.clients import client
from lambda_src.shared.errors import code_of
from lambda_src.shared.runtime import Event, logger
from lambda_src.studio_sweep.patience import Patience
from lambda_src.studio_sweep.problems import AGAIN, SweepError, listed

GONE = frozenset(
    {
        "FileSystemNotFound",
        "InvalidGroup.NotFound",
        "InvalidNetworkInterfaceID.NotFound",
        "InvalidPermission.NotFound",
        "MountTargetNotFound",
    }
)
NOT_YET = frozenset(
    {
        "DependencyViolation",
        "FileSystemInUse",
        "IncorrectFileSystemLifeCycleState",
        "InvalidNetworkInterface.InUse",
        "InvalidParameterValue",
        "OperationNotPermitted",
    }
)
"""Somebody still uses it: a mount target that is going, an interface that detaches."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Left:
    """What a domain left behind."""

    homes: Mapping[str, str]
    """LifeCycleState of each marked file system, by id; empty where homes are retained."""
    targets: Mapping[str, str]
    """LifeCycleState of each mount target of a marked file system, by id."""
    groups: Mapping[str, Mapping[str, Any]]
    """The marked security groups by id, as EC2 describes them."""
    interfaces: Mapping[str, str]
    """Status of each network interface that carries one of the groups or the domain's own, by id."""

    def __bool__(self) -> bool:
        """Whether anything is there."""
        return bool(self.homes or self.targets or self.groups or self.interfaces)

    def __str__(self) -> str:
        """Give one line that lists everything, for people."""
        kinds = {
            "file systems": self.homes,
            "mount targets": self.targets,
            "security groups": self.groups,
            "network interfaces": self.interfaces,
        }
        return "; ".join(f"{len(found)} {kind}: {listed(found)}" for kind, found in kinds.items() if found)


def remove(event: Event, patience: Patience, retain: bool) -> None:
    """Delete until nothing is left; retained homes keep their files and lose their mount targets only.

    Raises SweepError while the domain still exists, where time ran out, and where something in the stack's own VPC
    looks like a domain's and is not marked: nothing proves whose it is, and the VPC cannot go with it.
    """
    _refuse_living(event)
    while left := _look(event, retain):
        if patience.is_over():
            raise SweepError(
                f"The domain is gone, and these are on their way: {left}. The network cannot go before them. Wait some"
                f" minutes, then {AGAIN}."
            )
        _step(left)
        if not _look(event, retain):
            break
        patience.pause()
    _refuse_strangers(event)
    logger.info("nothing is left of the domain", extra={"domain": event["domain_name"]})


def _refuse_living(event: Event) -> None:
    pages = client("sagemaker").get_paginator("list_domains").paginate()
    living = [d["DomainId"] for page in pages for d in page["Domains"] if d["DomainName"] == event["domain_name"]]
    if living:
        raise SweepError(
            f"The domain {event['domain_name']} ({listed(living)}) still exists, so its file system and groups are in"
            f" use. Nothing has been deleted. Wait until it is gone, or delete it, then {AGAIN}."
        )


def _marked(tags: list[dict[str, str]], event: Event) -> bool:
    found = {tag["Key"]: tag["Value"] for tag in tags}
    return found.get(MARK_TAG) == event["domain_name"] and MANAGED_TAG in found


def _look(event: Event, retain: bool) -> Left:
    efs = client("efs")
    homes = {
        home["FileSystemId"]: home["LifeCycleState"]
        for page in efs.get_paginator("describe_file_systems").paginate()
        for home in page["FileSystems"]
        if _marked(home["Tags"], event)
    }
    targets = {target["MountTargetId"]: target["LifeCycleState"] for home in homes for target in _targets(home)}
    groups = {
        group["GroupId"]: group
        for group in _groups([{"Name": f"tag:{MARK_TAG}", "Values": [event["domain_name"]]}])
        if _marked(group["Tags"], event)
    }
    return Left(
        homes={} if retain else homes,
        targets=targets,
        groups=groups,
        interfaces=_interfaces([*groups, event["security_group_id"]]),
    )


def _targets(home: str) -> list[dict[str, Any]]:
    try:
        pages = client("efs").get_paginator("describe_mount_targets").paginate(FileSystemId=home)
        return [target for page in pages for target in page["MountTargets"]]
    except ClientError as error:
        if code_of(error) in GONE:
            return []  # it went between the two looks
        raise


def _groups(filters: list[dict[str, Any]]) -> list[dict[str, Any]]:
    pages = client("ec2").get_paginator("describe_security_groups").paginate(Filters=filters)
    return [group for page in pages for group in page["SecurityGroups"]]


def _interfaces(groups: list[str]) -> dict[str, str]:
    pages = (
        client("ec2")
        .get_paginator("describe_network_interfaces")
        .paginate(Filters=[{"Name": "group-id", "Values": groups}])
    )
    return {i["NetworkInterfaceId"]: i["Status"] for page in pages for i in page["NetworkInterfaces"]}


def _step(left: Left) -> None:
    """Ask for everything that can go now; what must wait is asked for again in the next round."""
    efs, ec2 = client("efs"), client("ec2")
    for target in _resting(left.targets):
        _ask(efs.delete_mount_target, MountTargetId=target)
    if left.targets:
        return  # a file system goes after its mount targets, and a group after their interfaces
    for home in _resting(left.homes):
        _ask(efs.delete_file_system, FileSystemId=home)
    for interface, status in left.interfaces.items():
        if status == "available":  # nothing is attached to it any more
            _ask(ec2.delete_network_interface, NetworkInterfaceId=interface)
    _delete_groups(left.groups)


def _resting(states: Mapping[str, str]) -> list[str]:
    return [name for name, state in states.items() if state not in ("deleting", "deleted")]


def _delete_groups(groups: Mapping[str, Mapping[str, Any]]) -> None:
    """Take every rule off first: the two groups name each other, and EC2 deletes none that another's rule names."""
    ec2 = client("ec2")
    for group, described in groups.items():
        if described["IpPermissions"]:
            _ask(ec2.revoke_security_group_ingress, GroupId=group, IpPermissions=described["IpPermissions"])
        if described["IpPermissionsEgress"]:
            _ask(ec2.revoke_security_group_egress, GroupId=group, IpPermissions=described["IpPermissionsEgress"])
    for group in groups:
        _ask(ec2.delete_security_group, GroupId=group)


def _ask(operation: Any, **request: Any) -> None:
    try:
        operation(**request)
    except ClientError as error:
        if code_of(error) not in GONE | NOT_YET:
            raise


def _refuse_strangers(event: Event) -> None:
    if not event["vpc_is_own"]:
        return
    groups = _groups([{"Name": "vpc-id", "Values": [event["vpc_id"]]}, {"Name": "tag-key", "Values": [MANAGED_TAG]}])
    if groups:
        raise SweepError(
            f"In the VPC {event['vpc_id']} SageMaker left security groups that nothing proves to be this stack's:"
            f" {listed(_named(g) for g in groups)}. The VPC cannot go with them. Find their"
            f" domains by the tag {MANAGED_TAG}; where these are gone, delete file system and groups by hand"
            f" (docs/runbooks/studio.md), then {AGAIN}."
        )


def _named(group: Mapping[str, Any]) -> str:
    return f"{group['GroupId']} ({group['GroupName']})"
