"""`Platform`: the parts of one environment, put together."""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi

from components.adopted_network import AdoptedNetwork
from components.alerts import Alerts, AlertsArgs
from components.encryption import Encryption, EncryptionArgs
from components.image_repositories import ImageRepositories
from components.model_delivery import ModelDelivery
from components.model_pipeline import ModelPipeline
from components.network import Network
from components.platform_foundation import (
    Foundation,
    Site,
    create_buckets,
    create_code,
    create_function_surroundings,
    create_network,
    projects_elsewhere,
)
from components.platform_models import create_delivery, create_image_repositories, create_pipelines
from components.platform_organisation import Organisation, create_organisation
from components.published_parameters import PublishedParameters, PublishedParametersArgs
from components.roles import Roles, RolesArgs
from contracts.delivery_config import Kind
from pipeline_defs.settings import PipelineDefinition
from settings import StackSettings


@dataclass(frozen=True, kw_only=True, slots=True)
class PlatformArgs:
    """Settings of a `Platform`."""

    settings: StackSettings
    """The stack's validated settings."""
    definitions: Mapping[str, PipelineDefinition]
    """Checked pipeline definition of every model."""


class Platform(pulumi.ComponentResource):
    """Owns everything of one environment: keys, network, buckets, roles, alerts; models, and what people work with.

    What models share, delivery's functions included, is there before the first model: it then adds only its own.
    """

    network: Network | AdoptedNetwork
    """Where jobs run."""
    pipelines: dict[str, ModelPipeline]
    """The pipelines by model."""
    delivery: ModelDelivery
    """How versions get served."""
    images: ImageRepositories | None
    """Where images lie; in the first environment only."""
    organisation: Organisation
    """What there is for people: roles, Studio, catalog, projects."""

    def __init__(self, name: str, args: PlatformArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlops:index:Platform", name, None, opts)
        settings = args.settings
        before, after = settings.previous_environment, settings.next_environment
        site = Site(
            name=name,
            settings=settings,
            child=pulumi.ResourceOptions(parent=self),
            previous=settings.names_of(before) if before else None,
            following=settings.names_of(after) if after else None,
        )
        found = {model: settings.delivery(model) for model in settings.models}
        deliveries = {model: delivery for model, delivery in found.items() if delivery is not None}
        base = _foundation(site, runs_batches=any(d.kind is Kind.BATCH for d in deliveries.values()))
        self.network = base.network
        self.images = create_image_repositories(site, base)
        code = create_code(site, base.artifacts)
        self.pipelines = create_pipelines(site, base, code, args.definitions)
        swept = [resource for pipeline in self.pipelines.values() for resource in pipeline.swept]
        stays = [base.network, base.roles, base.data, base.artifacts, *swept]
        self.delivery = create_delivery(site, base, deliveries, stays)
        self.organisation = create_organisation(site, base)
        _publish(site, base)
        self.data_bucket, self.artifact_bucket = base.data.bucket_name, base.artifacts.bucket_name
        self.alert_topic_arn = base.alerts.topic_arn
        self.register_outputs({"data_bucket": self.data_bucket, "artifact_bucket": self.artifact_bucket})


def _foundation(site: Site, *, runs_batches: bool) -> Foundation:
    settings = site.settings
    keys = Encryption(
        f"{site.name}-keys",
        EncryptionArgs(
            names=settings.names,
            retain=settings.retains_data,
            following=site.following,
            projects_elsewhere=projects_elsewhere(settings),
        ),
        opts=site.child,
    )
    network = create_network(site, keys)
    data, artifacts, logs = create_buckets(site, keys)
    alerts = Alerts(
        f"{site.name}-alerts",
        AlertsArgs(names=settings.names, messages_key_arn=keys.messages_key_arn, emails=settings.alert_emails),
        opts=site.child,
    )
    roles = Roles(
        f"{site.name}-roles",
        RolesArgs(
            names=settings.names,
            private_subnet_ids=network.private_subnet_ids,
            job_security_group_id=network.job_security_group_id,
            data_key_arn=keys.data_key_arn,
            messages_key_arn=keys.messages_key_arn,
            runs_batches=runs_batches,
            has_projects=settings.projects is not None,
        ),
        opts=site.child,
    )
    return Foundation(
        keys=keys,
        network=network,
        data=data,
        artifacts=artifacts,
        logs=logs,
        alerts=alerts,
        roles=roles,
        around=create_function_surroundings(site, keys, alerts),
    )


def _publish(site: Site, base: Foundation) -> None:
    parameters = site.settings.parameters
    PublishedParameters(
        f"{site.name}-parameters",
        PublishedParametersArgs(
            root=parameters.root,
            values={
                parameters.private_subnet_ids: base.network.private_subnet_ids.apply(",".join),
                parameters.job_security_group_id: base.network.job_security_group_id,
                parameters.data_key_arn: base.keys.data_key_arn,
                parameters.data_bucket: base.data.bucket_name,
                parameters.artifact_bucket: base.artifacts.bucket_name,
            },
        ),
        opts=site.child,
    )
