"""A tiny project on the real engine, with a cloud that fails on order."""

import json
import os
import shutil
import socket
import subprocess
from pathlib import Path

import pytest
import yaml

from portal.engine import Engine
from portal.operation import Patience
from portal.outcomes import State
from tests.portal import cloud_double

PASSPHRASE = "only-for-this-test"


class World:
    """Project, backend and cloud of one test."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.root, self.cloud, self.state = folder / "project", folder / "cloud", folder / "state"
        shutil.copytree(Path(__file__).parent / "program", self.root)
        self.cloud.mkdir()
        self.state.mkdir()
        cloud_double.install(folder / "home")
        self.environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "PULUMI_HOME": str(folder / "home"),
            "PULUMI_CONFIG_PASSPHRASE": PASSPHRASE,
            "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
            "CLOUD_FOLDER": str(self.cloud),
        }
        self.engine = self.with_patience()
        self.things(a={"size": 1, "zone": "x"})

    def with_patience(self, *, plugins=(), **patience) -> Engine:
        """An engine of the same stacks, as another service would have."""
        return Engine(
            self.root,
            work=self.folder / "work",
            backend=f"file://{self.state}",
            environment=self.environment,
            patience=Patience(**{"deadline": 120, "grace": 20, "silence": 30, **patience}),
            plugins=plugins,
            check=lambda document, source: None,
        )

    def things(self, **things) -> None:
        """Write the stack file."""
        self.config({"tiny:things": things})

    def config(self, config: dict) -> None:
        (self.root / "Pulumi.dev.yaml").write_text(yaml.safe_dump({"config": config}))

    def order(self, **orders) -> None:
        """Say what goes wrong from now on."""
        (self.cloud / "orders.json").write_text(json.dumps(orders))

    def there(self) -> dict[str, dict]:
        """The resources in the cloud, by id."""
        return {file.stem: json.loads(file.read_text()) for file in self.cloud.glob("*.json") if file.stem != "orders"}

    def up(self, **options):
        """Deploy and expect success."""
        outcome = self.engine.up("dev", **options).wait()
        assert outcome.state is State.SUCCEEDED, (outcome.message, outcome.diagnostics)
        return outcome

    def hanging(self, operation, name: str) -> None:
        """Return once the cloud hangs in a call for resource `name`."""
        for _ in operation.events():  # heartbeats keep this going
            if (self.cloud / f"hanging-{name}").exists():
                return
        raise AssertionError(f"the operation ended before it came to {name}: {operation.outcome}")

    def pulumi(self, *arguments: str) -> subprocess.CompletedProcess:
        """The CLI itself, beside the portal."""
        return subprocess.run(
            ["pulumi", *arguments, "--non-interactive"],
            cwd=self.root,
            env={**self.environment, "PULUMI_BACKEND_URL": f"file://{self.state}"},
            text=True,
            capture_output=True,
            check=False,
            timeout=60,
        )


@pytest.fixture
def world(tmp_path):
    return World(tmp_path)


@pytest.fixture
def unused_port():
    """A loopback port where nobody listens: bound, so that nobody else gets it, and without a listener."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield bound.getsockname()[1]
