"""Remove from a domain what keeps SageMaker from deleting it: applications, and what people made by hand.

Spaces and profiles of the stack's own go by Pulumi, once no application runs in them.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from lambda_src.shared.clients import client
from lambda_src.shared.errors import is_not_found, is_refusal
from lambda_src.shared.runtime import Event
from lambda_src.studio_sweep.patience import Patience
from lambda_src.studio_sweep.problems import AGAIN, SweepError, listed

GOING = ("Deleting", "Deleted")


@dataclass(frozen=True, kw_only=True, slots=True)
class Inside:
    """What is in a domain and must not be, as requests that delete it; by what people call it."""

    apps: Mapping[str, Mapping[str, str]]
    spaces: Mapping[str, Mapping[str, str]]
    profiles: Mapping[str, Mapping[str, str]]
    going: frozenset[str]
    """Those that SageMaker is deleting already."""

    def __bool__(self) -> bool:
        """Whether anything is there."""
        return bool(self.apps or self.spaces or self.profiles)

    def __str__(self) -> str:
        """Give one line that lists everything, for people."""
        kinds = {"applications": self.apps, "spaces": self.spaces, "profiles": self.profiles}
        return "; ".join(f"{len(found)} {kind}: {listed(found)}" for kind, found in kinds.items() if found)


def empty(event: Event, patience: Patience, retain: bool) -> None:
    """Delete until nothing is left. Raises SweepError where data is retained, or where time ran out."""
    while inside := _look(event):
        if retain:
            raise SweepError(
                f"This stack retains what people keep in Studio, and the domain {event['domain_id']} still holds"
                f" {inside}. Nothing has been deleted. A space's volume goes with the space. To end it deliberately,"
                " see docs/runbooks/studio.md: set studio.home to delete, run `pulumi up`, then `pulumi destroy`."
            )
        if patience.is_over():
            raise SweepError(
                f"The domain {event['domain_id']} is not empty yet: {inside}. Their deletion has been asked for. Wait"
                f" some minutes, then {AGAIN}."
            )
        _delete(inside)
        if not _look(event):
            return
        patience.pause()


def _look(event: Event) -> Inside:
    domain, known_spaces, known_profiles = event["domain_id"], set(event["spaces"]), set(event["users"])
    apps, spaces, profiles, going = {}, {}, {}, set()
    for app in _pages("list_apps", "Apps", domain):
        owner = {key: app[key] for key in ("SpaceName", "UserProfileName") if app.get(key)}
        # A space's application names its space alone; naming both is refused.
        owner = {"SpaceName": owner["SpaceName"]} if "SpaceName" in owner else owner
        name = f"{app['AppType']} {app['AppName']} of {next(iter(owner.values()), '?')}"
        if app["Status"] != "Deleted":  # the list keeps these for a day
            apps[name] = {"DomainId": domain, "AppType": app["AppType"], "AppName": app["AppName"], **owner}
        if app["Status"] in GOING:
            going.add(name)
    for space in _pages("list_spaces", "Spaces", domain):
        if space["SpaceName"] not in known_spaces:
            spaces[space["SpaceName"]] = {"DomainId": domain, "SpaceName": space["SpaceName"]}
            going |= {space["SpaceName"]} if space["Status"] in GOING else set()
    for profile in _pages("list_user_profiles", "UserProfiles", domain):
        if profile["UserProfileName"] not in known_profiles:
            profiles[profile["UserProfileName"]] = {"DomainId": domain, "UserProfileName": profile["UserProfileName"]}
            going |= {profile["UserProfileName"]} if profile["Status"] in GOING else set()
    return Inside(apps=apps, spaces=spaces, profiles=profiles, going=frozenset(going))


def _pages(operation: str, items: str, domain: str) -> Iterator[Any]:  # items of AWS's answers
    try:
        for page in client("sagemaker").get_paginator(operation).paginate(DomainIdEquals=domain):
            yield from page[items]
    except ClientError as error:
        if not is_not_found(error):  # somebody deleted the domain by hand, and so nothing is in it
            raise


def _delete(inside: Inside) -> None:
    """Ask for what can be deleted now: a space has no application left then, a profile no space."""
    steps = (("delete_app", inside.apps), ("delete_space", inside.spaces), ("delete_user_profile", inside.profiles))
    operation, found = next((operation, found) for operation, found in steps if found)
    for name, request in found.items():
        if name not in inside.going:
            _ask(operation, request)


def _ask(operation: str, request: Mapping[str, str]) -> None:
    try:
        getattr(client("sagemaker"), operation)(**request)
    except ClientError as error:
        if not (
            is_not_found(error) or is_refusal(error)
        ):  # a refusal: it is starting, or just went; the next look says
            raise
