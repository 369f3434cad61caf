"""The settings of a `StudioDomain`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

import pulumi

from components.function_surroundings import FunctionSurroundings
from components.studio.images import StudioImage
from components.studio.spaces import StudioUser
from components.studio.tracking import TrackingKind
from contracts.names import Names
from contracts.studio import APPLICATIONS, check_user


class AuthMode(StrEnum):
    """How people get into Studio."""

    IAM = "IAM"
    """By a URL that their IAM session signs."""
    IDENTITY_CENTER = "SSO"
    """By IAM Identity Center."""


@dataclass(frozen=True, kw_only=True, slots=True)
class StudioDomainArgs:
    """Settings of a `StudioDomain`."""

    names: Names
    """The stack's names."""
    auth_mode: AuthMode
    """How people get in. It can never change."""
    vpc_id: pulumi.Input[str]
    """VPC that everything runs in. It can never change."""
    private_subnet_ids: pulumi.Input[list[str]]
    """Subnets of applications and of the homes' mount targets. A domain keeps those that it was created with."""
    network: pulumi.Resource | None
    """What makes the VPC, with its endpoints and routes; it stays until the domain has gone. None for a foreign VPC."""
    execution_role_arns: Mapping[str, pulumi.Input[str]]
    """Execution role of each persona, ready for use."""
    default_persona: str
    """The persona with the fewest rights; a profile made by hand gets its role."""
    users: Mapping[str, StudioUser]
    """Who works here, by the name of their profile."""
    data_key_arn: pulumi.Input[str]
    """Key of homes, spaces and variables. It can never change."""
    artifact_bucket: pulumi.Input[str]
    """Bucket of MLflow's artifacts."""
    functions: FunctionSurroundings
    """What the two functions around the domain have in common with the platform's others."""
    retain_home: bool
    """Keep the homes' file system when the domain goes, and protect domain, profiles and spaces from deletion."""
    applications: Sequence[str] = APPLICATIONS
    """Applications that people may open, `jupyterlab` and `code_editor`."""
    idle_minutes: int = 120
    """Idle applications end after this, 60 to 525,600 minutes."""
    space_gb: int = 20
    """Volume of a space, 5 to 16,384 GB."""
    most_space_gb: int = 100
    """Largest volume that a person may choose."""
    instances: Sequence[str] = ("ml.t3.medium",)
    """Instance types that Studio offers; the first is the default."""
    images: Mapping[str, StudioImage] = field(default_factory=dict)
    """Custom images by name."""
    lifecycle_script: str | None = None
    """Text of a script that every application starts with."""
    tracking: TrackingKind | None = None
    """How MLflow runs; None for no MLflow."""
    tracking_size: str = "Small"
    """Size of an MLflow server: Small, Medium or Large."""
    templates_location: pulumi.Input[str] | None = None
    """S3 URI of the organisation's project templates; None where the catalog offers none."""

    def __post_init__(self) -> None:
        """Refuse what Studio would refuse half way."""
        for name, user in self.users.items():
            check_user(name)
            if user.persona not in self.execution_role_arns:
                known = ", ".join(sorted(self.execution_role_arns))
                raise ValueError(f"user {name}: persona {user.persona!r} has no execution role; there are: {known}.")
            if (user.sso_user is None) == (self.auth_mode is AuthMode.IDENTITY_CENTER):
                raise ValueError(f"user {name}: set sso_user if and only if auth_mode is IDENTITY_CENTER.")
            if not set(user.spaces) <= set(self.applications):
                raise ValueError(f"user {name}: spaces {list(user.spaces)} are not among {list(self.applications)}.")
        if self.default_persona not in self.execution_role_arns:
            raise ValueError(f"default_persona {self.default_persona!r} has no execution role: add it.")
        if not self.instances:
            raise ValueError("instances is empty: name at least one; the first is the default.")
