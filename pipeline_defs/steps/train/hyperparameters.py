"""The hyperparameters of Train: SageMaker hands all of them over as text; here they get their type and range."""

import json
from pathlib import Path
from typing import Any, Callable, Dict, List, NamedTuple

from job_contract import StepError, read_json


class Hyperparameters(NamedTuple):
    """What may be tuned, with the defaults that hold where the job says nothing."""

    max_iterations: int = 200
    """Most boosting iterations; early stopping usually ends before."""
    learning_rate: float = 0.1
    """How much of each tree's correction is taken."""
    max_leaf_nodes: int = 31
    min_samples_leaf: int = 20
    l2_regularization: float = 0.0
    early_stopping_rounds: int = 20
    """Iterations without a better validation loss after which training ends."""
    random_state: int = 7


class _Range(NamedTuple):
    convert: Callable[[str], Any]
    kind: str
    minimum: float
    maximum: float
    open_below: bool = False


_RANGES: Dict[str, _Range] = {
    "max_iterations": _Range(int, "a whole number", 1, 10_000),
    "learning_rate": _Range(float, "a number", 0, 1, open_below=True),
    "max_leaf_nodes": _Range(int, "a whole number", 2, 4096),
    "min_samples_leaf": _Range(int, "a whole number", 1, 1_000_000),
    "l2_regularization": _Range(float, "a number", 0, 1_000_000),
    "early_stopping_rounds": _Range(int, "a whole number", 1, 10_000),
    "random_state": _Range(int, "a whole number", 0, 2**32 - 1),
}

_OF_THE_SDK = "sagemaker_"
"""Prefix of entries that the SageMaker SDK adds for its own toolkit; they are not ours to judge."""


def read_hyperparameters(path: Path) -> Hyperparameters:
    """Read the job's hyperparameters. Raises StepError that names every wrong parameter, its value and its range."""
    given = read_json(path, "the job's hyperparameters") if path.exists() else {}
    values: Dict[str, Any] = {}
    problems: List[str] = []
    for name, text in sorted(given.items()):
        if name.startswith(_OF_THE_SDK):
            continue
        if name not in _RANGES:
            problems.append(f"{name!r} is not a hyperparameter of this step; known are {', '.join(_RANGES)}")
            continue
        value = _parse(text, _RANGES[name])
        if value is None:
            problems.append(f"{name} is {text!r}, it has to be {_describe(_RANGES[name])}")
        else:
            values[name] = value
    if problems:
        raise StepError(
            f"hyperparameters: {'; '.join(problems)}. Correct them in the stack's config or the pipeline's parameters."
        )
    return Hyperparameters(**values)


def _parse(text: Any, rule: _Range) -> Any:
    text = str(text)
    if text.startswith('"') and text.endswith('"') and len(text) > 1:  # older SDKs put JSON into the text
        text = str(json.loads(text))
    try:
        value = rule.convert(text)
    except ValueError:
        return None
    above = value > rule.minimum if rule.open_below else value >= rule.minimum
    return value if above and value <= rule.maximum else None  # NaN fails both


def _describe(rule: _Range) -> str:
    return f"{rule.kind} {'above' if rule.open_below else 'from'} {rule.minimum:g} to {rule.maximum:g}"
