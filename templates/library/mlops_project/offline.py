"""Compose a pipeline with the SageMaker SDK and no AWS: every attempt to reach it is an error that names the call."""

import json
import logging
import os
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NoReturn

import boto3

ENVIRONMENT = {
    "AWS_DEFAULT_REGION": "us-east-1",  # the SDK makes clients while it is imported, and they want a region
    "AWS_EC2_METADATA_DISABLED": "true",  # those clients would ask the metadata address for credentials
    "SAGEMAKER_VALIDATE_ROLE": "false",  # a constructor would ask IAM
}
CONFIG = {"SchemaVersion": "1.0", "SageMaker": {"PythonSDK": {"Modules": {"TelemetryOptOut": True}}}}
"""Given explicitly, so that nobody's own config.yaml is read."""


class OfflineError(BaseException):
    """Composing tried to reach AWS. No Exception, because the SDK swallows those in some places."""


class _NoAws:
    def __init__(self, service: str) -> None:
        self._service = service

    def __getattr__(self, call: str) -> NoReturn:
        if call.startswith("__"):
            raise AttributeError(call)
        raise OfflineError(
            f"a definition is built offline, and {self._service}.{call} was called: pass explicit values (role ARN, "
            "s3:// URI, image URI), so that the SDK has nothing to look up"
        )


class _Session(boto3.session.Session):  # type: ignore[misc]  # boto3 carries no types
    def __init__(self, region_name: str = ENVIRONMENT["AWS_DEFAULT_REGION"], **_: object) -> None:
        self._region = region_name

    @property
    def region_name(self) -> str:
        return self._region

    def client(self, service_name: str, *_: object, **__: object) -> Any:
        return _NoAws(service_name)

    def resource(self, service_name: str, *_: object, **__: object) -> Any:
        return _NoAws(service_name)


def prepare() -> None:
    """Set what the SDK wants at import. Call it before the first `import sagemaker`."""
    for name, value in ENVIRONMENT.items():
        os.environ.setdefault(name, value)


def compose(build: Callable[[Any], Any], region: str) -> str:
    """Return the definition of the pipeline that `build` makes of a session, as canonical JSON.

    The same sources and settings give the same bytes, so a definition that differs is a change.
    """
    prepare()
    with _quiet():
        from sagemaker.core.workflow.pipeline_context import PipelineSession

        pipeline = build(PipelineSession(boto_session=_Session(region), sagemaker_config=CONFIG))
        text = pipeline.definition()
    return json.dumps(json.loads(text), sort_keys=True, separators=(",", ":"), allow_nan=False)


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep the SDK from telling its steps, from sessions of its own, and from checking the one config fifty times."""
    import jsonschema  # type: ignore[import-untyped]

    check, session = jsonschema.validate, boto3.Session

    def validate(instance: object, *arguments: object, **options: object) -> None:
        if instance is not CONFIG:
            check(instance, *arguments, **options)

    jsonschema.validate, boto3.Session = validate, _Session
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(logging.NOTSET)
        jsonschema.validate, boto3.Session = check, session
