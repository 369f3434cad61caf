"""Nobody is let in without being named."""

from collections.abc import Iterator

from policy.documents import RESOURCE_POLICIES, allowing, binding_keys, listed, principals, title
from policy.model import Checked, Rule, Stack

ENDPOINT = "ec2:VpcEndpoint"
PERMISSION = "lambda:Permission"


def _check(resource: Checked, _: Stack) -> Iterator[str]:
    if resource.short_type == PERMISSION:
        yield from _permission(resource)
        return
    for statement in allowing(resource, RESOURCE_POLICIES[resource.short_type]):
        everybody = "NotPrincipal" in statement or "*" in principals(statement, "AWS")
        # Whoever asks through an endpoint stands in the VPC already; its policy bounds what for.
        bounded = resource.short_type == ENDPOINT and "*" not in listed(statement.get("Resource"))
        if everybody and not binding_keys(statement) and not bounded:
            yield f"{title(statement)} lets everybody in, without a condition that says who"


def _permission(resource: Checked) -> Iterator[str]:
    bound = [key for key in ("sourceArn", "sourceAccount", "principalOrgId") if resource.has(key)]
    principal = str(resource.value("principal"))
    if principal == "*" and not bound:
        yield "everybody may invoke the function"
    elif principal.endswith(".amazonaws.com") and not bound:
        yield f"{principal} may invoke the function for any account of AWS"


RULE = Rule(
    id="open-principal",
    forbids="policy that lets everybody in",
    why="A * as principal is every account of AWS, not ours; only a condition brings it down to ours.",
    fix="name the accounts' roots, or add a condition on aws:PrincipalAccount, aws:PrincipalArn or aws:SourceAccount",
    types=(*RESOURCE_POLICIES, PERMISSION),
    check=_check,
)
