"""Who calls: people and functions act as assumed roles, as they do behind single sign-on and in Lambda."""

from typing import TYPE_CHECKING, Any

from moto.core.responses import BaseResponse
from moto.sts.models import sts_backends

if TYPE_CHECKING:
    from local.aws.server import EmbeddedAws


def user_context(response: BaseResponse) -> dict[str, Any]:
    """Return the caller of a request as SageMaker's UserContext: CreatedBy, LastModifiedBy.

    The account's own key stands for its root. A caller outside Studio has an IamIdentity and no user profile.
    """
    account: str = response.current_account
    role = sts_backends[account]["aws"].get_assumed_role_from_access_key(response.get_access_key())
    if role is None:
        return {"IamIdentity": {"Arn": f"arn:aws:iam::{account}:root", "PrincipalId": account}}
    return {"IamIdentity": {"Arn": role.arn, "PrincipalId": role.user_id}}


def keys_of(aws: "EmbeddedAws", account: str, region: str, *, role: str, session: str) -> dict[str, str]:
    """Return AccessKeyId, SecretAccessKey and SessionToken of `session` in `role` (a name), assuming it where needed.

    The role need not exist: the embedded AWS checks no policies, it only records who did what.
    """
    for known in sts_backends[account]["aws"].assumed_roles:
        if known.session_name == session and known.role_arn.rsplit("/", 1)[-1] == role:
            return {
                "AccessKeyId": known.access_key_id,
                "SecretAccessKey": known.secret_access_key,
                "SessionToken": known.session_token,
            }
    answer = aws.client("sts", account, region).assume_role(
        RoleArn=f"arn:aws:iam::{account}:role/{role}", RoleSessionName=session
    )
    return {name: answer["Credentials"][name] for name in ("AccessKeyId", "SecretAccessKey", "SessionToken")}


def client_as(aws: "EmbeddedAws", service: str, account: str, region: str, *, role: str, session: str) -> Any:
    """Return a boto3 client that acts as a person: `session` is the name that single sign-on gives the role session."""
    return aws.client_with(service, region, keys_of(aws, account, region, role=role, session=session))
