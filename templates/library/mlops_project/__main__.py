"""The steps of a deployment, as the workflow calls them: `python -m mlops_project STEP`."""

import argparse
import os
import sys
from collections.abc import Callable
from pathlib import Path

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from mlops_project import traffic
from mlops_project.artifacts import ArtifactError
from mlops_project.facts import Facts, example, prepare
from mlops_project.stack import PulumiError, preview, up
from mlops_project.summary import summarize
from mlops_project.variables import VariableError, variable
from mlops_project.versions import VersionError

TRAFFIC = Path("traffic.toml")
EXPECTED = (
    ArtifactError, BotoCoreError, ClientError, LookupError, PulumiError, traffic.TrafficError, VariableError,
    VersionError, ValueError,
)  # fmt: skip
"""What a person can mend, so that a message does without a trace."""


def _prepare(_: argparse.Namespace) -> None:
    facts = prepare(boto3.Session(), variable("VERSION_ARN"))
    facts.write()
    summarize(
        f"### {facts.environment}: version {facts.version_arn}\n- image `{facts.image}`\n- {facts.model_data_url}"
    )


def _up(_: argparse.Namespace) -> None:
    outputs = up(Facts.read(), os.environ)
    summarize(f"- endpoint `{outputs['endpoint_name']}`, config `{outputs['endpoint_config_name']}`")


def _verify(_: argparse.Namespace) -> None:
    facts = Facts.read()
    traffic.verify(boto3.client("sagemaker", region_name=facts.region), facts)
    summarize("- the endpoint is in service and runs this version")


def _smoke(_: argparse.Namespace) -> None:
    plan = traffic.Plan.read(TRAFFIC)
    traffic.smoke(_invoke(), plan.cases)
    summarize(f"- smoke: {len(plan.cases)} recorded requests answered as expected")


def _load(_: argparse.Namespace) -> None:
    plan = traffic.Plan.read(TRAFFIC)
    result = traffic.load(_invoke(), plan.cases, plan.load)
    shown = ", ".join(f"p{share * 100:.0f} {result.percentile(share):.0f} ms" for share in (0.50, 0.95, 0.99))
    summarize(f"- load: {result.requests} requests, {result.error_rate:.2%} errors, {shown}")
    traffic.check(result, plan.load)


def _preview(arguments: argparse.Namespace) -> None:
    for environment in arguments.environments:
        shown = preview(example(environment), Path.cwd())
        summarize(f"### {environment}\n```\n{shown.strip()}\n```")


def _invoke() -> traffic.Invoke:
    facts = Facts.read()
    runtime = boto3.client("sagemaker-runtime", region_name=facts.region, config=traffic.MEASURED)
    return traffic.invoker(runtime, facts.endpoint_name)


def main(words: list[str] | None = None) -> int:
    """Run one step and return its exit code."""
    parser = argparse.ArgumentParser(prog="python -m mlops_project", description=__doc__)
    steps = parser.add_subparsers(required=True)
    table: dict[str, tuple[Callable[[argparse.Namespace], None], str]] = {
        "prepare": (_prepare, "read the approved version in VERSION_ARN, copy its archive, write deployment.json"),
        "up": (_up, "deploy what deployment.json says"),
        "verify": (_verify, "check that the endpoint runs it"),
        "smoke": (_smoke, "send the recorded requests of traffic.toml"),
        "load": (_load, "send a small load and check its bounds"),
        "preview": (_preview, "show what a first deployment would create; needs no credentials"),
    }
    for name, (call, text) in table.items():
        step = steps.add_parser(name, help=text)
        step.set_defaults(call=call)
        if name == "preview":
            step.add_argument("environments", nargs="+", choices=["preprod", "prod"])
    arguments = parser.parse_args(words)
    try:
        arguments.call(arguments)
    except EXPECTED as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
