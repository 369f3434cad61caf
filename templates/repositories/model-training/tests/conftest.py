"""What the tests share: no AWS, and one definition, because composing takes seconds."""

import json

import pytest

from training.settings import Settings


@pytest.fixture(autouse=True)
def no_aws(monkeypatch):
    """Credentials that nobody accepts, and no region or profile of whoever runs the tests."""
    for name in ("AWS_PROFILE", "AWS_REGION"):
        monkeypatch.delenv(name, raising=False)
    values = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "us-east-1"}
    for name, value in (values | {"AWS_EC2_METADATA_DISABLED": "true"}).items():
        monkeypatch.setenv(name, value)


@pytest.fixture(scope="session")
def settings():
    return Settings.offline()


@pytest.fixture(scope="session")
def text(settings):
    from training.definition import definition

    return definition(settings)


@pytest.fixture
def document(text):
    return json.loads(text)
