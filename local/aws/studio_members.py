"""Studio's profiles, spaces and applications, which moto 5.2.5 lacks.

A description gives back what was asked for. What is deleted is first seen as Deleting, by one list or description, and
is gone for the next. Rules are those of SageMaker's API reference.
"""

import json
from collections.abc import Callable
from typing import Any

from moto.core.responses import ActionResult, EmptyResult
from moto.core.utils import utcnow
from moto.sagemaker.exceptions import ResourceInUseException, ResourceNotFound, ValidationError
from moto.sagemaker.responses import SageMakerResponse

Entry = dict[str, Any]
Operation = Callable[[SageMakerResponse], ActionResult]
FIRST_UID = 200001
"""First user id that SageMaker gives in a domain's file system."""
ARN_MEMBERS = {"profiles": "UserProfileArn", "spaces": "SpaceArn", "apps": "AppArn"}
RESOURCES = {"profiles": "user-profile", "spaces": "space", "apps": "app"}
_tags_of_moto: dict[str, Operation] = {
    name: getattr(SageMakerResponse, name) for name in ("list_tags", "add_tags", "delete_tags")
}


def create_user_profile(self: SageMakerResponse) -> ActionResult:
    """CreateUserProfile."""
    return _create(self, "profiles", "UserProfileName")


def describe_user_profile(self: SageMakerResponse) -> ActionResult:
    """DescribeUserProfile."""
    return _describe(self, "profiles", "UserProfileName")


def list_user_profiles(self: SageMakerResponse) -> ActionResult:
    """ListUserProfiles of one domain."""
    return _list(self, "profiles", "UserProfiles")


def update_user_profile(self: SageMakerResponse) -> ActionResult:
    """UpdateUserProfile: the settings that are named replace those that were."""
    return _update(self, "profiles", "UserProfileName", "UserSettings")


def delete_user_profile(self: SageMakerResponse) -> ActionResult:
    """DeleteUserProfile; refused while the person has a space or an application."""
    profile = self._get_param("UserProfileName")
    return _delete(self, "profiles", {"UserProfileName": profile}, in_use_by=("spaces", "apps"))


def create_space(self: SageMakerResponse) -> ActionResult:
    """CreateSpace; a private one belongs to a profile."""
    owner = (self._get_param("OwnershipSettings") or {}).get("OwnerUserProfileName")
    return _create(self, "spaces", "SpaceName", UserProfileName=owner)


def describe_space(self: SageMakerResponse) -> ActionResult:
    """DescribeSpace."""
    return _describe(self, "spaces", "SpaceName")


def list_spaces(self: SageMakerResponse) -> ActionResult:
    """ListSpaces of one domain."""
    return _list(self, "spaces", "Spaces")


def update_space(self: SageMakerResponse) -> ActionResult:
    """UpdateSpace: the settings that are named replace those that were."""
    return _update(self, "spaces", "SpaceName", "SpaceSettings", "SpaceDisplayName")


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


def list_tags(self: SageMakerResponse) -> ActionResult:
    """ListTags, of Studio's members too."""
    entry = _tagged(self)
    return _tags_of_moto["list_tags"](self) if entry is None else ActionResult({"Tags": entry["Tags"]})


def add_tags(self: SageMakerResponse) -> ActionResult:
    """AddTags, to Studio's members too; a key that is there gets the new value."""
    entry = _tagged(self)
    if entry is None:
        return _tags_of_moto["add_tags"](self)
    new = self._get_param("Tags")
    keys = {tag["Key"] for tag in new}
    entry["Tags"] = [tag for tag in entry["Tags"] if tag["Key"] not in keys] + new
    return ActionResult({"Tags": entry["Tags"]})


def delete_tags(self: SageMakerResponse) -> ActionResult:
    """DeleteTags, of Studio's members too."""
    entry = _tagged(self)
    if entry is None:
        return _tags_of_moto["delete_tags"](self)
    entry["Tags"] = [tag for tag in entry["Tags"] if tag["Key"] not in self._get_param("TagKeys")]
    return EmptyResult()


def entries(response: SageMakerResponse, kind: str) -> list[Entry]:
    """Return the profiles, spaces or apps of all domains of the caller's account and region."""
    backend: Any = response.sagemaker_backend
    if not hasattr(backend, "studio"):
        backend.studio = {}
    found: list[Entry] = backend.studio.setdefault(kind, [])
    return found


