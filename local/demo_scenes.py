"""The scenes of `make demo-delivery`, see local/demo_delivery.py: what is done, and how it is told in 80 columns."""

import io
import itertools
import json
import re
import tarfile
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from local.aws.endpoint_machine import all_endpoints
from local.aws.notices import DEPLOYMENT
from local.delivery import LocalDelivery

MODEL = "fraud-detector"
JSON = "application/json"


class UnexpectedError(Exception):
    """The demonstration did not go as it must."""


class Demo:
    """The scenes, over one world."""

    def __init__(self, world: LocalDelivery, console: Console) -> None:
        self.world, self.console = world, console
        self.names = {stack: settings.names for stack, settings in world.settings.items()}
        self.answered: Counter[str] = Counter()
        self._scene = 0

    def scene(self, says: str) -> None:
        """Print a heading."""
        self._scene += 1
        self.console.print()
        self.console.rule(f"[bold]{self._scene}. {says}", align="left")

    def say(self, *words: str | tuple[str, str]) -> None:
        """Print a line of the story."""
        self.console.print(Text.assemble("  ", *words), soft_wrap=False)

    def train(self) -> None:
        """Let dev's pipeline make a version, which its gate approves."""
        run = self.world.train("dev", MODEL)
        if run.status.value != "Succeeded":
            raise UnexpectedError(f"dev's pipeline is {run.status.value}; see {run.file}")
        metrics = next(step.metrics for step in run.steps.values() if step.metrics)
        shown = ", ".join(
            f"{name} {metrics[name]:.3f}" for name in ("accuracy", "recall", "roc_auc") if name in metrics
        )
        self.say(f"Trained in {run.seconds:.0f} s: {shown}.")
        self.say("It passed the gate, and dev approves what passes: version 1 is Approved.")

    def settle(self, traffic: Callable[[], None] | None = None) -> None:
        """Let everything happen that follows, and tell it."""
        seen, before = len(self.world.bridge.log), len(self.world.functions.log)
        self.world.settle(traffic)
        records, runs = self.world.bridge.log[seen:], self.world.functions.log[before:]
        handed = [(record.event["id"], record.target) for record in records if record.target]
        sent = [record.event["id"] for record in records if record.what == "sent"]
        first = [sent.index(key) for key, _ in handed if key in sent]
        late = sum(later < earlier for earlier, later in itertools.pairwise(first))
        told, again = len(sent), sum(record.what == "repeated" for record in records)
        self.say(
            f"{told} events, {again} told twice, {len(handed) - len(set(handed))} delivered twice, {late} overtaken:"
        )
        table = _table("function", "in", "answers")
        stacks = {settings.account: stack for stack, settings in self.world.settings.items()}
        for run in runs:
            table.add_row(run.function, stacks[run.arn.split(":")[4]], _answer(run.result, run.error))
        self.console.print(table)

    def versions(self, stack: str) -> list[dict[str, Any]]:
        """Return the versions of a stack's group, oldest first."""
        client = self.world.client("sagemaker", stack)
        group = self.names[stack].model_package_group(MODEL)
        found = client.list_model_packages(ModelPackageGroupName=group)["ModelPackageSummaryList"]
        ordered = sorted(found, key=lambda version: version["ModelPackageVersion"])
        return [client.describe_model_package(ModelPackageName=v["ModelPackageArn"]) for v in ordered]

    def approve(self, stack: str, version: dict[str, Any], person: str, why: str) -> None:
        """Approve a version as a person."""
        self.world.client("sagemaker", stack, person).update_model_package(
            ModelPackageArn=version["ModelPackageArn"], ModelApprovalStatus="Approved", ApprovalDescription=why
        )
        self.say((person, "bold"), f" approves version {version['ModelPackageVersion']} in {stack}: {why!r}")

    def rollout(self, stack: str) -> None:
        """Print the phases that the latest deployment of a stack went through."""
        account = self.world.settings[stack].account
        events = [record.event for record in self.world.bridge.log if record.what == "sent"]
        told = [e["detail"] for e in events if e["detail-type"] == DEPLOYMENT and e["account"] == account]
        pending = [detail["PendingDeploymentSummary"] for detail in told if "PendingDeploymentSummary" in detail]
        for summary in [p for p in pending if p["StartTime"] == pending[-1]["StartTime"]]:
            phase = summary["ProductionVariants"][0]["VariantStatus"][0]
            message = re.sub(r" with traffic enabled| instance\(s\)| \(\w+\)", "", phase["StatusMessage"])
            self.say((f"{phase['Status']:<18}", "cyan"), (message, "dim"))

    def why_rolled_back(self, stack: str) -> str:
        """Return what set off the alarm; the service itself does not say."""
        name, account = self.names[stack].endpoint(MODEL), self.world.settings[stack].account
        found = (e for e in all_endpoints() if (e.endpoint_name, e.account_id) == (name, account))
        return next(found).why_rolled_back or "none"

    def traffic(self) -> None:
        """Send four requests while a rollout is under way, as clients do, and count what they get."""
        client, runtime = self.world.client("sagemaker", "preprod"), self.world.client("sagemaker-runtime", "preprod")
        name = self.names["preprod"].endpoint(MODEL)
        if client.describe_endpoint(EndpointName=name)["EndpointStatus"] != "Updating":
            return
        for _ in range(4):
            try:
                runtime.invoke_endpoint(EndpointName=name, Body=self._payload("preprod"), ContentType=JSON)
                self.answered["answered"] += 1
            except runtime.exceptions.ModelError:
                self.answered["failed"] += 1

    def _payload(self, stack: str) -> bytes:
        delivery = self.world.settings[stack].models[MODEL].delivery
        if delivery is None or not delivery.smoke:
            raise UnexpectedError(f"models.{MODEL}.delivery.smoke of {stack} is empty: there is nothing to send")
        return json.dumps(delivery.smoke[0].payload).encode()

    def ask(self, stack: str) -> str:
        """Send the stack's first recorded request to the endpoint and return which model answered."""
        runtime = self.world.client("sagemaker-runtime", stack)
        name, started = self.names[stack].endpoint(MODEL), time.perf_counter()
        answer = runtime.invoke_endpoint(EndpointName=name, Body=self._payload(stack), ContentType=JSON)
        document = json.loads(answer["Body"].read())
        prediction, took = document["predictions"][0], (time.perf_counter() - started) * 1000
        version = str(document["model_version"])
        self.say(f"A request: fraud {prediction['probability']:.3f}, by model {version} in {took:.0f} ms.")
        return version

    def damaged_copy(self, good: dict[str, Any], person: str) -> None:
        """Register a version whose model and encoding do not fit, with the good version's figures."""
        s3, sagemaker = self.world.client("s3", "preprod"), self.world.client("sagemaker", "preprod", person)
        specification = good["InferenceSpecification"]
        bucket, _, key = specification["Containers"][0]["ModelDataUrl"].removeprefix("s3://").partition("/")
        archive = damage(s3.get_object(Bucket=bucket, Key=key)["Body"].read())
        bad = f"{key.rpartition('/')[0]}/by-hand/model.tar.gz"
        s3.put_object(Bucket=bucket, Key=bad, Body=archive)
        container = {**specification["Containers"][0], "ModelDataUrl": f"s3://{bucket}/{bad}"}
        sagemaker.create_model_package(
            ModelPackageGroupName=good["ModelPackageGroupName"],
            ModelPackageDescription="Put together by hand: model and encoding do not belong together",
            InferenceSpecification={**specification, "Containers": [container]},
            ModelMetrics=good["ModelMetrics"],
            ModelApprovalStatus="PendingManualApproval",
        )

    def story(self) -> None:
        """Print the deployments of all stacks, as the functions recorded them."""
        table = _table("in", "version", "asked for by", "became", "why")
        for stack in self.world.settings:
            for deployment in self.world.history(stack, MODEL):
                state = deployment.state.value
                version, by = deployment.version_arn.rsplit("/", 1)[-1], _who(deployment.requested_by)
                colour = "green" if state == "InService" else "red"
                why = self._short(deployment.detail or "verified", stack)
                table.add_row(stack, version, by, Text(state, colour), why)
        self.console.print(table)

    def _short(self, text: str, stack: str) -> str:
        return _short(text.replace(f"{self.names[stack].prefix}-", ""))


