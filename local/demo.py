"""`make demo`: the platform in a minute, on this machine, with no AWS account."""

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

ROOT = Path(__file__).resolve().parent.parent
MLOPS = Path(sys.executable).parent / "mlops"
FAILED_PIPELINE = 1


@dataclass(frozen=True, slots=True)
class Scene:
    """One command of the demonstration, and how it has to end."""

    says: str
    command: tuple[str, ...]
    exit_code: int = 0


SCENES = (
    Scene("What the dev stack would create", ("preview", "dev")),
    Scene("The preprod stack, and how it differs from dev", ("preview", "preprod", "--summary", "--against", "dev")),
    Scene("The prod stack, and how it differs from dev", ("preview", "prod", "--summary", "--against", "dev")),
    Scene("Dev's pipeline, for real: simulated card transactions, gate at 0.80", ("run", "dev", "fraud-detector")),
    Scene(
        "Prod's pipeline with a deliberately weak model: one iteration, gate at 0.90",
        ("run", "prod", "fraud-detector", "--parameter", "MaxIterations=1", "--parameter", "LearningRate=0.01"),
        exit_code=FAILED_PIPELINE,
    ),
    Scene("The registry: dev's version is there, prod's weak one is not", ("registry",)),
)


def main() -> int:
    """Play the scenes; return 0 where each ended as it should."""
    console = Console()
    for number, scene in enumerate(SCENES, start=1):
        console.rule(f"[bold]{number}. {scene.says}", align="left")
        console.print(f"[dim]$ mlops {' '.join(scene.command)}[/]\n", highlight=False)
        # The verbs run as a person would run them, each in a process of its own.
        ended = subprocess.run([str(MLOPS), *scene.command], cwd=ROOT, check=False).returncode
        if ended != scene.exit_code:
            console.print(f"[red]expected exit code {scene.exit_code}, got {ended}[/]")
            return 1
        if scene.exit_code:
            console.print("[green]As it should be: a model below the threshold does not reach the registry.[/]")
        console.print()
    console.rule("[bold]Where everything lies", align="left")
    for what, where in (
        ("pages", ".mlops/preview/dev.html, preprod.html, prod.html"),
        ("records", ".mlops/runs/<run>/record.json, with the log of every step beside it"),
        ("plots", ".mlops/runs/<run>/plots/"),
        ("next", "mlops --help, then mlops run dev fraud-detector --data breast-cancer"),
    ):
        console.print(f"  {what:<8} {where}", highlight=False)
    return 0


if __name__ == "__main__":
    sys.exit(main())
