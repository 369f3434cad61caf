"""Plans of every kind, at ordinary and at longest names, and the check of a request against the AWS API model."""

import re
from dataclasses import replace

from botocore.validate import ParamValidator

from contracts import delivery_config as config
from contracts.endpoint_plan import DeliveryPlanInput, ShadowModel
from contracts.limits import LABEL_LENGTH, MODEL_NAME_LENGTH
from contracts.names import Names
from tests.contracts.aws_tables import service

ACME = Names(
    organisation="acme",
    unit="risk",
    environment="prod",
    region="us-east-1",
    account="333333333333",
    image_account="111111111111",
)
LONGEST = replace(
    ACME, organisation="o" * LABEL_LENGTH, unit="u" * LABEL_LENGTH, environment="preprod", region="ap-southeast-7"
)
LONGEST_MODEL = "m" * MODEL_NAME_LENGTH
ALARMS = config.Alarms(max_5xx_rate=0.01, max_latency_ms=500)

DELIVERIES = {
    "realtime": config.Delivery(source="promote", instances=config.Instances(min=2, max=2)),
    "everything": config.Delivery(
        source=config.Source.PROMOTE,
        instances=config.Instances(min=2, max=6),
        scaling=config.Scaling(target_invocations_per_instance=600),
        capture=config.Capture(percent=100),
        rollout=config.Rollout(strategy=config.Strategy.CANARY, step_percent=10, wait_seconds=600, bake_seconds=900),
        alarms=ALARMS,
        shadow=config.Shadow(version=8, percent=50),
    ),
    "linear": config.Delivery(
        source=config.Source.TRAIN,
        instances=config.Instances(min=4, max=4),
        rollout=config.Rollout(strategy=config.Strategy.LINEAR, step_percent=25),
        alarms=ALARMS,
    ),
    "rolling": config.Delivery(
        source=config.Source.TRAIN,
        instances=config.Instances(min=4, max=4),
        rollout=config.Rollout(strategy=config.Strategy.ROLLING, step_percent=50),
        alarms=ALARMS,
    ),
    "local disk": config.Delivery(source=config.Source.TRAIN, instance_type="ml.g5.xlarge"),
    "serverless": config.Delivery(
        source=config.Source.TRAIN, kind=config.Kind.SERVERLESS, serverless=config.Serverless(), alarms=ALARMS
    ),
    "async": config.Delivery(
        source=config.Source.TRAIN,
        kind=config.Kind.ASYNC,
        instances=config.Instances(min=1, max=3),
        asynchronous=config.Asynchronous(),
    ),
}
BATCH = config.Delivery(
    source=config.Source.TRAIN, kind=config.Kind.BATCH, batch=config.Batch(schedule="cron(0 3 * * ? *)")
)


def plan(delivery, names=ACME, model="fraud-detector", **changes):
    """Return a plan that serves version 7 by `delivery`."""
    bucket = names.bucket("artifacts")
    group = names.model_package_group_arn(model).replace("model-package-group", "model-package")
    shadow = ShadowModel(
        version_arn=f"{group}/8",
        image=names.image_uri(model, "sha256:" + "8f" * 32),
        model_data_url=f"s3://{bucket}/promoted/8/model.tar.gz",
    )
    return DeliveryPlanInput(
        **{
            "model": model,
            "environment": names.environment,
            "names": names,
            "role_arn": names.role_arn("endpoint"),
            "version_arn": f"{group}/7",
            "image": names.image_uri(model, "sha256:" + "4d" * 32),
            "model_data_url": f"s3://{bucket}/promoted/7/model.tar.gz",
            "environment_variables": {"MODEL_VERSION": "7"},
            "delivery": delivery,
            "subnets": ("subnet-0123456789abcdef0", "subnet-0123456789abcdef1"),
            "security_groups": ("sg-0123456789abcdef0",),
            "key_arn": f"arn:aws:kms:{names.region}:{names.account}:key/11111111-2222-3333-4444-555555555555",
            "capture_bucket": names.bucket("capture"),
            "artifact_bucket": bucket,
            "tags": {"owner": "ml-platform@example.com"},
            "shadow": shadow if delivery.shadow else None,
            **changes,
        }
    )


def check_request(service_name, operation, request):
    """Fail unless botocore's model of `operation` takes `request`: types, required members, lengths and patterns."""
    shape = service(service_name).operation_model(operation).input_shape
    report = ParamValidator().validate(request, shape)
    assert not report.has_errors(), f"{operation}: {report.generate_report()}"
    _check(shape, request, operation)


def _check(shape, value, path):
    # botocore's own validator leaves the largest length, the pattern and the choices to the service.
    metadata = shape.metadata
    if shape.type_name == "structure":
        for name, part in value.items():
            _check(shape.members[name], part, f"{path}.{name}")
    elif shape.type_name == "list":
        assert len(value) <= metadata.get("max", len(value)), path
        for index, part in enumerate(value):
            _check(shape.member, part, f"{path}[{index}]")
    elif shape.type_name == "map":
        assert len(value) <= metadata.get("max", len(value)), path
        for key, part in value.items():
            _check(shape.key, key, f"{path} key")
            _check(shape.value, part, f"{path}.{key}")
    elif shape.type_name == "string":
        assert len(value) <= metadata.get("max", len(value)), f"{path}: {value} is too long"
        # \p{...} is no part of Python's patterns; the patterns without it are those of names, ARNs and URIs.
        if "pattern" in metadata and "\\p" not in metadata["pattern"] and "\\u" not in metadata["pattern"]:
            assert re.fullmatch(metadata["pattern"], value), f"{path}: {value!r} breaks {metadata['pattern']}"
        assert not shape.enum or value in shape.enum, f"{path}: {value} is none of the choices"
    elif shape.type_name in ("integer", "float", "double", "long"):
        assert metadata.get("min", value) <= value <= metadata.get("max", value), f"{path}: {value}"
