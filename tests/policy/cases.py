"""The cases of the rules, as data: `cases/<rule>.yaml` has resources that follow the rule, and that break it."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import yaml

from policy.model import Checked, Surroundings

FOLDER = Path(__file__).resolve().parent / "cases"
TODAY = date(2026, 11, 21)
"""So that verdicts on dates stay as they are."""
ACCOUNTS = {"dev": "111111111111", "preprod": "222222222222", "prod": "333333333333"}


@dataclass(frozen=True)
class Case:
    rule: str
    title: str
    environment: str
    resources: list[Checked]
    says: str | None
    """Part of the message of the finding; None where the rule is followed."""

    @property
    def surroundings(self) -> Surroundings:
        return around(self.environment)


def around(environment: str = "dev") -> Surroundings:
    accounts = ACCOUNTS | {environment: ACCOUNTS[environment]}
    return Surroundings(environment=environment, region="us-east-1", accounts=accounts, today=TODAY)


def cases() -> list[Case]:
    return [case for path in sorted(FOLDER.glob("*.yaml")) for case in _of(path.stem, yaml.safe_load(path.read_text()))]


def _of(rule: str, document: dict[str, Any]) -> list[Case]:
    default = document.get("environment", "dev")

    def case(title: str, resources: list[Any], says: str | None, environment: str = default) -> Case:
        return Case(rule, title, environment, [_resource(one) for one in resources], says)

    return [
        case("good", document["good"], None),
        case("bad", document["bad"], document["says"]),
        *(
            case(t, c["resources"], None, c.get("environment", default))
            for t, c in document.get("more_good", {}).items()
        ),
        *(
            case(t, c["resources"], c["says"], c.get("environment", default))
            for t, c in document.get("more_bad", {}).items()
        ),
    ]


def _resource(one: dict[str, Any]) -> Checked:
    name = one.get("name", one["type"].rpartition(":")[2].lower())
    depends = {key: frozenset(urn(other) for other in others) for key, others in one.get("depends", {}).items()}
    return Checked(
        type=one["type"],
        name=name,
        urn=urn(name),
        inputs=one["inputs"],
        protect=one.get("protect", False),
        provider=one.get("provider", "aws"),
        depends=depends,
    )


def urn(name: str) -> str:
    return f"urn:pulumi:dev::mlops::any::{name}"
