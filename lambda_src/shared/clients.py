"""One boto3 client per service and region for the life of the process."""

import functools
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
    config = Config(
        connect_timeout=CONNECT_SECONDS,
        read_timeout=READ_SECONDS,
        retries={"mode": "standard", "total_max_attempts": ATTEMPTS},
    )
    return boto3.client(service, region_name=region, config=config)
