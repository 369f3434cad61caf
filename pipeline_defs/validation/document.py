"""Checks what surrounds the steps' arguments: the document, its parameters, each step's own members."""

import json
import re
from collections.abc import Mapping
from typing import Any

from pipeline_defs.validation.arguments import Checker
from pipeline_defs.validation.finding import show
from pipeline_defs.validation.grammar import CONDITIONS
from pipeline_defs.validation.model import shapes
from pipeline_defs.validation.outline import (
    NESTED,
    Outline,
    Step,
    body_without_nested,
    is_expression,
    strings,
)
from pipeline_defs.validation.resolve import suggest
from pipeline_defs.validation.step_types import STEP_TYPES, StepType

_DEFAULTS: Mapping[str, tuple[type, ...]] = {
    "String": (str,),
    "Integer": (int,),
    "Float": (int, float),
    "Boolean": (bool,),
}
_ORDERED = ("GreaterThan", "GreaterThanOrEqualTo", "LessThan", "LessThanOrEqualTo")
# What a value turns into when an object is put into text that was meant to hold its id.
_REPR = re.compile(r"Calling __str__ on an Output|<[\w.]+ object at 0x[0-9a-f]+>|<function |<class '")
_BUCKET = re.compile(r"s3://(?P<bucket>[^/]*)")
_BUCKET_NAME = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")


def check_document(outline: Outline, checker: Checker) -> None:
    """Check the top level, the parameters and the size."""
    # The SDK writes null for the two optional configurations that are not used.
    document = {key: value for key, value in outline.document.items() if value is not None}
    checker.check(document, "DefinitionDocument", "")
    _check_parameters(outline, checker)
    size = len(json.dumps(outline.document, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=str))
    limit = shapes("sagemaker")["PipelineDefinition"]["max"]
    if size > limit:
        checker.add(
            "", "document.size", f"the document has {size} characters, CreatePipeline takes {limit}", "make it smaller"
        )


def _check_parameters(outline: Outline, checker: Checker) -> None:
    listed = outline.document.get("Parameters")
    seen: set[str] = set()
    for index, parameter in enumerate(listed if isinstance(listed, list) else []):
        if not isinstance(parameter, Mapping) or not isinstance(parameter.get("Name"), str):
            continue
        path, name = f"Parameters[{index}]", parameter["Name"]
        if name in seen:
            checker.add(f"{path}.Name", "parameter.duplicate", f"{name!r} is declared twice", "keep one of them")
        seen.add(name)
        _check_values(parameter, path, checker)


def _check_values(parameter: Mapping[str, Any], path: str, checker: Checker) -> None:
    kind = parameter.get("Type")
    types = _DEFAULTS.get(kind) if isinstance(kind, str) else None
    if types is None:
        return

    def fits(value: object) -> bool:
        return isinstance(value, types) and (bool in types or not isinstance(value, bool))

    default, allowed = parameter.get("DefaultValue"), parameter.get("EnumValues")
    if "DefaultValue" in parameter and not fits(default):
        message = f"{show(default)} is no {kind}, the type of {parameter['Name']}"
        checker.add(f"{path}.DefaultValue", "parameter.default", message, f"write a value of type {kind}")
    if "EnumValues" not in parameter:
        return
    if not isinstance(allowed, list) or not allowed or not all(fits(value) for value in allowed):
        message = f"{show(allowed)} is no list of values of type {kind}"
        checker.add(f"{path}.EnumValues", "parameter.enum", message, f"list values of type {kind}")
    elif "DefaultValue" in parameter and default not in allowed:
        message = f"the default {show(default)} is not among {show(allowed)}"
        checker.add(f"{path}.DefaultValue", "parameter.enum", message, "choose a default that is allowed")


def check_step_list(value: object, path: str, checker: Checker) -> None:
    """Report entries of the step lists that are no steps, at any depth."""
    for index, body in enumerate(value if isinstance(value, list) else []):
        here = f"{path}[{index}]"
        if not isinstance(body, Mapping):
            checker.add(here, "value.type", f"{show(body)} is no step", "write an object with Name, Type and Arguments")
            continue
        arguments = body.get("Arguments")
        if isinstance(arguments, Mapping):
            for key in NESTED.get(str(body.get("Type")), ()):
                check_step_list(arguments.get(key), f"{here}.Arguments.{key}", checker)


def check_steps(outline: Outline, checker: Checker) -> None:
    """Check each step's members and its arguments against the request that its type makes."""
    check_step_list(outline.document.get("Steps"), "Steps", checker)
    seen: set[str] = set()
    for step in outline.steps:
        checker.step = step.name
        if step.name in seen:
            checker.add("Name", "step.duplicate", f"{step.name!r} is used twice", "rename one; nested steps count too")
        seen.add(step.name)
        _check_step(step, checker)
        _check_text(step, checker)
    checker.step = None


def _check_step(step: Step, checker: Checker) -> None:
    kind = STEP_TYPES.get(step.type)
    for key in ("Name", "Type", "Arguments"):
        if key not in step.body:
            checker.add(key, "member.missing", f"a step requires {key}, which is absent", f"add {key}")
    if kind is None:
        if "Type" in step.body:
            fix = suggest(step.type, list(STEP_TYPES), "the types are")
            checker.add("Type", "step.type", f"{show(step.body['Type'])} is no step type", fix)
        return
    _check_members(step, kind, checker)
    _check_dependencies(step, checker)
    _check_policies(step, checker)
    _check_arguments(step, kind, checker)


