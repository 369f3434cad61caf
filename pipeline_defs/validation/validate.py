"""Validation of a definition: what the SageMaker API would refuse, or accept and then fail on."""

from collections.abc import Mapping
from typing import Any

from pipeline_defs.validation.arguments import Checker
from pipeline_defs.validation.document import check_document, check_steps
from pipeline_defs.validation.filling import check_placeholders
from pipeline_defs.validation.finding import Finding, show
from pipeline_defs.validation.outline import DEEPEST, Outline, too_deep
from pipeline_defs.validation.references import check_cycles, check_references
from pipeline_defs.validation.resolve import Resolver
from pipeline_defs.validation.semantics import check_semantics


def validate(document: Mapping[str, Any], *, filled: bool = False) -> list[Finding]:
    """Check a pipeline definition, parsed from its JSON, against botocore's API model.

    `filled` says that placeholders have been replaced, so that any left over is a finding. An empty list means that
    nothing was found. Never raises for what a document may hold.
    """
    if not isinstance(document, Mapping):
        message = f"{show(document)} is no JSON object"
        return [Finding(step=None, path="", rule="value.type", message=message, fix="give the parsed definition")]
    if too_deep(document):
        message = f"the document is nested more than {DEEPEST} levels deep"
        return [Finding(step=None, path="", rule="document.depth", message=message, fix="flatten it")]
    outline = Outline(document)
    checker = Checker(Resolver(outline))
    check_document(outline, checker)
    check_steps(outline, checker)
    check_references(outline, checker)
    check_cycles(outline, checker)
    check_semantics(outline, checker)
    check_placeholders(outline, checker, filled=filled)
    return list(dict.fromkeys(checker.findings))


CHECKS: Mapping[str, str] = {
    "document.size": "The document is within CreatePipeline's limit.",
    "document.depth": "The document is not nested without end.",
    "parameter.duplicate": "A parameter is declared once.",
    "parameter.default": "A default has the parameter's type.",
    "parameter.enum": "Allowed values have the parameter's type and include the default.",
    "step.type": "The step's type exists.",
    "step.duplicate": "A step's name is used once, nested steps included.",
    "member.unknown": "The request has the member.",
    "member.missing": "What the request requires is there.",
    "member.choice": "Of members that exclude each other one is set.",
    "member.union": "A union holds one member.",
    "member.refused": "The member may be set in this step.",
    "value.type": "A value has the member's type.",
    "value.enum": "A value is among those that the API allows.",
    "value.pattern": "A text matches the API's pattern.",
    "value.length": "A text, list or map is as long as the API allows.",
    "value.range": "A number lies in the API's range.",
    "value.duplicate": "Names in a list are unique.",
    "value.reserved": "A tag key is not AWS's own.",
    "value.local_path": "A processing path lies under /opt/ml/processing/.",
    "value.bucket": "An S3 URI has a bucket that can exist.",
    "value.printed": "No object was printed into a text.",
    "expression.form": "A function has its operands.",
    "expression.place": "A reference stands for a single value.",
    "expression.type": "A reference has the member's type.",
    "reference.form": "A reference starts with Parameters, Steps or Execution.",
    "reference.parameter": "The parameter is declared.",
    "reference.execution": "The execution variable exists.",
    "reference.step": "The step exists.",
    "reference.path": "The path exists in the response of the step's type.",
    "reference.output": "The output is declared by the step.",
    "reference.property_file": "The property file is declared, and read by Std:JsonGet.",
    "reference.branch": "A step runs whenever one that needs it does.",
    "reference.cycle": "No steps wait for each other.",
    "condition.type": "The condition's type exists.",
    "condition.operand": "An ordering compares numbers.",
    "cache.expiry": "Caching has an expiry.",
    "retry.limit": "A retry policy has one limit.",
    "placeholder.place": "A placeholder stands for its own kind of id.",
    "placeholder.left": "A filled document has no placeholder.",
}
"""What each check of `validate` asks for, by its id."""
