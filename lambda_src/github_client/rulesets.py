"""Rulesets of a repository, by name."""

from collections.abc import Mapping
from typing import Any

from lambda_src.github_client.errors import ForbiddenError, UnavailableError
from lambda_src.github_client.repositories import Repository
from lambda_src.github_client.rest import GitHub


def put_ruleset(github: GitHub, repository: Repository, ruleset: Mapping[str, Any]) -> str | None:
    """Create the ruleset, or update the one of its name. Needs SETUP.

    Returns None, or a sentence for people where the plan of the organisation has no rulesets for private repositories.
    """
    path = f"{repository.path}/rulesets"
    try:
        for _ in range(3):
            present = _find(github, path, ruleset["name"])
            if present is not None:
                github.put(f"{path}/{present}", dict(ruleset))
                return None
            try:
                github.post(path, dict(ruleset))
            except UnavailableError:
                continue  # it may have been made: look, and update it then
            return None
    except ForbiddenError as error:
        if not error.says("upgrade to"):
            raise
        return (
            f"GitHub's plan has no rulesets for private repositories: {repository.name} goes without {ruleset['name']}"
        )
    raise UnavailableError(f"POST {path}", 0, "three tries, and GitHub shows no ruleset")


def _find(github: GitHub, path: str, name: str) -> int | None:
    found = github.pages(path, {"includes_parents": "false"})
    return next((int(item["id"]) for item in found if item["name"] == name), None)
