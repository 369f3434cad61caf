"""A process of its own: times the engine's preview of dev against `terraform plan` of the same resources.

    python -m bench.run_engine REPEAT

Its folder holds the embedded AWS, which answers both, and what both write. Prints {"preview": [..], "plan": [..]} in
seconds, and how many resources and inputs each saw. Both run against an account that holds nothing.
"""

import json
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bench.scenarios import raw_settings
from bench.terraform_stack import SOURCE, configuration
from bench.tools import terraform_plugins


def main(repeat: int) -> dict[str, Any]:
    """Measure `repeat` rounds, each of one preview and one plan, after one of each that is not counted."""
    from local.commands_engine import engine_in, local_cloud
    from local.recorder import record_program
    from settings import load_settings

    raw = raw_settings(1)
    settings = load_settings(raw, source="Pulumi.dev.yaml")
    folder = Path("terraform")
    folder.mkdir()
    with local_cloud(settings) as environment:
        engine, terraform = engine_in(environment, settings), _Terraform(folder, environment)
        made = configuration(record_program(raw), terraform.schemas(), region=settings.region)
        terraform.write(made.document)

        def preview() -> tuple[float, int]:
            before = time.monotonic()
            outcome = engine.preview("dev", settings=raw).wait()
            seconds = time.monotonic() - before
            if outcome.state.value != "succeeded":
                raise RuntimeError(f"the preview {outcome.state.value}: {outcome.message}")
            return seconds, outcome.counts["create"]

        _, seen = preview()
        _, planned = terraform.plan()
        rounds = [(preview()[0], terraform.plan()[0]) for _ in range(repeat)]
    return {
        "preview": [seconds for seconds, _ in rounds],
        "plan": [seconds for _, seconds in rounds],
        "registered": seen,
        "resources": made.resources,
        "planned": planned,
        "inputs": made.inputs,
        "left_out": made.left_out,
    }


class _Terraform:
    """Terraform in one folder, with the provider of a folder of this machine and nothing from the network."""

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        self._folder = folder
        self._environment = {**environment, "CHECKPOINT_DISABLE": "1", "TF_IN_AUTOMATION": "1"}
        self.write({"terraform": {"required_providers": {"aws": {"source": SOURCE}}}})
        self._run("init", "-input=false", f"-plugin-dir={terraform_plugins()}")

    def write(self, document: Mapping[str, Any]) -> None:
        """Replace the configuration."""
        (self._folder / "main.tf.json").write_text(json.dumps(document), encoding="utf-8")

    def schemas(self) -> Mapping[str, Any]:
        """Return the provider's schemas by resource type."""
        found: dict[str, Any] = json.loads(self._run("providers", "schema", "-json"))
        schemas: Mapping[str, Any] = found["provider_schemas"][SOURCE]["resource_schemas"]
        return schemas

    def plan(self) -> tuple[float, int]:
        """Plan, and return the seconds that it took and how many resources it would add."""
        before = time.monotonic()
        lines = self._run("plan", "-input=false", "-json").splitlines()
        seconds = time.monotonic() - before
        summary = next(each["changes"] for each in map(json.loads, lines) if each["type"] == "change_summary")
        return seconds, int(summary["add"])

    def _run(self, *arguments: str) -> str:
        done = subprocess.run(
            ["terraform", *arguments],  # noqa: S607  # the one on PATH is what is measured
            cwd=self._folder,
            env=self._environment,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(f"terraform {arguments[0]} failed:\n{(done.stderr or done.stdout)[-2000:]}")
        return done.stdout


if __name__ == "__main__":
    print(json.dumps(main(int(sys.argv[1]))))
