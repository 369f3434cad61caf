"""What a platform has for its models: repositories, pipelines, and the delivery of versions."""

from collections.abc import Mapping, Sequence

import pulumi
import pulumi_aws as aws

from components.image_repositories import ImageRepositories, ImageRepositoriesArgs
from components.model_delivery import ModelDelivery, ModelDeliveryArgs
from components.model_pipeline import ModelPipeline, ModelPipelineArgs
from components.model_settings import delivery_config
from components.pipeline_code import PipelineCode
from components.platform_foundation import Foundation, Site
from components.sweep import Sweep, SweepArgs
from contracts.delivery_config import Delivery, Owner
from contracts.images import is_immutable
from pipeline_defs.settings import PipelineDefinition


def create_image_repositories(site: Site, base: Foundation) -> ImageRepositories | None:
    """Create every model's repository in the first environment; None in the others."""
    settings = site.settings
    # One registry for all: the first environment owns it, also where the three share one account.
    if site.previous is not None:
        return None
    return ImageRepositories(
        f"{site.name}-images",
        ImageRepositoriesArgs(
            names=settings.names,
            models=list(settings.models),
            moving=[model for model, chosen in settings.models.items() if not is_immutable(chosen.image)],
            accounts=list(settings.accounts.model_dump().values()),
            data_key_arn=base.keys.data_key_arn,
            retain=settings.retains_data,
            delete_images=settings.delete_images,
        ),
        opts=site.child,
    )


def create_pipelines(
    site: Site, base: Foundation, code: PipelineCode, definitions: Mapping[str, PipelineDefinition]
) -> dict[str, ModelPipeline]:
    """Create every model's pipeline."""
    settings = site.settings
    schedules = aws.scheduler.ScheduleGroup(
        f"{site.name}-schedules", name=settings.names.schedule_group, opts=site.child
    )
    return {
        model: ModelPipeline(
            f"{site.name}-{model}",
            ModelPipelineArgs(
                names=settings.names,
                model=model,
                definition=definitions[model].text,
                code_keys=code.keys,
                pipeline_role_arn=base.roles.pipeline_arn,
                private_subnet_ids=base.network.private_subnet_ids,
                job_security_group_id=base.network.job_security_group_id,
                data_key_arn=base.keys.data_key_arn,
                alert_topic_arn=base.alerts.topic_arn,
                undelivered_queue_arn=base.alerts.undelivered_queue_arn,
                schedule_role_arn=base.roles.schedule_arn,
                events_role_arn=base.roles.events_arn,
                input_prefix=settings.input_prefix(model),
                retain=settings.retains_data,
                schedule=chosen.schedule,
                schedule_group=schedules.name,
                start_on_new_data=chosen.start_on_new_data,
                following=site.following,
                approval=chosen.approval.value,
            ),
            opts=site.child,
        )
        for model, chosen in settings.models.items()
    }


def create_delivery(
    site: Site, base: Foundation, deliveries: Mapping[str, Delivery], stays: Sequence[pulumi.Resource]
) -> ModelDelivery:
    """Create delivery and the sweep.

    Destroyed in the opposite order: delivery, so that it creates nothing anew, then the sweep, then what `stays`.
    """
    settings = site.settings
    sweep = Sweep(
        f"{site.name}-sweep",
        SweepArgs(
            names=settings.names,
            retain=settings.retains_data,
            before=stays,
            layer_arn=base.around.layer_arn,
            data_key_arn=base.keys.data_key_arn,
            logs_key_arn=base.keys.logs_key_arn,
            messages_key_arn=base.keys.messages_key_arn,
            alert_topic_arn=base.alerts.topic_arn,
            log_retention_days=settings.log_retention_days,
            repository_models=[model for model, d in deliveries.items() if d.owner is Owner.REPOSITORY],
        ),
        opts=site.child,
    )
    return ModelDelivery(
        f"{site.name}-delivery",
        ModelDeliveryArgs(
            names=settings.names,
            parameters=settings.parameters,
            models=list(settings.models),
            configs={model: delivery_config(settings, model) for model in deliveries},
            layer_arn=base.around.layer_arn,
            private_subnet_ids=base.network.private_subnet_ids,
            job_security_group_id=base.network.job_security_group_id,
            serving_role_arn=base.roles.serving_arn,
            data_key_arn=base.keys.data_key_arn,
            logs_key_arn=base.keys.logs_key_arn,
            messages_key_arn=base.keys.messages_key_arn,
            alert_topic_arn=base.alerts.topic_arn,
            undelivered_queue_arn=base.alerts.undelivered_queue_arn,
            log_retention_days=settings.log_retention_days,
            retain=settings.retains_data,
            previous=site.previous,
            following=site.following,
        ),
        opts=pulumi.ResourceOptions.merge(site.child, pulumi.ResourceOptions(depends_on=[sweep.invocation])),
    )
