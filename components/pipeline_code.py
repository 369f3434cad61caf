"""`PipelineCode`: the step scripts and data schemas as S3 objects whose keys carry their content hash."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pulumi
import pulumi_aws as aws

from components.readiness import after


@dataclass(frozen=True, kw_only=True, slots=True)
class CodeObject:
    """One file to publish."""

    key: str
    """Object key. It holds the hash of the content, so a change makes a new object."""
    path: Path
    """The file on disk."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PipelineCodeArgs:
    """Settings of `PipelineCode`."""

    bucket: pulumi.Input[str]
    """Bucket of the objects."""
    objects: Mapping[str, CodeObject]
    """Object by what it is, such as `train/train.py`."""


class PipelineCode(pulumi.ComponentResource):
    """Owns the code objects that definitions name. Old objects stay in the bucket: model versions still cite them."""

    keys: pulumi.Output[list[str]]
    """Keys of the objects, once they exist."""

    def __init__(self, name: str, args: PipelineCodeArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlops:index:PipelineCode", name, None, opts)
        objects = [
            aws.s3.BucketObjectv2(
                f"{name}-{what}",
                bucket=args.bucket,
                key=code_object.key,
                source=pulumi.FileAsset(str(code_object.path)),
                opts=pulumi.ResourceOptions(parent=self, retain_on_delete=True),
            )
            for what, code_object in sorted(args.objects.items())
        ]
        self.keys = after(
            pulumi.Output.from_input(sorted(code_object.key for code_object in args.objects.values())), objects
        )
        self.register_outputs({"keys": self.keys})
