"""Hand out a value that is good for use only once other resources exist."""

from collections.abc import Iterable
from typing import TypeVar

import pulumi

T = TypeVar("T")


def after(value: pulumi.Output[T], resources: Iterable[pulumi.Resource]) -> pulumi.Output[T]:
    """Return `value` as an output that depends on `resources` too.

    Whoever consumes it waits for them, through any number of components: `depends_on` on a component does not reach its
    children. URNs are known in a preview, so the value stays known there.
    """
    return pulumi.Output.all(value, *(resource.urn for resource in resources)).apply(lambda known: known[0])
