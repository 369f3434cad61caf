"""A stack in the embedded AWS as its program, its pipeline and its functions would leave it."""

import json
from dataclasses import dataclass, field

from botocore.exceptions import ClientError, ReadTimeoutError

from contracts import desired_state
from contracts.desired_state import Request, State
from local.aws import endpoint_machine
from local.aws.server import EmbeddedAws
from operations import table, versions
from operations.items import serialised
from operations.session import Access
from settings import StackSettings

MODEL = "fraud-detector"
CALLER = "arn:aws:sts::111111111111:assumed-role/mlops-operator/ada"
IMAGE = "111111111111.dkr.ecr.us-east-1.amazonaws.com/acme-risk/fraud-detector"
DIGEST = f"sha256:{'ab' * 32}"
DEFINITION = {
    "Version": "2020-12-01",
    "Parameters": [
        {"Name": "InputDataUri", "Type": "String", "DefaultValue": "s3://data/latest/"},
        {"Name": "LearningRate", "Type": "Float", "DefaultValue": 0.1},
    ],
    "Steps": [
        {
            "Name": "Train",
            "Type": "Training",
            "Arguments": {"HyperParameters": {"seed": "7", "learning_rate": {"Get": "Parameters.LearningRate"}}},
        }
    ],
}


class FakeLambda:
    """Lambda's Invoke with scripted answers; moto runs functions in Docker only."""

    def __init__(self):
        self.events = []
        self.answers = []
        """Codes of errors, or StatusCodes, for the coming calls; 202 once they are used up."""

    def invoke(self, *, FunctionName, InvocationType, Payload):  # noqa: N803  # boto3's spelling
        assert InvocationType == "Event", "an operator waits for no function"
        answer = self.answers.pop(0) if self.answers else 202
        if isinstance(answer, Exception):
            raise answer
        if isinstance(answer, str):
            raise ClientError({"Error": {"Code": answer, "Message": "as the test wants"}}, "Invoke")
        self.events.append((FunctionName, json.loads(Payload)))
        return {"StatusCode": answer}


