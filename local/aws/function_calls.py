"""Lambda's Invoke and GetFunctionConfiguration for the functions that run in this process; moto's want Docker."""

import json
from collections.abc import Mapping
from typing import Any, Protocol
from urllib.parse import unquote

from moto.awslambda.responses import LambdaResponse

Reply = tuple[int, dict[str, Any], str]


class Runner(Protocol):
    """Who runs functions: `local.functions.Functions`."""

    @property
    def deployed(self) -> tuple[Any, ...]:
        """Every function, a `local.functions.Function` each."""

    def answer(self, arn: str, event: Mapping[str, Any], alias: str = "") -> tuple[Any, str | None]:
        """Return a function's answer, or the text of its error."""


_RUNNERS: list[Runner] = []


def use(runner: Runner | None) -> None:
    """Let `runner` answer from now on; with None nobody does, and no function exists."""
    _RUNNERS[:] = [] if runner is None else [runner]


def invoke(self: LambdaResponse) -> Reply:
    """Invoke a function and wait. An error of the function is an answer too: status 200 and X-Amz-Function-Error."""
    arn = _arn(self, unquote(self.path.rsplit("/", 2)[-2]))
    found, alias = _find(arn), self.querystring.get("Qualifier", [""])[0]
    if found is None or (alias and alias not in found.aliases):
        return _not_found(f"{arn}:{alias}" if alias else arn)
    if self.headers.get("X-Amz-Invocation-Type", "RequestResponse") != "RequestResponse":
        return _refused(400, "InvalidParameterValueException", "on this machine Invoke answers RequestResponse only")
    result, error = _RUNNERS[0].answer(arn, json.loads(self.body or "null"), alias)
    if error is not None:
        kind, _, message = error.partition(": ")
        said = json.dumps({"errorMessage": message, "errorType": kind})
        return 200, {"content-type": "application/json", "X-Amz-Function-Error": "Unhandled"}, said
    return 200, {"content-type": "application/json"}, json.dumps(result)


def get_function_configuration(self: LambdaResponse) -> Reply:
    """Describe a function: on this machine each one is active, with the code of this checkout."""
    arn = _arn(self, unquote(self.path.rsplit("/", 2)[-2]))
    found = _find(arn)
    if found is None:
        return _not_found(arn)
    code = {"CodeSha256": found.code_sha256} if found.code_sha256 else {}
    queue = {"DeadLetterConfig": {"TargetArn": found.dead_letter_queue}} if found.dead_letter_queue else {}
    body = {
        "FunctionName": arn.rsplit(":", 1)[-1],
        "FunctionArn": arn,
        "Handler": found.handler,
        "State": "Active",
        "LastUpdateStatus": "Successful",
        "Timeout": found.timeout_seconds,
        **code,
        **queue,
    }
    return 200, {"content-type": "application/json"}, json.dumps(body)


def install() -> None:
    """Put the operations in moto's place."""
    setattr(LambdaResponse, "invoke", invoke)  # noqa: B010  # a method of moto's
    setattr(LambdaResponse, "get_function_configuration", get_function_configuration)  # noqa: B010


def _find(arn: str) -> Any:
    return next((each for runner in _RUNNERS for each in runner.deployed if each.arn == arn), None)


def _arn(response: LambdaResponse, name: str) -> str:
    if name.startswith("arn:"):
        return name
    return f"arn:aws:lambda:{response.region}:{response.current_account}:function:{name}"


def _not_found(arn: str) -> Reply:
    return _refused(404, "ResourceNotFoundException", f"Function not found: {arn}")


def _refused(status: int, code: str, message: str) -> Reply:
    # moto takes the status from the headers, whatever stands before them.
    headers = {"content-type": "application/json", "x-amzn-ErrorType": code, "status": status}
    return status, headers, json.dumps({"Message": message})
