"""The credentials among the variables that the engine gets for a stack, for sessions of the portal's own.

Of the engine's usual ways: keys, a profile, or a role by a web identity token, in botocore's order. Nothing of this
process's own variables comes in, where one of these is configured for the stack.
"""

import functools
from collections.abc import Mapping
from typing import Any

import botocore.session
from botocore.credentials import AssumeRoleWithWebIdentityProvider, CredentialResolver

_KEYS = {
    "AWS_ACCESS_KEY_ID": "aws_access_key_id",
    "AWS_SECRET_ACCESS_KEY": "aws_secret_access_key",
    "AWS_SESSION_TOKEN": "aws_session_token",
    "AWS_PROFILE": "profile_name",
}
_WEB_IDENTITY = {
    "AWS_ROLE_ARN": "role_arn",
    "AWS_WEB_IDENTITY_TOKEN_FILE": "web_identity_token_file",
    "AWS_ROLE_SESSION_NAME": "role_session_name",
}
_PROFILE = "of the stack"


def session_arguments(environment: Mapping[str, str], region: str) -> dict[str, Any]:
    """Return the arguments of a `boto3.Session`; none where the usual chain is to find the credentials."""
    found: dict[str, Any] = {argument: environment[name] for name, argument in _KEYS.items() if name in environment}
    if not found and environment.get("AWS_ROLE_ARN") and environment.get("AWS_WEB_IDENTITY_TOKEN_FILE"):
        found["botocore_session"] = _by_web_identity(environment, region)
    return found


def _by_web_identity(environment: Mapping[str, str], region: str) -> Any:
    """Return a session in the role that a token file is good for; it reads the file again when it has to renew."""
    core = botocore.session.Session()
    profile = {field: environment[name] for name, field in _WEB_IDENTITY.items() if environment.get(name)}
    provider = AssumeRoleWithWebIdentityProvider(
        load_config=lambda: {"profiles": {_PROFILE: profile}},
        client_creator=functools.partial(core.create_client, region_name=region),
        profile_name=_PROFILE,
        disable_env_vars=True,
    )
    core.register_component("credential_provider", CredentialResolver([provider]))
    return core
