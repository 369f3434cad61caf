"""Evaluate the expressions of a definition: Get, Std:Join and Std:JsonGet, at any depth of a value."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from local.runner import paths
from local.runner.errors import StepError
from local.runner.parameters import Value, text_of


@dataclass(frozen=True, kw_only=True, slots=True)
class Scope:
    """What expressions can see while a run is under way."""

    parameters: Mapping[str, Value]
    execution: Mapping[str, str]
    steps: Mapping[str, Mapping[str, Any]]
    """Properties of the steps that have succeeded, as their Describe call would return them."""
    property_file: Callable[[str, str], Any]
    """Content of a property file, by step name and property file name."""
    s3_json: Callable[[str], Any]
    """Content of a JSON object in S3, by its URI."""


def evaluate(value: object, scope: Scope) -> Any:  # JSON in, JSON out
    """Return `value` with every expression in it replaced by what it stands for.

    Raises `StepError` for a reference to something that is not there.
    """
    if isinstance(value, list):
        return [evaluate(item, scope) for item in value]
    if not isinstance(value, dict):
        return value
    if len(value) == 1:
        (name, body), *_ = value.items()
        if name == "Get" and isinstance(body, str):
            return _get(body, scope)
        if name == "Std:Join":
            return text_of(evaluate(body.get("On", ""), scope)).join(
                text_of(evaluate(item, scope)) for item in body["Values"]
            )
        if name == "Std:JsonGet":
            return _json_get(body, scope)
    return {key: evaluate(item, scope) for key, item in value.items()}


def _get(path: str, scope: Scope) -> Any:  # JSON out
    roots: dict[str, Mapping[str, Any]] = {
        "Parameters": scope.parameters,
        "Execution": scope.execution,
        "Steps": scope.steps,
    }
    try:
        return paths.walk(roots, paths.parts(path), where="a definition")
    except (ValueError, LookupError) as error:
        raise StepError(f"reference {path!r} leads nowhere: {_words(error)}") from None


def _json_get(body: Mapping[str, Any], scope: Scope) -> Any:  # JSON out
    path = str(evaluate(body["Path"], scope))
    if "PropertyFile" in body:
        _, step, _, name = paths.parts(body["PropertyFile"]["Get"])
        where, document = f"property file {name} of {step}", scope.property_file(str(step), str(name))
    else:
        uri = str(evaluate(body["S3Uri"], scope))
        where, document = uri, scope.s3_json(uri)
    try:
        return paths.walk(document, paths.parts(path), where=where)
    except (ValueError, LookupError) as error:
        raise StepError(f"Std:JsonGet {path!r} found nothing: {_words(error)}") from None


def _words(error: Exception) -> str:
    return str(error.args[0]) if error.args else str(error)


def references(value: object) -> Iterator[str]:
    """Yield the path of every Get within `value`, those of property files too."""
    if isinstance(value, list):
        for item in value:
            yield from references(item)
    elif isinstance(value, dict):
        if len(value) == 1 and isinstance(value.get("Get"), str):
            yield value["Get"]
        else:
            for item in value.values():
                yield from references(item)
