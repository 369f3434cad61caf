"""All stacks, and one: how it is, what happened last, what can be done."""

from typing import Final

from fastapi import APIRouter
from fastapi.responses import HTMLResponse, RedirectResponse

from portal.outcomes import RepairStep
from portal.pages.site import Form, Pages, Person, Visitor, see, text
from portal.service.errors import InvalidError

NEWEST: Final = 15


class StackPages(Pages):
    """`/` and `/stacks/…`."""

    def add_to(self, router: APIRouter) -> None:
        """Register the routes."""
        router.add_api_route("/", self.home, methods=["GET"])
        router.add_api_route("/stacks/{stack}", self.stack, methods=["GET"])
        for action in (self.preview, self.check_drift, self.refresh, self.preview_destroy, self.repair):
            router.add_api_route(f"/stacks/{{stack}}/{action.__name__}", action, methods=["POST"])

    def home(self, visit: Visitor) -> HTMLResponse:
        """Show every stack that the visitor may see."""
        return self.page(visit, "stacks.html", stacks=self.portal.stacks.all(visit.actor))

    def stack(self, visit: Visitor, stack: str) -> HTMLResponse:
        """Show one stack."""
        view = self.portal.stacks.get(visit.actor, stack)
        recent = self.portal.operations.history(visit.actor, stack=stack, limit=NEWEST)
        return self.page(visit, "stack.html", stack=view, recent=recent)

    def preview(self, actor: Person, form: Form, stack: str) -> RedirectResponse:
        """Start a preview."""
        return see("operations", self.portal.operations.preview(actor, stack, text(form, "why")).id)

    def check_drift(self, actor: Person, form: Form, stack: str) -> RedirectResponse:
        """Start a drift check."""
        del form  # checked, and empty
        return see("operations", self.portal.operations.check_drift(actor, stack).id)

    def refresh(self, actor: Person, form: Form, stack: str) -> RedirectResponse:
        """Start a refresh."""
        return see("operations", self.portal.operations.refresh(actor, stack, text(form, "why", required=True)).id)

    def preview_destroy(self, actor: Person, form: Form, stack: str) -> RedirectResponse:
        """Start a preview of a destroy."""
        started = self.portal.operations.preview_destroy(actor, stack, text(form, "why", required=True))
        return see("operations", started.id)

    def repair(self, actor: Person, form: Form, stack: str) -> RedirectResponse:
        """Start a repair that an outcome offered."""
        try:
            step = RepairStep(form.get("step", ""))
        except ValueError:
            known = ", ".join(RepairStep)
            raise InvalidError.of("step", form.get("step", ""), f"one of {known}", "use the page's buttons") from None
        confirmed = form.get("confirmed") == "yes"
        return see("operations", self.portal.operations.repair(actor, stack, step, confirmed).id)
