"""Run the platform's functions in this process as Lambda would: their own handlers, environment, identity and retries.

Each function of each account has an execution environment of its own: its environment variables, its copies of the
modules under lambda_src, its default boto3 session. So what one function caches, another one cannot see, and a warm
start keeps what Lambda would keep.
"""

import contextlib
import importlib
import io
import json
import logging
import os
import sys
import threading
import traceback
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3

from local.aws import function_calls, identity
from local.aws.server import EmbeddedAws

ROOT = Path(__file__).resolve().parent.parent
CODE = "lambda_src"
RETRIES = 2
"""Lambda's default for asynchronous invocations, and its most."""
MESSAGE_LIMIT = 1024
"""Characters of an error's text that the dead-letter message carries ("truncated to 1 KB")."""
_ONE_AT_A_TIME = threading.RLock()
"""The environment is the process's own."""


class FunctionError(Exception):
    """A handler raised; the message is what Lambda would answer as errorMessage, the cause is the error itself."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Function:
    """A function as its stack deploys it."""

    arn: str
    handler: str
    """`lambda_src.deploy.handler.handler`: module and callable."""
    role: str
    """Name of its role: the identity that its writes carry."""
    environment: Mapping[str, str] = field(default_factory=dict)
    dead_letter_queue: str | None = None
    """ARN of an SQS queue."""
    timeout_seconds: int = 60
    memory_mb: int = 256
    aliases: frozenset[str] = frozenset()
    """By which it is called too; each is the newest version."""
    code_sha256: str | None = None
    """Base64 of the SHA-256 of its archive, where it was deployed from one."""

    @property
    def account(self) -> str:
        """Account of the ARN."""
        return self.arn.split(":")[4]

    @property
    def region(self) -> str:
        """Region of the ARN."""
        return self.arn.split(":")[3]

    @property
    def name(self) -> str:
        """Name in the ARN."""
        return self.arn.split(":")[6]


@dataclass(frozen=True, kw_only=True, slots=True)
class Context:
    """The object that Lambda hands to a handler beside the event."""

    function_name: str
    invoked_function_arn: str
    aws_request_id: str
    memory_limit_in_mb: int
    log_group_name: str
    timeout_seconds: int
    function_version: str = "$LATEST"
    log_stream_name: str = "local"
    identity: None = None
    client_context: None = None

    def get_remaining_time_in_millis(self) -> int:
        """Return the whole timeout: on this machine nothing is stopped for being slow."""
        return self.timeout_seconds * 1000


@dataclass(frozen=True, kw_only=True, slots=True)
class Invocation:
    """One run of a function, kept for reports."""

    function: str
    arn: str
    event: Mapping[str, Any]
    request_id: str
    attempt: int
    """From 1; 3 is the last."""
    result: Any = None
    error: str | None = None
    dead_lettered: bool = False


class _Environment:
    """What a warm function keeps between its runs."""

    def __init__(self, variables: Mapping[str, str]) -> None:
        self.variables = dict(variables)
        self.modules: dict[str, Any] = {}
        self.session: Any = None
        self.log = io.StringIO()
        # Loggers too: Powertools gives a logger the output stream that it found first.
        self.loggers: dict[str, Any] = {}

    @contextlib.contextmanager
    def active(self, *, asked: bool = False) -> Iterator[None]:
        """Make this environment the process's, and put everything back afterwards.

        `asked`: by another function, which holds the process and waits for the answer.
        """
        with contextlib.nullcontext() if asked else _ONE_AT_A_TIME:
            outside, before = _own_modules(), dict(os.environ)
            session, path = boto3.DEFAULT_SESSION, list(sys.path)
            registry = logging.root.manager
            loggers, registry.loggerDict = registry.loggerDict, self.loggers
            try:
                _replace_modules(self.modules)
                os.environ.clear()
                os.environ.update(self.variables)
                boto3.DEFAULT_SESSION = self.session
                sys.path.insert(0, str(ROOT))
                with contextlib.redirect_stdout(self.log), contextlib.redirect_stderr(self.log):
                    yield
            finally:
                self.modules, self.session = _own_modules(), boto3.DEFAULT_SESSION
                _replace_modules(outside)
                os.environ.clear()
                os.environ.update(before)
                boto3.DEFAULT_SESSION, sys.path[:] = session, path
                registry.loggerDict = loggers


def _own_modules() -> dict[str, Any]:
    return {name: module for name, module in sys.modules.items() if name == CODE or name.startswith(f"{CODE}.")}


def _replace_modules(modules: Mapping[str, Any]) -> None:
    for name in _own_modules():
        del sys.modules[name]
    sys.modules.update(modules)


class Functions:
    """The functions of an embedded AWS, over all accounts. Its Lambda API hands invocations to them."""

    def __init__(self, aws: EmbeddedAws) -> None:
        self._aws = aws
        self._running = 0
        self._functions: dict[str, Function] = {}
        self._environments: dict[str, _Environment] = {}
        self.log: list[Invocation] = []
        """Every run, first to last."""
        function_calls.use(self)

    @property
    def deployed(self) -> tuple[Function, ...]:
        """Every function, in the order of deployment."""
        return tuple(self._functions.values())

    def add(self, function: Function) -> None:
        """Deploy a function; again with other settings replaces it, and its next start is cold."""
        self._functions[function.arn] = function
        self._environments.pop(function.arn, None)

    def knows(self, arn: str) -> bool:
        """Return whether a function with this ARN is deployed."""
        return arn in self._functions

    def output(self, arn: str) -> str:
        """Return what a function has printed and logged so far."""
        return self._environments[arn].log.getvalue() if arn in self._environments else ""

    def invoke(self, arn: str, event: Mapping[str, Any]) -> Any:  # JSON out
        """Run a function and return its answer, as InvocationType RequestResponse.

        Raises `FunctionError` where the handler raises; nothing is retried then.
        """
        run = self._run(self._functions[arn], event, str(uuid.uuid4()), attempt=1)
        if run.error is not None:
            raise FunctionError(run.error)
        return run.result

    def answer(self, arn: str, event: Mapping[str, Any], alias: str = "") -> tuple[Any, str | None]:  # JSON out
        """Run a function for a caller of the Lambda API; return its answer, or the text of the error that it raised.

        The function learns by which `alias` it was called; without one it was called itself.
        Where another function runs, the call is its own: it waits for this answer, and nothing else calls meanwhile.
        """
        function, asked = self._functions[arn], self._running > 0
        run = self._run(function, event, str(uuid.uuid4()), attempt=1, asked=asked, alias=alias)
        return run.result, run.error

    def attempt(self, arn: str, event: Mapping[str, Any], request_id: str, attempt: int) -> bool:
        """Run a function once as InvocationType Event does; return whether the event is dealt with.

        It is, where the handler returned, or where this was the last attempt and the event went to the dead-letter
        queue. Otherwise Lambda tries again later, with the same request id.
        """
        function = self._functions[arn]
        last = attempt > RETRIES
        run = self._run(function, event, request_id, attempt, last=last)
        if run.error is None:
            return True
        if last and function.dead_letter_queue:
            self._dead_letter(function.dead_letter_queue, event, run)
        return last

    def _run(
        self,
        function: Function,
        event: Mapping[str, Any],
        request_id: str,
        attempt: int,
        *,
        last: bool = False,
        asked: bool = False,
        alias: str = "",
    ) -> Invocation:
        environment = self._environments.get(function.arn)
        if environment is None:
            environment = self._environments[function.arn] = _Environment(self.variables(function))
        context = Context(
            function_name=function.name,
            invoked_function_arn=f"{function.arn}:{alias}" if alias else function.arn,
            aws_request_id=request_id,
            memory_limit_in_mb=function.memory_mb,
            log_group_name=f"/aws/lambda/{function.name}",
            timeout_seconds=function.timeout_seconds,
        )
        module, _, callable_name = function.handler.rpartition(".")
        result, error = None, None
        with environment.active(asked=asked):
            self._running += 1
            try:
                handler = getattr(importlib.import_module(module), callable_name)
                result = handler(json.loads(json.dumps(event)), context)
                json.dumps(result)  # Lambda fails a handler whose answer is not JSON
            except Exception as raised:  # noqa: BLE001  # whatever a handler raises is an error of the function
                traceback.print_exc()
                error = f"{type(raised).__name__}: {raised}"
            finally:
                self._running -= 1
        run = Invocation(
            function=function.handler.split(".")[1],
            arn=function.arn,
            event=event,
            request_id=request_id,
            attempt=attempt,
            result=result,
            error=error,
            dead_lettered=error is not None and last and function.dead_letter_queue is not None,
        )
        self.log.append(run)
        return run

    def variables(self, function: Function) -> dict[str, str]:
        """Return what a function finds in its environment: its own settings, and keys of its role."""
        keys = identity.keys_of(
            self._aws, function.account, function.region, role=function.role, session=function.name[:64]
        )
        return {
            "PATH": "/usr/local/bin:/usr/bin:/bin",
            "LANG": "en_US.UTF-8",
            "TZ": ":UTC",
            "POWERTOOLS_TRACE_DISABLED": "true",  # there is no X-Ray daemon on this machine
            **function.environment,
            "AWS_LAMBDA_FUNCTION_NAME": function.name,
            "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory_mb),
            "AWS_REGION": function.region,
            "AWS_DEFAULT_REGION": function.region,
            "AWS_ACCESS_KEY_ID": keys["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": keys["SecretAccessKey"],
            "AWS_SESSION_TOKEN": keys["SessionToken"],
            "AWS_ENDPOINT_URL": self._aws.endpoint,
            "AWS_EC2_METADATA_DISABLED": "true",
            # A profile of the user's must neither break this nor leak in.
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        }

    def _dead_letter(self, queue_arn: str, event: Mapping[str, Any], run: Invocation) -> None:
        """Send the event as Lambda does: unchanged, with three attributes that say why (developer guide, "DLQ")."""
        _, _, _, region, account, name = queue_arn.split(":")
        client = self._aws.client("sqs", account, region)
        client.send_message(
            QueueUrl=client.get_queue_url(QueueName=name)["QueueUrl"],
            MessageBody=json.dumps(event),
            MessageAttributes={
                "RequestID": {"DataType": "String", "StringValue": run.request_id},
                # The HTTP status of the invocation: an error of the handler is an answer, hence 200.
                "ErrorCode": {"DataType": "Number", "StringValue": "200"},
                "ErrorMessage": {"DataType": "String", "StringValue": (run.error or "")[:MESSAGE_LIMIT]},
            },
        )
