"""Every name that `Names` builds, with what builds it: a list that a test compares with the class."""

from functools import cache

from contracts.limits import LIMITS
from tests.contracts.aws_tables import service

ARTIFACTS, ALERTS = "artifacts", "alerts"
DIGEST = "0a1b2c3d"

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
    "event_bus": (lambda names, model: names.event_bus, {"model", "account", "image_account"}),
    "function": (lambda names, model: names.function("promote"), {"model", "account", "image_account"}),
    "table": (lambda names, model: names.table("deliveries"), {"model", "account", "image_account"}),
    "endpoint": (lambda names, model: names.endpoint(model), {"account", "image_account"}),
    "endpoint_config": (lambda names, model: names.endpoint_config(model, DIGEST), {"account", "image_account"}),
    "endpoint_model": (lambda names, model: names.endpoint_model(model, DIGEST), {"account", "image_account"}),
    "transform_job": (lambda names, model: names.transform_job(model, DIGEST), {"account", "image_account"}),
    "domain": (lambda names, model: names.domain, {"model", "account", "image_account"}),
    "studio_part": (lambda names, model: names.studio_part("startup"), {"model", "account", "image_account"}),
    "tracking_server": (lambda names, model: names.tracking_server, {"model", "account", "image_account"}),
    "portfolio": (lambda names, model: names.portfolio, {"model", "account", "image_account"}),
    "boundary": (lambda names, model: names.boundary("project"), {"model", "account", "image_account"}),
    "project_role": (lambda names, model: names.project_role(model, "model-training"), {"account", "image_account"}),
}
# The stated exception: an image is built once and promoted, so its repository names no environment. It lies in one
# registry per account and region, so its name needs neither; its URI has both.
IMAGE_REPOSITORY = {
    "image_repository": (
        lambda names, model: names.image_repository(model),
        {"environment", "region", "account", "image_account"},
    ),
    "moving_image_repository": (
        lambda names, model: names.moving_image_repository,
        {"environment", "region", "account", "image_account", "model"},
    ),
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
    "event_bus_arn": (lambda names, model: names.event_bus_arn, {"model", "image_account"}),
    "function_arn": (lambda names, model: names.function_arn("promote"), {"model", "image_account"}),
    "table_arn": (lambda names, model: names.table_arn("deliveries"), {"model", "image_account"}),
    "endpoint_arn": (lambda names, model: names.endpoint_arn(model), {"image_account"}),
    "endpoint_configs_arn": (lambda names, model: names.endpoint_configs_arn, {"model", "image_account"}),
    "endpoint_models_arn": (lambda names, model: names.endpoint_models_arn, {"model", "image_account"}),
    "transform_jobs_arn": (lambda names, model: names.transform_jobs_arn, {"model", "image_account"}),
    "boundary_arn": (lambda names, model: names.boundary_arn("project"), {"model", "image_account"}),
    "project_role_arn": (lambda names, model: names.project_role_arn(model, "model-training"), {"image_account"}),
    "project_roles_arn": (lambda names, model: names.project_roles_arn, {"model", "image_account"}),
    "image_uri": (lambda names, model: names.image_uri(model, "v1.0.0"), {"environment", "account"}),
}
PARTS = {"arn", "prefix", "partition", "project_role_path", "image_of"}
"""Of names, or a choice among them, and no names themselves."""

EVERY = PHYSICAL | IMAGE_REPOSITORY | ADDRESSES


@cache
def pattern_of(kind):
    limit = LIMITS[kind]
    member = service(limit.service).operation_model(limit.operation).input_shape.members[limit.member]
    return limit.pattern or member.metadata["pattern"]
