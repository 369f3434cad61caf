"""Models and projects of a stack, as AWS has them."""

from itertools import groupby

from fastapi import APIRouter
from fastapi.responses import HTMLResponse, RedirectResponse

from portal.pages.site import Form, Pages, Person, Visitor, see, text
from portal.service.errors import ServiceError

LONGEST_DECISION = 800
"""Characters; the registry keeps 1024, and the service adds who it was."""


class ModelPages(Pages):
    """`/stacks/{s}/models…` and `/stacks/{s}/projects…`."""

    def add_to(self, router: APIRouter) -> None:
        """Register the routes."""
        path = "/stacks/{stack}/models"
        router.add_api_route(path, self.models, methods=["GET"])
        router.add_api_route(f"{path}/{{model}}/diff", self.diff, methods=["GET"])
        router.add_api_route(f"{path}/{{model}}/{{version}}", self.version, methods=["GET"])
        for decide in (self.approve, self.reject, self.rollback):
            router.add_api_route(f"{path}/{{model}}/{{version}}/{decide.__name__}", decide, methods=["POST"])
        router.add_api_route("/stacks/{stack}/projects", self.projects, methods=["GET"])
        router.add_api_route("/stacks/{stack}/projects/{project}", self.project, methods=["GET"])

    def models(self, visit: Visitor, stack: str) -> HTMLResponse:
        """Show every model with its newest versions, and what is delivered."""
        models = self.portal.models.listed(visit.actor, stack)
        try:
            found = self.portal.models.deployments(visit.actor, stack)
        except ServiceError:  # a stack that delivers nothing has no table of it; the versions are there all the same
            found = ()
        deliveries = {each.model: each for each in found}
        return self.page(visit, "models.html", stack=stack, models=models, deliveries=deliveries)

    def version(self, visit: Visitor, stack: str, model: str, version: int) -> HTMLResponse:
        """Show everything about a version."""
        found = self.portal.models.show(visit.actor, stack, model, version)
        return self.page(visit, "model_version.html", stack=stack, v=found)

    def diff(self, visit: Visitor, stack: str, model: str, a: int, b: int) -> HTMLResponse:
        """Show two versions side by side."""
        found = self.portal.models.diff(visit.actor, stack, model, a, b)
        # In the library's order, metrics first.
        sections = [(name, list(rows)) for name, rows in groupby(found.differences, key=lambda each: each.section)]
        return self.page(visit, "model_diff.html", stack=stack, model=model, c=found, sections=sections)

    def approve(self, actor: Person, form: Form, stack: str, model: str, version: int) -> RedirectResponse:
        """Approve a version."""
        self.portal.models.approve(actor, stack, model, version, _reason(form))
        return see("stacks", stack, "models", model, str(version), said="model-approved")

    def reject(self, actor: Person, form: Form, stack: str, model: str, version: int) -> RedirectResponse:
        """Reject a version."""
        self.portal.models.reject(actor, stack, model, version, _reason(form))
        return see("stacks", stack, "models", model, str(version), said="model-rejected")

    def rollback(self, actor: Person, form: Form, stack: str, model: str, version: int) -> RedirectResponse:
        """Ask for a version in place of the one that serves."""
        self.portal.models.rollback(actor, stack, model, version, _reason(form))
        return see("stacks", stack, "models", model, str(version), said="model-rollback")

    def projects(self, visit: Visitor, stack: str, archived: bool = False) -> HTMLResponse:
        """Show the projects that a stack made."""
        found = self.portal.projects.listed(visit.actor, stack, archived=archived)
        return self.page(visit, "projects.html", stack=stack, projects=found, archived=archived)

    def project(self, visit: Visitor, stack: str, project: str) -> HTMLResponse:
        """Show one project."""
        return self.page(visit, "project.html", stack=stack, p=self.portal.projects.show(visit.actor, stack, project))


def _reason(form: Form) -> str:
    return text(form, "why", longest=LONGEST_DECISION, required=True)
