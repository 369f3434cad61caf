"""What the portal's configuration says about stacks and review environments."""

import re
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

FROZEN = ConfigDict(frozen=True, extra="forbid")
VARIABLE = r"^[A-Za-z_][A-Za-z0-9_]*$"
PASSED = re.compile(
    r"^(PATH|HOME|USER|LANG|LC_[A-Z]+|TZ|TMPDIR|SSL_CERT_(FILE|DIR)|REQUESTS_CA_BUNDLE|"
    r"(HTTPS?|NO)_PROXY|(https?|no)_proxy|(AWS|PULUMI|GITHUB)_[A-Z0-9_]+)$"
)
"""Variables that the engine, its plugins and the program have a use for."""
MINTED = re.compile(r"^GITHUB_(TOKEN|APP_.*)$")
"""Variables by which pulumi-github gets in: a token, or the app's private key."""
Variable = Annotated[str, Field(pattern=VARIABLE)]


class Credentials(BaseModel):
    """What the engine gets for one stack, besides the variables that all stacks get."""

    model_config = FROZEN
    environment: dict[str, Variable] = Field(default_factory=dict)
    """The engine's variable → the service's variable with its value: AWS_ROLE_ARN = "PROD_ROLE_ARN"."""

    @field_validator("environment")
    @classmethod
    def _are_known(cls, environment: dict[str, str]) -> dict[str, str]:
        return {passed(name): source for name, source in environment.items()}


class Drift(BaseModel):
    """How often a stack is compared with the cloud."""

    model_config = FROZEN
    every_hours: int = Field(default=24, ge=1, le=24 * 30)


class StackRules(BaseModel):
    """What holds for one stack."""

    model_config = FROZEN
    approvals: int = Field(default=0, ge=0, le=2)
    """How many people have to approve a preview before its `up`."""
    by_others: bool = False
    """Whether who asked for the preview is none of them."""
    approval_valid_hours: int = Field(default=24, ge=1, le=24 * 14)
    """How long a preview and its approvals can be used."""
    drift: Drift | None = None
    """None: checked on demand only."""
    operator_role_arn: Annotated[str, Field(pattern=r"^arn:aws[a-z-]*:iam::\d{12}:role/.+$")] | None = None
    """Role that the portal takes on for people's decisions on models, with their name as source identity."""
    credentials: Credentials = Credentials()

    @model_validator(mode="after")
    def _others_are_asked(self) -> Self:
        if self.by_others and not self.approvals:
            raise ValueError("by_others needs approvals of 1 or 2: with 0 nobody is asked")
        return self


class Reviews(BaseModel):
    """Review environments."""

    model_config = FROZEN
    enabled: bool = True
    base_stack: str = "dev"
    """Whose settings, credentials and rights they have."""
    hours: int = Field(default=24, ge=1)
    longest: int = Field(default=168, ge=1)
    """Hours from creation that no extension passes."""
    most: int = Field(default=10, ge=1, le=100)
    """How many may be there at once."""

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.hours > self.longest:
            raise ValueError(f"hours is {self.hours} and longest is {self.longest}: the first is at most the second")
        return self


def passed(name: str) -> str:
    """Return the name of a variable that programs may get. Raises ValueError."""
    if MINTED.match(name):
        raise ValueError(
            f"{name}: take it out. The portal has no standing token or key of GitHub: it mints a token for each "
            "operation that needs one, by the app's key in KMS (docs/portal.md, GitHub)"
        )
    if not PASSED.match(name):
        raise ValueError(f"{name}: the engine gets PATH, HOME, locale, proxies, AWS_*, PULUMI_* and GITHUB_* only")
    return name
