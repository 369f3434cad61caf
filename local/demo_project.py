"""`make demo-project`: from nothing to a project that trains and is about to deploy, on this machine.

Everything is real but the clouds: the stacks' own functions make the project in three accounts and in a local GitHub
that checks tokens and permissions, the repository runs its own tests and pipeline, and an approval starts its workflow.
"""

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

from rich.console import Console
from rich.text import Text

from local.aws.server import EmbeddedAws
from local.project_scenes import Demo, UnexpectedError
from local.project_world import STACKS, ProjectWorld

ROOT = Path(__file__).resolve().parent.parent
MLOPS = Path(sys.executable).parent / "mlops"
FOLDER = ROOT / ".mlops" / "demo-project"
SEED = 4
"""Of the events' order and repetitions."""
PROJECT, PRODUCT = "churn", "model-training-and-deployment"


def play(
    console: Console,
    folder: Path = FOLDER,
    *,
    product: str = PRODUCT,
    stacks: tuple[str, ...] = STACKS,
    works: bool = True,
) -> None:
    """Play all scenes. Raises `UnexpectedError` where one does not end as it must.

    Without `works` the scenes in which the repository tests, trains and deploys are left out.
    """
    shutil.rmtree(folder, ignore_errors=True)
    checkout = folder / "checkout"
    with (
        EmbeddedAws(folder / ".mlops") as aws,
        ProjectWorld(aws, project=ROOT, folder=folder / ".mlops", stacks=stacks, seed=SEED) as world,
    ):
        demo = Demo(world, console, project=PROJECT, product=product)
        demo.scene("What dev keeps in GitHub: templates and shared workflows")
        demo.templates()
        demo.scene("A lead makes a project")
        demo.create()
        demo.scene("What the team finds in GitHub")
        demo.repository(demo.training)
        if product == PRODUCT:
            demo.repository(demo.deployment)
        demo.scene("Whom the deploy role trusts")
        demo.trust("prod", "realtime-inference") if product == PRODUCT else demo.trust("dev", "model-training")
        if works:
            demo.scene("The repository checks itself")
            demo.test(checkout)
            demo.scene("A merge to main: CI publishes the pipeline, SageMaker runs it")
            demo.train(checkout)
            _approval(demo)
        demo.scene("The command again, and two clashes")
        demo.again()
        demo.clash()
    for verb in (["list"], ["show", PROJECT]):
        demo.scene(f"mlops project {' '.join(verb)}")
        _show(console, ["project", *verb, "--local"], folder)
    demo.scene("Where everything lies")
    for what, where in (
        ("checkout", f"{_from_root(checkout)}: the repository, `make` lists its commands"),
        ("state", f"{_from_root(folder)}/.mlops: embedded AWS and GitHub, runs with their logs"),
        ("next", f"cd {_from_root(folder)}, then mlops project --help, with --local"),
        ("read", "docs/projects.md"),
    ):
        demo.say((f"{what:<9}", "dim"), where)


def _approval(demo: Demo) -> None:
    demo.scene("The lead approves the version; its deployment starts, once")
    arn = demo.approve()
    if demo.product != PRODUCT:
        return
    runs = demo.runs()
    if len(runs) != 1 or runs[0]["inputs"] != {"version_arn": arn}:
        raise UnexpectedError(f"{len(runs)} runs of the deployment workflow, where one was to start for {arn}")


def _show(console: Console, command: list[str], folder: Path) -> None:
    """Run a verb of `mlops` as a person would, on what the demonstration left, and print what it says."""
    folder.mkdir(exist_ok=True)
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


def _from_root(path: Path) -> str:
    return str(path.relative_to(ROOT)) if path.is_relative_to(ROOT) else str(path)


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
    console.print(Text(f"Took {time.monotonic() - started:.0f} s.", "dim"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
