"""Routes of Actions: variables, workflow dispatches, runs."""

import re
from typing import Any

import yaml

from contracts.github import (
    DISPATCH_INPUTS,
    VARIABLE_BYTES,
    VARIABLES_PER_ENVIRONMENT,
    VARIABLES_PER_REPOSITORY,
)
from contracts.variables import is_variable_name
from local.github.answers import Record, RefusedError, Reply, invalid, not_found
from local.github.objects import read_blob
from local.github.routing import Call, route

_REPOSITORY = "/repos/<owner>/<repo>/actions/variables"
_ENVIRONMENT = "/repos/<owner>/<repo>/environments/<environment>/variables"
_PAGE = 30
"""Most variables of a page (docs: "List repository variables")."""


def _variables(call: Call) -> dict[str, Record]:
    if "environment" not in call.parameters:
        found: dict[str, Record] = call.repository["variables"]
        return found
    environment = call.repository["environments"].get(call["environment"])
    if environment is None:
        raise not_found()
    inner: dict[str, Record] = environment["variables"]
    return inner


def _list(call: Call) -> Reply:
    """200 with total_count and variables."""
    return call.page([_variables(call)[name] for name in sorted(_variables(call))], key="variables", most=_PAGE)


def _create(call: Call) -> Reply:
    """201; 409 where it exists; 422 for a name or value that GitHub does not take."""
    variables = _variables(call)
    name, value = call.field("name", str), call.field("value", str)
    if not is_variable_name(name.upper()) or not value or len(value.encode()) > VARIABLE_BYTES:
        raise invalid("Variable name or value is invalid")
    if name.upper() in variables:
        raise RefusedError(409, "Already exists - Variable already exists")
    most = VARIABLES_PER_ENVIRONMENT if "environment" in call.parameters else VARIABLES_PER_REPOSITORY
    if len(variables) >= most:
        raise invalid("The maximum number of variables is reached")
    now = call.store.now()
    variables[name.upper()] = {"name": name.upper(), "value": value, "created_at": now, "updated_at": now}
    return Reply(status=201, body={})


def _get(call: Call) -> Reply:
    """200 with name and value, or 404."""
    found = _variables(call).get(call["name"].upper())
    if found is None:
        raise not_found()
    return Reply(body=found)


def _update(call: Call) -> Reply:
    """204, or 404."""
    found = _variables(call).get(call["name"].upper())
    if found is None:
        raise not_found()
    found["value"] = call.field("value", str)
    found["updated_at"] = call.store.now()
    return Reply(status=204)


def _delete(call: Call) -> Reply:
    """204, or 404."""
    if _variables(call).pop(call["name"].upper(), None) is None:
        raise not_found()
    return Reply(status=204)


# docs: "REST API endpoints for GitHub Actions variables". Those of a repository need Variables, those of an environment
# need Environments.
for _path, _permission in ((_REPOSITORY, "actions_variables"), (_ENVIRONMENT, "environments")):
    route("GET", _path, {_permission: "read"})(_list)
    route("POST", _path, {_permission: "write"})(_create)
    route("GET", f"{_path}/<name>", {_permission: "read"})(_get)
    route("PATCH", f"{_path}/<name>", {_permission: "write"})(_update)
    route("DELETE", f"{_path}/<name>", {_permission: "write"})(_delete)


