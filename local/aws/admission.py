"""What AWS refuses because something else is not there yet, and moto takes: switched on by `strict()`.

Principals. In a resource policy that names an IAM role, user or session, the service puts that principal's unique id
when it stores the policy, so the principal must exist (IAM guide, "AWS JSON policy elements: Principal"). An account
is taken as it is, and a condition on `aws:PrincipalArn` is text that nobody looks up; so are the names of services.

References. What each service looks up at creation: [doc] in its API reference, [seen] in public error reports, [moto]
refused by moto itself, [k] known from practice and not looked up, where this file would rather refuse too much:

- Lambda CreateFunction: the role, which must trust Lambda [seen]; each layer version [moto]; that the role may send to
  the dead-letter queue [k]; not the queue's policy.
- Lambda AddPermission, PutFunctionEventInvokeConfig: the function [moto].
- EventBridge PutTargets: rule and bus of the rule [doc, moto], and that the target's role trusts EventBridge [seen, for
  PutRule]. Not the function, bus or queue that is the target: of its documented errors only ResourceNotFoundException
  could say so, which is read here as the rule's. Another account's bus could not be looked up anyway.
- Scheduler CreateSchedule: the group [moto], and that the role trusts the scheduler [k].
- SageMaker CreateModel and CreatePipeline: that the role exists and trusts SageMaker [k].
- CloudWatch Logs CreateLogGroup: the key [k].

The wordings for policies are [seen] of S3, KMS, ECR, SNS and SQS, and [k] of IAM. For EventBridge and SageMaker no
report was found: that they refuse is taken from the others, and their words are made up after IAM's.

Objects of other accounts are read as `bucket_access` judges.
"""

import functools
import inspect
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from moto.awslambda.models import LambdaBackend
from moto.core.exceptions import ServiceException
from moto.ecr.models import ECRBackend
from moto.events.models import EventsBackend
from moto.iam.models import IAMBackend
from moto.kms.models import KmsBackend, kms_backends
from moto.logs.models import LogsBackend
from moto.s3.exceptions import S3ClientError
from moto.s3.models import FakeBucket, S3Backend
from moto.s3.responses import S3Response
from moto.sagemaker.models import SageMakerModelBackend
from moto.sagemaker.responses import SageMakerResponse
from moto.scheduler.models import EventBridgeSchedulerBackend
from moto.sns.models import SNSBackend
from moto.sqs.models import SQSBackend

from local.aws import bucket_access
from local.aws.principals import may, missing_principals, trusts

Arguments = Mapping[str, Any]
Check = Callable[[Any, Arguments], None]
"""Gets moto's own object and the call's arguments by name; raises the service's error."""


class RefusedError(ServiceException):
    """A service's own refusal: code and message."""


@dataclass(frozen=True, slots=True)
class Guard:
    """A check before one of moto's own methods."""

    owner: type
    method: str
    check: Check


def _policy(owner: type, method: str, find: Callable[[Arguments], Any], error: Callable[[str], Exception]) -> Guard:
    """Return the guard of a method whose arguments hold a policy document; `error` gets the first missing principal."""

    def check(_: Any, arguments: Arguments) -> None:
        policy = find(arguments)
        missing = missing_principals(policy) if policy else []
        if missing:
            raise error(missing[0])

    return Guard(owner, method, check)


def _attribute(arguments: Arguments) -> Any:
    return (arguments.get("attributes") or {}).get("Policy")


def _group_policy(response: Any, _: Arguments) -> None:
    missing = missing_principals(response._get_param("ResourcePolicy"))  # noqa: SLF001  # how moto reads a request
    if missing:
        raise RefusedError("ValidationException", f"Invalid policy provided: Invalid principal {missing[0]}")


def _function(_: Any, arguments: Arguments) -> None:
    spec = arguments["spec"]
    if not trusts(spec["Role"], "lambda.amazonaws.com"):
        raise _in_lambda("The role defined for the function cannot be assumed by Lambda.")
    # moto itself refuses a layer that is missing.
    queue = (spec.get("DeadLetterConfig") or {}).get("TargetArn")
    if queue and not may(spec["Role"], "sqs:SendMessage", queue):
        raise _in_lambda("The provided execution role does not have permissions to call SendMessage on SQS")


def _targets(_: Any, arguments: Arguments) -> None:
    for target in arguments["targets"]:
        role = target.get("RoleArn")
        if role and not trusts(role, "events.amazonaws.com"):
            raise RefusedError(
                "ValidationException",
                f"Provided role '{role}' cannot be assumed by principal 'events.amazonaws.com'.",
            )


def _schedule(_: Any, arguments: Arguments) -> None:
    if not trusts(arguments["target"]["RoleArn"], "scheduler.amazonaws.com"):
        raise RefusedError(
            "ValidationException",
            "The execution role you provide must allow AWS EventBridge Scheduler to assume the role.",
        )


