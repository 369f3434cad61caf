"""The GitHub App of the local GitHub: a KMS key of the embedded AWS stands in for the imported one."""

from typing import Any

from lambda_src.github_client.app import App
from local.github.server import LocalGitHub


def create_key(kms: Any) -> tuple[str, bytes]:
    """Create an RSA signing key; return its ARN and its public half (DER).

    In AWS the private key comes from GitHub and is imported; here KMS makes one, and the local GitHub trusts it.
    """
    made = kms.create_key(KeyUsage="SIGN_VERIFY", KeySpec="RSA_2048", Description="Key of the local GitHub App")
    arn = str(made["KeyMetadata"]["Arn"])
    return arn, bytes(kms.get_public_key(KeyId=arn)["PublicKey"])


def install(hub: LocalGitHub, kms: Any, key_arn: str | None = None) -> App:
    """Let the local GitHub trust a KMS key, a new one where none is named; return the app's coordinates."""
    if key_arn is None:
        key_arn, public_key = create_key(kms)
    else:
        public_key = bytes(kms.get_public_key(KeyId=key_arn)["PublicKey"])
    hub.trust(public_key)
    return App(
        app_id=hub.app_id,
        installation_id=hub.installation_id,
        key_arn=key_arn,
        organization=hub.organization,
        api_url=hub.url,
    )
