"""The variables that the platform sets on this repository and on its environments, as a job finds them."""

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Self


class VariableError(ValueError):
    """A variable that is missing or malformed; the message says which and who sets it."""


def variable(name: str, environ: Mapping[str, str] | None = None) -> str:
    """Return a variable's value. GitHub hands over a variable that is not set as an empty text."""
    value = (os.environ if environ is None else environ).get(name, "")
    if not value:
        raise VariableError(
            f"{name} is not set. The platform sets it when it makes the project, on the repository or on the "
            "environment that the job names; `mlops project show` lists what it set."
        )
    return value


@dataclass(frozen=True, kw_only=True, slots=True)
class Coordinates:
    """Where an environment is; all names of the platform begin with them."""

    organisation: str
    unit: str
    environment: str
    region: str
    account: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read the variable NAMES. Raises VariableError where a coordinate is missing."""
        wanted = [field.name for field in fields(cls)]
        try:
            stated = json.loads(text)
            return cls(**{name: str(stated[name]) for name in wanted})
        except (ValueError, KeyError, TypeError):
            raise VariableError(f"NAMES is {text!r}: it is a JSON object with {', '.join(wanted)}") from None

    @property
    def prefix(self) -> str:
        """What the names of the environment begin with."""
        return f"{self.organisation}-{self.unit}-{self.environment}-{self.region}"


def group_name(arn: str) -> str:
    """Return the name in MODEL_PACKAGE_GROUP_ARN."""
    found = re.fullmatch(r"arn:[\w-]+:sagemaker:[\w-]+:\d{12}:model-package-group/([A-Za-z0-9-]+)", arn)
    if not found:
        raise VariableError(f"MODEL_PACKAGE_GROUP_ARN is {arn!r}, which is no ARN of a model package group")
    return found.group(1)
