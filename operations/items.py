"""Items of DynamoDB's low-level API, as plain values and back."""

from collections.abc import Mapping
from typing import Any

from boto3.dynamodb.types import TypeDeserializer, TypeSerializer


def plain(item: Mapping[str, Any]) -> dict[str, Any]:
    """Return an item as plain values."""
    deserializer = TypeDeserializer()
    return {name: deserializer.deserialize(value) for name, value in item.items()}


def serialised(item: Mapping[str, Any]) -> dict[str, Any]:
    """Return plain values as the API takes them."""
    serializer = TypeSerializer()
    return {name: serializer.serialize(value) for name, value in item.items()}