def _sagemaker_role(argument: str) -> Check:
    def check(_: Any, arguments: Arguments) -> None:
        role = arguments[argument]
        if not trusts(role, "sagemaker.amazonaws.com"):
            raise RefusedError(
                "ValidationException",
                f"Could not assume role {role}. Please ensure that the role exists and allows principal "
                "'sagemaker.amazonaws.com' to assume the role.",
            )

    return check


def _log_group(backend: Any, arguments: Arguments) -> None:
    key = arguments["kwargs"].get("kmsKeyId")
    if key and key.rsplit("/", 1)[-1] not in kms_backends[backend.account_id][backend.region_name].keys:
        raise RefusedError(
            "InvalidParameterException",
            f"The specified KMS key does not exist or is not allowed to be used with '{arguments['log_group_name']}'",
        )


def _in_lambda(message: str) -> Exception:
    return RefusedError("InvalidParameterValueException", message)


def _in_iam(arn: str) -> Exception:
    return RefusedError("MalformedPolicyDocument", f'Invalid principal in policy: "AWS":"{arn}"')


def _in_kms(_: str) -> Exception:
    words = "Policy contains a statement with one or more invalid principals."
    return RefusedError("MalformedPolicyDocumentException", words)


def _in_sqs(_: str) -> Exception:
    return RefusedError("InvalidAttributeValue", "Invalid value for the parameter Policy.")


def _in_sns(_: str) -> Exception:
    return RefusedError("InvalidParameter", "Invalid parameter: Policy Error: PrincipalNotFound")


def _in_ecr(_: str) -> Exception:
    words = "Invalid parameter at 'PolicyText' failed to satisfy constraint: 'Principal not found'"
    return RefusedError("InvalidParameterException", words)


def _guards() -> list[Guard]:
    # `local.aws.extensions` puts SageMaker's own in place when a server starts, so what is guarded is asked for late.
    policy: Callable[[Arguments], Any] = lambda arguments: arguments["policy"]  # noqa: E731  # one word for four uses
    trust: Callable[[Arguments], Any] = lambda arguments: arguments["assume_role_policy_document"]  # noqa: E731
    return [
        _policy(IAMBackend, "create_role", trust, _in_iam),
        _policy(IAMBackend, "update_assume_role_policy", lambda a: a["policy_document"], _in_iam),
        _policy(
            S3Backend,
            "put_bucket_policy",
            policy,
            lambda _: S3ClientError("MalformedPolicy", "Invalid principal in policy"),
        ),
        _policy(KmsBackend, "create_key", policy, _in_kms),
        _policy(KmsBackend, "put_key_policy", policy, _in_kms),
        _policy(ECRBackend, "set_repository_policy", lambda a: a["policy_text"], _in_ecr),
        _policy(
            EventsBackend,
            "put_permission",
            policy,
            lambda arn: RefusedError("ValidationException", f"Invalid principal in policy: {arn}"),
        ),
        _policy(SQSBackend, "create_queue", lambda a: a["kwargs"].get("Policy"), _in_sqs),
        _policy(SQSBackend, "set_queue_attributes", _attribute, _in_sqs),
        _policy(SNSBackend, "create_topic", _attribute, _in_sns),
        _policy(
            SNSBackend,
            "set_topic_attribute",
            lambda a: a["attribute_value"] if a["attribute_name"].lower() == "policy" else None,
            _in_sns,
        ),
        Guard(SageMakerResponse, "put_model_package_group_policy", _group_policy),
        Guard(SageMakerModelBackend, "create_model", _sagemaker_role("execution_role_arn")),
        Guard(SageMakerModelBackend, "create_pipeline", _sagemaker_role("role_arn")),
        Guard(LambdaBackend, "create_function", _function),
        Guard(EventsBackend, "put_targets", _targets),
        Guard(EventBridgeSchedulerBackend, "create_schedule", _schedule),
        Guard(LogsBackend, "create_log_group", _log_group),
    ]


@contextmanager
def strict() -> Iterator[None]:
    """Let the embedded AWS of this process refuse what AWS refuses; enter it after the server started."""
    changes: list[tuple[type, str, Callable[..., Any]]] = [
        *((g.owner, g.method, _guarded(getattr(g.owner, g.method), g.check)) for g in _guards()),
        (S3Response, "_key_response", bucket_access.key_response),
        (FakeBucket, "get_permission", bucket_access.no_permission),
    ]
    before = [(owner, method, getattr(owner, method)) for owner, method, _ in changes]
    for owner, method, changed in changes:
        setattr(owner, method, changed)
    try:
        yield
    finally:
        for owner, method, original in before:
            setattr(owner, method, original)


def _guarded(original: Callable[..., Any], check: Check) -> Callable[..., Any]:
    signature = inspect.signature(original)

    @functools.wraps(original)
    def guarded(self: Any, *arguments: Any, **named: Any) -> Any:
        bound = signature.bind(self, *arguments, **named)
        bound.apply_defaults()
        check(self, bound.arguments)
        return original(self, *arguments, **named)

    return guarded
