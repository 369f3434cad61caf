"""Workflows: start one, and see whether it runs."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from contracts.github import DISPATCH_INPUTS
from lambda_src.github_client.errors import UnavailableError
from lambda_src.github_client.repositories import Repository
from lambda_src.github_client.rest import GitHub, path_of

LOOKS = 3
LOOK_AGAIN_SECONDS = 3.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Run:
    """A run of a workflow."""

    id: int
    title: str
    """What the workflow's `run-name` says."""
    status: str
    conclusion: str
    html_url: str


def dispatch(github: GitHub, repository: Repository, workflow: str, *, ref: str, inputs: Mapping[str, str]) -> None:
    """Start a workflow by its file name. Needs DISPATCH.

    Raises UnavailableError where it is unclear whether it started; never tries twice then.
    """
    if len(inputs) > DISPATCH_INPUTS:
        raise ValueError(f"{len(inputs)} inputs; GitHub takes {DISPATCH_INPUTS}")
    path = f"{repository.path}/actions/workflows{path_of(workflow)}/dispatches"
    github.post(path, {"ref": ref, "inputs": dict(inputs)})


def runs(github: GitHub, repository: Repository, workflow: str) -> list[Run]:
    """Return the newest runs that a dispatch started, newest first, one page."""
    path = f"{repository.path}/actions/workflows{path_of(workflow)}/runs"
    body = github.get(path, {"event": "workflow_dispatch", "per_page": 100})
    return [
        Run(
            id=int(run["id"]),
            title=run["display_title"],
            status=run["status"] or "",
            conclusion=run["conclusion"] or "",
            html_url=run["html_url"],
        )
        for run in body["workflow_runs"]
    ]


def dispatch_once(
    github: GitHub, repository: Repository, workflow: str, *, ref: str, inputs: Mapping[str, str], title: str
) -> Run | None:
    """Start a workflow unless a run whose title names `title` is there; return that run, None where it was started.

    The workflow's `run-name` must show an input that `title` quotes. After an unclear end it looks again before
    raising: GitHub shows a run a little later, so UnavailableError still means "unclear", and the next try looks first.
    """
    found = run_named(github, repository, workflow, title)
    if found is not None:
        return found
    try:
        dispatch(github, repository, workflow, ref=ref, inputs=inputs)
    except UnavailableError as error:
        for _ in range(LOOKS):
            if not github.deadline.wait(LOOK_AGAIN_SECONDS):
                break
            found = run_named(github, repository, workflow, title)
            if found is not None:
                return found
        raise error from None
    return None


def run_named(github: GitHub, repository: Repository, workflow: str, text: str) -> Run | None:
    """Return the newest run whose title names `text` as a whole: version 3 is no part of version 31."""
    named = re.compile(rf"(?<![\w/.:-]){re.escape(text)}(?![\w/-])")
    return next((run for run in runs(github, repository, workflow) if named.search(run.title)), None)
