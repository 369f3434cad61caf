"""`mlops`, as a process of its own, with the tests' KMS and local GitHub in place of AWS and github.com.

Arguments: a JSON file of the app's coordinates, its key and of what to change, then those of `mlops`.
"""

import json
import signal
import sys
from pathlib import Path

from cryptography.hazmat.primitives.serialization import load_pem_private_key

from lambda_src.github_client.app import App
from local import commands_github, github_token
from local.cli import app
from operations import session
from operations.session import Access
from settings import load_settings
from tests import github_world
from tests.settings_errors.changes import changed

ROLE = "arn:aws:sts::111111111111:assumed-role/deploy/ci"


def prepare(given):
    """Put the tests' worlds where AWS and GitHub are."""
    key = load_pem_private_key(given["pem"].encode(), None)
    github_world.private_key = lambda number: key
    settings = load_settings(changed("dev", **given.get("settings", {"github__publish_templates": True})), source="t")
    commands_github.read_stack_file = lambda file: settings
    session.connect = lambda _: Access(settings=settings, client=lambda _: github_world.Kms(), caller=ROLE)
    github_token.app_of = lambda _: App(**given["app"])
    for name, value in given.get("constants", {}).items():
        setattr(commands_github, name, value)


if __name__ == "__main__":
    # A suite that was started in the background ignores the signal, and so would its children.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    prepare(json.loads(Path(sys.argv.pop(1)).read_text()))
    app()
