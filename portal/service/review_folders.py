"""The folder of a review environment: a worktree of its commit, and in it the stack file that the portal wrote."""

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from portal.configuration import PortalSettings
from portal.records import ReviewRecord
from portal.service.errors import ConflictError, InvalidError
from portal.service.git_checkout import GitCheckout, GitError
from portal.service.review_settings import review_document, review_unit
from portal.service.stack_text import stack_text
from portal.workspace import stack_file
from settings import CONFIG_KEY, Problem, SettingsError, load_settings
from settings.files import StackFileError

DESCRIPTION = "Pulumi.yaml"


class ReviewFolders:
    """Makes and removes the folders below `work/reviews`. Doing either again does only what is missing."""

    def __init__(self, *, settings: PortalSettings, checkout: GitCheckout) -> None:
        self._project, self._base = settings.project, settings.reviews.base_stack
        self._reviews, self._checkout = settings.work / "reviews", checkout

    def of(self, record: ReviewRecord) -> Path:
        """Return the folder of a review environment, there or not."""
        return self._reviews / record.name

    def check(self, record: ReviewRecord) -> Mapping[str, Any]:
        """Return the stack file that it would have, before anything is made. Raises InvalidError, ConflictError."""
        name = stack_file(self._project, self._base).name
        try:
            text = self._checkout.read(record.commit, name)
        except GitError as error:
            rule = f"the branch has {name}, whose settings its review environment takes over"
            raise InvalidError.of("branch", record.branch, rule, f"add it to the branch ({error})") from error
        return self._document(record, text)

    def make(self, record: ReviewRecord, document: Mapping[str, Any] | None = None) -> None:
        """Check the commit out and write the stack file that `check` gave. Raises GitError, OSError, and as `check`."""
        document = document or self.check(record)
        folder = self.of(record)
        if not (folder / ".git").exists():
            self.remove(record)
            self._checkout.add_worktree(folder, record.commit)
        self._write(record, document)

    def make_for_destroy(self, record: ReviewRecord) -> None:
        """Have a folder from which the stack can be destroyed, whatever became of the branch: no program is needed.

        The settings are the project's own then, which today's rules find valid. Raises OSError and as `check`.
        """
        folder = self.of(record)
        folder.mkdir(parents=True, exist_ok=True)
        if not (folder / DESCRIPTION).is_file():
            shutil.copyfile(self._project / DESCRIPTION, folder / DESCRIPTION)
        base = stack_file(self._project, self._base).read_text(encoding="utf-8")
        self._write(record, self._document(record, base))

    def is_usable(self, record: ReviewRecord) -> bool:
        """Return whether the engine finds in the folder what it needs to destroy the stack."""
        folder = self.of(record)
        return (folder / DESCRIPTION).is_file() and stack_file(folder, record.stack).is_file()

    def remove(self, record: ReviewRecord) -> None:
        """Delete the folder with everything in it. Raises GitError, OSError."""
        folder = self.of(record)
        self._checkout.remove_worktree(folder)
        if folder.exists():
            shutil.rmtree(folder)

    def _document(self, record: ReviewRecord, text: str) -> Mapping[str, Any]:
        source = stack_file(self._project, record.stack).name
        try:
            project = stack_text(stack_file(self._project, self._base).read_text(encoding="utf-8"))
            branch = stack_text(text)
        except StackFileError as error:
            problem = Problem(path="", value="", rule=error.rule, fix=error.fix)
            raise InvalidError([problem], f"The settings of {record.branch} cannot be read. {error}") from error
        except OSError as error:
            raise ConflictError(
                f"The settings of {self._base} cannot be read: {error}.", "Repair the project."
            ) from error
        document = review_document(branch.document, project.document, name=record.name, unit=review_unit(record))
        try:
            load_settings(document["config"][CONFIG_KEY], source=source)
        except SettingsError as error:
            said = f"The settings of branch {record.branch} are not valid for a review environment. {error}"
            raise InvalidError(error.problems, said) from error
        return document

    def _write(self, record: ReviewRecord, document: Mapping[str, Any]) -> None:
        head = f"# Written by the portal for the review environment {record.name} of branch {record.branch}.\n"
        file = stack_file(self.of(record), record.stack)
        part = file.with_suffix(".part")
        part.unlink(missing_ok=True)  # of the branch, perhaps a link
        part.write_text(head + yaml.safe_dump(dict(document), sort_keys=False), encoding="utf-8")
        part.replace(file)
