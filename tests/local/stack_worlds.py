"""Three accounts in one embedded AWS that refuses what AWS refuses, and a model's way through the stacks in them."""

import contextlib
import functools
import json
import marshal
from unittest import mock

from botocore.loaders import JSONFileLoader
from moto.core.base_backend import BackendDict
from moto.s3.models import s3_backends

from local.aws import admission, credentials, hosting
from local.aws.hosting import Answer
from local.aws.notices import OUTBOX
from local.aws.server import EmbeddedAws
from local.aws.stack_calls import DeployedFunctions
from local.aws.stack_inventory import inventory
from local.aws.stack_resources import Account
from local.aws.stack_run import StackRun
from local.delivery import LocalDelivery
from local.demo_delivery import IMAGE, MODEL
from local.events import EventBridge
from tests.harness import ROOT, STACKS, deploy_stack, raw_settings, stack_settings

REPORT = {"binary_classification_metrics": {name: {"value": 0.97} for name in ("accuracy", "recall")}}
PERSON = "maria@example.com"

WITHIN_ONE_ACCOUNT = ("studio", "catalog")
"""Sections whose resources no other stack sees, and that need a VPC to go: tests/lambda_src has their destroy."""


@functools.cache
def stack_graph(stack):
    """The graph of a stack file, without what lies within its one account."""
    raw = raw_settings(stack)
    return deploy_stack({name: value for name, value in raw.items() if name not in WITHIN_ONE_ACCOUNT})


class Containers:
    """Hosting in this process: every container starts, stays well and answers with label 0."""

    def start(self, fleet, containers):
        return None

    def trouble(self, fleet):
        return None

    def stop(self, fleet):
        pass

    def invoke(self, fleet, containers, variant, content_type, body):
        answer = {"predictions": [{"label": 0, "probability": 0.1}]}
        return Answer(status=200, content_type="application/json", body=json.dumps(answer).encode())


@contextlib.contextmanager
def strict_aws(folder):
    """One server for many worlds. Each function loads botocore's models anew: that is half of a world's time as JSON,
    and a tenth of it in Python's own form. Each gets a copy, because moto changes what it loads."""
    read = JSONFileLoader().load_file
    packed = functools.cache(lambda path: marshal.dumps(json.loads(json.dumps(read(path)))))
    with (
        EmbeddedAws(folder, read_only=True) as aws,
        admission.strict(),
        mock.patch.object(JSONFileLoader, "load_file", lambda _, path: marshal.loads(packed(path))),  # noqa: S302
    ):
        yield aws


class World:
    """Empty accounts at first; `up` and `destroy` are what operators run."""

    def __init__(self, aws):
        BackendDict.reset()
        s3_backends.bucket_accounts.clear()
        OUTBOX.clear()
        self.aws = aws
        self.delivery = LocalDelivery(aws, project=ROOT, stacks=())
        self.functions = self.delivery.functions = DeployedFunctions(aws)
        self.bridge = self.delivery.bridge = EventBridge(aws, self.functions)
        self.runs = {}
        for stack in STACKS:
            settings = self.delivery.settings[stack] = stack_settings(stack)
            credentials.enable(settings.account)
        hosting.use(Containers())

    def account(self, stack):
        settings = self.delivery.settings[stack]
        return Account(aws=self.aws, functions=self.functions, number=settings.account, region=settings.region)

    def up(self, stack, *, graph=None, seed=0):
        self.runs[stack] = StackRun(self.account(stack), graph or stack_graph(stack), seed=seed)
        self.runs[stack].up()

    def holds(self, stack):
        settings = self.delivery.settings[stack]
        return inventory(settings.account, settings.region)

    def client(self, service, stack, person=None):
        return self.delivery.client(service, stack, person)

    def settle(self):
        self.delivery.settle()

    def names(self, stack):
        return self.delivery.settings[stack].names

    # a model's way
    def register(self):
        """Let dev's registry get a version, as its pipeline registers one: approved, since dev approves by itself."""
        names = self.names("dev")
        self.delivery.push_image("dev", MODEL, IMAGE)
        bucket, s3 = names.bucket("artifacts"), self.client("s3", "dev")
        s3.put_object(Bucket=bucket, Key="pipelines/run-1/model.tar.gz", Body=b"a model")
        s3.put_object(Bucket=bucket, Key="pipelines/run-1/statistics.json", Body=json.dumps(REPORT).encode())
        base = f"s3://{bucket}/pipelines/run-1"
        self.client("sagemaker", "dev").create_model_package(
            ModelPackageGroupName=names.model_package_group(MODEL),
            InferenceSpecification={
                "Containers": [{"Image": self.image(), "ModelDataUrl": f"{base}/model.tar.gz"}],
                "SupportedContentTypes": ["application/json"],
                "SupportedResponseMIMETypes": ["application/json"],
            },
            ModelMetrics={
                "ModelQuality": {"Statistics": {"ContentType": "application/json", "S3Uri": f"{base}/statistics.json"}}
            },
            ModelApprovalStatus="Approved",
        )

    def image(self):
        names, tag = self.names("dev"), self.delivery.settings["dev"].models[MODEL].image
        return names.image_uri(MODEL, tag)

    def versions(self, stack):
        """The approval status of each version of a stack's group, by ARN."""
        group = self.names(stack).model_package_group(MODEL)
        found = self.client("sagemaker", stack).list_model_packages(ModelPackageGroupName=group)
        return {v["ModelPackageArn"]: v["ModelApprovalStatus"] for v in found["ModelPackageSummaryList"]}

    def approve(self, stack):
        (arn,) = self.versions(stack)
        self.client("sagemaker", stack, PERSON).update_model_package(
            ModelPackageArn=arn, ModelApprovalStatus="Approved"
        )

    def states(self, stack):
        return [deployment.state.value for deployment in self.delivery.history(stack, MODEL)]

    def troubles(self):
        """Whatever went wrong on the way: failed runs, undelivered events."""
        failed = [f"{run.arn}: {run.error}" for run in self.functions.log if run.error]
        lost = [f"{r.what} {r.target}" for r in self.bridge.log if r.what in ("undeliverable", "dead-lettered")]
        return failed + lost

    def messages(self, stack):
        """The events in all of a stack's queues."""
        sqs = self.client("sqs", stack)
        found = [sqs.receive_message(QueueUrl=url) for url in sqs.list_queues()["QueueUrls"]]
        return [json.loads(message["Body"]) for answer in found for message in answer.get("Messages", [])]

    # going
    def sweep(self, stack):
        """Call a stack's sweep as destroying does."""
        settings = self.delivery.settings[stack]
        arn = f"arn:aws:lambda:{settings.region}:{settings.account}:function:{self.names(stack).function('sweep')}"
        return self.functions.invoke(arn, {"repository_endpoints": [], "tf": {"action": "delete"}})

    def delete_images(self, stack):
        ecr = self.client("ecr", stack)
        for repository in ecr.describe_repositories()["repositories"]:
            name = repository["repositoryName"]
            if images := ecr.list_images(repositoryName=name)["imageIds"]:
                ecr.batch_delete_image(repositoryName=name, imageIds=images)
