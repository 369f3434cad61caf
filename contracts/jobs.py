"""What SageMaker takes for a job: instance types, hyperparameters, volume and run time."""

import re

from contracts.rules import BrokenRuleError, nearest

VOLUME_GB = 16384
"""Largest volume of a processing job (ProcessingClusterConfig, VolumeSizeInGB)."""
RUNTIME_MINUTES = 12960
"""Longest processing job, nine days (ProcessingStoppingCondition). Training may take longer; one limit serves both."""
HYPERPARAMETERS = 100
HYPERPARAMETER_VALUE_LENGTH = 2500
"""CreateTrainingJob, HyperParameters: entries, and characters of a value."""
HYPERPARAMETER_PATTERN = r"^[A-Za-z_][A-Za-z0-9_.-]{0,255}$"


def check_instance(name: str, known: frozenset[str], work: str) -> str:
    """Return `name`, or raise BrokenRuleError where SageMaker has no such instance for that work."""
    if name in known:
        return name
    meant = nearest(name, known)
    raise BrokenRuleError(
        f"SageMaker offers the instance type for {work}",
        f"did you mean {meant}?" if meant else "write for example ml.m5.xlarge",
    )


def check_hyperparameter(name: str) -> str:
    """Return `name`, or raise BrokenRuleError where a training job would not take it as a key."""
    if re.fullmatch(HYPERPARAMETER_PATTERN, name):
        return name
    raise BrokenRuleError(
        "a hyperparameter's name has up to 256 letters, digits and _.-, a letter or underscore first",
        "write for example max_depth",
    )
