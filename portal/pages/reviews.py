"""Review environments: a branch as a stack of its own, for a while."""

from collections.abc import Mapping

from fastapi import APIRouter
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from portal.pages.site import Form, Pages, Person, Visit, Visitor, see, text, whole_number
from portal.service.errors import ConflictError, InvalidError

LONGEST_BRANCH = 250
MOST_BRANCHES = 200


class ReviewPages(Pages):
    """`/reviews`."""

    def add_to(self, router: APIRouter) -> None:
        """Register the routes."""
        router.add_api_route("/reviews", self.reviews, methods=["GET"])
        router.add_api_route("/reviews", self.create, methods=["POST"])
        router.add_api_route("/reviews/{name}/extend", self.extend, methods=["POST"])
        router.add_api_route("/reviews/{name}/remove", self.remove, methods=["POST"])

    def reviews(self, visit: Visitor) -> HTMLResponse:
        """Show those that there are."""
        return self._shown(visit, {})

    def create(self, visit: Visitor, form: Form) -> Response:
        """Create one, or show the form again with what stands against it."""
        try:
            branch = text(form, "branch", longest=LONGEST_BRANCH, required=True)
            hours = whole_number(form, "hours", least=1, most=self.settings.reviews.longest)
            self.portal.reviews.create(visit.actor, branch, hours, text(form, "why"))
        except InvalidError as error:
            trouble = [f"{each.path}: {each.rule}; {each.fix}" for each in error.problems] or [str(error)]
            return self._shown(visit, form, trouble=trouble, status=422)
        except ConflictError as error:
            return self._shown(visit, form, trouble=[str(error)], status=409)
        return see("reviews")

    def extend(self, actor: Person, form: Form, name: str) -> RedirectResponse:
        """Let one live longer."""
        hours = whole_number(form, "hours", least=1, most=self.settings.reviews.longest)
        self.portal.reviews.extend(actor, name, hours)
        return see("reviews", said="extended")

    def remove(self, actor: Person, form: Form, name: str) -> RedirectResponse:
        """Remove one before its time is over."""
        del form  # checked, and empty
        self.portal.reviews.remove(actor, name)
        return see("reviews", said="removing")

    def _shown(
        self, visit: Visit, asked: Mapping[str, str], *, trouble: list[str] | None = None, status: int = 200
    ) -> HTMLResponse:
        return self.page(
            visit,
            "reviews.html",
            status=status,
            reviews=self.portal.reviews.all(visit.actor),
            branches=self.portal.reviews.branches(visit.actor)[:MOST_BRANCHES] if self.settings.reviews.enabled else (),
            asked={key: asked.get(key, "") for key in ("branch", "hours", "why")},
            trouble=trouble or [],
        )
