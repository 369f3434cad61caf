"""What a review environment is called, and its settings: the base stack's, made cheap and free of collisions."""

import copy
import hashlib
import re
from collections.abc import Mapping
from typing import Any

from portal.records import ReviewRecord
from portal.service.settings_secrets import is_secret
from portal.workspace import ENCRYPTION
from settings import CONFIG_KEY

LONGEST_NAME = 20
_DIGITS = 8
_HASHED = re.compile(rf"-[0-9a-f]{{{_DIGITS}}}$")
_UNIT_DIGITS = 8
TAG = "review"
"""Tag on everything of a review environment, with its name: so that bills and people can tell it apart."""
PINNED = ("organisation", "environment", "region", "regions", "accounts", "single_account")
"""Where an environment is. Taken from the project, never from the branch."""
LEFT_OUT = ("studio", "catalog", "github", "projects", "alert_emails")
"""Sections that a review environment goes without.

studio: a domain and its file system take an hour to come and go, and it costs while people's applications run. catalog
and github: a repository has one owner among the stacks. projects: an account has one OIDC provider for GitHub, and
roles of repositories would trust a branch's code. alert_emails: each address would get a mail to confirm.
"""


def review_name(branch: str) -> str:
    """Return the name of a branch's review environment: lower-case letters, digits and hyphens, at most 20.

    The branch itself where it is of that form, and does not look like one with a hash; else its beginning and a hash of
    it, so that no two branches share one.
    """
    name = re.sub(r"[^a-z0-9]+", "-", branch.lower()).strip("-")
    if name == branch and len(name) <= LONGEST_NAME and not _HASHED.search(name):
        return name
    digest = hashlib.sha256(branch.encode()).hexdigest()[:_DIGITS]
    return f"{name[: LONGEST_NAME - _DIGITS - 1].strip('-') or 'branch'}-{digest}"


def review_unit(record: ReviewRecord) -> str:
    """Return the unit of a review environment: the part of every physical name that tells it from all others.

    Ten letters and digits, of the twelve that a unit may have. Another one for each life of a name: what AWS still
    keeps of the one before (a bucket's name, a key on its way out) stands in nobody's way.
    """
    life = f"{record.name} {record.created.timestamp():.0f}"
    return f"rv{hashlib.sha256(life.encode()).hexdigest()[:_UNIT_DIGITS]}"


def review_document(branch: Mapping[str, Any], project: Mapping[str, Any], *, name: str, unit: str) -> dict[str, Any]:
    """Return the stack file of a review environment.

    `branch` is the base stack's file in the branch, whose content is under review; `project` is the portal's own, which
    says in which account and region. Secrets are left out: they are encrypted for the base stack. Raises nothing: what
    comes out is validated as every stack file is.
    """
    config = branch.get("config")
    kept = {key: value for key, value in (config or {}).items() if not _has_secret(value)} if config else {}
    document = {key: value for key, value in branch.items() if key not in {"config", *ENCRYPTION}}
    return {**document, "config": {**kept, CONFIG_KEY: _settings(_section(branch), _section(project), name, unit)}}


def _settings(branch: Mapping[str, Any], project: Mapping[str, Any], name: str, unit: str) -> dict[str, Any]:
    settings = {key: copy.deepcopy(value) for key, value in branch.items() if key not in (*PINNED, *LEFT_OUT)}
    settings |= {key: project[key] for key in PINNED if key in project}
    if settings.get("environment") == "dev":
        settings["delete_images"] = True  # what somebody pushed is for this review; nobody else pulls from its unit
    settings |= {"unit": unit, "retain_data": False, "tags": {**_mapping(settings.get("tags")), TAG: name}}
    network = _mapping(settings.get("network"))
    if "nat" in network:
        settings["network"] = {**network, "nat": "none"}  # a gateway costs by the hour; endpoints carry what jobs need
    models = _mapping(settings.get("models"))
    if models:
        settings["models"] = {model: _model(section) for model, section in models.items()}
    return settings


def _model(section: Any) -> Any:
    """Return a model that starts by itself at no hour, and is served by one instance."""
    if not isinstance(section, Mapping):
        return section
    model = {key: value for key, value in section.items() if key != "schedule"}
    delivery = _mapping(model.pop("delivery", None))
    # Batch transform is its schedule; a shadow names a version that only the base stack has.
    if not delivery or delivery.get("kind") == "batch":
        return model
    delivery = {key: value for key, value in delivery.items() if key not in {"shadow", "scaling"}}
    if "instances" in delivery:
        delivery["instances"] = {"min": 1, "max": 1}
    return {**model, "delivery": delivery}


def _section(document: Mapping[str, Any]) -> Mapping[str, Any]:
    return _mapping(_mapping(document.get("config")).get(CONFIG_KEY))


def _mapping(value: Any) -> dict[str, Any]:
    return dict(value) if isinstance(value, Mapping) else {}


def _has_secret(value: Any) -> bool:
    if is_secret(value):
        return True
    parts = value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else ()
    return any(_has_secret(part) for part in parts)