def _check_members(step: Step, kind: StepType, checker: Checker) -> None:
    members = kind.envelope()
    for key, value in step.body.items():
        if key not in members:
            fix = suggest(key, list(members), f"a {step.type} step takes")
            checker.add(key, "member.unknown", f"a {step.type} step takes no {key!r}", fix)
        elif key != "Arguments":
            checker.check(value, members[key], key)
    for key in sorted(kind.required - step.body.keys()):
        checker.add(key, "member.missing", f"a {step.type} step requires {key}, which is absent", f"add {key}")


def _check_arguments(step: Step, kind: StepType, checker: Checker) -> None:
    if "Arguments" not in step.body or kind.request is None:
        return
    arguments = step.body["Arguments"]
    checker.check(arguments, kind.request, "Arguments", given=kind.named)
    for key in sorted(kind.refused & arguments.keys() if isinstance(arguments, Mapping) else ()):
        message = f"a {step.type} step may not set {key}, although the request has it"
        checker.add(f"Arguments.{key}", "member.refused", message, f"remove {key}")
    if step.type == "Condition":
        _check_conditions(step.get("Conditions"), "Arguments.Conditions", checker)


def _check_dependencies(step: Step, checker: Checker) -> None:
    listed = step.body.get("DependsOn")
    for index, entry in enumerate(listed if isinstance(listed, list) else []):
        shape = "DefinitionDependency" if isinstance(entry, Mapping) else "DefinitionText"
        checker.check(entry, shape, f"DependsOn[{index}]")


def _check_policies(step: Step, checker: Checker) -> None:
    cache = step.body.get("CacheConfig")
    if isinstance(cache, Mapping) and cache.get("Enabled") is True and "ExpireAfter" not in cache:
        checker.add(
            "CacheConfig.ExpireAfter",
            "cache.expiry",
            "caching is on without ExpireAfter, so a result of any age is used again",
            "set an ISO 8601 duration such as P30D",
        )
    policies = step.body.get("RetryPolicies")
    for index, policy in enumerate(policies if isinstance(policies, list) else []):
        if not isinstance(policy, Mapping):
            continue
        path = f"RetryPolicies[{index}]"
        if ("MaxAttempts" in policy) == ("ExpireAfterMin" in policy):
            message = f"the policy sets {sorted(policy)}"
            checker.add(path, "retry.limit", message, "set exactly one of MaxAttempts and ExpireAfterMin")


def _check_conditions(value: object, path: str, checker: Checker) -> None:
    for index, condition in enumerate(value if isinstance(value, list) else []):
        _check_condition(condition, f"{path}[{index}]", checker)


def _check_condition(condition: object, path: str, checker: Checker) -> None:
    kind = condition.get("Type") if isinstance(condition, Mapping) else None
    if not isinstance(condition, Mapping) or not isinstance(kind, str) or kind not in CONDITIONS:
        message = f"{show(kind if isinstance(condition, Mapping) else condition)} is no condition type"
        fix = suggest(kind if isinstance(kind, str) else "", list(CONDITIONS), "the types are")
        checker.add(f"{path}.Type", "condition.type", message, fix)
        return
    checker.check(condition, CONDITIONS[kind], path)
    if kind == "Not":
        _check_condition(condition.get("Condition"), f"{path}.Condition", checker)
    elif kind == "Or":
        _check_conditions(condition.get("Conditions"), f"{path}.Conditions", checker)
    elif kind in _ORDERED:
        for side in ("LeftValue", "RightValue"):
            _check_number(condition.get(side), f"{path}.{side}", kind, checker)


def _check_number(value: object, path: str, kind: str, checker: Checker) -> None:
    """Report an ordering of what is no number; text would be compared letter by letter, or not at all."""
    if is_expression(value) and isinstance(value, Mapping):
        given, _ = checker.evaluate(value)
        wrong = given in ("string", "boolean", "structure", "list", "map")
    else:
        wrong = value is not None and (isinstance(value, bool) or not isinstance(value, int | float))
    if wrong:
        checker.add(path, "condition.operand", f"{kind} compares numbers, {show(value)} is none", "give a number")


def _check_text(step: Step, checker: Checker) -> None:
    """Report what an API pattern lets through: bucket names that cannot exist, objects printed into text."""
    for path, text in strings(body_without_nested(step), ""):
        if _REPR.search(text):
            message = f"{show(text)} holds the text of an object in place of its value"
            checker.add(path, "value.printed", message, "hand over a plain string, or a placeholder filled later")
        match = _BUCKET.match(text)
        # An empty bucket is the head of a Join; the joined text is checked against the member's pattern.
        if match and match["bucket"] and not _BUCKET_NAME.fullmatch(match["bucket"]):
            message = f"{show(match['bucket'])} in {show(text)} is no bucket name"
            fix = "3 to 63 lower-case letters, digits, hyphens and dots; check that the bucket was set"
            checker.add(path, "value.bucket", message, fix)
