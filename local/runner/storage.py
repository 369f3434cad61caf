"""Move files between S3 and a job's folder the way SageMaker does."""

import gzip
import hashlib
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from local.runner.errors import StepError


@dataclass(frozen=True, kw_only=True, slots=True)
class Transfer:
    """One object that a step read or wrote."""

    name: str
    """The input, channel or output it belongs to."""
    uri: str
    sha256: str
    size: int
    """Bytes."""

    def to_json(self) -> dict[str, Any]:
        """Return plain values."""
        return asdict(self)


def split(uri: str) -> tuple[str, str]:
    """Return bucket and key of an S3 URI, or raise `StepError`."""
    scheme, _, rest = str(uri).partition("://")
    bucket, _, key = rest.partition("/")
    if scheme != "s3" or not bucket:
        raise StepError(f"{uri!r} is not an S3 URI of the form s3://bucket/key")
    return bucket, key


class Storage:
    """S3 as the jobs of one account see it. `client` is a boto3 S3 client."""

    def __init__(self, client: Any) -> None:  # boto3 has no client types
        self._client = client

    def keys(self, bucket: str, prefix: str) -> Iterator[str]:
        """Yield every key under a prefix without folder markers. Raises `StepError` for a bucket that is not there."""
        try:
            for page in self._client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
                yield from (o["Key"] for o in page.get("Contents", []) if not o["Key"].endswith("/"))
        except self._client.exceptions.NoSuchBucket:
            raise StepError(f"bucket {bucket} does not exist in the embedded AWS; --s3 URI=PATH creates it") from None

    def read(self, uri: str) -> bytes:
        """Return an object's content. Raises `StepError` where there is none."""
        bucket, key = split(uri)
        try:
            return bytes(self._client.get_object(Bucket=bucket, Key=key)["Body"].read())
        except (self._client.exceptions.NoSuchKey, self._client.exceptions.NoSuchBucket):
            raise StepError(f"{uri} does not exist in the embedded AWS") from None

    def read_json(self, uri: str) -> Any:  # JSON out
        """Return the JSON in an object. Raises `StepError` where there is none, or other content."""
        try:
            return json.loads(self.read(uri))
        except ValueError as error:
            raise StepError(f"{uri} is not JSON: {error}") from None

    def write(self, name: str, uri: str, content: bytes) -> Transfer:
        """Write an object and return what was written."""
        bucket, key = split(uri)
        self._client.put_object(Bucket=bucket, Key=key, Body=content)
        return Transfer(name=name, uri=uri, sha256=hashlib.sha256(content).hexdigest(), size=len(content))

    def delete(self, uri: str) -> None:
        """Delete an object; in a versioned bucket its versions stay."""
        bucket, key = split(uri)
        self._client.delete_object(Bucket=bucket, Key=key)

    def ensure_bucket(self, bucket: str) -> None:
        """Create the bucket, versioned, where it does not exist."""
        if bucket not in {b["Name"] for b in self._client.list_buckets()["Buckets"]}:
            self._client.create_bucket(Bucket=bucket)
            self._client.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})

    def download(self, name: str, source: dict[str, Any], folder: Path) -> list[Transfer]:
        """Fetch an S3 data source into `folder` and return what came.

        `source` has S3Uri, and may have S3DataType (S3Prefix or ManifestFile) and a compression type. Under a prefix
        the service takes every key that begins with it, so `.../train` takes `.../train2.csv` too. An empty source is
        an error, as it is for a real job.
        """
        uri = str(source["S3Uri"])
        kind = source.get("S3DataType", "S3Prefix")
        if kind == "ManifestFile":
            files = self._manifest(uri)
        elif kind == "S3Prefix":
            bucket, prefix = split(uri)
            base = prefix if prefix.endswith("/") or not prefix else f"{prefix}/"
            parent = prefix.rpartition("/")[0]
            files = [
                (
                    f"s3://{bucket}/{key}",
                    key.removeprefix(base) if key.startswith(base) else key.removeprefix(parent).lstrip("/"),
                )
                for key in self.keys(bucket, prefix)
            ]
        else:
            raise StepError(f"input {name}: S3DataType {kind} is not one of S3Prefix, ManifestFile on this machine")
        if not files:
            raise StepError(f"input {name}: no S3 objects found under {uri}")
        folder.mkdir(parents=True, exist_ok=True)
        return [self._fetch(name, uri, folder / path, source.get("CompressionType")) for uri, path in files]

    def _manifest(self, uri: str) -> list[tuple[str, str]]:
        first, *rest = self.read_json(uri)
        return [(f"{first['prefix']}{path}", path) for path in rest]

    def _fetch(self, name: str, uri: str, path: Path, compression: str | None) -> Transfer:
        content = self.read(uri)
        path.parent.mkdir(parents=True, exist_ok=True)
        unpacked = gzip.decompress(content) if compression == "Gzip" and path.suffix != ".tar" else content
        path.write_bytes(unpacked)
        return Transfer(name=name, uri=uri, sha256=hashlib.sha256(content).hexdigest(), size=len(content))

    def upload(self, name: str, folder: Path, uri: str) -> list[Transfer]:
        """Write every file in `folder` under `uri` and return what was written. A folder that is not there has none."""
        base = uri.rstrip("/")
        return [
            self.write(name, f"{base}/{path.relative_to(folder).as_posix()}", path.read_bytes())
            for path in sorted(folder.rglob("*"))
            if path.is_file()
        ]
