"""What a call asks IAM for: a request of an action on a resource, with the context that conditions look at."""

from dataclasses import dataclass

SECURE = {"aws:SecureTransport": "true", "s3:TlsVersion": "1.3"}
"""boto3 speaks TLS 1.2 or newer; conditions on these keys are of resource policies."""


@dataclass(frozen=True)
class Request:
    function: str
    """Whose role is asked: a function's, or `serving`, which SageMaker assumes for what a function created."""
    action: str
    resource: str
    because: str
    """The call, and for what it implies also why."""
    context: tuple[tuple[str, str], ...] = ()

    def in_context(self, role_arn):
        """Return the whole context of the request, as made by the role."""
        return {**SECURE, "aws:PrincipalArn": role_arn, **dict(self.context)}

    def __str__(self):
        return f"{self.function}: {self.action} on {self.resource} ({self.because})"


@dataclass(frozen=True)
class Row:
    """A row of a table: calls of these operations ask for this action on these resources."""

    calls: tuple[str, ...]
    action: str
    resources: object
    """`(parameters, stack) -> ARNs`; none where the parameters do not lead to the request."""
    source: str
    context: object = None
    """`(parameters, stack, call) -> {key: value}`."""
    role: str = ""
    """Empty for the function's own role."""

    def requests(self, call, stack):
        """Yield what a call asks for by this row."""
        if call.name not in self.calls:
            return
        parameters = call.parameters
        context = self.context(parameters, stack, call) if self.context else {}
        for resource in self.resources(parameters, stack):
            because = call.name if not self.role else f"{call.name} of {call.function}"
            yield Request(self.role or call.function, self.action, resource, because, tuple(sorted(context.items())))


def nothing_else(parameters, stack):
    """The resource of an action that knows none."""
    return ["*"]


def bucket_and_key(uri):
    """Split `s3://bucket/key` or a CopySource; drop a version."""
    bucket, _, key = uri.removeprefix("s3://").partition("?")[0].partition("/")
    return bucket, key


def object_arn(stack, bucket, key):
    """Return the ARN of an object."""
    return f"arn:{stack.names.partition}:s3:::{bucket}/{key}"