@dataclass
class World:
    aws: EmbeddedAws
    settings: StackSettings
    functions: FakeLambda = field(default_factory=FakeLambda)

    @property
    def access(self):
        return Access(settings=self.settings, client=self.client, caller=CALLER)

    @property
    def names(self):
        return self.settings.names

    def client(self, service):
        if service == "lambda":
            return self.functions
        return self.aws.client(service, self.settings.account, self.settings.region)

    def fails(self, service, operation, code, *, after=False, times=1):
        """Let the next calls of an operation fail: with an error code, or by a timeout after they succeeded."""
        left = [times]

        def trouble(**_):
            if not left[0]:
                return
            left[0] -= 1
            if code == "timeout":
                raise ReadTimeoutError(endpoint_url="https://aws")
            raise ClientError({"Error": {"Code": code, "Message": "as the test wants"}}, operation)

        moment = "after-call" if after else "before-call"
        self.client(service).meta.events.register(f"{moment}.{service}.{operation}", trouble)

    # what the stack creates
    def bring_up(self):
        s3 = self.client("s3")
        s3.create_bucket(Bucket=self.names.bucket("artifacts"))
        self.client("sagemaker").create_model_package_group(
            ModelPackageGroupName=self.names.model_package_group(MODEL), ModelPackageGroupDescription="ours"
        )
        self.client("dynamodb").create_table(
            TableName=self.names.table(table.TABLE),
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
            AttributeDefinitions=[{"AttributeName": n, "AttributeType": "S"} for n in ("pk", "sk")],
            BillingMode="PAY_PER_REQUEST",
        )
        for function in ("deploy", "verify"):
            self.client("sqs").create_queue(QueueName=self.names.queue(f"{function}-failed"))
        return self

    # what a pipeline leaves
    def write(self, key, document):
        bucket = self.names.bucket("artifacts")
        body = document if isinstance(document, bytes) else json.dumps(document).encode()
        self.client("s3").put_object(Bucket=bucket, Key=key, Body=body)
        return f"s3://{bucket}/{key}"

    def run(self, rate="0.1", definition=DEFINITION):
        sagemaker, name = self.client("sagemaker"), self.names.pipeline(MODEL)
        if not sagemaker.list_pipelines(PipelineNamePrefix=name)["PipelineSummaries"]:
            sagemaker.create_pipeline(
                PipelineName=name,
                PipelineDefinition=json.dumps(definition),
                RoleArn=self.names.role_arn("pipeline"),
                ClientRequestToken="t" * 32,
            )
        parameters = [{"Name": "LearningRate", "Value": rate}]
        return sagemaker.start_pipeline_execution(PipelineName=name, PipelineParameters=parameters)[
            "PipelineExecutionArn"
        ]

    def version(self, *, status="PendingManualApproval", accuracy=0.9, sha="11", rate="0.1", metadata=None, run=None):
        """Register a version and return its number."""
        number = len(self.client("sagemaker").list_model_packages(
            ModelPackageGroupName=self.names.model_package_group(MODEL))["ModelPackageSummaryList"]) + 1  # fmt: skip
        kind = {
            "version": 0.0,
            "binary_classification_metrics": {"accuracy": {"value": accuracy}, "recall": {"value": 0.8}},
        }
        statistics = self.write(f"pipelines/{number}/statistics.json", kind)
        objects = [{"bucket": "data", "key": "a.csv", "version_id": "v", "size": 3, "sha256": sha}]
        manifest = self.write(f"pipelines/{number}/manifest.json", {"objects": objects, "rows": 1200})
        own = {
            "environment": self.settings.environment.value,
            "code_hash": f"c0de{number}",
            "data_manifest": manifest,
            "pipeline_execution_arn": run or self.run(rate),
        }
        arn = self.client("sagemaker").create_model_package(
            ModelPackageGroupName=self.names.model_package_group(MODEL),
            ModelApprovalStatus=status,
            InferenceSpecification={
                "Containers": [{"Image": f"{IMAGE}@{DIGEST}", "ModelDataUrl": f"s3://b/{number}/model.tar.gz"}],
                "SupportedContentTypes": ["application/json"],
                "SupportedResponseMIMETypes": ["application/json"],
            },
            ModelMetrics={"ModelQuality": {"Statistics": {"ContentType": "application/json", "S3Uri": statistics}}},
            CustomerMetadataProperties={**own, **(metadata or {})},
        )["ModelPackageArn"]
        return int(arn.rsplit("/", 1)[-1])

    def arn(self, number):
        return versions.arn_of(self.access, MODEL, number)

    # what the functions leave
    def deployed(self, number, *, at, state=State.IN_SERVICE, by="arn:aws:iam::1:user/grace"):
        """Record a deployment that went as far as `state`, and return the desired state."""
        asked = Request(
            model=MODEL, version_arn=self.arn(number), requested_at=at, event_id=f"event-{number}", requested_by=by
        )
        table.ask(self.access, asked)
        found = table.read(self.access, MODEL)
        if state is not State.REQUESTED:
            found = self._save(found, desired_state.deploying(found, f"config-{number}", at=at))
        if state is State.IN_SERVICE:
            found = self._save(found, desired_state.in_service(found, at=at))
        if state is State.FAILED:
            found = self._save(found, desired_state.failed(found, "smoke[0]: answered 500", at=at))
        return found

    def _save(self, read, moved):
        for item in (
            desired_state.desired_item(moved),
            desired_state.deployment_item(desired_state.deployment_of(moved)),
        ):
            name = self.names.table(table.TABLE)
            self.client("dynamodb").put_item(TableName=name, Item=serialised(item))
        assert moved.revision == read.revision + 1
        return moved

    def endpoint(self, number, *, tagged=True):
        """Create the endpoint, running a version under `config-<number>`."""
        sagemaker = self.client("sagemaker")
        tags = [{"Key": "model-version-arn", "Value": self.arn(number)}] if tagged else []
        sagemaker.create_model(
            ModelName=f"model-{number}",
            PrimaryContainer={"Image": f"{IMAGE}@{DIGEST}", "ModelDataUrl": f"s3://b/{number}/model.tar.gz"},
            ExecutionRoleArn=self.names.role_arn("serving"),
            Tags=tags,
        )
        variant = {"VariantName": "primary", "ModelName": f"model-{number}", "InstanceType": "ml.m5.large",
                   "InitialInstanceCount": 1}  # fmt: skip
        sagemaker.create_endpoint_config(EndpointConfigName=f"config-{number}", ProductionVariants=[variant])
        sagemaker.create_endpoint(EndpointName=self.names.endpoint(MODEL), EndpointConfigName=f"config-{number}")
        self.settle()

    def settle(self):
        """Let endpoints come to rest."""
        while endpoint_machine.advance():
            pass

    def failed_event(self, function="deploy", *, event_id="e-1", error="ClientError: throttled", body=None):
        """Put an event into a function's dead-letter queue as Lambda does."""
        event = {"id": event_id, "detail-type": "SageMaker Model Package State Change", "time": "2026-03-01T10:00:00Z",
                 "resources": [self.arn(1)], "detail": {"secret": "payload"}}  # fmt: skip
        sqs = self.client("sqs")
        url = sqs.get_queue_url(QueueName=self.names.queue(f"{function}-failed"))["QueueUrl"]
        sqs.send_message(
            QueueUrl=url,
            MessageBody=json.dumps(event) if body is None else body,
            MessageAttributes={"ErrorMessage": {"DataType": "String", "StringValue": error}},
        )

    def waiting(self, function="deploy"):
        """Return the bodies of the messages that anybody could receive now."""
        sqs = self.client("sqs")
        url = sqs.get_queue_url(QueueName=self.names.queue(f"{function}-failed"))["QueueUrl"]
        found = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=0).get("Messages", [])
        return [message["Body"] for message in found]
