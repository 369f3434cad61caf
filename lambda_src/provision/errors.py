"""Why a project could not be made or changed, as a sentence for whoever asked."""

from botocore.exceptions import BotoCoreError, ClientError

from contracts.rules import BrokenRuleError
from lambda_src.github_client.deadline import Deadline
from lambda_src.github_client.errors import GitHubError, IdentityError, NameTakenError
from lambda_src.projects.records import EndedError
from lambda_src.shared.errors import ConflictError


class RefusedError(Exception):
    """The request cannot be granted as it is; nothing of somebody else's was touched. Its text says how to mend it."""


class RoleFunctionError(Exception):
    """The function that vends roles failed; its own log says why."""


class OutOfTimeError(Exception):
    """The function must answer now; the next try goes on from here."""


REFUSALS = (BrokenRuleError, RefusedError, NameTakenError, IdentityError, EndedError)
"""What trying again does not mend. The text is for the person who asked."""
FAULTS = (GitHubError, ClientError, BotoCoreError, ConflictError, RoleFunctionError, OutOfTimeError)
"""What trying again may mend."""


def check_time(deadline: Deadline, what: str) -> None:
    """Raise OutOfTimeError before a step that there is no time for."""
    if deadline.left <= 0:
        raise OutOfTimeError(f"no time was left for {what}")
