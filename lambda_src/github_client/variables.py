"""Actions variables of a repository and of its environments."""

from collections.abc import Mapping

from contracts.github import VARIABLES_PER_ENVIRONMENT, VARIABLES_PER_REPOSITORY, check_variable_value
from contracts.variables import is_variable_name
from lambda_src.github_client.errors import ConflictError, NotFoundError
from lambda_src.github_client.repositories import Repository
from lambda_src.github_client.rest import GitHub, path_of


def repository_variables(github: GitHub, repository: Repository) -> dict[str, str]:
    """Return the variables of a repository by name."""
    return _read(github, repository.path + "/actions/variables")


def environment_variables(github: GitHub, repository: Repository, environment: str) -> dict[str, str]:
    """Return the variables of an environment by name."""
    return _read(github, f"{repository.path}{path_of('environments', environment)}/variables")


def set_repository_variables(github: GitHub, repository: Repository, wanted: Mapping[str, str]) -> list[str]:
    """Set variables of a repository; leaves others. Returns the names that changed. Needs SETUP."""
    return _write(github, repository.path + "/actions/variables", wanted, VARIABLES_PER_REPOSITORY)


def set_environment_variables(
    github: GitHub, repository: Repository, environment: str, wanted: Mapping[str, str]
) -> list[str]:
    """Set variables of an environment that exists; leaves others. Returns the names that changed. Needs SETUP."""
    path = f"{repository.path}{path_of('environments', environment)}/variables"
    return _write(github, path, wanted, VARIABLES_PER_ENVIRONMENT)


def _read(github: GitHub, path: str) -> dict[str, str]:
    # Pages of 30 at most here (GitHub docs, "List repository variables").
    return {item["name"]: item["value"] for item in github.pages(path, {"per_page": 30}, key="variables")}


def _write(github: GitHub, path: str, wanted: Mapping[str, str], most: int) -> list[str]:
    for name, value in wanted.items():
        if not is_variable_name(name):
            raise ValueError(
                f"{name!r} is no name of a variable that GitHub gives back unchanged: upper case, digits, _"
            )
        check_variable_value(name, value)
    present = _read(github, path)
    if len(present.keys() | wanted.keys()) > most:
        raise ValueError(f"{path} would have {len(present.keys() | wanted.keys())} variables; GitHub takes {most}")
    changed = [name for name, value in wanted.items() if present.get(name) != value]
    for name in changed:
        _set(github, path, name, wanted[name], exists=name in present)
    return changed


def _set(github: GitHub, path: str, name: str, value: str, *, exists: bool) -> None:
    """Update or create, and the other where somebody was quicker or an earlier try had got through."""
    body = {"name": name, "value": value}
    if exists:
        try:
            github.patch(path + path_of(name), body)
        except NotFoundError:
            github.post(path, body, repeatable=True)
        return
    try:
        github.post(path, body, repeatable=True)
    except ConflictError:
        github.patch(path + path_of(name), body)