@route("POST", "/repos/<owner>/<repo>/actions/workflows/<workflow>/dispatches", {"actions": "write"})
def dispatch(call: Call) -> Reply:
    """204 (docs: "Create a workflow dispatch event"); 404: no such workflow; 422: no such ref, trigger or input."""
    ref, inputs = call.field("ref", str), (call.body or {}).get("inputs") or {}
    document = _workflow(call, ref)
    trigger = _trigger(document)
    known = (trigger or {}).get("inputs") or {}
    if trigger is None:
        raise invalid("Workflow does not have 'workflow_dispatch' trigger")
    unknown = sorted(set(inputs) - set(known))
    if unknown or len(inputs) > DISPATCH_INPUTS:
        raise invalid(f"Unexpected inputs provided: {unknown}")
    missing = [name for name, rule in known.items() if (rule or {}).get("required") and name not in inputs]
    if missing:
        raise invalid(f"Required input '{missing[0]}' not provided")
    number = call.store.new_id()
    title = re.sub(r"\$\{\{\s*inputs\.([\w-]+)\s*\}\}", lambda m: str(inputs.get(m.group(1), "")),
                   str(document.get("run-name") or document.get("name") or call["workflow"]))  # fmt: skip
    call.repository["runs"].insert(
        0,
        {
            "id": number,
            "name": document.get("name") or call["workflow"],
            "display_title": title,
            "path": f".github/workflows/{call['workflow']}",
            "head_branch": ref.removeprefix("refs/heads/"),
            "head_sha": call.store.commit(call.repository, ref.removeprefix("refs/heads/")),
            "event": "workflow_dispatch",
            "status": "queued",
            "conclusion": None,
            "created_at": call.store.now(),
            "html_url": f"https://github.com/{call.store.organization}/{call.repository['name']}/actions/runs/{number}",
            "inputs": inputs,
        },
    )
    return Reply(status=204)


def _workflow(call: Call, ref: str) -> Record:
    """Return the workflow at a ref. GitHub knows a workflow once it is on the default branch."""
    path = f".github/workflows/{call['workflow']}"
    if path not in call.store.files(call.repository, call.repository["default_branch"]):
        raise not_found()
    try:
        files = call.store.files(call.repository, ref.removeprefix("refs/heads/"))
    except RefusedError:
        raise invalid(f"No ref found for: {ref}") from None
    if path not in files:
        raise not_found()
    document = yaml.safe_load(read_blob(call.store.objects, files[path][1]))
    return document if isinstance(document, dict) else {}


def _trigger(document: dict[Any, Any]) -> Record | None:
    events = document.get("on", document.get(True))  # YAML 1.1 reads `on` as true
    if events == "workflow_dispatch" or (isinstance(events, list) and "workflow_dispatch" in events):
        return {}
    if isinstance(events, dict) and "workflow_dispatch" in events:
        return events["workflow_dispatch"] or {}
    return None


@route("GET", "/repos/<owner>/<repo>/actions/workflows/<workflow>/runs", {"actions": "read"})
def list_workflow_runs(call: Call) -> Reply:
    """200 with total_count and workflow_runs (docs: "List workflow runs for a workflow")."""
    _workflow(call, call.repository["default_branch"])
    path = f".github/workflows/{call['workflow']}"
    return call.page([run for run in _runs(call) if run["path"] == path], key="workflow_runs")


@route("GET", "/repos/<owner>/<repo>/actions/runs", {"actions": "read"})
def list_runs(call: Call) -> Reply:
    """200 with total_count and workflow_runs (docs: "List workflow runs for a repository")."""
    return call.page(_runs(call), key="workflow_runs")


@route("GET", "/repos/<owner>/<repo>/actions/workflows", {"actions": "read"})
def list_workflows(call: Call) -> Reply:
    """200 with total_count and workflows (docs: "List repository workflows")."""
    files = call.store.files(call.repository, call.repository["default_branch"]) if call.repository["refs"] else {}
    found = [
        {"id": number, "name": path.rpartition("/")[2], "path": path, "state": "active"}
        for number, path in enumerate(sorted(files), start=1)
        if path.startswith(".github/workflows/") and path.endswith((".yml", ".yaml"))
    ]
    return call.page(found, key="workflows")


def _runs(call: Call) -> list[Record]:
    event = call.query.get("event")
    return [
        {name: value for name, value in run.items() if name != "inputs"}
        for run in call.repository["runs"]
        if event in (None, run["event"])
    ]
