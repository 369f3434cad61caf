"""The settings editor: a text, what is wrong in it, what it changes. A refused text is never lost."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from fastapi import APIRouter
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from portal.pages.site import Form, Pages, Person, Visit, Visitor, see, text
from portal.service.errors import ConflictError, InvalidError
from portal.service.settings_rows import SettingRow, setting_rows

CONFLICT, INVALID = 409, 422


@dataclass(frozen=True, slots=True)
class Section:
    """Settings that begin with the same word."""

    title: str
    rows: tuple[SettingRow, ...]


def reference() -> Iterator[Section]:
    """Yield what can be set: first what stands alone, then section by section."""
    rows = setting_rows()
    sections = {row.path.split(".")[0] for row in rows if "." in row.path}
    named = [(row.path.split(".")[0], row) for row in rows]
    alone = tuple(row for first, row in named if first.removesuffix("[]") not in sections and first not in sections)
    yield Section("On their own", alone)
    others = [(first, row) for first, row in named if row not in alone]
    for title, found in groupby(others, key=lambda pair: pair[0].removesuffix("[]")):
        yield Section(title, tuple(row for _, row in found))


class EditorPages(Pages):
    """`/stacks/{s}/settings`."""

    def add_to(self, router: APIRouter) -> None:
        """Register the routes."""
        path = "/stacks/{stack}/settings"
        router.add_api_route(path, self.editor, methods=["GET"])
        router.add_api_route(path, self.save, methods=["POST"])
        router.add_api_route(f"{path}/check", self.check, methods=["POST"])
        router.add_api_route(f"{path}/preview", self.preview, methods=["POST"])

    def editor(self, visit: Visitor, stack: str) -> HTMLResponse:
        """Show the file as it is."""
        file = self.portal.settings_files.read(visit.actor, stack)
        return self._shown(visit, stack, file.text, file.base_hash)

    def check(self, visit: Visitor, form: Form, stack: str) -> HTMLResponse:
        """Say what is wrong with a text and what it changes."""
        return self._checked(visit, stack, form)

    def save(self, visit: Visitor, form: Form, stack: str) -> Response:
        """Save a text, or show it again with what stands against it."""
        edited, base_hash = form.get("text", ""), form.get("base_hash", "")
        try:
            saved = self.portal.settings_files.save(visit.actor, stack, edited, base_hash, text(form, "why"))
        except (ConflictError, InvalidError) as error:
            return self._checked(visit, stack, form, error)
        return see("stacks", stack, "settings", said="saved" if saved.changed else "unchanged")

    def preview(self, actor: Person, form: Form, visit: Visitor, stack: str) -> Response:
        """Preview a text that is not saved, or show it again: here it is still at hand."""
        try:
            started = self.portal.operations.preview(actor, stack, text(form, "why"), form.get("text", ""))
        except (ConflictError, InvalidError) as error:
            return self._checked(visit, stack, form, error)
        return RedirectResponse(f"/operations/{started.id}", 303)

    def _checked(
        self, visit: Visit, stack: str, form: Mapping[str, str], error: ConflictError | InvalidError | None = None
    ) -> HTMLResponse:
        """Show a text again, with its mistakes; where it has none, with the error that stands against it."""
        checked = None
        try:
            checked = self.portal.settings_files.check(visit.actor, stack, form.get("text", ""))
        except ConflictError as busy:
            error = error or busy
        return self._shown(
            visit,
            stack,
            form.get("text", ""),
            form.get("base_hash", ""),
            checked=checked,
            why=form.get("why", ""),
            trouble="" if error is None or (checked is not None and checked.problems) else error.text,
            status=200 if error is None else CONFLICT if isinstance(error, ConflictError) else INVALID,
        )

    def _shown(
        self,
        visit: Visit,
        stack: str,
        edited: str,
        base_hash: str,
        *,
        checked: Any = None,
        why: str = "",
        trouble: str = "",
        status: int = 200,
    ) -> HTMLResponse:
        return self.page(
            visit,
            "editor.html",
            status=status,
            file=self.portal.settings_files.read(visit.actor, stack),
            text=edited,
            base_hash=base_hash,
            checked=checked,
            why=why,
            trouble=trouble,
            reference=list(reference()),
        )
