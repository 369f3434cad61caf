"""Rules between the fields of `studio` and the rest of a stack's settings."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from contracts.rules import BrokenRuleError
from contracts.studio import MOST_APP_INSTANCES, image_region
from settings.problems import Problem, problem

if TYPE_CHECKING:
    from settings.models import StackSettings


def studio_users_name_their_identity(settings: "StackSettings") -> Iterator[Problem]:
    """`sso_user` for every Studio user with Identity Center, each once, and for none without."""
    if settings.studio is None:
        return
    center = settings.studio.authentication == "identity_center"
    seen: dict[str, str] = {}
    for name, user in settings.studio.users.items():
        at = ("studio", "users", name)
        if center and user.sso_user is None:
            error = BrokenRuleError("with Identity Center each user is one of its users", "write sso_user")
            yield problem(at, "", error)
        elif not center and user.sso_user is not None:
            rule = "without Identity Center a user has no name in it"
            fix = "remove it, or set authentication: identity_center"
            yield problem((*at, "sso_user"), user.sso_user, BrokenRuleError(rule, fix))
        elif user.sso_user in seen:
            rule = f"a user of Identity Center has one profile in a domain, and {seen[user.sso_user]} is it"
            yield problem((*at, "sso_user"), user.sso_user, BrokenRuleError(rule, "name another user"))
        if user.sso_user is not None:
            seen.setdefault(user.sso_user, name)


def studio_runs_what_it_offers(settings: "StackSettings") -> Iterator[Problem]:
    """Spaces and images only for applications that Studio offers."""
    if settings.studio is None:
        return
    offered = [str(application) for application in settings.studio.applications]
    error = BrokenRuleError(f"Studio offers {' and '.join(offered)} here", "remove it, or add it under applications")
    named = [
        *((("studio", "users", name, "spaces"), user.spaces) for name, user in settings.studio.users.items()),
        *((("studio", "images", name, "applications"), i.applications) for name, i in settings.studio.images.items()),
    ]
    for at, applications in named:
        for index, application in enumerate(applications or ()):
            if application not in offered:
                yield problem((*at, index), str(application), error)


def studio_volumes_are_in_order(settings: "StackSettings") -> Iterator[Problem]:
    """A new space is no larger than the largest."""
    if settings.studio is None:
        return
    size = settings.studio.space_gb
    if size.default > size.max:
        error = BrokenRuleError(f"a new space has at most the largest size, {size.max} GB", f"write {size.max} or less")
        yield problem(("studio", "space_gb", "default"), size.default, error)


def studio_instances_fit_into_a_policy(settings: "StackSettings") -> Iterator[Problem]:
    """No more instance types than a person's policy has room for."""
    if settings.studio is None or len(settings.studio.instances) <= MOST_APP_INSTANCES:
        return
    rule = (
        f"Studio offers {MOST_APP_INSTANCES} instance types at most: people's policies name each one and have little"
        " room"
    )
    error = BrokenRuleError(rule, f"keep the {MOST_APP_INSTANCES} that people need most")
    yield problem(("studio", "instances"), f"{len(settings.studio.instances)} types", error)


def studio_images_are_of_the_region(settings: "StackSettings") -> Iterator[Problem]:
    """Custom images lie in the stack's region; Studio pulls from no other."""
    if settings.studio is None:
        return
    for name, image in settings.studio.images.items():
        if image_region(image.uri) != settings.region:
            rule = f"Studio pulls images of its own region, {settings.region}"
            fix = f"push the image to ECR in {settings.region} and name that one"
            yield problem(("studio", "images", name, "uri"), image.uri, BrokenRuleError(rule, fix))


def studio_homes_keep_their_key(settings: "StackSettings") -> Iterator[Problem]:
    """`home: retain` only where the key that reads it is retained too."""
    if settings.studio is None or settings.studio.home != "retain":
        return
    retains = settings.environment == "prod" if settings.retain_data is None else settings.retain_data
    if not retains:
        rule = "homes are encrypted with the stack's data key, which goes with this stack: kept, they could not be read"
        yield problem(("studio", "home"), "retain", BrokenRuleError(rule, "write delete, or set retain_data: true"))


def an_mlflow_app_has_no_size(settings: "StackSettings") -> Iterator[Problem]:
    """`size` is a server's."""
    tracking = None if settings.studio is None else settings.studio.mlflow
    if tracking is not None and tracking.kind == "app" and tracking.size is not None:
        error = BrokenRuleError("an MLflow app is serverless and has no size", "remove it, or set kind: server")
        yield problem(("studio", "mlflow", "size"), str(tracking.size), error)


STUDIO_RULES: tuple[Callable[["StackSettings"], Iterator[Problem]], ...] = (
    studio_users_name_their_identity,
    studio_runs_what_it_offers,
    studio_volumes_are_in_order,
    studio_instances_fit_into_a_policy,
    studio_images_are_of_the_region,
    studio_homes_keep_their_key,
    an_mlflow_app_has_no_size,
)
