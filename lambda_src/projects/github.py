"""The GitHub App as the stack names it to its functions."""

import functools
import json
import os

from contracts.github import Permissions
from lambda_src.github_client.app import App, TokenMinter
from lambda_src.github_client.deadline import Deadline
from lambda_src.github_client.errors import ValidationError
from lambda_src.github_client.rest import GitHub
from lambda_src.shared.clients import client

GITHUB_APP = "GITHUB_APP"
"""JSON of the fields of `App`. None of them is secret: the key itself stays in KMS."""
UNSEEN = "does not exist or is not accessible"
"""How GitHub refuses a token for a repository that is gone, or that it does not show yet."""
LOOKS = 5
LOOK_AGAIN_SECONDS = 3.0


@functools.cache
def minter() -> TokenMinter:
    """Return the minter of this function; it keeps no token."""
    return TokenMinter(App(**json.loads(os.environ[GITHUB_APP])), client("kms"))


def client_of(permissions: Permissions, repository_id: int, deadline: Deadline) -> GitHub:
    """Return a client for one repository, also for one that was made a moment ago."""
    for _ in range(LOOKS - 1):
        found = client_if_there(permissions, repository_id, deadline)
        if found is not None:
            return found
        if not deadline.wait(LOOK_AGAIN_SECONDS):
            break
    return minter().client(permissions, [repository_id], deadline)


def client_if_there(permissions: Permissions, repository_id: int, deadline: Deadline) -> GitHub | None:
    """Return a client for one repository; None where it is gone, or out of the app's reach."""
    try:
        return minter().client(permissions, [repository_id], deadline)
    except ValidationError as error:
        if error.says(UNSEEN):
            return None
        raise
