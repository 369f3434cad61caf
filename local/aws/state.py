"""The state file of the embedded AWS: what moto's backends hold, between two commands.

The body is a pickle, and unpickling runs code. So the file is only ever read from the project's own `.mlops` folder,
where the same user wrote it; it is never fetched, shared or accepted as an argument.
"""

import json
import os
import pickle
import platform
import tempfile
import uuid
from importlib.metadata import version
from pathlib import Path
from typing import Any, cast

from moto.backends import get_backend
from moto.core.base_backend import BackendDict

from local.aws import pickling
from local.aws.errors import AwsStateError

FORMAT = 1
KEEP_OUT = frozenset({"instance_metadata", "lambda", "moto_api"})
"""moto's own pseudo services, which hold nothing that AWS would, and Lambda's: functions are this process's own."""


def _header(instance: str) -> dict[str, Any]:
    python = ".".join(platform.python_version_tuple()[:2])
    return {"format": FORMAT, "moto": version("moto"), "python": python, "instance": instance}


def snapshot() -> dict[str, Any]:
    """Return the content of every backend in use as `{service: {"extra": .., "accounts": {account: {region: ..}}}}`."""
    services: dict[str, Any] = {}
    instances: list[Any] = list(cast("Any", BackendDict)._instances)  # noqa: SLF001  # no public list of what is in use
    for backends in instances:
        name = backends.service_name
        if name in KEEP_OUT:
            continue
        accounts = {a: {r: b.__dict__ for r, b in regions.items()} for a, regions in backends.items()}
        # S3 bucket names are global, so moto keeps the owner of each beside the accounts.
        extra = {"bucket_accounts": backends.bucket_accounts} if name == "s3" else {}
        services[name] = {"extra": extra, "accounts": accounts}
    return services


def restore(services: dict[str, Any]) -> None:
    """Put what `snapshot` returned back into moto's backends."""
    for name, content in services.items():
        backends: Any = cast("Any", get_backend)(name)
        for attribute, value in content["extra"].items():
            setattr(backends, attribute, value)
        for account, regions in content["accounts"].items():
            for region, attributes in regions.items():
                backend = backends[account][region]
                backend.__dict__.clear()
                backend.__dict__.update(attributes)


def save(path: Path, instance: str) -> None:
    """Write the state to `path`: whole or not at all, readable by its owner only."""
    services = snapshot()
    try:
        body = pickling.dumps(services)
    except (pickle.PicklingError, TypeError, AttributeError) as error:
        raise AwsStateError(
            f"{path}: the state of the embedded AWS ({', '.join(sorted(services))}) cannot be stored: {error}"
        ) from error
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(prefix=".state-", dir=path.parent)  # mode 0600
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(json.dumps(_header(instance)).encode() + b"\n" + body)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def load(path: Path) -> str:
    """Restore the state in `path`, where there is one, and return the id of this embedded AWS.

    Raises `AwsStateError` for a file that another version of moto or Python wrote, or that is damaged.
    """
    if not path.is_file():
        return uuid.uuid4().hex
    head, _, body = path.read_bytes().partition(b"\n")
    try:
        header = json.loads(head)
        instance = str(header["instance"])
    except (ValueError, KeyError, TypeError):
        raise AwsStateError(f"{path}: not a state file of the embedded AWS. Run `mlops reset` to start anew.") from None
    expected = _header(instance)
    if header != expected:
        changed = ", ".join(f"{k} {header.get(k)} then, {v} now" for k, v in expected.items() if header.get(k) != v)
        raise AwsStateError(
            f"{path}: written by another version of the embedded AWS ({changed}), whose state this one cannot read. "
            "Run `mlops reset` to start anew (runs and their outputs stay), or install the versions it was written by."
        )
    try:
        restore(pickling.loads(body))
    except Exception as error:
        raise AwsStateError(f"{path}: damaged ({error!r}). Run `mlops reset` to start anew.") from error
    return instance
