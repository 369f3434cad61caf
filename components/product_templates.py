"""The CloudFormation templates of the catalog's products: sources by version, rendered for one stack."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from contracts.products import Product

SOURCES = Path(__file__).resolve().parent.parent / "templates" / "products"
SOURCE = "project.yaml"


@dataclass(frozen=True, kw_only=True, slots=True)
class ProductTemplate:
    """One version of a product, as CloudFormation reads it."""

    product: Product
    version: str
    """`1.0.0`; what people choose in Service Catalog."""
    text: str
    """The template as JSON: the same bytes for the same input."""


def versions(folder: Path = SOURCES) -> list[str]:
    """Return the released versions, oldest first. Raises ValueError where a folder is no version, or there is none."""
    found = [path.parent.name for path in folder.glob(f"*/{SOURCE}")]
    try:
        ordered = sorted(found, key=_parts)
    except ValueError as error:
        raise ValueError(f"{folder} holds a folder that is no version: name folders as 1.0.0. {error}") from None
    if not ordered:
        raise ValueError(f"{folder} holds no version: add 1.0.0/{SOURCE}.")
    return ordered


def rendered(product: Product, version: str, *, function_arn: str, folder: Path = SOURCES) -> ProductTemplate:
    """Return a product's template for the stack whose provisioning function is `function_arn`.

    The address stands in the template and is no parameter: whoever launches a product cannot send it elsewhere.
    """
    template: dict[str, Any] = yaml.safe_load((folder / version / SOURCE).read_text(encoding="utf-8"))
    template["Description"] = f"{product.title}. {product.description}"
    platform = template["Mappings"]["Platform"]
    platform["Product"] = {"Key": product.key, "Version": version}
    platform["Function"] = {"Arn": function_arn}
    return ProductTemplate(product=product, version=version, text=json.dumps(template, sort_keys=True, indent=1) + "\n")


def _parts(version: str) -> tuple[int, ...]:
    parts = version.split(".")
    if len(parts) != 3:
        raise ValueError(f"{version!r} has not three numbers.")
    return tuple(int(part) for part in parts)
