"""Pickle moto's backends: locks, keys and references between backends need a hand."""

import io
import pickle
import threading
from collections import defaultdict
from typing import Any, cast

import cloudpickle
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from moto.backends import get_backend
from moto.core.base_backend import AccountSpecificBackend, BackendDict, BaseBackend

LOCK_TYPES = (type(threading.Lock()), type(threading.RLock()))


def _load_private_key(pem: bytes) -> Any:  # one of several key classes
    return serialization.load_pem_private_key(pem, password=None)


def _blank(kind: type[Any]) -> Any:  # any class
    return cast("Any", kind).__new__(kind)


def _fill(store: Any, state: tuple[Any, list[tuple[Any, Any]], dict[str, Any]]) -> None:
    factory, items, attributes = state
    if isinstance(store, defaultdict):
        store.default_factory = factory
    for key, value in items:
        dict.__setitem__(store, key, value)
    store.__dict__.update(attributes)


class _Pickler(cloudpickle.Pickler):  # type: ignore[misc]  # cloudpickle has no types
    """Writes a backend as a reference: it is created by moto, and its content is stored once, on its own."""

    def persistent_id(self, obj: object) -> tuple[str, ...] | None:
        if isinstance(obj, BaseBackend):
            service = type(obj).__module__.split(".")[1]
            return ("backend", service, obj.account_id, obj.region_name)
        if isinstance(obj, AccountSpecificBackend):
            return ("account", obj.service_name, obj.account_id)
        if isinstance(obj, BackendDict):
            return ("service", obj.service_name)
        return None

    def reducer_override(self, obj: Any) -> Any:  # the protocol of pickle
        if isinstance(obj, LOCK_TYPES):
            return (threading.RLock if isinstance(obj, LOCK_TYPES[1]) else threading.Lock, ())
        if isinstance(obj, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey):
            pem = obj.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
            return (_load_private_key, (pem,))
        if isinstance(obj, dict) and type(obj).__module__.startswith("moto."):
            # moto's own dictionaries do not show all they hold (S3's shows only the newest version of a key) or ask
            # for arguments (SSM's), so what lies in them is stored as it is, past their own methods.
            factory = obj.default_factory if isinstance(obj, defaultdict) else None
            return (_blank, (type(obj),), (factory, list(dict.items(obj)), obj.__dict__), None, None, _fill)
        return super().reducer_override(obj)


class _Unpickler(pickle.Unpickler):
    def persistent_load(self, pid: Any) -> Any:  # the protocol of pickle
        kind, service, *rest = pid
        backends: Any = get_backend(service)
        if kind == "backend":
            return backends[rest[0]][rest[1]]
        return backends[rest[0]] if kind == "account" else backends


def dumps(value: object) -> bytes:
    """Return `value` pickled."""
    buffer = io.BytesIO()
    _Pickler(buffer).dump(value)
    return buffer.getvalue()


def loads(data: bytes) -> Any:  # whatever was dumped
    """Return what `dumps` wrote. Unpickling runs code: only ever give it this project's own file."""
    return _Unpickler(io.BytesIO(data)).load()
