"""Everything says whose it is."""

from collections.abc import Iterator

from policy.model import PROVIDER, Checked, Rule, Stack
from policy.provider_types import takes_tags

REQUIRED = ("cost-center", "data-classification", "environment", "managed-by", "organisation", "owner", "unit")
"""The keys that components/tags.py sets."""


def _check(resource: Checked, stack: Stack) -> Iterator[str]:
    if resource.short_type == PROVIDER or not takes_tags(resource.type):
        return
    if missing := [key for key in REQUIRED if not resource.has(f"tags.{key}")]:
        yield f"the tags {', '.join(missing)} are missing"
    elif (environment := resource.value("tags.environment")) != stack.surroundings.environment:
        yield f"its tag environment is {environment}, and the stack is {stack.surroundings.environment}"


RULE = Rule(
    id="required-tags",
    forbids="resource without the tags that say whose it is",
    why="Bills, access by tag, the sweep of leftovers and the search for an owner at night all read them.",
    fix="let tag_everything of wiring.py run before the first resource, and do not overwrite its tags",
    check=_check,
)
