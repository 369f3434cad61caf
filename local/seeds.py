"""What a run finds in S3 before it starts: given files, and the input data with its marker."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from contracts.events import NEW_DATA_MARKER
from local.runner.errors import RunnerError
from local.runner.storage import Storage, split

BUCKET = re.compile(r"s3://([a-z0-9][a-z0-9.\-]{1,61}[a-z0-9])(?=$|/)")


def buckets_of(document: object) -> Iterator[str]:
    """Yield every bucket that a definition names; in its own account they exist."""
    if isinstance(document, str):
        yield from BUCKET.findall(document)
    elif isinstance(document, Mapping):
        for value in document.values():
            yield from buckets_of(value)
    elif isinstance(document, list):
        for value in document:
            yield from buckets_of(value)


def seed(storage: Storage, option: str) -> int:
    """Put a file or a folder at an S3 URI, as `s3://bucket/key=PATH` says, and return the number of objects.

    A URI that ends in a slash is a folder. Raises `RunnerError` for another form or a path that is not there.
    """
    uri, sign, text = option.rpartition("=")  # a key may hold `=` (dt=2026-01-01), a path hardly does
    path = Path(text)
    if not (sign and uri.startswith("s3://") and text):
        raise RunnerError(f"--s3 {option!r}: write s3://bucket/key=PATH, where PATH is a file or a folder.")
    if not path.exists():
        raise RunnerError(f"--s3 {option!r}: {path} does not exist.")
    storage.ensure_bucket(split(uri)[0])
    if path.is_dir():
        return len(storage.upload("seed", path, uri))
    storage.write("seed", f"{uri}{path.name}" if uri.endswith("/") else uri, path.read_bytes())
    return 1


def put_data(storage: Storage, uri: str, files: Mapping[str, bytes]) -> None:
    """Make the prefix `uri` hold exactly `files`, and the marker that says the data is complete, last.

    What an earlier run left under the prefix goes; versions of it stay, as the bucket is versioned.
    """
    bucket, prefix = split(uri)
    storage.ensure_bucket(bucket)
    base = f"s3://{bucket}/{prefix}" if prefix.endswith("/") or not prefix else f"s3://{bucket}/{prefix}/"
    for key in list(storage.keys(bucket, prefix)):
        storage.delete(f"s3://{bucket}/{key}")
    for name, content in files.items():
        storage.write("data", f"{base}{name}", content)
    storage.write("data", f"{base}{NEW_DATA_MARKER}", b"")


def data_parameter(document: Mapping[str, Any], name: str, overrides: Mapping[str, str]) -> str:
    """Return the S3 URI to which input data goes: the value of parameter `name`.

    Raises `RunnerError` when the definition has no such parameter, or it is not an S3 URI.
    """
    declared = {p["Name"]: p for p in document.get("Parameters") or []}
    if name not in declared:
        raise RunnerError(
            f"--data: the definition has no parameter {name}, so where the data goes is not known. "
            f"Name the right one with --data-parameter; it has: {', '.join(declared) or 'none'}."
        )
    uri = str(overrides.get(name, declared[name].get("DefaultValue", "")))
    if not uri.startswith("s3://"):
        raise RunnerError(
            f"--data: parameter {name} is {uri!r}, not an S3 URI. Set it: --parameter {name}=s3://bucket/prefix/."
        )
    return uri
