"""One environment with its functions: moto and the fake SageMaker behind the functions' real clients.

`World.run` does what Lambda does with an asynchronous event: up to three tries, then the dead-letter queue.
Faults, crashes and interleavings are put in at any call, by botocore's own events.
"""

import contextlib
import datetime as dt
import functools
import importlib
import json
import os
import uuid
from types import SimpleNamespace

import boto3
from botocore.exceptions import ClientError, ReadTimeoutError
from moto import mock_aws

from contracts import delivery_config as dc
from contracts.names import Names
from contracts.parameters import ParameterPaths
from tests.lambda_src.fake_sagemaker import ACCOUNT, OLD, REGION, ApiError, FakeSageMaker

MODEL = "fraud-detector"
PREVIOUS_ACCOUNT = "222222222222"
NAMES = Names(
    organisation="acme", unit="risk", environment="prod", region=REGION, account=ACCOUNT, image_account="111111111111"
)
PREVIOUS = Names(
    organisation="acme",
    unit="risk",
    environment="preprod",
    region=REGION,
    account=PREVIOUS_ACCOUNT,
    image_account="111111111111",
)
PATHS = ParameterPaths(organisation="acme", unit="risk", environment="prod", region=REGION)
TABLE = NAMES.table("deliveries")
TOPIC = NAMES.topic_arn("deliveries")
KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/11111111-2222-3333-4444-555555555555"
BUCKET, PREVIOUS_BUCKET = NAMES.bucket("artifacts"), PREVIOUS.bucket("artifacts")
DIGEST = "sha256:" + "ab" * 32
IMAGE = f"111111111111.dkr.ecr.{REGION}.amazonaws.com/acme-risk/{MODEL}"
ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_DEFAULT_REGION": REGION,
    "AWS_EC2_METADATA_DISABLED": "true",
    "NAMES": json.dumps({field: getattr(NAMES, field) for field in Names.__slots__}),
    "TABLE_NAME": TABLE,
    "PARAMETER_ROOT": PATHS.root,
    "RESULT_TOPIC_ARN": TOPIC,
    "POWERTOOLS_SERVICE_NAME": "delivery",
    "POWERTOOLS_TRACE_DISABLED": "true",
    "POWERTOOLS_METRICS_NAMESPACE": "test",
}
NOW = dt.datetime.now(dt.UTC).replace(microsecond=0)
TRIES = 3
"""Lambda's first try and its two retries of an asynchronous event."""


class Died(BaseException):
    """The function's process ended in the middle: out of time, out of memory."""


def text_of(moment):
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def config(**delivery):
    """Return the published delivery of the model; keywords change the section `delivery`."""
    top = {name: delivery.pop(name) for name in ("approval", "gate", "model", "group") if name in delivery}
    delivery = {
        "source": dc.Source.PROMOTE,
        "instance_type": "ml.m5.large",
        "instances": dc.Instances(min=2, max=6),
        "scaling": dc.Scaling(),
        "alarms": dc.Alarms(),
        "rollout": dc.Rollout(strategy=dc.Strategy.CANARY),
        "smoke": (dc.Smoke(payload={"amount": 1}, expect_label=1, max_latency_ms=60_000),),
        "keep": 1,
        **delivery,
    }
    return dc.DeliveryConfig(
        model=top.get("model", MODEL),
        environment="prod",
        group=top.get("group", NAMES.model_package_group(MODEL)),
        approval=top.get("approval", "manual"),
        gate=top.get("gate", {"accuracy": 0.9}),
        delivery=dc.Delivery(**delivery),
        role_arn=NAMES.role_arn("endpoint"),
        subnets=("subnet-0a", "subnet-0b"),
        security_groups=("sg-0a",),
        key_arn=KEY,
        artifact_bucket=BUCKET,
        capture_bucket=NAMES.bucket("captures"),
        data_bucket=NAMES.bucket("data"),
        tags={"team": "risk"},
        previous=dc.PreviousEnvironment(
            environment="preprod",
            account=PREVIOUS_ACCOUNT,
            region=REGION,
            group_arn=PREVIOUS.model_package_group_arn(MODEL),
        ),
    )


