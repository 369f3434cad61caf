"""Nobody reads or writes in clear."""

from collections.abc import Iterator
from dataclasses import dataclass

from policy.documents import Statement, listed, principals, statements
from policy.model import Checked, Rule, Stack


@dataclass(frozen=True, slots=True)
class _Kind:
    policy: str
    key: str
    service: str


KINDS = {
    "s3:Bucket": _Kind("s3:BucketPolicy", "bucket", "s3"),
    "s3:BucketV2": _Kind("s3:BucketPolicy", "bucket", "s3"),
    "sns:Topic": _Kind("sns:TopicPolicy", "arn", "sns"),
    "sqs:Queue": _Kind("sqs:QueuePolicy", "queueUrl", "sqs"),
}
"""Where the policy of a store stands, which input of it names the store, and the service's actions."""


def _check(store: Checked, stack: Stack) -> Iterator[str]:
    kind = KINDS[store.short_type]
    policies = stack.companions(store, kind.policy, kind.key)
    if not any(_refuses(one, kind) for policy in policies for one in statements(policy, "policy")):
        yield "no policy of it refuses requests without TLS"


def _refuses(statement: Statement, kind: _Kind) -> bool:
    condition = (statement.get("Condition") or {}).get("Bool") or {}
    clear = any(k.lower() == "aws:securetransport" and str(v).lower() == "false" for k, v in condition.items())
    alone = len(condition) == 1 and len(statement["Condition"]) == 1 if clear else False
    # SNS takes no wildcard in a policy's actions beyond its own; publishing is what carries content there.
    actions = set(listed(statement.get("Action")))
    everything = actions & {"*", f"{kind.service}:*"} or (kind.service == "sns" and "sns:Publish" in actions)
    objects = kind.service != "s3" or any(str(r).endswith(("/*", "*")) for r in listed(statement.get("Resource")))
    return bool(
        statement.get("Effect") == "Deny" and alone and everything and objects and "*" in principals(statement, "AWS")
    )


RULE = Rule(
    id="tls-only",
    forbids="bucket, topic or queue that answers without TLS",
    why="A request in clear can be read and changed on its way; AWS still accepts it unless a policy refuses.",
    fix="add a Deny for everybody on aws:SecureTransport false, as components/bucket_policy.py does",
    types=tuple(KINDS),
    needs_stack=True,
    check=_check,
)
