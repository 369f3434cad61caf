"""The token of `mlops github-token`: for the repositories of this checkout's templates, and told on a terminal."""

from collections.abc import Sequence
from datetime import datetime

from components.template_content import available
from operations import github_token
from operations.github_token import CREATE, LOOK, MANAGE, Repositories, Token, app_of, mint, revoke
from settings import StackSettings

__all__ = [
    "CREATE",
    "LOOK",
    "MANAGE",
    "Repositories",
    "Token",
    "app_of",
    "mint",
    "repositories_of",
    "revoke",
    "summary",
]


def repositories_of(settings: StackSettings) -> Repositories:
    """Return the names of the stack's template repositories. Raises ValueError without a section `github`."""
    return github_token.repositories_of(settings, available())


def summary(organization: str, token: Token) -> Sequence[str]:
    """Return what the token may do, as sentences for people; never the token."""
    until = datetime.fromtimestamp(token.expires).astimezone().strftime("%H:%M")
    if not token.missing:
        return [f"GitHub token until {until} for {organization}: {', '.join(token.covered)}"]
    return [
        f"GitHub token until {until} for all repositories of the installation in {organization}, to administer only",
        f"not there yet, so no token can be limited to it: {', '.join(token.missing)}. The next run's token is limited",
    ]
