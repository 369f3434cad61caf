"""A Terraform configuration of the dev stack's resources, from its recorded graph: what `terraform plan` is timed on.

Every resource whose type Terraform has too, under the same kind of name, with the inputs that its schema takes. Values
are the recorded ones, and what depends on what stays as `depends_on`, so both engines walk the same graph. What does
not fit is left out and counted.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pulumi
from pulumi.runtime import rpc

from local.recorder import Graph, Registration

SOURCE = "registry.terraform.io/hashicorp/aws"
TYPES = {
    "aws:iam/openIdConnectProvider:OpenIdConnectProvider": "aws_iam_openid_connect_provider",
    "aws:s3/bucketObjectv2:BucketObjectv2": "aws_s3_object",
}
"""Types whose name does not follow from Pulumi's."""
NAMES = {
    "aws_iam_openid_connect_provider": {"clientIdLists": "client_id_list"},
    "aws_cloudwatch_metric_alarm": {"name": "alarm_name"},
    "aws_lambda_function": {"code": "filename", "name": "function_name"},
    "aws_lambda_layer_version": {"code": "filename"},
    "aws_lambda_permission": {"function": "function_name"},
}
"""Inputs whose name does not follow from Pulumi's either."""
Schema = Mapping[str, Any]


@dataclass(slots=True)
class Configuration:
    """What `configuration` made."""

    document: dict[str, Any]
    """The JSON configuration."""
    resources: int = 0
    inputs: int = 0
    left_out: dict[str, int] = field(default_factory=dict)
    """Resources by type, and inputs by `type.name`, that Terraform does not have so."""


def snake(name: str) -> str:
    """Return Terraform's form of one of Pulumi's names: `retentionInDays` becomes `retention_in_days`."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()


def terraform_type(token: str, schemas: Mapping[str, Schema]) -> str | None:
    """Return Terraform's name of a Pulumi type; None where it has none."""
    package, module, kind = token.split(":")
    if package != "aws":
        return None
    service = module.split("/")[0]
    names = (TYPES.get(token), f"aws_{service}_{snake(kind)}", f"aws_{snake(kind)}")
    return next((name for name in names if name in schemas), None)


def configuration(graph: Graph, schemas: Mapping[str, Schema], *, region: str) -> Configuration:
    """Return the configuration of a graph's resources. `schemas` are the provider's own, by resource type."""
    found = Configuration(document={})
    addresses: dict[str, str] = {}
    resources: dict[str, dict[str, Any]] = {}
    for registration in (each for each in graph if each.custom and not each.type.startswith("pulumi:")):
        kind = terraform_type(registration.type, schemas)
        if kind is None:
            _count(found, registration.type)
            continue
        inputs = _Inputs(kind, found).block(schemas[kind]["block"], registration.inputs, NAMES.get(kind, {}))
        name = re.sub(r"[^A-Za-z0-9_-]", "-", registration.name)
        before = sorted({addresses[urn] for urn in _needs(registration) if urn in addresses})
        resources.setdefault(kind, {})[name] = {**inputs, **({"depends_on": before} if before else {})}
        addresses[registration.urn] = f"{kind}.{name}"
        found.resources += 1
    found.document = {
        "terraform": {"required_providers": {"aws": {"source": SOURCE}}},
        # As the embedded AWS wants it: the bucket in the path, not in the host's name.
        "provider": {"aws": {"region": region, "s3_use_path_style": True}},
        "resource": resources,
    }
    return found


def _needs(registration: Registration) -> set[str]:
    return {*registration.dependencies, *(urn for urns in registration.property_dependencies.values() for urn in urns)}


def _count(found: Configuration, what: str) -> None:
    found.left_out[what] = found.left_out.get(what, 0) + 1


class _Inputs:
    """Turns one resource's inputs into what its type's schema takes."""

    def __init__(self, kind: str, found: Configuration) -> None:
        self._kind, self._found = kind, found

    def block(self, block: Schema, inputs: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
        """Return the attributes and nested blocks of one block."""
        attributes, blocks = block.get("attributes", {}), block.get("block_types", {})
        result: dict[str, Any] = {}
        for name, value in inputs.items():
            own = names.get(name, snake(name))
            if own in attributes and not _is_read_only(attributes[own]):
                result[own] = _value(attributes[own]["type"], value)
                self._found.inputs += 1
            elif (nested := _singular(own, blocks)) is not None:
                members = value if isinstance(value, list) else [value]
                result[nested] = [self.block(blocks[nested]["block"], each, {}) for each in members]
            else:
                _count(self._found, f"{self._kind}.{own}")
        return result


def _is_read_only(attribute: Schema) -> bool:
    return bool(attribute.get("computed")) and not attribute.get("optional")


def _singular(name: str, blocks: Mapping[str, Schema]) -> str | None:
    """Return the block that a name means: Pulumi has `rules` where Terraform repeats `rule`."""
    forms = (name, name.removesuffix("s"), f"{name.removesuffix('ies')}y", name.removesuffix("es"))
    return next((form for form in forms if form in blocks), None)


def _value(kind: Any, value: Any) -> Any:
    """Return a value as JSON configuration has it: files by their path, whole numbers, and no templates in text."""
    if isinstance(value, Mapping) and rpc._special_sig_key in value:  # noqa: SLF001  # a secret, of which this is none
        return _value(kind, value["value"])
    if isinstance(value, pulumi.FileAsset | pulumi.FileArchive):
        return value.path
    if isinstance(value, pulumi.StringAsset):
        return value.text
    if isinstance(value, str):
        return value.replace("${", "$${").replace("%{", "%%{")
    if isinstance(value, list):
        return [_value(kind, each) for each in value]
    if isinstance(value, Mapping):
        plain = isinstance(kind, list) and kind[0] == "map"
        return {key if plain else snake(key): _value(kind, each) for key, each in value.items()}
    return int(value) if isinstance(value, float) and value.is_integer() else value
