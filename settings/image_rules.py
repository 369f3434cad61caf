"""Rules of `delete_images`: images go with a stack only where no other environment can run them."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from contracts.rules import BrokenRuleError
from settings.problems import Problem, problem

if TYPE_CHECKING:
    from settings.models import StackSettings

_FIX = "remove it, or write false"


def images_go_with_dev_only(settings: "StackSettings") -> Iterator[Problem]:
    """`delete_images` in the environment dev only: the others have no images of their own."""
    if settings.delete_images and settings.environment != "dev":
        rule = f"images lie in dev's account; {settings.environment} pulls them from there and has none to delete"
        yield problem(("delete_images",), True, BrokenRuleError(rule, _FIX))


def images_go_with_their_data_only(settings: "StackSettings") -> Iterator[Problem]:
    """`delete_images` not beside `retain_data: true`, which protects the repositories."""
    if settings.delete_images and settings.environment == "dev" and settings.retain_data:
        rule = "this stack retains its data, image repositories among it: they are protected, and stay when it goes"
        yield problem(("delete_images",), True, BrokenRuleError(rule, _FIX))


def images_that_others_pull(stack: str, *, delete_images: object) -> Iterator[Problem]:
    """Refuse `delete_images` in the stack `dev` itself, by its name: preprod and prod run the images that lie there.

    A stack of the environment dev with another name has another unit, or its names would collide with dev's. So its
    repositories are others than those that preprod and prod pull from.
    """
    if delete_images is True and stack == "dev":
        rule = "preprod and prod run the images of the stack dev, and could start no instance without them"
        yield problem(("delete_images",), True, BrokenRuleError(rule, f"{_FIX}: it is for review environments"))


IMAGE_RULES: tuple[Callable[["StackSettings"], Iterator[Problem]], ...] = (
    images_go_with_dev_only,
    images_go_with_their_data_only,
)
