"""The section `projects`: whose repositories may deploy to this account."""

from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator

from contracts.github import check_organization, check_repository_name
from settings.fields import Choice, Section


class OidcProvider(StrEnum):
    """Where GitHub's OIDC provider in this account comes from; an account has one at most."""

    CREATE = "create"
    EXISTING = "existing"


class Projects(Section):
    """Project repositories that deploy to this account: each gets a role of its own, by OIDC, without any key."""

    organization: Annotated[str, AfterValidator(check_organization)]
    """GitHub organisation of the repositories; those of any other get no role."""
    workflows_repository: Annotated[str, AfterValidator(check_repository_name)] = "mlops-workflows"
    """Repository of the shared workflows; a role is for jobs that run one of them at a released tag."""
    oidc_provider: Annotated[OidcProvider, Choice] = OidcProvider.CREATE
    """Whether the stack creates GitHub's OIDC provider, or the account has it already."""