@functools.cache
def handlers():
    """Import the functions once, behind a session that puts this module's hooks into every client."""
    os.environ.update(ENVIRONMENT)
    boto3.setup_default_session()
    global _session  # noqa: PLW0603  # moto forgets the default session; each World puts it back
    _session = boto3.DEFAULT_SESSION
    events = _session.events
    events.register("before-parameter-build", _keep_parameters)
    events.register_first("before-call", _before)
    events.register("after-call", _after)
    return {
        name: importlib.import_module(f"lambda_src.{name}.handler").handler for name in ("promote", "deploy", "verify")
    }


@functools.cache
def own_client(service):
    keys = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing"}
    return boto3.session.Session(**keys, region_name=REGION).client(service)  # one for all: making it is what is slow


_current = None
_session = None


def _keep_parameters(params, context, **_):
    context["parameters"] = dict(params)


def _before(model, context, **_):
    return None if _current is None else _current._on_call(model, context)


def _after(model, context, **_):
    if _current is not None and context.get("mine"):
        _current._on_answer(model, context)


def writes(call):
    """Whether a call, `service:Operation`, changes anything."""
    reading = ("Describe", "Get", "List", "Head", "BatchGet", "Query", "Invoke")
    return not call.partition(":")[2].startswith(reading)


class Call:
    """One AWS call of a function."""

    def __init__(self, function, service, operation, parameters):
        self.function, self.service, self.operation, self.parameters = function, service, operation, parameters

    @property
    def name(self):
        return f"{self.service}:{self.operation}"


