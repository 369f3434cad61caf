"""What a stack tells its provisioning function: the organisation, what is on offer, who reviews, the environments."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass

from contracts.names import Names

VARIABLE = "PROVISIONING"
"""Environment variable that holds it as JSON. Lambda admits 4 KB over all variables; `encode` keeps to its share."""
BYTES = 3000


@dataclass(frozen=True, kw_only=True, slots=True)
class Reviewer:
    """A person who may let a deployment pass: the login may be given to somebody else one day, the id never."""

    login: str
    id: int


@dataclass(frozen=True, kw_only=True, slots=True)
class ProvisioningConfig:
    """Settings of the provisioning function. Nothing in it is secret."""

    organization: str
    """GitHub organisation of all repositories."""
    unit: str
    """Business unit, the first word of a repository's name."""
    platform_team: str
    """Slug of the team that maintains every project's repositories."""
    products: tuple[str, ...]
    """Keys of the products on offer."""
    environments: Mapping[str, Names]
    """Names of each environment's stack."""
    reviewers: Mapping[str, tuple[Reviewer, ...]]
    """By environment, who must let a deployment pass."""


def encode(config: ProvisioningConfig) -> str:
    """Return the config as JSON. Raises ValueError where it does not fit into the function's variables."""
    text = json.dumps(asdict(config), sort_keys=True, separators=(",", ":"))
    if len(text.encode()) > BYTES:
        raise ValueError(f"the provisioning function's settings have {len(text.encode())} bytes; {BYTES} fit")
    return text


def decode(text: str) -> ProvisioningConfig:
    """Return the config that `encode` wrote."""
    raw = json.loads(text)
    return ProvisioningConfig(
        organization=raw["organization"],
        unit=raw["unit"],
        platform_team=raw["platform_team"],
        products=tuple(raw["products"]),
        environments={name: Names(**values) for name, values in raw["environments"].items()},
        reviewers={name: tuple(Reviewer(**one) for one in listed) for name, listed in raw["reviewers"].items()},
    )
