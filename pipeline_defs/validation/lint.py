"""Linting of a definition: our own rules, which the SageMaker API knows nothing of."""

from collections.abc import Mapping
from typing import Any

from pipeline_defs.settings import PipelineSettings
from pipeline_defs.validation.finding import Finding
from pipeline_defs.validation.outline import Outline, too_deep
from pipeline_defs.validation.rules import (
    caching,
    failure,
    gate,
    images,
    keys,
    network,
    operation,
    parameters,
    registration,
    storage,
)
from pipeline_defs.validation.rules.context import Context

_MODULES = (gate, failure, registration, network, keys, images, storage, caching, operation, parameters)
_RULES = tuple(rule for module in _MODULES for rule in module.RULES)

RULES: Mapping[str, str] = {rule.id: rule.about for rule in _RULES}
"""What each rule of ours asks for, by its id, in the order in which they are checked."""


def lint(document: Mapping[str, Any], settings: PipelineSettings) -> list[Finding]:
    """Check a pipeline definition with placeholders against our rules. An empty list means that it follows them all.

    Meant for a document that `validate` has passed; what is malformed there is skipped or found again here.
    """
    if too_deep(document):
        return []
    context = Context(Outline(document), settings)
    return list(dict.fromkeys(finding for rule in _RULES for finding in rule.findings(context)))