class World:
    """Use as a context manager; everything in it is new."""

    def __init__(self, delivered=None):
        self.delivered = delivered or config()
        self.sagemaker = FakeSageMaker()
        self.calls = []
        self.dead_letters = []
        self._function = None
        self._faults = []
        self.meanwhile = lambda: None
        """What happens between two tries of an event."""

    def __enter__(self):
        global _current
        self.handlers = handlers()
        self._stack = contextlib.ExitStack()
        mock = mock_aws()
        mock.start()  # which forgets the default session
        boto3.DEFAULT_SESSION = _session
        self._stack.callback(mock.stop)
        self._before, _current = _current, self
        self._furnish()
        return self

    def __exit__(self, *_):
        global _current  # noqa: PLW0603
        _current = self._before
        self._stack.close()

    def client(self, service):
        """Return a client of the test's own, whose calls are not recorded and meet no fault."""
        return own_client(service)

    def _furnish(self):
        self.client("dynamodb").create_table(
            TableName=TABLE,
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[
                {"AttributeName": "pk", "AttributeType": "S"},
                {"AttributeName": "sk", "AttributeType": "S"},
            ],
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
        )
        topic = self.client("sns").create_topic(Name=NAMES.topic("deliveries"))["TopicArn"]
        account = topic.split(":")[4]
        from lambda_src.shared import configuration

        os.environ["RESULT_TOPIC_ARN"] = topic
        assert configuration.result_topic_arn() == topic
        self._topic = (account, topic)
        for bucket in (BUCKET, PREVIOUS_BUCKET):
            self.client("s3").create_bucket(Bucket=bucket)
        self.publish_config(self.delivered)
        self.sagemaker.groups |= {self.delivered.group, PREVIOUS.model_package_group(MODEL)}

    def publish_config(self, delivered):
        self.delivered = delivered
        name = PATHS.delivery(delivered.model)
        self.client("ssm").put_parameter(Name=name, Value=dc.encode(delivered), Type="String", Overwrite=True)

    def withdraw_config(self):
        self.client("ssm").delete_parameter(Name=PATHS.delivery(self.delivered.model))

    # versions and events
    def source_version(self, number=1, *, accuracy=0.95, image=f"{IMAGE}:v1", digest=DIGEST, files=True, **members):
        """Put an approved version with its files into the previous environment; return its ARN."""
        base = f"s3://{PREVIOUS_BUCKET}/pipelines/run-{number}"
        if files:
            report = {"binary_classification_metrics": {"accuracy": {"value": accuracy, "standard_deviation": 0.0}}}
            for name, body in (
                ("model.tar.gz", b"model %d" % number),
                ("statistics.json", json.dumps(report).encode()),
            ):
                self.client("s3").put_object(Bucket=PREVIOUS_BUCKET, Key=f"pipelines/run-{number}/{name}", Body=body)
        container = {"Image": image, "ModelDataUrl": f"{base}/model.tar.gz", "Environment": {"LEVEL": "1"}}
        if digest:
            container["ImageDigest"] = digest
        return self._add(PREVIOUS, number, container, f"{base}/statistics.json", **members)

    def own_version(self, number=1, **members):
        """Put an approved version into this environment's group; return its ARN."""
        container = {"Image": f"{IMAGE}@{DIGEST}", "ModelDataUrl": f"s3://{BUCKET}/promoted/{number}/model.tar.gz"}
        return self._add(NAMES, number, container, f"s3://{BUCKET}/promoted/{number}/statistics.json", **members)

    def _add(self, names, number, container, statistics, **members):
        group = names.model_package_group(MODEL)
        arn = f"arn:aws:sagemaker:{REGION}:{names.account}:model-package/{group}/{number}"
        self.sagemaker.now = NOW - dt.timedelta(minutes=60 - number)
        members = {"ModelApprovalStatus": "Approved", **members}
        self.sagemaker.add_package(
            arn,
            InferenceSpecification={
                "Containers": [container],
                "SupportedContentTypes": ["application/json"],
                "SupportedResponseMIMETypes": ["application/json"],
            },
            ModelMetrics={"ModelQuality": {"Statistics": {"ContentType": "application/json", "S3Uri": statistics}}},
            LastModifiedBy=self.sagemaker.who(),
            LastModifiedTime=self.sagemaker.now,
            **{"CustomerMetadataProperties": {"code_hash": "c0de", "data_manifest": "s3://m"}, **members},
        )
        self.sagemaker.numbers[group] = max(number, self.sagemaker.numbers.get(group, 0))
        self.sagemaker.now = NOW
        return arn

    def approval(self, arn, *, minute=None, approved=None, event_id=None, fields=("ModelApprovalStatus",)):
        """Return the event of an approval, sent at the minute of its version number unless told otherwise.

        `approved` is the minute of the approval itself; without it the event does not say.
        """
        number = int(arn.rsplit("/", 1)[-1])
        moment = NOW - dt.timedelta(minutes=60 - (number if minute is None else minute))
        detail = {
            "ModelPackageGroupName": arn.split("/")[1],
            "ModelPackageArn": arn,
            "ModelPackageVersion": number,
            "ModelApprovalStatus": "Approved",
        }
        if approved is not None:
            detail["LastModifiedTime"] = text_of(NOW - dt.timedelta(minutes=60 - approved))
        if fields:
            detail["UpdatedModelPackageFields"] = list(fields)
        return self._event("SageMaker Model Package State Change", arn.split(":")[4], moment, arn, detail, event_id)

    def endpoint_event(self, status="IN_SERVICE", *, moment=None, event_id=None):
        arn = NAMES.endpoint_arn(self.delivered.model)
        detail = {
            "EndpointName": NAMES.endpoint(self.delivered.model),
            "EndpointArn": arn,
            "EndpointStatus": status,
            "EndpointConfigName": "any",
        }
        moment = moment or dt.datetime.now(dt.UTC) + dt.timedelta(minutes=1)
        return self._event("SageMaker Endpoint State Change", ACCOUNT, moment, arn, detail, event_id)

    def _event(self, kind, account, moment, resource, detail, event_id):
        return {
            "version": "0",
            "id": event_id or str(uuid.uuid4()),
            "detail-type": kind,
            "source": "aws.sagemaker",
            "account": account,
            "time": text_of(moment),
            "region": REGION,
            "resources": [resource],
            "detail": detail,
        }

    # running
    def run(self, function, event, *, tries=TRIES):
        """Deliver an event as Lambda does; return the answer, or None where the event went to the dead letters."""
        for number in range(tries):
            if number:
                self._let_a_minute_pass()
                self.meanwhile()
            before, self._function = self._function, function
            # As SageMaker sees it: Lambda names the role session after the function.
            writer = self.sagemaker.writer
            self.sagemaker.writer = f"arn:aws:sts::{ACCOUNT}:assumed-role/role/{NAMES.function(function)}"
            self.sagemaker.now = NOW + dt.timedelta(hours=1)
            try:
                return self.handlers[function](json.loads(json.dumps(event)), _context(function))
            except (Exception, Died) as error:  # noqa: BLE001  # Lambda catches everything
                self.last_error = error
            finally:
                self._function, self.sagemaker.writer, self.sagemaker.now = before, writer, NOW
        self.dead_letters.append((function, event))
        return None

    def _let_a_minute_pass(self):
        """Lambda waits a minute before its first retry; what Powertools noted is that much older then."""
        for item in self.items(""):
            if "in_progress_expiration" in item and item["status"] == "INPROGRESS":
                self.client("dynamodb").update_item(
                    TableName=TABLE,
                    Key={"pk": {"S": item["pk"]}, "sk": {"S": item["sk"]}},
                    UpdateExpression="SET in_progress_expiration = in_progress_expiration - :minute",
                    ExpressionAttributeValues={":minute": {"N": "60000"}},
                )

    def pump(self):
        """Let the endpoint come to rest and its events arrive, until nothing moves any more."""
        for _ in range(5):
            if self.endpoint is None or self.endpoint["status"] == "InService":
                break
            self.settle()
            self.run("verify", self.endpoint_event())

    def deployed(self, number=1, **members):
        """Bring a version into service, verified; return its ARN."""
        arn = self.own_version(number, **members)
        self.run("deploy", self.approval(arn))
        self.settle()
        self.run("verify", self.endpoint_event())
        for made in self.sagemaker.configs.values():
            made["CreationTime"] -= OLD  # cleaning up spares what is young
        return arn

    def settle(self, *args, **keywords):
        self.sagemaker.settle(NAMES.endpoint(MODEL), *args, **keywords)

    def answer_queued(self):
        """Let an asynchronous endpoint work off its queue, as its containers do."""
        for request in self.sagemaker.queued:
            bucket, _, key = request["input"].removeprefix("s3://").partition("/")
            self.client("s3").head_object(Bucket=bucket, Key=key)  # what is not there cannot be worked on
            answer = self.sagemaker.answers.get(request["config"], {"predictions": [{"label": 1}]})
            place = request["FailureLocation" if isinstance(answer, int) else "OutputLocation"]
            bucket, _, key = place.removeprefix("s3://").partition("/")
            body = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
            self.client("s3").put_object(Bucket=bucket, Key=key, Body=body)

    # faults
    def fault(self, call, kind, *, occurrence=0, times=1, action=None):
        """Put a fault into the call of that name: `kind` names an error code, `timeout`, `died` or `do`."""
        fault = SimpleNamespace(call=call, kind=kind, skip=occurrence, times=times, action=action)
        self._faults.append(fault)
        return fault

    def repair(self):
        self._faults.clear()

    def _due(self, name, kinds):
        for fault in self._faults:
            if fault.call != name or not kinds(fault.kind):
                continue
            if fault.skip:
                fault.skip -= 1
            elif fault.times:
                fault.times -= 1
                return fault
        return None

    def _on_call(self, model, context):
        service, operation = model.service_model.endpoint_prefix, model.name
        service = {"api.sagemaker": "sagemaker", "runtime.sagemaker": "sagemaker-runtime"}.get(service, service)
        service = {"monitoring": "cloudwatch", "api.ecr": "ecr"}.get(service, service)
        parameters = context.get("parameters", {})
        if self._function is not None:
            call = Call(self._function, service, operation, parameters)
            self.calls.append(call)
            context["mine"] = call.name
            fault = self._due(call.name, lambda kind: kind not in ("timeout", "died"))
            if fault is not None and fault.kind == "do":
                fault.action()
            elif fault is not None:
                return _error(*error_of(service, fault.kind))
        if service in ("sagemaker", "sagemaker-runtime"):
            try:
                return _http(200), {**self.sagemaker.answer(operation, parameters), "ResponseMetadata": {}}
            except ApiError as error:
                return _error(error.code, error.message, **error.more)
        return None

    def _on_answer(self, model, context):
        fault = self._due(context["mine"], lambda kind: kind in ("timeout", "died"))
        if fault is not None:
            raise Died if fault.kind == "died" else ReadTimeoutError(endpoint_url="https://aws.invalid")

    # what is there
    def item(self, sk, pk=f"model#{MODEL}"):
        found = self.client("dynamodb").get_item(TableName=TABLE, Key={"pk": {"S": pk}, "sk": {"S": sk}})
        return {name: next(iter(value.values())) for name, value in found["Item"].items()} if "Item" in found else None

    @property
    def desired(self):
        return self.item("desired")

    def items(self, kind):
        from boto3.dynamodb.types import TypeDeserializer

        found = self.client("dynamodb").scan(TableName=TABLE)["Items"]
        plain = [{n: TypeDeserializer().deserialize(v) for n, v in item.items()} for item in found]
        return sorted((i for i in plain if i["sk"].startswith(kind) and "#" in i["pk"]), key=lambda i: i["sk"])

    @property
    def endpoint(self):
        return self.sagemaker.endpoints.get(NAMES.endpoint(MODEL))

    @property
    def messages(self):
        from moto.sns import sns_backends

        account, topic = self._topic
        sent = sns_backends[account][REGION].topics[topic].sent_notifications
        return [json.loads(entry[1]) for entry in sent]

    @property
    def outcomes(self):
        return [message["outcome"] for message in self.messages]

    def written(self, *, service=None):
        """Return the names of the calls that write, of one service or of all."""
        return [c.name for c in self.calls if writes(c.name) and service in (None, c.service)]

    def fingerprint(self):
        """Return everything that should be the same however the way there went."""
        scaling = self.client("application-autoscaling")
        fleet = self.sagemaker
        return {
            "desired": _without_times(self.desired),
            "deployments": [_without_times(i) for i in self.items("deployment#")],
            "promotions": [_without_times(i) for i in self.items("promotion#")],
            "endpoint": {k: v for k, v in (self.endpoint or {}).items() if k != "deployment"},
            "configs": sorted(fleet.configs),
            "models": sorted(fleet.models),
            "versions": {a: p.get("CustomerMetadataProperties") for a, p in sorted(fleet.packages.items())},
            "targets": [
                (t["ResourceId"], t["MinCapacity"], t["MaxCapacity"])
                for t in scaling.describe_scalable_targets(ServiceNamespace="sagemaker")["ScalableTargets"]
            ],
            "policies": len(scaling.describe_scaling_policies(ServiceNamespace="sagemaker")["ScalingPolicies"]),
            "alarms": sorted(
                a["AlarmName"]
                for a in self.client("cloudwatch").describe_alarms()["MetricAlarms"]
                if a["AlarmName"].startswith("acme")
            ),
            "files": sorted(o["Key"] for o in self.client("s3").list_objects_v2(Bucket=BUCKET).get("Contents", ())),
            "told": sorted(set(self.outcomes)),
        }


