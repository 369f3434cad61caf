"""Studio's domain, with what SageMaker makes around one. moto 5.2.5 has the domain alone.

As in AWS, creating a domain makes a home file system with a mount target per subnet and two security groups that name
each other, all tagged with the domain's ARN; deleting it deletes the file system only where the retention policy says
so, and never the groups. Profiles, spaces and applications are in `studio_members`.
"""

from typing import Any, cast

from moto.core.responses import ActionResult
from moto.ec2.models import ec2_backends
from moto.efs.models import efs_backends
from moto.sagemaker.exceptions import ResourceInUseException, ResourceNotFound
from moto.sagemaker.responses import SageMakerResponse

from contracts.studio import MANAGED_TAG
from local.aws.studio_members import entries

NFS = "2049"
_create_domain = SageMakerResponse.create_domain
_delete_domain = SageMakerResponse.delete_domain
_describe_domain = SageMakerResponse.describe_domain


def create_domain(self: SageMakerResponse) -> ActionResult:
    """CreateDomain, which also answers the id, with the file system and the groups that SageMaker makes."""
    result = cast("dict[str, Any]", _create_domain(self).result)
    backend = self.sagemaker_backend
    domain: Any = next(d for d in backend.domains.values() if d.arn == result["DomainArn"])
    domain.tags = domain.tags or []
    domain.tag_propagation = self._get_param("TagPropagation") or "DISABLED"
    _furnish(domain, backend.account_id, backend.region_name)
    return ActionResult({**result, "DomainId": domain.id})


def describe_domain(self: SageMakerResponse) -> ActionResult:
    """DescribeDomain; one that is gone is ResourceNotFound, by which a provider knows that it is."""
    if self._get_param("DomainId") not in self.sagemaker_backend.domains:
        raise ResourceNotFound(message=f"Domain [{self._get_param('DomainId')}] does not exist.")
    described = cast("dict[str, Any]", _describe_domain(self).result)
    domain: Any = self.sagemaker_backend.domains[self._get_param("DomainId")]
    return ActionResult({**described, "TagPropagation": domain.tag_propagation})


def _furnish(domain: Any, account: str, region: str) -> None:  # moto's own class
    ec2, efs = ec2_backends[account][region], efs_backends[account][region]
    inbound, outbound = (
        ec2.create_security_group(
            f"security-group-for-{way}-nfs-{domain.id}",
            f"[DO NOT DELETE] Security Group that allows {way} NFS traffic for SageMaker Notebooks Domain"
            f" [{domain.id}]",
            vpc_id=domain.vpc_id,
            tags={MANAGED_TAG: domain.arn},
        )
        for way in ("inbound", "outbound")
    )
    ec2.authorize_security_group_ingress(inbound.id, "tcp", NFS, NFS, [], source_groups=[{"GroupId": outbound.id}])
    ec2.authorize_security_group_egress(outbound.id, "tcp", NFS, NFS, [], source_groups=[{"GroupId": inbound.id}])
    home = efs.create_file_system(
        creation_token=domain.id,
        performance_mode="generalPurpose",
        encrypted=True,
        kms_key_id=domain.kms_key_id or "",
        throughput_mode="bursting",
        provisioned_throughput_in_mibps=0,
        availability_zone_name="",
        backup=False,
        tags=[{"Key": MANAGED_TAG, "Value": domain.arn}],
    )
    for subnet in domain.subnet_ids:
        efs.create_mount_target(home.file_system_id, subnet, security_groups=[inbound.id])
    domain.home_efs_file_system_id = home.file_system_id


def delete_domain(self: SageMakerResponse) -> ActionResult:
    """DeleteDomain; refused while anything is in it."""
    domain = self._get_param("DomainId")
    if any(entry["DomainId"] == domain for kind in ("apps", "spaces", "profiles") for entry in entries(self, kind)):
        raise ResourceInUseException(f"Unable to delete Domain [{domain}] because something is associated with it.")
    home = self.sagemaker_backend.describe_domain(domain)["HomeEfsFileSystemId"]
    result = _delete_domain(self)
    policy = self._get_param("RetentionPolicy") or {}
    if policy.get("HomeEfsFileSystem", "Retain") == "Delete":
        efs = efs_backends[self.sagemaker_backend.account_id][self.sagemaker_backend.region_name]
        for target in [t for t in efs.mount_targets_by_id.values() if t.file_system_id == home]:
            efs.delete_mount_target(target.mount_target_id)
        efs.delete_file_system(home)
    return result


OPERATIONS = {operation.__name__: operation for operation in (create_domain, delete_domain, describe_domain)}
