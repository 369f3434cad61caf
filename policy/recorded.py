"""Adapter: resources as the mock runtime recorded them."""

from collections.abc import Iterable, Mapping
from typing import Any, Protocol

from google.protobuf import json_format
from google.protobuf.struct_pb2 import Struct

from policy.model import Checked, split_unknown

SIGNATURE = "4dabf18193072939515e22adb298388d"
SECRET = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105 (the mark that the engine puts on secrets, not one of them)
UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
"""How the engine's protocol writes signatures, secrets and unknown values (`pulumi.runtime.rpc`; a test compares)."""


class Recorded(Protocol):
    """What the recorder keeps of one registration."""

    @property
    def urn(self) -> str: ...  # noqa: D102 (names say it)
    @property
    def type(self) -> str: ...  # noqa: D102
    @property
    def name(self) -> str: ...  # noqa: D102
    @property
    def custom(self) -> bool: ...  # noqa: D102
    @property
    def request_inputs(self) -> Struct: ...  # noqa: D102
    @property
    def provider(self) -> str: ...  # noqa: D102
    @property
    def protect(self) -> bool: ...  # noqa: D102
    @property
    def property_dependencies(self) -> Mapping[str, tuple[str, ...]]: ...  # noqa: D102


def checked(registrations: Iterable[Recorded]) -> list[Checked]:
    """Return what the rules judge of a recorded graph: everything but components."""
    return [_checked(one) for one in registrations if one.custom]


def _checked(one: Recorded) -> Checked:
    known, unknown = split_unknown(plain(json_format.MessageToDict(one.request_inputs)), lambda value: value == UNKNOWN)
    return Checked(
        type=one.type,
        name=one.name,
        urn=one.urn,
        inputs=known,
        unknown=frozenset(unknown),
        protect=one.protect,
        provider=one.provider.rpartition("::")[0].rpartition("::")[2],  # urn:…::name::id
        depends={key: frozenset(urns) for key, urns in one.property_dependencies.items()},
    )


def plain(value: Any) -> Any:
    """Return a value of the protocol with secrets opened, for the rules judge what is inside."""
    if isinstance(value, Mapping):
        if value.get(SIGNATURE) == SECRET:
            return plain(value.get("value"))
        return {key: plain(item) for key, item in value.items()}
    return [plain(item) for item in value] if isinstance(value, list) else value
