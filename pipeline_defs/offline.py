"""A SageMaker session that composes without AWS: every attempt to reach it is an error that names the call.

`prepare()` must run before the first import of the SDK, which builds boto3 clients while it is imported. Both belong in
the worker process; a process that also talks to AWS should not call them, because boto3 stays replaced.
"""

import importlib.util
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NoReturn

import boto3
import boto3.session

ENVIRONMENT = {
    "AWS_DEFAULT_REGION": "us-east-1",  # for import only; each definition takes its region from its settings
    "AWS_EC2_METADATA_DISABLED": "true",  # a client built at import would ask the metadata address for credentials
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "SAGEMAKER_VALIDATE_ROLE": "false",  # since core 2.15 a constructor calls iam:SimulatePrincipalPolicy otherwise
}
CONFIG = {"SchemaVersion": "1.0", "SageMaker": {"PythonSDK": {"Modules": {"TelemetryOptOut": True}}}}
"""Given explicitly, so that no config.yaml of the site or the user is read. The opt-out has no environment variable."""
DEFERRED: dict[str, tuple[str, ...]] = {
    "sagemaker.mlops": (),  # would import model serving
    "sagemaker.mlops.workflow": (),  # 30 kinds of steps
    "graphene": (),  # a GraphQL library, of which the SDK takes two string functions
    "graphene.utils": (),
    "scipy": (),
    "scipy.sparse": (),
    "pandas": ("DataFrame",),  # the SDK takes this one class, to recognise what a serializer is given
}
"""Packages whose `__init__` imports far more than composing needs, and the classes for which a stand-in will do.

Their submodules are imported as always, and the `__init__` runs as soon as any other name is taken from the package.
Together with the garbage collector being off this makes the SDK's import 0.9 s instead of 2.3 s.
"""


class OfflineError(BaseException):
    """Composing a definition tried to reach AWS. No Exception, because the SDK swallows those in some places."""


class _NoAws:
    """Stands for a client or resource. Any use is an error, so a leak cannot go unnoticed."""

    def __init__(self, service: str) -> None:
        self.__dict__["_service"] = service

    def __getattr__(self, call: str) -> NoReturn:
        if call.startswith("__"):
            raise AttributeError(call)
        service = self.__dict__["_service"]
        raise OfflineError(
            f"definitions are built offline: {service}.{call} was called. Pass explicit values "
            "(role ARN, s3:// URI, image URI) so that the SDK has nothing to look up"
        )


class OfflineBotoSession(boto3.session.Session):  # type: ignore[misc]  # boto3 carries no types
    """A boto3 session without credentials, configuration files or clients. Reads nothing."""

    def __init__(self, region_name: str | None = None, **_: object) -> None:
        self._region = region_name or ENVIRONMENT["AWS_DEFAULT_REGION"]

    @property
    def region_name(self) -> str:
        """The region the definition is for."""
        return self._region

    def client(self, service_name: str, *_: object, **__: object) -> object:
        """Stand in for a client of the service."""
        return _NoAws(service_name)

    def resource(self, service_name: str, *_: object, **__: object) -> object:
        """Stand in for a resource of the service."""
        return _NoAws(service_name)


def prepare() -> None:
    """Make the SDK's import harmless and short: no client, no region lookup, no metadata address, no credentials."""
    os.environ.update(ENVIRONMENT)
    vars(boto3).update(
        Session=OfflineBotoSession,
        client=lambda service_name, *_, **__: _NoAws(service_name),
        resource=lambda service_name, *_, **__: _NoAws(service_name),
    )
    for package, stand_ins in DEFERRED.items():
        if package not in sys.modules:
            _defer(package, stand_ins)


def _defer(package: str, stand_ins: tuple[str, ...]) -> None:
    """Register a package whose `__init__` runs at the first access to one of its own names, not at import."""
    spec = importlib.util.find_spec(package)
    if spec is None or spec.loader is None:
        raise ImportError(f"{package} is not installed: install requirements.txt", name=package)
    loader, module = spec.loader, importlib.util.module_from_spec(spec)

    def load(name: str) -> object:
        if name.startswith("__"):
            raise AttributeError(name)
        vars(module).pop("__getattr__", None)
        loader.exec_module(module)
        return getattr(module, name)

    vars(module).update({name: type(name, (), {}) for name in stand_ins}, __getattr__=load)
    sys.modules[package] = module


@contextmanager
def offline(region: str) -> Iterator[Any]:
    """Yield a PipelineSession for the region that cannot reach AWS.

    While it is open the SDK's check of its own configuration is answered without work for the configuration above:
    the SDK repeats it some fifty times per definition, which takes seconds and can find nothing.
    """
    prepare()
    import jsonschema  # type: ignore[import-untyped]
    from sagemaker.core.workflow.pipeline_context import PipelineSession

    check = jsonschema.validate

    def validate(instance: object, *arguments: object, **options: object) -> None:
        if instance is not CONFIG:
            check(instance, *arguments, **options)

    jsonschema.validate = validate
    try:
        yield PipelineSession(boto_session=OfflineBotoSession(region), sagemaker_config=CONFIG)
    finally:
        jsonschema.validate = check
