"""The one reader of Pulumi config: a stack's `mlops:settings` object becomes a frozen, validated `StackSettings`.

`python -m settings schema` prints the JSON schema of a stack file, `python -m settings check FILE...` checks files.
Importing this module loads neither Pulumi nor the AWS SDK, and nothing here reaches a network.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from pydantic import ValidationError

from settings.delivery import Delivery
from settings.fields import Section
from settings.image_rules import images_that_others_pull
from settings.models import (
    Accounts,
    Approval,
    Classification,
    Environment,
    ExistingVpc,
    Gate,
    Model,
    Nat,
    Network,
    Regions,
    StackSettings,
    Storage,
)
from settings.problems import CONFIG_KEY, Problem, SettingsError, problems_of, shown
from settings.rules import broken_rules
from settings.view import view_of

__all__ = [
    "CONFIG_KEY",
    "Accounts",
    "Approval",
    "Classification",
    "Delivery",
    "Environment",
    "ExistingVpc",
    "Gate",
    "Model",
    "Nat",
    "Network",
    "Problem",
    "Regions",
    "Section",
    "SettingsError",
    "StackSettings",
    "Storage",
    "load_settings",
    "read_stack_file",
    "settings_from_pulumi",
]


def load_settings(raw: Mapping[str, Any], *, source: str) -> StackSettings:
    """Return the settings in `raw`, the value of `mlops:settings`; `source` names its file, Pulumi.dev.yaml.

    Raises SettingsError with every mistake at once. Rules between fields also run when other fields are wrong.
    """
    if not isinstance(raw, Mapping):
        raise _refused(source, shown(raw), "the settings are keys with values", "indent the settings below this key")
    elsewhere = _wrong_for_this_stack(raw, source)
    try:
        settings = StackSettings.model_validate(dict(raw))
    except ValidationError as error:
        problems = problems_of(error, StackSettings)
        if not any(isinstance(_cause(detail), SettingsError) for detail in error.errors(include_url=False)):
            invalid = {detail["loc"] for detail in error.errors(include_url=False)}
            problems += broken_rules(cast("StackSettings", view_of(StackSettings, raw, invalid)))
        raise SettingsError([*problems, *elsewhere], source=source) from None
    if elsewhere:
        raise SettingsError(elsewhere, source=source)
    return settings


def settings_from_pulumi() -> StackSettings:
    """Return the settings of the stack that Pulumi runs.

    Raises pulumi.RunError, which the engine prints without a trace, with every mistake at once.
    """
    import pulumi  # the portal and the local run read stack files without it

    try:
        return _settings_of_stack()
    except SettingsError as error:
        raise pulumi.RunError(str(error)) from error


def _settings_of_stack() -> StackSettings:
    import pulumi

    source = f"Pulumi.{pulumi.get_stack()}.yaml"
    try:
        raw = pulumi.Config("mlops").get_object("settings")
    except pulumi.ConfigTypeError:
        rule, fix = "the settings are keys with values", "indent the settings below this key"
        raise _refused(source, "", rule, fix) from None
    if raw is None:
        raise _missing_key(source)
    return load_settings(raw, source=source)


def read_stack_file(path: Path | str) -> StackSettings:
    """Return the settings in a stack file, without the Pulumi engine. Raises SettingsError with every mistake at once.

    Encrypted values stay encrypted; the settings hold no secrets.
    """
    from settings.files import StackFileError, parsed

    file = Path(path)
    try:
        document = parsed(file)
    except StackFileError as error:
        raise _refused(file.name, "", error.rule, error.fix) from None
    config = document.get("config")
    if not isinstance(config, Mapping) or CONFIG_KEY not in config:
        raise _missing_key(file.name)
    return load_settings(config[CONFIG_KEY], source=file.name)


def _wrong_for_this_stack(raw: Mapping[str, Any], source: str) -> list[Problem]:
    """Return what a stack of this name must not say, though the settings by themselves are right."""
    stack = re.fullmatch(r"Pulumi\.(.+)\.yaml", source)
    environments = [environment.value for environment in Environment]
    named = raw.get("environment")
    if stack is None or stack[1] not in environments or named not in environments:
        return []
    if named == stack[1]:
        return list(images_that_others_pull(stack[1], delete_images=raw.get("delete_images")))
    rule = f"the stack {stack[1]} is the environment {stack[1]}; a copied file would deploy {named} under its name"
    return [Problem(path="environment", value=shown(named), rule=rule, fix=f"write {stack[1]}")]


def _cause(detail: Mapping[str, Any]) -> object:
    return (detail.get("ctx") or {}).get("error")


def _missing_key(source: str) -> SettingsError:
    rule = f"a stack's config holds its settings under {CONFIG_KEY}"
    return _refused(source, "", rule, f"write {CONFIG_KEY}: below config: in {source}, as Pulumi.dev.yaml does")


def _refused(source: str, value: str, rule: str, fix: str) -> SettingsError:
    return SettingsError([Problem(path="", value=value, rule=rule, fix=fix)], source=source)
