"""`FunctionLayer`: the libraries of the functions, taken from the packages that their tests run with."""

import importlib.metadata
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.function_archive import stored_archive, zip_bytes
from contracts.names import Names

DISTRIBUTIONS = ("aws-lambda-powertools", "aws-xray-sdk", "jmespath", "typing-extensions", "wrapt")
"""Powertools and what its logger, tracer and idempotency import; boto3 comes with Lambda's runtime."""
RUNTIME = "python3.13"
ARCHITECTURE = "arm64"


def layer_files() -> dict[str, bytes]:
    """Return the pure-Python files of the libraries by their path in the layer.

    Compiled files stay out, so the bytes are the same on every machine and run on every architecture: wrapt, the one
    library that has them, falls back to Python. Raises `PackageNotFoundError` where a library is not installed.
    """
    found: dict[str, bytes] = {}
    for name in DISTRIBUTIONS:
        distribution = importlib.metadata.distribution(name)
        for path in distribution.files or ():
            if path.suffix == ".py" and ".." not in path.parts:
                found[f"python/{path.as_posix()}"] = path.read_binary()
    return found


@dataclass(frozen=True, kw_only=True, slots=True)
class FunctionLayerArgs:
    """Settings of a `FunctionLayer`."""

    names: Names
    """The stack's names."""


class FunctionLayer(pulumi.ComponentResource):
    """Owns the layer version that the stack's functions share. Another content is another version; the old one goes."""

    arn: pulumi.Output[str]
    """ARN of the layer version."""

    def __init__(self, name: str, args: FunctionLayerArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlops:index:FunctionLayer", name, None, opts)
        archive = stored_archive("libraries", zip_bytes(layer_files()))
        layer = aws.lambda_.LayerVersion(
            f"{name}-version",
            layer_name=args.names.function("libraries"),
            description="Powertools for AWS Lambda and what it needs, as pinned by this project",
            code=pulumi.FileArchive(str(archive.path)),
            source_code_hash=archive.sha256,
            compatible_runtimes=[RUNTIME],
            compatible_architectures=[ARCHITECTURE],
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.arn = layer.arn
        self.register_outputs({"arn": self.arn})