def _create(response: SageMakerResponse, kind: str, member: str, **more: str | None) -> ActionResult:
    asked = json.loads(response.body)
    domain, name = asked["DomainId"], asked[member]
    arn = response.sagemaker_backend.describe_domain(domain)["DomainArn"]
    found = {"DomainId": domain, member: name, **{key: value for key, value in more.items() if value}}
    if any(found.items() <= entry.items() for entry in entries(response, kind)):
        raise ResourceInUseException(f"{name} already exists in {domain}.")
    path = "/".join(filter(None, (more.get("SpaceName") or more.get("UserProfileName"), more.get("AppType"), name)))
    own = f"{arn.replace(':domain/', f':{RESOURCES[kind]}/')}/{path if kind == 'apps' else name}"
    now = utcnow()
    entry = {
        **asked,
        **found,
        ARN_MEMBERS[kind]: own,
        "Tags": asked.get("Tags", []),
        "Status": "InService",
        "CreationTime": now,
        "LastModifiedTime": now,
        "HomeEfsFileSystemUid": str(_next_uid(response, domain)),
    }
    entries(response, kind).append(entry)
    return ActionResult({ARN_MEMBERS[kind]: own})


def _next_uid(response: SageMakerResponse, domain: str) -> int:
    """Return a user id that nobody has in the domain's file system."""
    there = [e for kind in RESOURCES for e in entries(response, kind) if e["DomainId"] == domain]
    return max((int(entry["HomeEfsFileSystemUid"]) + 1 for entry in there), default=FIRST_UID)


def _describe(response: SageMakerResponse, kind: str, member: str) -> ActionResult:
    entry = _entry(response, kind, {member: response._get_param(member)})  # noqa: SLF001  # how moto reads a request
    if entry["Status"] == "Deleting":
        entries(response, kind).remove(entry)
    return ActionResult(dict(entry))


def _list(response: SageMakerResponse, kind: str, member: str) -> ActionResult:
    found, domain = entries(response, kind), response._get_param("DomainIdEquals")  # noqa: SLF001
    shown = [dict(entry) for entry in found if entry["DomainId"] == domain]
    found[:] = [entry for entry in found if entry["DomainId"] != domain or entry["Status"] != "Deleting"]
    return ActionResult({member: shown})


def _update(response: SageMakerResponse, kind: str, member: str, *changeable: str) -> ActionResult:
    asked = json.loads(response.body)
    entry = _entry(response, kind, {member: asked[member]})
    for name in changeable:
        value = asked.get(name)
        entry.update({name: {**entry.get(name, {}), **value} if isinstance(value, dict) else value} if value else {})
    entry["LastModifiedTime"] = utcnow()
    return ActionResult({ARN_MEMBERS[kind]: entry[ARN_MEMBERS[kind]]})


def _delete(
    response: SageMakerResponse, kind: str, key: dict[str, str], *, in_use_by: tuple[str, ...] = ()
) -> ActionResult:
    found = _entry(response, kind, key)
    wanted = {"DomainId": found["DomainId"], **key}
    for other in in_use_by:
        if any(wanted.items() <= entry.items() for entry in entries(response, other)):
            raise ResourceInUseException(f"{' '.join(key.values())} is in use by {other}.")
    found["Status"] = "Deleting"
    return EmptyResult()


def _entry(response: SageMakerResponse, kind: str, key: dict[str, str]) -> Entry:
    wanted = {"DomainId": response._get_param("DomainId"), **key}  # noqa: SLF001
    found = next((entry for entry in entries(response, kind) if wanted.items() <= entry.items()), None)
    if found is None:
        raise ResourceNotFound(f"{' '.join(key.values())} does not exist.")
    return found


def _tagged(response: SageMakerResponse) -> Entry | None:
    """Return the member that a request about tags names; None for what is none of Studio's."""
    arn = response._get_param("ResourceArn")  # noqa: SLF001
    for kind, member in ARN_MEMBERS.items():
        for entry in entries(response, kind):
            if entry[member] == arn:
                return entry
    return None


OPERATIONS: dict[str, Operation] = {
    operation.__name__: operation
    for operation in (
        create_user_profile,
        describe_user_profile,
        list_user_profiles,
        update_user_profile,
        delete_user_profile,
        create_space,
        describe_space,
        list_spaces,
        update_space,
        delete_space,
        create_app,
        list_apps,
        delete_app,
        list_tags,
        add_tags,
        delete_tags,
    )
}
