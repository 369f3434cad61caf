"""Settings that are not saved yet, for a preview."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from portal.service.errors import InvalidError, Problem
from portal.service.settings_secrets import secret_problems
from portal.service.stack_text import stack_text
from portal.workspace import stack_file
from settings import CONFIG_KEY, SettingsError, load_settings
from settings.files import StackFileError, parsed


def draft_settings(root: Path, stack: str, text: str) -> Mapping[str, Any]:
    """Return the settings in the text of a stack file. Raises InvalidError with every mistake.

    Only `mlops:settings` may differ from the saved file: the engine is given nothing else of a draft, so anything else
    would silently not be in the preview.
    """
    file = stack_file(root, stack)
    try:
        document, before = stack_text(text).document, parsed(file) if file.is_file() else {}
    except StackFileError as error:
        raise InvalidError([Problem(path="", value="", rule=error.rule, fix=error.fix)]) from error
    if found := [problem for _, problem in secret_problems(before, document)]:  # a draft is kept, as it was written
        raise InvalidError(found)
    config, saved = document.get("config"), before.get("config")
    config = config if isinstance(config, Mapping) else {}
    saved = saved if isinstance(saved, Mapping) else {}
    for key in sorted({*config, *saved} - {CONFIG_KEY}, key=str):
        if config.get(key) != saved.get(key):
            rule = f"a preview of a draft takes only {CONFIG_KEY} from it"
            raise InvalidError.of(f"config.{key}", "", rule, "save this change first, then preview")
    settings = config.get(CONFIG_KEY, {})
    try:
        load_settings(settings, source=file.name)
    except SettingsError as error:
        raise InvalidError(error.problems, str(error)) from error
    return dict(settings)
