"""Fake credentials that select an account, so that several accounts live in one embedded AWS."""

from typing import Any, cast

from moto.iam.models import AccessKey, iam_backends

SECRET = "local-only-not-a-secret"  # noqa: S105  # moto checks no signatures; the value only has to exist


def access_key(account: str) -> str:
    """Return the access key id that stands for `account` (12 digits). moto reads ids of 20 capitals and digits only."""
    return f"LOCAL{account}KEY"


def enable(account: str) -> None:
    """Let the access key of `account` select it: moto asks the IAM backends which account owns a key."""
    keys = iam_backends[account]["aws"].access_keys
    key_id = access_key(account)
    if key_id in keys:
        return
    key: Any = cast("Any", AccessKey)(user_name=None, prefix="AKIA", account_id=account)
    key.access_key_id = key_id
    key.secret_access_key = SECRET
    keys[key_id] = key


def container_environment(endpoint: str, account: str, region: str) -> dict[str, str]:
    """Return the variables through which a job's process reaches the embedded AWS as `account`.

    SageMaker sets AWS_REGION in a job's container and not AWS_DEFAULT_REGION, which boto3 reads; a script that forgets
    to name its region must fail here as it would there. S3 needs no region.
    """
    return {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": access_key(account),
        "AWS_SECRET_ACCESS_KEY": SECRET,
        "AWS_REGION": region,
        "AWS_EC2_METADATA_DISABLED": "true",
    }