def damage(archive: bytes) -> bytes:
    """Return a model.tar.gz whose encoding lacks a category: the model loads, gets too few columns, and fails."""
    result = io.BytesIO()
    with (
        tarfile.open(fileobj=io.BytesIO(archive), mode="r:gz") as old,
        tarfile.open(fileobj=result, mode="w:gz") as new,
    ):
        for member in old.getmembers():
            file = old.extractfile(member)
            content = file.read() if file is not None else b""
            if member.name.endswith("features.json"):
                encoding = json.loads(content)
                category = next(feature for feature in encoding["features"] if "categories" in feature)
                del category["categories"][0], category["columns"][0]
                content = json.dumps(encoding).encode()
                member.size = len(content)
            new.addfile(member, io.BytesIO(content))
    return result.getvalue()


def _table(*columns: str) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    for name in columns[:-1]:
        table.add_column(name, no_wrap=True)
    table.add_column(columns[-1], overflow="fold")
    return table


def _answer(result: Any, error: str | None) -> str:
    if error is not None or not isinstance(result, dict):
        return _short(error or str(result))
    words = [str(result[name]) for name in ("outcome", "state", "why", "version") if result.get(name)]
    return _short(": ".join(words[:2]) or json.dumps(result))


def _short(text: str) -> str:
    """Return a text that leaves room in 80 columns: names of ARNs and hashes say enough."""
    words = [word.rsplit("/", 1)[-1] if word.startswith(("arn:", "s3://")) else word for word in text.split()]
    shown = " ".join(words)
    return f"{shown[:157]}..." if len(shown) > 160 else shown


def _who(principal: str) -> str:
    """Return the person or function in an assumed role's ARN; other texts as they are."""
    if principal.endswith(":root"):  # on this machine pipelines act as the account itself
        return "the pipeline"
    return principal.rsplit("/", 1)[-1] if ":assumed-role/" in principal else principal
