"""Copy a version's archive into this environment's bucket, under its key. S3 copies; no byte passes the runner."""

import hashlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

LARGEST_COPY = 5 * 1024**3
"""CopyObject: the largest source, in bytes; a larger one is copied in parts."""
PART = 512 * 1024**2
"""Ours: 10,000 parts of it hold S3's largest object."""
THREADS = 8
CHECKSUM = "CRC64NVME"
"""The checksum that covers a whole object however many parts it came in, so that source and copy compare."""


class ArtifactError(RuntimeError):
    """An archive that is gone, or a copy that is not equal to it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Target:
    """Where copies go."""

    bucket: str
    account: str
    """Account that owns the bucket; a bucket of that name in any other account is refused."""
    prefix: str
    """`projects/<project>/…/`, the part of the bucket that is the project's."""
    key_arn: str


def copy(s3: Any, uri: str, *, source_account: str, target: Target) -> str:
    """Copy the object at `uri` and return the copy's URI. The same content is copied once.

    Raises ArtifactError where the source is gone, or where the copy differs from it.
    """
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    source = _head(s3, bucket, key, source_account)
    if not uri.startswith("s3://") or source is None:
        raise ArtifactError(f"{uri} is not there; approve a version whose files exist")
    seen = f"{uri} {source.get('VersionId')} {source['ContentLength']} {source.get(f'Checksum{CHECKSUM}')}"
    digest = hashlib.sha256(seen.encode()).hexdigest()[:16]
    place = f"{target.prefix}{digest}/{key.rpartition('/')[2]}"
    if not _equal(source, _before(s3, target, place)):
        reference = {"Bucket": bucket, "Key": key}
        if source.get("VersionId") not in (None, "null"):
            reference["VersionId"] = source["VersionId"]
        shared = {
            "Bucket": target.bucket,
            "Key": place,
            "ExpectedBucketOwner": target.account,
        }
        origin = {"CopySource": reference, "ExpectedSourceBucketOwner": source_account}
        if source["ContentLength"] > LARGEST_COPY:
            _in_parts(s3, source["ContentLength"], shared, origin, _encryption(target))
        else:
            # Tags and annotations stay behind: reading them takes permissions that nothing else needs.
            left = {"TaggingDirective": "REPLACE", "AnnotationDirective": "EXCLUDE"}
            s3.copy_object(**shared, **origin, **_encryption(target), **left)
        if not _equal(source, _head(s3, target.bucket, place, target.account)):
            raise ArtifactError(f"s3://{target.bucket}/{place} differs from {uri} in size or checksum; it is not used")
    return f"s3://{target.bucket}/{place}"


def _head(s3: Any, bucket: str, key: str, owner: str) -> dict[str, Any] | None:
    try:
        return dict(s3.head_object(Bucket=bucket, Key=key, ChecksumMode="ENABLED", ExpectedBucketOwner=owner))
    except ClientError as error:
        if error.response["Error"]["Code"] in ("404", "NoSuchKey", "NotFound"):
            return None
        raise


def _before(s3: Any, target: Target, key: str) -> dict[str, Any] | None:
    """Look for an earlier copy. S3 answers 403 for what is not there to whoever may list a part of the bucket only."""
    try:
        return _head(s3, target.bucket, key, target.account)
    except ClientError as error:
        if error.response["Error"]["Code"] in ("403", "AccessDenied"):
            return None  # where it is a refusal, the copy is refused too, and says so
        raise


def _equal(source: dict[str, Any], copied: dict[str, Any] | None) -> bool:
    """Compare size and checksum. ETags differ by key and by parts, so they say nothing."""
    if copied is None or copied["ContentLength"] != source["ContentLength"]:
        return False
    one, other = (found.get(f"Checksum{CHECKSUM}") for found in (source, copied))
    return one is None or other is None or one == other


def _encryption(target: Target) -> dict[str, str]:
    return {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": target.key_arn, "ChecksumAlgorithm": CHECKSUM}


def _in_parts(s3: Any, size: int, shared: dict[str, str], origin: dict[str, Any], encryption: dict[str, str]) -> None:
    upload = s3.create_multipart_upload(**shared, **encryption, ChecksumType="FULL_OBJECT")
    place = {**shared, "UploadId": upload["UploadId"]}

    def part(number: int) -> dict[str, Any]:
        first = (number - 1) * PART
        last = min(first + PART, size) - 1
        answer = s3.upload_part_copy(**place, **origin, PartNumber=number, CopySourceRange=f"bytes={first}-{last}")
        result = answer["CopyPartResult"]
        kept = {name: result[name] for name in (f"Checksum{CHECKSUM}",) if name in result}
        return {"PartNumber": number, "ETag": result["ETag"], **kept}

    try:
        with ThreadPoolExecutor(THREADS) as pool:
            parts = list(pool.map(part, range(1, -(-size // PART) + 1)))
        s3.complete_multipart_upload(**place, MultipartUpload={"Parts": parts}, ChecksumType="FULL_OBJECT")
    except Exception:
        s3.abort_multipart_upload(**place)  # parts that nobody completes cost money for ever
        raise
