"""Studio: profiles, spaces and applications, and what SageMaker makes around a domain. moto 5.2.5 has domains alone.

As in AWS, creating a domain makes a home file system with a mount target per subnet and two security groups that name
each other, all tagged with the domain's ARN; deleting it deletes the file system only where the retention policy says
so, and never the groups. What is deleted is first seen as Deleting by one list, and is gone in the next.
"""

from typing import Any, cast

from moto.core.responses import ActionResult, EmptyResult
from moto.ec2.models import ec2_backends
from moto.efs.models import efs_backends
from moto.sagemaker.exceptions import ResourceInUseException, ResourceNotFound, ValidationError
from moto.sagemaker.responses import SageMakerResponse

from contracts.studio import MANAGED_TAG

NFS = "2049"
_create_domain = SageMakerResponse.create_domain
_delete_domain = SageMakerResponse.delete_domain
_describe_domain = SageMakerResponse.describe_domain
Entry = dict[str, Any]


def create_domain(self: SageMakerResponse) -> ActionResult:
    """CreateDomain, which also answers the id, with the file system and the groups that SageMaker makes."""
    result = cast("dict[str, Any]", _create_domain(self).result)
    backend = self.sagemaker_backend
    domain = next(d for d in backend.domains.values() if d.arn == result["DomainArn"])
    domain.tags = domain.tags or []
    _furnish(domain, backend.account_id, backend.region_name)
    return ActionResult({**result, "DomainId": domain.id})


def describe_domain(self: SageMakerResponse) -> ActionResult:
    """DescribeDomain; one that is gone is ResourceNotFound, by which a provider knows that it is."""
    if self._get_param("DomainId") not in self.sagemaker_backend.domains:
        raise ResourceNotFound(message=f"Domain [{self._get_param('DomainId')}] does not exist.")
    return _describe_domain(self)


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
    if any(entry["DomainId"] == domain for kind in ("apps", "spaces", "profiles") for entry in _entries(self, kind)):
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


def create_user_profile(self: SageMakerResponse) -> ActionResult:
    """CreateUserProfile."""
    return _create(self, "profiles", "UserProfileName")


def list_user_profiles(self: SageMakerResponse) -> ActionResult:
    """ListUserProfiles of one domain."""
    return _list(self, "profiles", "UserProfiles")


def delete_user_profile(self: SageMakerResponse) -> ActionResult:
    """DeleteUserProfile; refused while the person has a space or an application."""
    profile = self._get_param("UserProfileName")
    return _delete(self, "profiles", {"UserProfileName": profile}, in_use_by=("spaces", "apps"))


def create_space(self: SageMakerResponse) -> ActionResult:
    """CreateSpace; a private one belongs to a profile."""
    owner = (self._get_param("OwnershipSettings") or {}).get("OwnerUserProfileName")
    return _create(self, "spaces", "SpaceName", UserProfileName=owner)


def list_spaces(self: SageMakerResponse) -> ActionResult:
    """ListSpaces of one domain."""
    return _list(self, "spaces", "Spaces")


def delete_space(self: SageMakerResponse) -> ActionResult:
    """DeleteSpace; refused while an application runs in it."""
    return _delete(self, "spaces", {"SpaceName": self._get_param("SpaceName")}, in_use_by=("apps",))


def create_app(self: SageMakerResponse) -> ActionResult:
    """CreateApp in a space or, as Studio once did, for a profile."""
    keys = ("AppType", "SpaceName", "UserProfileName")
    return _create(self, "apps", "AppName", **{key: self._get_param(key) for key in keys})


def list_apps(self: SageMakerResponse) -> ActionResult:
    """ListApps of one domain."""
    return _list(self, "apps", "Apps")


def delete_app(self: SageMakerResponse) -> ActionResult:
    """DeleteApp of a space or of a profile, never of both."""
    owner = {key: self._get_param(key) for key in ("SpaceName", "UserProfileName") if self._get_param(key)}
    if len(owner) != 1:
        raise ValidationError("Exactly one of UserProfileName and SpaceName is given.")
    return _delete(self, "apps", {**owner, **{key: self._get_param(key) for key in ("AppName", "AppType")}})


def _entries(response: SageMakerResponse, kind: str) -> list[Entry]:
    backend: Any = response.sagemaker_backend
    if not hasattr(backend, "studio"):
        backend.studio = {}
    entries: list[Entry] = backend.studio.setdefault(kind, [])
    return entries


def _create(response: SageMakerResponse, kind: str, member: str, **more: str | None) -> ActionResult:
    domain = response._get_param("DomainId")  # noqa: SLF001  # how every moto operation reads its request
    arn = response.sagemaker_backend.describe_domain(domain)["DomainArn"]
    name = response._get_param(member)  # noqa: SLF001
    found = {"DomainId": domain, member: name, **{key: value for key, value in more.items() if value}}
    if any(found.items() <= entry.items() for entry in _entries(response, kind)):
        raise ResourceInUseException(f"{name} already exists in {domain}.")
    _entries(response, kind).append({**found, "Status": "InService"})
    member_arn = {"profiles": "UserProfileArn", "spaces": "SpaceArn", "apps": "AppArn"}[kind]
    return ActionResult({member_arn: f"{arn.replace(':domain/', f':{kind}/')}/{name}"})


def _list(response: SageMakerResponse, kind: str, member: str) -> ActionResult:
    entries, domain = _entries(response, kind), response._get_param("DomainIdEquals")  # noqa: SLF001
    shown = [dict(entry) for entry in entries if entry["DomainId"] == domain]
    entries[:] = [entry for entry in entries if entry["DomainId"] != domain or entry["Status"] != "Deleting"]
    return ActionResult({member: shown})


def _delete(
    response: SageMakerResponse, kind: str, key: dict[str, str], *, in_use_by: tuple[str, ...] = ()
) -> ActionResult:
    wanted = {"DomainId": response._get_param("DomainId"), **key}  # noqa: SLF001
    found = next((entry for entry in _entries(response, kind) if wanted.items() <= entry.items()), None)
    if found is None:
        raise ResourceNotFound(f"{' '.join(key.values())} does not exist.")
    for other in in_use_by:
        if any(wanted.items() <= entry.items() for entry in _entries(response, other)):
            raise ResourceInUseException(f"{' '.join(key.values())} is in use by {other}.")
    found["Status"] = "Deleting"
    return EmptyResult()


OPERATIONS = {
    operation.__name__: operation
    for operation in (
        create_domain,
        delete_domain,
        describe_domain,
        create_user_profile,
        list_user_profiles,
        delete_user_profile,
        create_space,
        list_spaces,
        delete_space,
        create_app,
        list_apps,
        delete_app,
    )
}
