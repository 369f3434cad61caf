"""`make demo-delivery`: a model's way from dev's approval to preprod's endpoint, and a bad version's way back.

Everything is real but the cloud: dev's pipeline trains, the stacks' own rules lead events to the functions' handlers
(twice and out of order, as EventBridge may), and endpoints are servers that run the versions' own models.
"""

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.text import Text

from local.aws.server import EmbeddedAws
from local.delivery import LocalDelivery
from local.demo_scenes import MODEL, Demo, UnexpectedError

ROOT = Path(__file__).resolve().parent.parent
MLOPS = Path(sys.executable).parent / "mlops"
FOLDER = ROOT / ".mlops" / "demo-delivery"
SEED = 4
"""Of the events' order and repetitions."""
IMAGE = {
    "schemaVersion": 2,
    "mediaType": "application/vnd.oci.image.manifest.v1+json",
    "config": {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": f"sha256:{'0' * 64}", "size": 2},
    "layers": [],
}
"""What a registry knows of an image. On this machine its stand-in serves, see local/images.toml."""


def play(console: Console, folder: Path = FOLDER, *, seed: int = SEED) -> None:
    """Play all scenes. Raises `UnexpectedError` where one does not end as it must."""
    shutil.rmtree(folder, ignore_errors=True)
    with EmbeddedAws(folder / ".mlops") as aws, LocalDelivery(aws, project=ROOT, seed=seed) as world:
        demo = Demo(world, console)
        demo.scene("dev trains and approves; the approval goes to preprod")
        world.push_image("dev", MODEL, IMAGE)
        demo.train()
        demo.settle()
        promoted = _only(demo.versions("preprod"), "PendingManualApproval", "dev's version was not promoted")
        demo.say(f"preprod has version {promoted['ModelPackageVersion']} of its own now. It waits for a person.")

        demo.scene("A person approves it in preprod; it is rolled out and verified")
        demo.approve("preprod", promoted, "maria@example.com", "metrics are fine")
        demo.settle()
        demo.rollout("preprod")
        _expect(demo, "InService")
        good = demo.ask("preprod")

        demo.scene("A bad version: it loads, and fails at every request")
        demo.damaged_copy(demo.versions("preprod")[0], "ben@example.com")
        bad = _only(demo.versions("preprod"), "PendingManualApproval", "the damaged version is not there")
        demo.approve("preprod", bad, "ben@example.com", "urgent")
        demo.settle(demo.traffic)
        demo.rollout("preprod")
        _expect(demo, "RolledBack")
        demo.say(f"The alarm: {demo.why_rolled_back('preprod')}.")
        demo.say(f"Meanwhile {demo.answered['answered']} requests were answered, {demo.answered['failed']} failed.")
        endpoint = world.client("sagemaker", "preprod").describe_endpoint(
            EndpointName=demo.names["preprod"].endpoint(MODEL)
        )
        reason = endpoint.get("FailureReason", "no reason")
        demo.say(f"SageMaker went back: {endpoint['EndpointStatus']}, with {reason} given. verify saw that another")
        demo.say("config runs than the one asked for, recorded it, and told people:")
        message = world.messages("preprod")[-1]
        demo.say((f"SNS: {message['outcome']}, {message['model']} in {message['environment']}", "red"))
        if demo.ask("preprod") != good:
            raise UnexpectedError("the endpoint does not answer with the model it had before")

        demo.scene("What the platform recorded")
        demo.story()
    for verb in ("models show", "trace"):
        command = [*verb.split(), "preprod", MODEL, *(["--version", "1"] if verb == "models show" else []), "--local"]
        demo.scene(f"mlops {' '.join(command)}")
        _show(console, command, folder)


def _show(console: Console, command: list[str], folder: Path) -> None:
    """Run a verb of `mlops` as an operator would, on what the demonstration left, and print what it says."""
    done = subprocess.run(
        [str(MLOPS), *command],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": str(console.width)},
        capture_output=True,
        text=True,
        check=False,
    )
    console.print(Text.from_ansi(done.stdout.rstrip()))
    if done.returncode:
        raise UnexpectedError(f"mlops {' '.join(command)} ended with {done.returncode}: {done.stderr.strip()[-500:]}")


def _only(versions: list[dict[str, Any]], status: str, otherwise: str) -> dict[str, Any]:
    found = [version for version in versions if version["ModelApprovalStatus"] == status]
    if len(found) != 1:
        raise UnexpectedError(f"{otherwise}: {len(found)} versions are {status}")
    return found[0]


def _expect(demo: Demo, state: str) -> None:
    latest = demo.world.history("preprod", MODEL)[-1]
    if latest.state.value != state:
        raise UnexpectedError(f"the deployment is {latest.state.value}, not {state}: {latest.detail}")


def main() -> int:
    """Play on the terminal; return 0 where all went as it must."""
    console = Console(highlight=False)
    started = time.monotonic()
    try:
        play(console)
    except UnexpectedError as error:
        console.print(Text(f"not as it must be: {error}", "bold red"))
        return 1
    console.print()
    took = time.monotonic() - started
    console.print(Text(f"Took {took:.0f} s. Go on in .mlops/demo-delivery: mlops models --help, with --local.", "dim"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
