"""Delivery on this machine: what the stacks deploy for it, in the embedded AWS, with real functions and servers.

Nothing is described twice: the program itself runs under the mock runtime, and its own rules, targets, functions with
their variables, tables, queues and parameters are created in the embedded AWS from what it registered.
"""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from moto.sns.models import sns_backends

from contracts import desired_state
from local import datasets, seeds
from local import stack as stacks
from local.aws import identity
from local.aws.server import EmbeddedAws
from local.aws.stack_resources import Account, bring_up, unless_there
from local.events import EventBridge
from local.functions import Functions
from local.inference import InferenceServers
from local.preview import preview
from local.runner import definition as definitions
from local.runner import images
from local.runner.engine import Runner
from local.runner.progress import Listener, Silent
from local.runner.record import RunRecord
from operations.items import plain
from settings import StackSettings

ROLE = "mlops-operator"
"""Role in which people act on this machine; who they are is the name of their session."""


class LocalDelivery:
    """Stacks in the embedded AWS, with their functions, buses and inference servers. A context manager."""

    def __init__(
        self, aws: EmbeddedAws, *, project: Path, stacks: Sequence[str] = ("dev", "preprod"), seed: int | None = None
    ) -> None:
        """`project` holds the stack files; `seed` makes events come twice and out of order, see `EventBridge`."""
        self.aws = aws
        self.project = project
        self.functions = Functions(aws)
        self.bridge = EventBridge(aws, self.functions, seed=seed)
        self.servers = InferenceServers(aws)
        self.settings: dict[str, StackSettings] = {}
        for name in stacks:
            self._bring_up(name)

    def __enter__(self) -> Self:
        """Let real servers run the endpoints' containers."""
        self.servers.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop the servers."""
        self.servers.__exit__(kind, error, trace)

    def settle(self, traffic: Callable[[], None] | None = None) -> int:
        """Deliver events and let endpoints move until nothing is under way; return the number of steps.

        `traffic` is called before each move of endpoints: what clients send meanwhile.
        """
        return self.bridge.settle(traffic)

    def client(self, service: str, stack: str, person: str | None = None) -> Any:  # boto3 has no client types
        """Return a client of a stack's account, acting as `person` where one is named, else as the account itself."""
        settings = self.settings[stack]
        if person is None:
            return self.aws.client(service, settings.account, settings.region)
        return identity.client_as(self.aws, service, settings.account, settings.region, role=ROLE, session=person)

    def train(
        self, stack: str, model: str, *, data: datasets.Dataset | None = None, listener: Listener | None = None
    ) -> RunRecord:
        """Run a stack's pipeline here, as `mlops run` does, and return its record."""
        found = stacks.definition_for(stack, model, project=self.project)
        storage = stacks.deploy(self.aws, found)
        document = json.loads(found.text)
        chosen = data or datasets.default_for(found.pipeline.data_schema)
        uri = seeds.data_parameter(document, "InputDataUri", {})
        if chosen is not None and uri:
            seeds.put_data(storage, uri, chosen.files())
        runner = Runner(
            aws=self.aws,
            account=found.settings.account,
            region=found.settings.region,
            images=images.load(),
            listener=listener or Silent(),
        )
        role = found.pipeline.role_arns["pipeline"]
        return runner.run(definitions.read(document), pipeline=found.pipeline.pipeline_name, overrides={}, role=role)

    def push_image(self, stack: str, model: str, manifest: Mapping[str, object]) -> str:
        """Push an image's manifest with the tag that a stack's model names; return its digest."""
        settings = self.settings[stack]
        names, tag = settings.names, settings.models[model].image
        ecr = self.aws.client("ecr", names.image_account, names.region)
        repository, tag = names.image_of(model, tag)
        text = json.dumps(manifest, sort_keys=True)
        digest = f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"
        named = {} if tag.startswith("sha256:") else {"imageTag": tag}
        unless_there(ecr.put_image, repositoryName=repository, imageManifest=text, imageDigest=digest, **named)
        return digest

    def history(self, stack: str, model: str) -> list[desired_state.Deployment]:
        """Return a stack's deployments of a model as its functions recorded them, oldest first."""
        answer = self.client("dynamodb", stack).query(
            TableName=self.settings[stack].names.table("deliveries"),
            KeyConditionExpression="pk = :model AND begins_with(sk, :deployment)",
            ExpressionAttributeValues={
                ":model": {"S": desired_state.model_key(model)},
                ":deployment": {"S": desired_state.DEPLOYMENT_PREFIX},
            },
        )
        return [desired_state.deployment_from(plain(item)) for item in answer["Items"]]

    def messages(self, stack: str) -> list[dict[str, Any]]:
        """Return what a stack's functions published to its topic of results, in this command, oldest first."""
        settings = self.settings[stack]
        topics: Any = sns_backends[settings.account][settings.region].topics
        topic = topics[settings.names.topic_arn("deliveries")]
        return [json.loads(message) for _, message, *_ in topic.sent_notifications]

    def _bring_up(self, name: str) -> None:
        found = preview(name, self.project)
        self.settings[name] = found.settings
        account = Account(
            aws=self.aws,
            functions=self.functions,
            number=found.settings.account,
            region=found.settings.region,
        )
        bring_up(account, found.properties)
