"""The fault table: what becomes of an event when a call of a function goes wrong.

Every call that a function makes has a row; `test_faults.py` holds each cell against the real handlers.
`python -m tests.lambda_src.fault_table > docs/fault-table.md` writes the page.
"""

RECOVERS = "recovers"
DEAD_LETTER = "dead letter"
RECORDED = "recorded"
ABSORBED = "as without"
MEANING = {
    RECOVERS: "within Lambda's three tries the final state is the same as without the fault",
    DEAD_LETTER: "each try raised: the event waits in the dead-letter queue, its alarm rings, and its replay, once"
    " the cause is mended, ends in the same state as without the fault",
    RECORDED: "known to be permanent: recorded as failed or refused, published, counted for the alarm, and not tried"
    " again",
    ABSORBED: "the final state is the same at once: what is missing was to be created or removed, or is found another"
    " way",
}

ONCE = ("throttle", "timeout", "died", "twice")
"""Faults that pass. Their outcome is the same for each call of each function."""
FAULTS = {
    "throttle": "throttled until the client's own attempts are used up",
    "timeout": "the call took effect, and the client saw a timeout",
    "died": "the function ended right after the call, which leaves the work half done",
    "twice": "a second event of the same change runs from start to end during the call",
    "denied": "access denied, until somebody mends the policy",
    "not found": "the service says that what the call names is not there",
}

_LOST = (DEAD_LETTER, DEAD_LETTER)
_GONE = (DEAD_LETTER, RECORDED)
_ANYWAY = (DEAD_LETTER, ABSORBED)
_EITHER = (DEAD_LETTER, f"{ABSORBED} or {DEAD_LETTER}")
_ENDPOINT = {
    "application-autoscaling:DescribeScalableTargets": _LOST,
    "application-autoscaling:DescribeScalingPolicies": _LOST,
    "cloudwatch:DescribeAlarms": _LOST,
    "dynamodb:DeleteItem": (ABSORBED, ABSORBED),
    "dynamodb:GetItem": _LOST,
    "dynamodb:PutItem": _LOST,
    "dynamodb:TransactWriteItems": _LOST,
    "dynamodb:UpdateItem": _LOST,
    "sagemaker-runtime:InvokeEndpoint": _LOST,
    "sagemaker:CreateEndpointConfig": _LOST,
    "sagemaker:CreateModel": _GONE,
    "sagemaker:DescribeEndpointConfig": _EITHER,
    "sagemaker:DescribeModel": _EITHER,
    "sagemaker:UpdateEndpoint": _LOST,
    "sagemaker:UpdateModelPackage": _ANYWAY,
    "sns:Publish": _LOST,
    "ssm:GetParameter": _LOST,
}
"""Calls of both deploy and verify, which share the reconciliation."""
_CALLS = {
    "promote": {
        "dynamodb:DeleteItem": (ABSORBED, ABSORBED),
        "dynamodb:GetItem": _LOST,
        "dynamodb:PutItem": _LOST,
        "dynamodb:UpdateItem": _LOST,
        "ecr:BatchGetImage": _GONE,
        "s3:AbortMultipartUpload": (ABSORBED, ABSORBED),
        "s3:CompleteMultipartUpload": _LOST,
        "s3:CopyObject": _LOST,
        "s3:CreateMultipartUpload": _LOST,
        "s3:GetObject": _GONE,
        "s3:HeadObject": _GONE,
        "s3:UploadPartCopy": _LOST,
        "sagemaker:CreateModelPackage": _GONE,
        "sagemaker:DescribeModelPackage": _GONE,
        "sagemaker:ListModelPackages": _LOST,
        "sns:Publish": _LOST,
        "ssm:GetParameter": _LOST,
    },
    "deploy": {
        **_ENDPOINT,
        "application-autoscaling:PutScalingPolicy": _LOST,
        "application-autoscaling:RegisterScalableTarget": _LOST,
        "cloudwatch:PutMetricAlarm": _LOST,
        "dynamodb:Query": _LOST,
        "sagemaker:CreateEndpoint": _LOST,
        "sagemaker:CreateTransformJob": _LOST,
        "sagemaker:DeleteEndpoint": _LOST,
        "sagemaker:DescribeEndpoint": _EITHER,
        "sagemaker:DescribeModelPackage": (DEAD_LETTER, f"{RECORDED} or {DEAD_LETTER}"),
    },
    "verify": {
        **_ENDPOINT,
        "application-autoscaling:DeregisterScalableTarget": _ANYWAY,
        "application-autoscaling:PutScalingPolicy": _LOST,
        "application-autoscaling:RegisterScalableTarget": _LOST,
        "dynamodb:Query": _LOST,
        "s3:GetObject": _LOST,
        "s3:PutObject": _LOST,
        "sagemaker-runtime:InvokeEndpointAsync": _LOST,
        "sagemaker:DeleteEndpointConfig": _ANYWAY,
        "sagemaker:DeleteModel": _ANYWAY,
        "sagemaker:DescribeEndpoint": (DEAD_LETTER, f"{RECORDED} or {DEAD_LETTER}"),
        "sagemaker:DescribeModelPackage": (DEAD_LETTER, f"{ABSORBED} or {RECORDED}"),
        "sagemaker:ListEndpointConfigs": _LOST,
    },
}
LASTING = {(function, call): cells for function, calls in _CALLS.items() for call, cells in calls.items()}
"""(function, call) -> what becomes of an event while the call is denied, and while it finds nothing."""


def expected(function, call, kind):
    """Return the cell: one outcome, or several joined by " or " where it depends on the path."""
    return RECOVERS if kind in ONCE else LASTING[function, call][kind == "not found"]


def page():
    """Return the table as Markdown."""
    lines = [
        "# Fault table of the delivery functions",
        "",
        "Generated by `python -m tests.lambda_src.fault_table > docs/fault-table.md`; each cell is a test in",
        "`tests/lambda_src/test_faults.py`, which runs the real handlers. Lambda tries an event three times.",
        "",
        "| fault | meaning |",
        "|---|---|",
        *(f"| {name} | {meaning} |" for name, meaning in FAULTS.items()),
        "",
        "| outcome | meaning |",
        "|---|---|",
        *(f"| {name} | {meaning} |" for name, meaning in MEANING.items()),
        "",
        "Duplicate, late and reordered events change nothing: `tests/lambda_src/test_deploy.py`, `test_verify.py` and",
        "`test_promote.py` deliver them in several orders.",
    ]
    for function, calls in _CALLS.items():
        lines += ["", f"## {function}", "", f"| call | {' | '.join(FAULTS)} |", f"|---|{'---|' * len(FAULTS)}"]
        lines += [
            f"| `{call}` | {' | '.join(expected(function, call, kind) for kind in FAULTS)} |" for call in sorted(calls)
        ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    print(page(), end="")
