"""Lambda of the embedded AWS for the engine: functions stay from one command to the next, and run when invoked.

Elsewhere functions are a process's own, made anew by each run (local/aws/state.py leaves them out). What the engine
deployed has to be there when it looks again.
"""

import copy
import json
import subprocess
import sys
import tempfile
import uuid
import weakref
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from moto.awslambda.models import lambda_backends

from local.aws import function_calls, pickling
from local.aws.errors import AwsStateError
from local.aws.server import EmbeddedAws
from local.functions import ROOT, Function, Functions

LATEST = "$LATEST"
"""Qualifier of a function itself, which the provider sends with each invocation."""
STORES = ("_lambdas", "_layers")
"""moto's stores that also hold their content by ARN, weakly, which cannot be pickled."""


@contextmanager
def kept(file: Path) -> Iterator[None]:
    """Restore functions and layers from `file`, and store them there at the end. The embedded AWS runs around it.

    The file is a pickle that this folder's own commands wrote, as the state of the other services.
    """
    if file.is_file():
        _restore(file)
    try:
        yield
    finally:
        part = file.with_suffix(".part")
        part.touch(mode=0o600)
        part.write_bytes(pickling.dumps(_snapshot()))
        part.replace(file)


def _snapshot() -> dict[str, dict[str, dict[str, Any]]]:
    return {
        account: {region: _plain(backend.__dict__) for region, backend in regions.items()}
        for account, regions in lambda_backends.items()
    }


def _plain(attributes: dict[str, Any]) -> dict[str, Any]:
    found = dict(attributes)
    for name in STORES:
        store: Any = copy.copy(found[name])
        store._arns = dict(store._arns)  # noqa: SLF001  # moto has no public way to its content
        found[name] = store
    return found


def _restore(file: Path) -> None:
    try:
        content = pickling.loads(file.read_bytes())
    except Exception as error:
        raise AwsStateError(f"{file}: damaged ({error!r}). Remove {file.parent} to start anew.") from error
    for account, regions in content.items():
        for region, attributes in regions.items():
            for name in STORES:
                store = attributes[name]
                store._arns = weakref.WeakValueDictionary(store._arns)  # noqa: SLF001  # as moto makes it
            lambda_backends[account][region].__dict__.update(attributes)


class DeployedFunctions:
    """Runs what was deployed to Lambda, by its handler's name: the code is this checkout's, as what was deployed.

    Each run is a process of its own. The engine invokes several functions at once, and calls this process meanwhile,
    whose environment must not become a function's. What functions print is in `functions/<name>.log` of the folder.
    """

    def __init__(self, aws: EmbeddedAws) -> None:
        self._aws = aws
        self._functions = Functions(aws)
        function_calls.use(self)

    @property
    def deployed(self) -> tuple[Function, ...]:
        """The functions that are there now."""
        return tuple(_described(function) for function in _all())

    def answer(self, arn: str, event: Mapping[str, Any], alias: str = "") -> tuple[Any, str | None]:
        """Return a function's answer, or the text of its error."""
        (function,) = (each for each in self.deployed if each.arn == arn)
        qualifier = alias.removeprefix(LATEST)
        request = {
            "handler": function.handler,
            "event": event,
            "timeout_seconds": function.timeout_seconds,
            "context": {
                "function_name": function.name,
                "function_version": LATEST,
                "invoked_function_arn": f"{arn}:{qualifier}" if qualifier else arn,
                "aws_request_id": str(uuid.uuid4()),
                "memory_limit_in_mb": function.memory_mb,
                "log_group_name": f"/aws/lambda/{function.name}",
                "log_stream_name": "local",
            },
        }
        environment = {**self._functions.variables(function), "PYTHONPATH": str(ROOT)}
        log = self._aws.folder / "functions" / f"{function.name}.log"
        log.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory() as folder, log.open("a", encoding="utf-8") as printed:
            answer = Path(folder) / "answer.json"
            try:
                subprocess.run(
                    [sys.executable, "-m", "local.engine_function_run", str(answer)],
                    input=json.dumps(request),
                    env=environment,
                    cwd=folder,
                    text=True,
                    stdout=printed,
                    stderr=subprocess.STDOUT,
                    timeout=function.timeout_seconds,
                    check=False,
                )
            except subprocess.TimeoutExpired:
                return None, f"Sandbox.Timedout: Task timed out after {function.timeout_seconds} seconds"
            if not answer.is_file():
                return None, f"Runtime.ExitError: the function's process ended without an answer; see {log}"
            found = json.loads(answer.read_text(encoding="utf-8"))
        return found.get("result"), found.get("error")


def _all() -> Iterator[Any]:
    for regions in lambda_backends.values():
        for backend in regions.values():
            yield from backend.list_functions()


def _described(function: Any) -> Function:
    backend = lambda_backends[function.account_id][function.region]
    return Function(
        arn=function.function_arn.removesuffix(":$LATEST"),
        handler=function.handler,
        role=function.role.rsplit("/", 1)[-1],
        environment=function.environment_vars,
        timeout_seconds=int(function.timeout),
        memory_mb=int(function.memory_size),
        aliases=frozenset({LATEST, *(alias.name for alias in backend.list_aliases(function.function_name))}),
        code_sha256=function.code_sha_256,
    )
