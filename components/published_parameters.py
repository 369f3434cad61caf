"""`PublishedParameters`: what other accounts, functions and repositories read about this stack, in SSM."""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws


@dataclass(frozen=True, kw_only=True, slots=True)
class PublishedParametersArgs:
    """Settings of `PublishedParameters`."""

    root: str
    """Common beginning of the paths, without a trailing slash."""
    values: Mapping[str, pulumi.Input[str]]
    """Value by full path. None of them is secret: secrets are never published."""


class PublishedParameters(pulumi.ComponentResource):
    """Owns the stack's parameters in SSM, and nothing that they name."""

    def __init__(self, name: str, args: PublishedParametersArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlops:index:PublishedParameters", name, None, opts)
        for path, value in args.values.items():
            aws.ssm.Parameter(
                # Without the root: the same parameter has the same logical name in every stack.
                f"{name}-{path.removeprefix(args.root).strip('/')}",
                name=path,
                type="String",
                value=value,
                opts=pulumi.ResourceOptions(parent=self),
            )
        self.register_outputs({})
