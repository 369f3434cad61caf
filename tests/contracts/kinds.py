"""Every name that `Names` builds, with what builds it: a list that a test compares with the class."""

from functools import cache

from contracts.limits import LIMITS
from tests.contracts.aws_tables import service

ARTIFACTS, ALERTS = "artifacts", "alerts"

# kind: (how it is built, the coordinates that must not change it)
PHYSICAL = {
    "bucket": (lambda names, model: names.bucket(ARTIFACTS), {"model", "image_account"}),
    "key_alias": (lambda names, model: names.key_alias("data"), {"model", "account", "image_account"}),
    "role": (lambda names, model: names.role("training"), {"model", "account", "image_account"}),
    "pipeline": (lambda names, model: names.pipeline(model), {"account", "image_account"}),
    "model_package_group": (lambda names, model: names.model_package_group(model), {"account", "image_account"}),
    "schedule": (lambda names, model: names.schedule(model), {"account", "image_account"}),
    "schedule_group": (lambda names, model: names.schedule_group, {"model", "account", "image_account"}),
    "event_rule": (lambda names, model: names.event_rule("new-data", model), {"account", "image_account"}),
    "alarm": (lambda names, model: names.alarm("failed", model), {"account", "image_account"}),
    "topic": (lambda names, model: names.topic(ALERTS), {"model", "account", "image_account"}),
    "queue": (lambda names, model: names.queue("undelivered"), {"model", "account", "image_account"}),
    "log_group": (lambda names, model: names.log_group("flow-logs"), {"model", "account", "image_account"}),
}
# The stated exception: an image is built once and promoted, so its repository names no environment. It lies in one
# registry per account and region, so its name needs neither; its URI has both.
IMAGE_REPOSITORY = {
    "image_repository": (
        lambda names, model: names.image_repository(model),
        {"environment", "region", "account", "image_account"},
    )
}
ADDRESSES = {
    "bucket_arn": (lambda names, model: names.bucket_arn(ARTIFACTS), {"model", "image_account"}),
    "role_arn": (lambda names, model: names.role_arn("training"), {"model", "image_account"}),
    "account_root": (
        lambda names, model: names.account_root,
        {"model", "image_account", "organisation", "unit", "environment", "region"},
    ),
    "pipeline_arn": (lambda names, model: names.pipeline_arn(model), {"image_account"}),
    "model_package_group_arn": (lambda names, model: names.model_package_group_arn(model), {"image_account"}),
    "topic_arn": (lambda names, model: names.topic_arn(ALERTS), {"model", "image_account"}),
    "queue_arn": (lambda names, model: names.queue_arn("undelivered"), {"model", "image_account"}),
    "image_uri": (lambda names, model: names.image_uri(model, "v1.0.0"), {"environment", "account"}),
}
PARTS = {"prefix", "partition"}
"""Of names, and no names themselves."""

EVERY = PHYSICAL | IMAGE_REPOSITORY | ADDRESSES


@cache
def pattern_of(kind):
    limit = LIMITS[kind]
    member = service(limit.service).operation_model(limit.operation).input_shape.members[limit.member]
    return limit.pattern or member.metadata["pattern"]
