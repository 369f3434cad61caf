"""`StudioScripts`: the script that starts with every application, one lifecycle configuration per application.

SageMaker cannot change a configuration's script and keeps names apart, so the name holds the script's hash: a changed
script makes a new configuration, the profiles move to it, and then the old one goes.
"""

import base64
import hashlib
from collections.abc import Sequence
from pathlib import Path

import pulumi
import pulumi_aws as aws

from contracts.names import Names
from contracts.studio import APP_TYPES, SCRIPT_BYTES


def read_script(path: Path) -> str:
    """Return a lifecycle script's text. Raises ValueError, with what to do, where it cannot be one."""
    if not path.is_file():
        raise ValueError(f"studio.lifecycle_script: {path} does not exist; write a path below the project's folder.")
    text = path.read_text(encoding="utf-8").replace("\r\n", "\n")
    check_script(text, where=f"studio.lifecycle_script: {path}")
    return text


def check_script(text: str, *, where: str) -> None:
    """Raise ValueError where Studio would refuse a script, or never run it."""
    size = len(text.encode())
    if not text.startswith("#!"):
        raise ValueError(f"{where} has no first line that names its interpreter; begin it with #!/bin/bash.")
    if size > SCRIPT_BYTES:
        raise ValueError(
            f"{where} has {size} bytes and Studio takes {SCRIPT_BYTES}; let it fetch the rest from the artifact bucket."
        )


class StudioScripts(pulumi.ComponentResource):
    """Owns a lifecycle configuration per application. A space that chose an older one by hand must choose again."""

    arns: dict[str, pulumi.Output[str]]
    """ARN by application."""

    def __init__(
        self,
        name: str,
        *,
        names: Names,
        script: str,
        applications: Sequence[str],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Create the configurations of `script`, its text."""
        super().__init__("mlops:index:StudioScripts", name, None, opts)
        check_script(script, where="lifecycle_script")
        digest = hashlib.sha256(script.encode()).hexdigest()[:8]
        self.arns = {
            application: aws.sagemaker.StudioLifecycleConfig(
                f"{name}-{application}",
                studio_lifecycle_config_name=names.studio_part(f"{application.replace('_', '-')}-{digest}"),
                studio_lifecycle_config_app_type=APP_TYPES[application],
                studio_lifecycle_config_content=base64.b64encode(script.encode()).decode(),
                opts=pulumi.ResourceOptions(parent=self),
            ).arn
            for application in applications
        }
        self.register_outputs({})
