"""Reading another account's objects, judged as S3 and KMS do: bucket policy, then key policy, both with conditions.

moto judges statements for everybody only, and without their conditions, so that "refuse plain HTTP" refuses all. What
an account does in its own buckets is not judged here: its roles' policies would decide that, and moto asks none.
"""

import urllib.parse
from collections.abc import Iterator
from typing import Any

from moto.iam.access_control import PermissionResult
from moto.kms.models import kms_backends
from moto.s3.exceptions import S3AccessDeniedError
from moto.s3.models import s3_backends
from moto.s3.responses import S3Response

from local.aws import resource_policies

_key_response = S3Response._key_response  # noqa: SLF001  # where every request for an object passes


def key_response(self: S3Response, request: Any, full_url: str) -> Any:
    """Serve a request for an object, where its bucket's account lets the caller read."""
    for bucket, key in _read(self, request, full_url):
        _check(self, bucket, key)
    return _key_response(self, request, full_url)


def no_permission(_bucket: Any, _action: str, _resource: str) -> PermissionResult:
    """Leave the judgement to `key_response`."""
    return PermissionResult.NEUTRAL


def _read(response: S3Response, request: Any, full_url: str) -> Iterator[tuple[str, str]]:
    """Yield bucket and key of what a request reads: the object itself, or the source of a copy."""
    if request.method in ("GET", "HEAD"):
        yield response.parse_bucket_name_from_url(request, full_url), response.parse_key_name()
    source = request.headers.get("x-amz-copy-source")
    if source:
        bucket, _, key = urllib.parse.unquote(source).lstrip("/").partition("/")
        yield bucket, key.partition("?versionId=")[0]


def _check(response: S3Response, bucket_name: str, key: str) -> None:
    _, owner = s3_backends.bucket_accounts.get(bucket_name, ("aws", response.current_account))
    if owner == response.current_account:
        return
    bucket = s3_backends[owner]["aws"].buckets[bucket_name]
    caller = resource_policies.principal_arn(response.current_account, response.get_access_key())
    context = {"aws:PrincipalArn": caller, "aws:SecureTransport": "true"}
    arn = f"arn:aws:s3:::{bucket_name}/{key}"
    policy = bucket.policy.decode() if bucket.policy else None
    if not resource_policies.allows(policy, "s3:GetObject", arn, context):
        raise S3AccessDeniedError
    found = bucket.keys.get(key)
    if found is not None and found.encryption == "aws:kms" and not _opens(found.kms_key_id, arn, caller):
        raise S3AccessDeniedError


def _opens(key_arn: str, object_arn: str, caller: str) -> bool:
    _, _, _, region, account, resource = key_arn.split(":")
    key = kms_backends[account][region].keys.get(resource.rsplit("/", 1)[-1])
    context = {
        "aws:PrincipalArn": caller,
        "kms:CallerAccount": caller.split(":")[4],
        "kms:ViaService": f"s3.{region}.amazonaws.com",
        "kms:EncryptionContext:aws:s3:arn": object_arn,
    }
    return key is not None and resource_policies.allows(key.policy, "kms:Decrypt", key_arn, context)
