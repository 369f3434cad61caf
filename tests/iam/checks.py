"""Compare a role's policies with the requests made under it; each check returns what is wrong, as sentences."""

import functools
import re

from policy_sentry.querying.actions import get_action_data

from tests.iam.direct_actions import DIRECT
from tests.iam.implied_actions import IMPLIED, runtime_requests
from tests.iam.serving_actions import SERVING
from tests.policy_evaluator import grants, is_allowed, resource_effects

WILDCARDS = {
    ("application-autoscaling:", "scalable-target/*"): (
        "application-autoscaling:service-namespace",
        "the service makes up the ids (Service Authorization Reference, resource types); bound to SageMaker's targets",
    ),
    ("kms:Decrypt", "key/*"): (
        "kms:EncryptionContext:aws:s3:arn",
        "the id of another account's key cannot be computed; bound to the files of one bucket, and by the key's policy",
    ),
}
"""Writes whose resource ends in a bare wildcard: beginning of the action and end of the pattern; the condition key that
must bind it, and why there is no other way."""


@functools.cache
def requests(stack):
    """Return every request that the stack's functions and their endpoints make, each once."""
    functions = [f for f in ("promote", "deploy", "verify", "sweep") if stack.policies(f)]
    found = {r for call in stack.calls() for row in (*DIRECT, *IMPLIED, *SERVING) for r in row.requests(call, stack)}
    found |= {r for function in functions for r in runtime_requests(function, stack)}
    return sorted(found, key=str)


def unmapped(stack):
    """Calls that have no row in the table of calls."""
    known = {name for row in DIRECT for name in row.calls}
    return sorted({call.name for call in stack.calls()} - known)


def missing(stack, role, documents, asked):
    """Requests of a role that its own policies, or those of the resource, do not let pass."""
    arn = stack.names.role_arn(role)
    return [wrong for request in asked for wrong in _refusals(stack, arn, documents, request)]


def _refusals(stack, arn, documents, request):
    context = request.in_context(arn)
    if not is_allowed(documents, request.action, request.resource, context):
        yield f"{request}: the role's policies do not allow it"
    guards = stack.policies_on(request.resource)
    effects = set().union(*(resource_effects(d, arn, request.action, request.resource, context) for d in guards), set())
    owner = request.resource.split(":")[4] if request.resource != "*" else ""
    owner = owner or _bucket_owner(stack, request.resource)
    elsewhere = owner not in ("", stack.names.account)
    if "Deny" in effects:
        yield f"{request}: the resource's policy denies it"
    # A KMS key is open to its own account too only as far as its policy says.
    elif (elsewhere or request.action.startswith("kms:")) and "Allow" not in effects:
        yield f"{request}: the policy of the resource, of account {owner}, does not let it in"


def _bucket_owner(stack, resource):
    if not resource.startswith(f"arn:{stack.names.partition}:s3:::"):
        return ""
    previous = stack.previous
    of_previous = previous is not None and resource.startswith(previous.names.bucket_arn("artifacts"))
    return previous.names.account if of_previous else stack.names.account


def unused(stack, role, documents, asked):
    """Pairs of action and resource pattern in Allow statements that no request needs.

    A pair counts where the action knows that type of resource; an action or a pattern without any pair counts as well.
    """
    arn = stack.names.role_arn(role)
    wrong = []
    for document in documents:
        for statement in document["Statement"]:
            if statement["Effect"] != "Allow":
                continue
            used = {pair for r in asked for pair in grants(statement, r.action, r.resource, r.in_context(arn))}
            actions, patterns = as_list(statement["Action"]), as_list(statement["Resource"])
            pairs = {(a, p) for a in actions for p in patterns if knows(a, p)}
            idle = {f"{action} on {pattern}" for action, pattern in pairs - used}
            idle |= {f"{action} on anything" for action in set(actions) - {a for a, _ in pairs}}
            idle |= {f"anything on {pattern}" for pattern in set(patterns) - {p for _, p in pairs}}
            wrong += [f"{role}: {what} is in {statement['Sid']}, and nothing needs it" for what in sorted(idle)]
    return wrong


def wildcards(stack, role, documents):
    """Actions that write with a wildcard which does not stand behind the name or coordinates of one stack."""
    own = (f"{stack.names.prefix}-", stack.names.log_group(f"functions/{role}"))
    wrong = []
    for document in documents:
        for s in document["Statement"]:
            for action in as_list(s["Action"]) if s["Effect"] == "Allow" else ():
                bad = [p for p in as_list(s["Resource"]) if "*" in p and not _may(action, p, own, s.get("Condition"))]
                if "*" in action or (bad and writes(action)):
                    wrong += [f"{role}: {action} writes on {pattern} in {s['Sid']}" for pattern in bad or ["anything"]]
    return wrong


def _may(action, pattern, own, condition):
    if pattern == "*":
        return not arns(action)
    before = pattern.split("*")[0]
    if any(name in before for name in own):
        return True
    keys = {key for operator in (condition or {}).values() for key in operator}
    return any(
        action.startswith(begins) and pattern.endswith(ends) and key in keys
        for (begins, ends), (key, _) in WILDCARDS.items()
    )


def writes(action):
    """Whether the reference calls an action something else than reading."""
    return _data(action)[0]["access_level"] not in ("Read", "List")


@functools.cache
def _data(action):
    service, name = action.split(":")
    rows = (get_action_data(service, name) or {}).get(service)
    if not rows:
        raise AssertionError(f"{action}: the Service Authorization Reference has no such action")
    return rows


@functools.cache
def arns(action):
    """The formats of the resources that an action knows; none where it knows none."""
    return tuple(row["resource_arn_format"] for row in _data(action) if row["resource_arn_format"] != "*")


def dependent_actions(action):
    """What the reference says an action may need besides."""
    return {d for row in _data(action) for d in row["dependent_actions"]}


@functools.cache
def knows(action, pattern):
    """Whether a resource or pattern is of a type that an action knows."""
    if pattern == "*" or not arns(action):
        return pattern == "*" and not arns(action)
    service, place = pattern.split(":", 5)[2], pattern.split(":", 5)[5]
    return any(service == arn.split(":", 5)[2] and _of_type(place, arn.split(":", 5)[5]) for arn in arns(action))


def _of_type(place, known):
    kind = known.split("${", 1)[0]
    if kind:
        return place.startswith(kind) and place.count(":log-stream:") >= known.count(":log-stream:") - place.count("*")
    # Types whose names begin at once: an object has a slash, a bucket, topic or queue has none.
    return ("/" in place) == ("/" in re.sub(r"\$\{.*?\}", "", known))


def as_list(value):
    return [value] if isinstance(value, str) else list(value)
