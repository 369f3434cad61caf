"""A stack stays in its region."""

import re
from collections.abc import Iterator

from policy.documents import texts
from policy.model import PROVIDER, Checked, Rule, Stack

_ARN = re.compile(r"arn:aws[\w-]*:[a-z0-9-]+:(?P<region>[a-z]{2}(?:-[a-z]+)+-\d):")


def _check(resource: Checked, stack: Stack) -> Iterator[str]:
    region = stack.surroundings.region
    if (chosen := resource.value("region", region)) != region:
        yield f"region is {chosen}, and the stack's is {region}"
    if resource.short_type == PROVIDER:
        return
    for path, text in texts(resource.inputs):
        if foreign := sorted({arn["region"] for arn in _ARN.finditer(text)} - {region}):
            yield f"{path} names resources in {', '.join(foreign)}, and the stack's region is {region}"
    resource.require_known()


RULE = Rule(
    id="region",
    forbids="resource in, and none that names, another region",
    why="Data must stay where it was agreed to be, and what lies elsewhere is in nobody's sight.",
    fix="take the region from the settings; what must reach another region needs a decision (docs/adr)",
    check=_check,
)
