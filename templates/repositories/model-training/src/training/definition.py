"""The pipeline definition as text: composed offline, checked, the same bytes for the same sources."""

import json

from mlops_project import checks, offline
from training.settings import Settings


class DefinitionError(ValueError):
    """A definition that must not leave this repository; the message lists why."""


def definition(settings: Settings) -> str:
    """Return the definition, canonical JSON. Raises DefinitionError with everything that the checks found."""
    offline.prepare()
    from training.pipeline import build  # imports the SDK, which wants what `prepare` sets

    text = offline.compose(lambda session: build(settings, session), settings.region)
    found = checks.problems(json.loads(text))
    if found:
        raise DefinitionError("the pipeline definition must not be deployed:\n- " + "\n- ".join(found))
    return text
