"""Planned resources, as the engine would report them."""

import copy
import json
from functools import cache

from portal.costs.prices import load_prices
from portal.events import PropertyChange, ResourcePlanned
from portal.plan.view import plan_view
from tests.harness import PUBLISHING, stack_graph

PIPELINE = "aws:sagemaker/pipeline:Pipeline"
PRICES = load_prices()


def urn(kind, name="it"):
    return f"urn:pulumi:dev::mlops::{kind}::{name}"


def planned(kind, operation, *, name="it", changes=(), parent="", **options):
    return ResourcePlanned(
        urn=urn(kind, name), type=kind, operation=operation, changes=tuple(changes), parent=parent, **options
    )


def change(path, old=None, new=None, kind="update"):
    return PropertyChange(path=path, kind=kind, old=old, new=new)


def view(*events, violations=()):
    return plan_view(events, violations, prices=PRICES, region="us-east-1")


@cache
def _definition():
    return stack_graph(PUBLISHING).one("sagemaker:Pipeline").inputs["pipelineDefinition"]


def definition():
    """The definition of dev's pipeline, as an object that a test may change."""
    return copy.deepcopy(json.loads(_definition()))


def step(document, name):
    """A step of a definition, wherever it stands."""

    def found(steps):
        for each in steps:
            if each["Name"] == name:
                return each
            arguments = each.get("Arguments", {})
            if inner := found([*arguments.get("IfSteps", []), *arguments.get("ElseSteps", [])]):
                return inner
        return None

    return found(document["Steps"])


def pipeline_update(old, new):
    """The view of a plan that changes a pipeline's definition, and nothing else."""
    old, new = (text if isinstance(text, str) else json.dumps(text) for text in (old, new))
    inputs = {"pipelineName": "p", "pipelineDefinition": new}
    return view(planned(PIPELINE, "update", inputs=inputs, changes=[change("pipelineDefinition", old, new)]))
