"""`python -m training definition|run|publish`: build the definition, run it here, or publish it from CI."""

import argparse
import json
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from mlops_project.summary import summarize
from mlops_project.variables import VariableError, variable
from training.definition import DefinitionError, definition
from training.publish import publish
from training.settings import Settings

FILE = Path("build/definition.json")


def _definition() -> int:
    FILE.parent.mkdir(exist_ok=True)
    FILE.write_text(json.dumps(json.loads(definition(Settings.offline())), indent=2) + "\n", encoding="utf-8")
    print(f"{FILE}: composed and checked")
    return 0


def local_command(settings: Settings) -> list[str]:
    """Return the command that runs the definition with the platform's local runner: real steps, no AWS."""
    from training.pipeline import ROOT, code_uri

    files = ["--s3", f"{code_uri(settings)}={ROOT / 'steps'}"]
    return ["mlops", "run", "--definition", str(FILE), "--name", settings.project, "--data", str(ROOT / "data"), *files]


def _run() -> int:
    if shutil.which("mlops") is None:
        print(
            "`mlops`, the platform's command, is not on PATH. In a checkout of the platform run `make install`, then "
            "here: `PATH=$PATH:<checkout>/.venv/bin make run`.",
            file=sys.stderr,
        )
        return 2
    _definition()
    command = local_command(Settings.offline())
    print(f"+ {shlex.join(command)}", flush=True)
    return subprocess.run(command, check=False).returncode


def _publish() -> int:
    session = boto3.Session()
    summarize(publish(session, Settings.from_environment(session.client("ssm", region_name=variable("AWS_REGION")))))
    return 0


def main(words: list[str] | None = None) -> int:
    """Run a command and return its exit code."""
    parser = argparse.ArgumentParser(prog="python -m training", description=__doc__)
    commands = {"definition": _definition, "run": _run, "publish": _publish}
    parser.add_argument("command", choices=commands)
    try:
        return commands[parser.parse_args(words).command]()
    except (BotoCoreError, ClientError, DefinitionError, LookupError, VariableError) as error:
        print(error, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
