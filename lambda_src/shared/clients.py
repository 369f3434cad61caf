"""One boto3 client per service and region for the life of the process."""

import functools
from collections.abc import Mapping
from typing import Any

import boto3
from botocore.config import Config

CONNECT_SECONDS = 3
READ_SECONDS = 25
"""Longer than any control-plane call takes; two of them fit into the shortest function timeout."""
ATTEMPTS = 3
"""Within one call; Lambda repeats the whole event twice besides."""


@functools.cache
def client(service: str, region: str | None = None) -> Any:  # boto3 has no client types
    """Return the client of `service`, in the function's own region where none is named."""
    return boto3.client(service, region_name=region, config=_config())


def client_as(service: str, region: str, credentials: Mapping[str, Any]) -> Any:  # boto3 has no client types
    """Return a client of an assumed role, made anew each time: its credentials end soon."""
    return boto3.client(
        service,
        region_name=region,
        aws_access_key_id=credentials["AccessKeyId"],
        aws_secret_access_key=credentials["SecretAccessKey"],
        aws_session_token=credentials["SessionToken"],
        config=_config(),
    )


def _config() -> Config:
    return Config(
        connect_timeout=CONNECT_SECONDS,
        read_timeout=READ_SECONDS,
        retries={"mode": "standard", "total_max_attempts": ATTEMPTS},
    )
