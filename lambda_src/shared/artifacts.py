"""Copy model archives and reports from the previous environment's bucket into this one's, under this one's key.

S3 copies by itself; no byte passes through the function. The key of a copy names the source's content, so a copy that
is there is right and is not made again.
"""

import hashlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from lambda_src.shared.clients import client
from lambda_src.shared.errors import PermanentError, is_not_found

LARGEST_COPY = 5 * 1024**3
"""CopyObject: the largest source, in bytes; a larger one is copied in parts."""
PART = 512 * 1024**2
"""Ours: 10,000 parts of it hold S3's largest object, and one is copied in seconds."""
THREADS = 8
CHECKSUM = "CRC64NVME"
"""The one checksum that covers a whole object however many parts it came in, so that source and copy compare."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Source:
    """One version of an object of the previous environment."""

    bucket: str
    key: str
    version: str | None
    size: int
    checksum: str | None
    """CRC64NVME of the whole object; None where it was written with another checksum."""

    @property
    def reference(self) -> dict[str, str]:
        """The CopySource of S3's operations."""
        place = {"Bucket": self.bucket, "Key": self.key}
        return place | {"VersionId": self.version} if self.version else place


def copy(uri: str, *, bucket: str, prefix: str, key_arn: str) -> str:
    """Copy the object at `uri` into `bucket` under `prefix`, encrypted with `key_arn`; return the copy's URI.

    Raises PermanentError where the source is gone, where it is not one object, or where the copy is not equal to it.
    """
    source = _look_at(uri)
    name = uri.rsplit("/", 1)[-1]
    digest = hashlib.sha256(f"{uri} {source.version} {source.size} {source.checksum}".encode()).hexdigest()[:16]
    key = f"{prefix}{digest}/{name}"
    copied = _head(bucket, key)
    if copied is None or not _equal(source, copied):
        (_copy_in_parts if source.size > LARGEST_COPY else _copy_at_once)(source, bucket, key, key_arn)
        copied = _head(bucket, key)
    if copied is None or not _equal(source, copied):
        raise PermanentError(f"the copy s3://{bucket}/{key} of {uri} differs from it in size or checksum")
    return f"s3://{bucket}/{key}"


def read(uri: str) -> bytes:
    """Return a small object's content, such as a report. Raises PermanentError where it is gone."""
    bucket, key = _place(uri)
    try:
        body: bytes = client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()
    except ClientError as error:
        if is_not_found(error):
            raise PermanentError(f"{uri} is gone; approve a version whose files exist") from error
        raise
    return body


def _place(uri: str) -> tuple[str, str]:
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    if not uri.startswith("s3://") or not bucket or not key or key.endswith("/"):
        raise PermanentError(f"{uri} is not one object in S3; register a model archive (model.tar.gz)")
    return bucket, key


def _look_at(uri: str) -> Source:
    bucket, key = _place(uri)
    found = _head(bucket, key)
    if found is None:
        raise PermanentError(f"{uri} is gone; approve a version whose files exist")
    version = found.get("VersionId")
    return Source(
        bucket=bucket,
        key=key,
        version=None if version in (None, "null") else version,
        size=int(found["ContentLength"]),
        checksum=found.get(f"Checksum{CHECKSUM}"),
    )


def _head(bucket: str, key: str) -> dict[str, Any] | None:
    """Return what S3 knows of an object, None where there is none. Without s3:ListBucket that would be a 403."""
    try:
        return dict(client("s3").head_object(Bucket=bucket, Key=key, ChecksumMode="ENABLED"))
    except ClientError as error:
        if is_not_found(error):
            return None
        raise


def _equal(source: Source, copied: dict[str, Any]) -> bool:
    """Compare by size and checksum. ETags differ by key and by parts, so they say nothing."""
    if int(copied["ContentLength"]) != source.size:
        return False
    checksum = copied.get(f"Checksum{CHECKSUM}")
    return source.checksum is None or checksum is None or checksum == source.checksum


def _encryption(key_arn: str) -> dict[str, str]:
    return {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": key_arn, "ChecksumAlgorithm": CHECKSUM}


def _copy_at_once(source: Source, bucket: str, key: str, key_arn: str) -> None:
    s3 = client("s3")
    # Tags and annotations stay behind: copying them takes permissions on the source that nothing else needs.
    left_out = {"TaggingDirective": "REPLACE"}
    if "AnnotationDirective" in s3.meta.service_model.operation_model("CopyObject").input_shape.members:
        left_out["AnnotationDirective"] = "EXCLUDE"  # an SDK that does not know annotations yet does not take it
    s3.copy_object(Bucket=bucket, Key=key, CopySource=source.reference, **_encryption(key_arn), **left_out)


def _copy_in_parts(source: Source, bucket: str, key: str, key_arn: str) -> None:
    s3 = client("s3")
    upload = s3.create_multipart_upload(Bucket=bucket, Key=key, ChecksumType="FULL_OBJECT", **_encryption(key_arn))
    place = {"Bucket": bucket, "Key": key, "UploadId": upload["UploadId"]}

    def part(number: int) -> dict[str, Any]:
        first = (number - 1) * PART
        last = min(first + PART, source.size) - 1
        answer = s3.upload_part_copy(
            **place, PartNumber=number, CopySource=source.reference, CopySourceRange=f"bytes={first}-{last}"
        )
        result = answer["CopyPartResult"]
        checksum = {name: value for name, value in result.items() if name == f"Checksum{CHECKSUM}"}
        return {"PartNumber": number, "ETag": result["ETag"], **checksum}

    try:
        with ThreadPoolExecutor(THREADS) as pool:
            parts = list(pool.map(part, range(1, -(-source.size // PART) + 1)))
        s3.complete_multipart_upload(**place, MultipartUpload={"Parts": parts}, ChecksumType="FULL_OBJECT")
    except Exception:
        s3.abort_multipart_upload(**place)  # parts that nobody completes cost money for ever
        raise
