"""Stacks: how they are, their settings, drift, repairs, models, projects."""

from fastapi import APIRouter

from operations.deployments import Asked, ModelDeployments
from operations.models import Comparison, Decided, ModelVersions
from operations.project_inventory import ProjectRow, ProjectView
from operations.versions import Version
from portal.api.bodies import Key, ModelDecision, NewRepair, NewSettings, Number, Rollback, SettingsText
from portal.api.dependencies import The, Who
from portal.records import OperationRecord
from portal.service.drift import DriftView
from portal.service.settings_files import Checked, Saved, SettingsFile
from portal.service.settings_rows import SettingRow
from portal.service.stacks import StackView

routes = APIRouter(tags=["stacks"])


@routes.get("/stacks")
def stacks(portal: The, actor: Who) -> tuple[StackView, ...]:
    """Return the stacks that the caller may see."""
    return tuple(portal.stacks.all(actor))


@routes.get("/stacks/{stack}")
def one(portal: The, actor: Who, stack: str) -> StackView:
    """Return one stack."""
    return portal.stacks.get(actor, stack)


@routes.post("/stacks/{stack}/repairs", status_code=202)
def repair(portal: The, actor: Who, stack: str, new: NewRepair, key: Key = None) -> OperationRecord:
    """Do a repair that an outcome offered."""
    return portal.operations.repair(actor, stack, new.step, confirmed=new.confirmed, why=new.why, key=key)


@routes.get("/drift")
def drift(portal: The, actor: Who) -> tuple[DriftView, ...]:
    """Return the last comparison of each stack with its cloud."""
    return tuple(portal.drift.all(actor))


@routes.get("/settings-schema")
def schema(portal: The, actor: Who) -> tuple[SettingRow, ...]:
    """Return what can be set in a stack file, a row each."""
    del actor  # any person may know
    return portal.settings_files.schema()


@routes.get("/stacks/{stack}/settings")
def settings(portal: The, actor: Who, stack: str) -> SettingsFile:
    """Return a stack file."""
    return portal.settings_files.read(actor, stack)


@routes.post("/stacks/{stack}/settings/check")
def check(portal: The, actor: Who, stack: str, edited: SettingsText) -> Checked:
    """Return what is wrong with an edited stack file, and what it changes. Nothing is kept."""
    return portal.settings_files.check(actor, stack, edited.text)


@routes.put("/stacks/{stack}/settings")
def save(portal: The, actor: Who, stack: str, new: NewSettings) -> Saved:
    """Replace a stack file. Nothing is deployed by that."""
    return portal.settings_files.save(actor, stack, new.text, new.base_hash, new.why)


model_routes = APIRouter(tags=["models and projects"], prefix="/stacks/{stack}")


@model_routes.get("/models")
def models(portal: The, actor: Who, stack: str) -> tuple[ModelVersions, ...]:
    """Return every model with its newest versions."""
    return portal.models.listed(actor, stack)


@model_routes.get("/models/{model}/versions/{version}")
def version(portal: The, actor: Who, stack: str, model: str, version: Number) -> Version:
    """Return everything about a version."""
    return portal.models.show(actor, stack, model, version)


@model_routes.get("/models/{model}/diff")
def diff(portal: The, actor: Who, stack: str, model: str, a: Number, b: Number) -> Comparison:
    """Return two versions side by side."""
    return portal.models.diff(actor, stack, model, a, b)


@model_routes.post("/models/{model}/versions/{version}/decision")
def decide(portal: The, actor: Who, stack: str, model: str, version: Number, decision: ModelDecision) -> Decided:
    """Approve or reject a version."""
    act = portal.models.approve if decision.approved else portal.models.reject
    return act(actor, stack, model, version, decision.reason)


@model_routes.post("/models/{model}/rollback")
def rollback(portal: The, actor: Who, stack: str, model: str, wanted: Rollback) -> Asked:
    """Have an earlier, approved version serve."""
    return portal.models.rollback(actor, stack, model, wanted.to, wanted.reason)


@model_routes.get("/deployments")
def deployments(portal: The, actor: Who, stack: str) -> tuple[ModelDeployments, ...]:
    """Return what each model should serve, what its endpoint runs, and what was deployed before."""
    return portal.models.deployments(actor, stack)


@model_routes.get("/projects")
def projects(portal: The, actor: Who, stack: str, archived: bool = False) -> tuple[ProjectRow, ...]:
    """Return the projects."""
    return portal.projects.listed(actor, stack, archived=archived)


@model_routes.get("/projects/{project}")
def project(portal: The, actor: Who, stack: str, project: str) -> ProjectView:
    """Return everything about a project."""
    return portal.projects.show(actor, stack, project)
