"""The input objects in S3, listed once and then read by version id, so that a later upload cannot change a run."""

import hashlib
from pathlib import Path
from typing import Any, Dict, List, Mapping, NamedTuple, Tuple
from urllib.parse import urlsplit

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from job_contract import StepError, log

CHUNK_BYTES = 1024 * 1024
NO_VERSION = "null"
"""Version id that S3 gives to objects of a bucket without versioning."""


class InputObject(NamedTuple):
    """One version of one object, as the listing showed it."""

    bucket: str
    key: str
    version_id: str
    size: int
    etag: str


def client(environment: Mapping[str, str]) -> Any:
    """Make an S3 client from the job's environment.

    The image's boto3 is older than `AWS_ENDPOINT_URL` and never reads SageMaker's `AWS_REGION`, so both are passed on.
    """
    import boto3

    endpoint = environment.get("AWS_ENDPOINT_URL_S3") or environment.get("AWS_ENDPOINT_URL")
    region = environment.get("AWS_REGION") or environment.get("AWS_DEFAULT_REGION")
    retries = {"max_attempts": 8, "mode": "standard"}
    config = Config(retries=retries, s3={"addressing_style": "path"}) if endpoint else Config(retries=retries)
    return boto3.client("s3", region_name=region, endpoint_url=endpoint, config=config)


def parse_uri(uri: str) -> Tuple[str, str]:
    """Split s3://bucket/prefix into bucket and prefix. A prefix ends in a slash unless it names one CSV file."""
    parts = urlsplit(uri)
    if parts.scheme != "s3" or not parts.netloc or parts.query or parts.fragment:
        raise StepError(f"--input-data-uri {uri!r} is not s3://bucket/prefix/. Set the parameter InputDataUri so.")
    key = parts.path.lstrip("/")
    # Without the slash, `latest` would read `latest-but-one/` too.
    return parts.netloc, key if not key or key.endswith("/") or _is_csv(key) else key + "/"


def list_objects(s3: Any, bucket: str, prefix: str) -> List[InputObject]:
    """List the current version of each CSV object under a prefix, sorted by key. Needs s3:ListBucketVersions.

    Raises StepError where there is none.
    """
    where = f"s3://{bucket}/{prefix}"
    found = []
    try:
        for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket, Prefix=prefix):
            found.extend(version for version in page.get("Versions", []) if version["IsLatest"])
    except (BotoCoreError, ClientError) as error:
        raise StepError(
            f"{where} cannot be listed: {error}. Check that the bucket exists and that the job's role has "
            "s3:ListBucketVersions on it."
        ) from error
    objects = []
    for version in sorted(found, key=lambda version: str(version["Key"])):
        key = version["Key"]
        if not _is_csv(key):
            log(f"ignored s3://{bucket}/{key}: not a .csv file")
            continue
        if _is_csv(prefix) and key != prefix:
            continue
        objects.append(InputObject(bucket, key, version["VersionId"], version["Size"], version["ETag"]))
    if not objects:
        raise StepError(f"{where} holds no .csv file. Upload the data there, or set the parameter InputDataUri.")
    if any(item.version_id == NO_VERSION for item in objects):
        log(f"warning: {bucket} keeps no versions: only the manifest's hashes say what was read. Turn versioning on.")
    return objects


def download(s3: Any, listed: InputObject, path: Path) -> Dict[str, Any]:
    """Stream exactly the listed version to a file and return its manifest entry. Needs s3:GetObjectVersion."""
    digest = hashlib.sha256()
    try:
        # The etag matters where the bucket keeps no versions: an overwritten object is then an error, not other data.
        answer = s3.get_object(Bucket=listed.bucket, Key=listed.key, VersionId=listed.version_id, IfMatch=listed.etag)
        with path.open("wb") as file:
            for chunk in answer["Body"].iter_chunks(CHUNK_BYTES):
                digest.update(chunk)
                file.write(chunk)
    except (BotoCoreError, ClientError) as error:
        raise StepError(
            f"s3://{listed.bucket}/{listed.key} version {listed.version_id} cannot be read: {error}. Check that the "
            "version still exists and that the job's role has s3:GetObjectVersion and kms:Decrypt. A new run reads the "
            "newest version."
        ) from error
    return {
        "bucket": listed.bucket,
        "key": listed.key,
        "version_id": listed.version_id,
        "size": path.stat().st_size,
        "sha256": digest.hexdigest(),
    }


def _is_csv(key: str) -> bool:
    return key.lower().endswith(".csv")
