"""Checks of a pipeline definition: `validate` against the SageMaker API, `lint` against our own rules."""

from pipeline_defs.validation.finding import Finding, report
from pipeline_defs.validation.lint import RULES, lint
from pipeline_defs.validation.validate import CHECKS, validate

__all__ = ["CHECKS", "RULES", "Finding", "lint", "report", "validate"]
