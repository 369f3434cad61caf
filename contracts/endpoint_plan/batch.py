"""The batch transform job of one version: keywords of `sagemaker.create_transform_job`."""

from contracts.delivery_config import Kind
from contracts.endpoint_plan.hosting import endpoint_model_name
from contracts.endpoint_plan.inputs import DeliveryPlanInput, PlanError, Request, digest_of, tag_list
from contracts.local_storage import has_local_nvme

CONTENT_TYPE = "application/jsonlines"
"""One record a line; our containers read and answer it."""


def create_transform_job(plan: DeliveryPlanInput, *, data_bucket: str, run: str) -> Request:
    """Return the keywords of `create_transform_job`; `run` is the scheduled time, so a repeated call meets the first.

    Reads every object under the batch's prefix, one record a line, and writes nothing beside it: results go to
    `batch/<model>/<run>` of the artifact bucket. Raises PlanError where the model is not served in batches.
    """
    batch = plan.delivery.batch
    if plan.delivery.kind is not Kind.BATCH or batch is None:
        raise PlanError(f"models.{plan.model}.delivery.kind is {plan.delivery.kind.value}; only batch runs jobs")
    prefix = batch.input_prefix or f"{plan.model}/batch/"
    resources: dict[str, object] = {
        "InstanceType": plan.delivery.instance_type,
        "InstanceCount": plan.delivery.least_instances,
    }
    if not has_local_nvme(plan.delivery.instance_type):
        resources["VolumeKmsKeyId"] = plan.key_arn
    content: Request = {
        "ModelName": endpoint_model_name(plan),
        "TransformInput": {
            "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": f"s3://{data_bucket}/{prefix}"}},
            "ContentType": CONTENT_TYPE,
            "SplitType": "Line",
        },
        "TransformOutput": {
            "S3OutputPath": f"s3://{plan.artifact_bucket}/batch/{plan.model}/{run}",
            "Accept": CONTENT_TYPE,
            "AssembleWith": "Line",
            "KmsKeyId": plan.key_arn,
        },
        "TransformResources": resources,
    }
    name = plan.names.transform_job(plan.model, digest_of(content))
    return {"TransformJobName": name, **content, "Tags": tag_list(plan)}
