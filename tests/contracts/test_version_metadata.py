"""The keys of a version's metadata have one home, and whoever writes or reads one takes it from there."""

import ast

import pytest

from contracts import version_metadata as keys
from tests.harness import ROOT

ALSO_WORDS = {keys.ENVIRONMENT, keys.APPROVED_BY}
"""These are members of other documents too: results, promotions, tags."""


def literals(path):
    """Return the texts in a module's code, docstrings aside."""
    return {
        node.value
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }


@pytest.mark.parametrize("folder", ["lambda_src", "operations", "pipeline_defs", "local"])
def test_no_module_spells_a_key_by_itself(folder):
    steps = ROOT / "pipeline_defs" / "steps"  # jobs have no contracts, and write no metadata
    spelled = {
        str(path.relative_to(ROOT)): found
        for path in (ROOT / folder).rglob("*.py")
        if steps not in path.parents and (found := literals(path) & (set(keys.KNOWN) - ALSO_WORDS))
    }
    assert not spelled, "the other end would go on reading the old word"


def test_every_key_is_told_apart_and_belongs_to_the_one_who_writes_it():
    assert len(set(keys.KNOWN)) == len(keys.KNOWN)
    assert all(key.startswith(keys.SOURCE_PREFIX) for key in keys.OF_PROMOTION), "a copy of a copy drops these"
    own = set(keys.OF_DELIVERY) - {keys.APPROVED_BY}
    assert all(key.startswith(keys.DELIVERY_PREFIX) for key in own), "a copy drops these too"
    kept = (keys.SOURCE_PREFIX, keys.DELIVERY_PREFIX)
    assert not any(key.startswith(kept) for key in keys.OF_PIPELINE), "lineage goes with the copy"
