"""What the comparison with Terraform needs of the machine, and what of it is missing."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

TERRAFORM_PLUGINS = "TERRAFORM_PLUGIN_DIR"
"""Variable that names a folder of Terraform providers, as `terraform providers mirror` makes one."""


def terraform_plugins() -> Path:
    """Return the folder of Terraform's providers."""
    return Path(os.environ[TERRAFORM_PLUGINS])


def missing() -> list[str]:
    """Return what keeps the engine's preview from being compared with `terraform plan` here: nothing, at best."""
    return list(_missing())


def _missing() -> Iterator[str]:
    from portal.plugins import is_there, version_of

    for command in ("pulumi", "pulumi-language-python", "terraform"):
        if shutil.which(command) is None:
            yield f"{command} is not on PATH"
    if not is_there("aws", version_of("aws"), os.environ):
        yield "the engine has no aws plugin"
    folder = os.environ.get(TERRAFORM_PLUGINS)
    if not folder:
        yield f"{TERRAFORM_PLUGINS} names no folder of Terraform providers (`terraform providers mirror` makes one)"
    elif not any(Path(folder).glob("registry.terraform.io/hashicorp/aws/*")):
        yield f"{TERRAFORM_PLUGINS} is {folder}, which holds no hashicorp/aws provider"