def _without_times(item):
    left_out = ("updated_at", "event_id", "requested_at", "opened_at", "revision", "sk")
    return {name: value for name, value in (item or {}).items() if name not in left_out}


def _context(function):
    return SimpleNamespace(
        function_name=NAMES.function(function),
        memory_limit_in_mb=256,
        invoked_function_arn=NAMES.function_arn(function),
        aws_request_id=str(uuid.uuid4()),
        get_remaining_time_in_millis=lambda: 300_000,
    )


def error_of(service, kind):
    """Return code and message with which a service says what `kind` means."""
    if kind == "not found":
        code = {
            "sagemaker": "ValidationException",
            "sagemaker-runtime": "ValidationError",
            "s3": "NoSuchKey",
            "ssm": "ParameterNotFound",
            "dynamodb": "ResourceNotFoundException",
            "sns": "NotFound",
            "ecr": "RepositoryNotFoundException",
            "application-autoscaling": "ObjectNotFoundException",
            "cloudwatch": "ResourceNotFound",
        }[service]
        return code, "Could not find what was named."
    if kind == "throttle":
        return "ThrottlingException", "Rate exceeded"
    if kind == "denied":
        return "AccessDeniedException", "User is not authorized to perform this"
    return kind, "injected"


def _http(status):
    return SimpleNamespace(status_code=status, headers={})


def _error(code, message, **more):
    return _http(400), {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {}, **more}


__all__ = ["ClientError", "Died", "World", "config"]
