"""The rules: every module of `policy/rules/`, in the order of their names."""

import importlib
import pkgutil

from policy import rules
from policy.model import Rule

RULES: tuple[Rule, ...] = tuple(
    importlib.import_module(f"{rules.__name__}.{module.name}").RULE
    for module in sorted(pkgutil.iter_modules(rules.__path__), key=lambda module: module.name)
)
