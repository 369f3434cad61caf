"""`Platform`: the parts of one environment, put together."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.adopted_network import AdoptedNetwork, AdoptedNetworkArgs
from components.alerts import Alerts, AlertsArgs
from components.delivery_policies import artifact_bucket_statements
from components.encryption import Encryption, EncryptionArgs
from components.function_layer import FunctionLayer, FunctionLayerArgs
from components.image_repositories import ImageRepositories, ImageRepositoriesArgs
from components.model_delivery import ModelDelivery, ModelDeliveryArgs
from components.model_pipeline import ModelPipeline, ModelPipelineArgs
from components.model_settings import delivery_config, pipeline_settings
from components.network import NatMode, Network, NetworkArgs
from components.pipeline_code import CodeObject, PipelineCode, PipelineCodeArgs
from components.policy_document import Statement
from components.published_parameters import PublishedParameters, PublishedParametersArgs
from components.roles import Roles, RolesArgs
from components.secure_bucket import Lifecycle, SecureBucket, SecureBucketArgs
from components.sweep import Sweep, SweepArgs
from contracts.delivery_config import Delivery, Kind, Owner
from contracts.images import is_immutable
from pipeline_defs.code import bundles, schema
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
    """Owns everything of one environment: keys, network, buckets, roles, alerts; each model's pipeline and delivery."""

    network: Network | AdoptedNetwork
    """Where jobs run."""
    pipelines: dict[str, ModelPipeline]
    """The pipelines by model."""
    delivery: ModelDelivery | None
    """How versions get served; None in a stack without models."""
    images: ImageRepositories | None
    """Where images lie; in the first environment only."""

    def __init__(self, name: str, args: PlatformArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlops:index:Platform", name, None, opts)
        self._settings, self._name = args.settings, name
        self._child = pulumi.ResourceOptions(parent=self)
        settings, names = args.settings, args.settings.names
        before, after = settings.previous_environment, settings.next_environment
        self._previous = settings.names_of(before) if before else None
        self._following = settings.names_of(after) if after else None
        keys = Encryption(
            f"{name}-keys",
            EncryptionArgs(names=names, retain=settings.retains_data, following=self._following),
            opts=self._child,
        )
        self.network = self._create_network(keys)
        data, artifacts = self._create_buckets(keys)
        alerts = Alerts(
            f"{name}-alerts",
            AlertsArgs(names=names, messages_key_arn=keys.messages_key_arn, emails=settings.alert_emails),
            opts=self._child,
        )
        roles = Roles(
            f"{name}-roles",
            RolesArgs(
                names=names,
                private_subnet_ids=self.network.private_subnet_ids,
                job_security_group_id=self.network.job_security_group_id,
                data_key_arn=keys.data_key_arn,
                messages_key_arn=keys.messages_key_arn,
                runs_batches=any(d.kind is Kind.BATCH for d in self._deliveries().values()),
            ),
            opts=self._child,
        )
        self.images = self._create_image_repositories(keys)
        self.pipelines = self._create_pipelines(args.definitions, keys, artifacts, alerts, roles)
        # Destroyed in the opposite order: delivery, so that it creates nothing anew, then the sweep, then the rest.
        stays = [self.network, roles, data, artifacts, *self.pipelines.values()]
        self.delivery = self._create_delivery(keys, alerts, roles, stays)
        PublishedParameters(
            f"{name}-parameters",
            PublishedParametersArgs(
                root=settings.parameters.root,
                values={
                    settings.parameters.private_subnet_ids: self.network.private_subnet_ids.apply(",".join),
                    settings.parameters.job_security_group_id: self.network.job_security_group_id,
                    settings.parameters.data_key_arn: keys.data_key_arn,
                    settings.parameters.data_bucket: data.bucket_name,
                    settings.parameters.artifact_bucket: artifacts.bucket_name,
                },
            ),
            opts=self._child,
        )
        self.data_bucket, self.artifact_bucket = data.bucket_name, artifacts.bucket_name
        self.alert_topic_arn = alerts.topic_arn
        self.register_outputs({"data_bucket": self.data_bucket, "artifact_bucket": self.artifact_bucket})

    def _create_network(self, keys: Encryption) -> Network | AdoptedNetwork:
        settings, network = self._settings, self._settings.network
        if network.existing is not None:
            return AdoptedNetwork(
                f"{self._name}-network",
                AdoptedNetworkArgs(
                    names=settings.names,
                    vpc_id=network.existing.vpc_id,
                    private_subnet_ids=network.existing.private_subnet_ids,
                ),
                opts=self._child,
            )
        if network.cidr is None:
            raise ValueError("network has neither cidr nor existing: settings are checked before they get here.")
        return Network(
            f"{self._name}-network",
            NetworkArgs(
                names=settings.names,
                cidr=network.cidr,
                zones=network.zones,
                nat=NatMode(network.nat.value),
                trusted_accounts=list(settings.accounts.model_dump().values()),
                logs_key_arn=keys.logs_key_arn,
                log_retention_days=network.flow_log_retention_days,
                retain_logs=settings.retains_data,
            ),
            opts=self._child,
        )

    def _create_buckets(self, keys: Encryption) -> tuple[SecureBucket, SecureBucket]:
        settings, storage = self._settings, self._settings.storage
        logs = SecureBucket(
            f"{self._name}-access-logs",
            SecureBucketArgs(
                names=settings.names,
                purpose="logs",
                lifecycle=Lifecycle(
                    standard_ia_after_days=None,
                    glacier_after_days=None,
                    expire_after_days=storage.access_log_expire_after_days,
                    noncurrent_expire_after_days=storage.noncurrent_expire_after_days,
                ),
                retain=settings.retains_data,
                classification=settings.data_classification.value,
            ),
            opts=self._child,
        )
        lifecycle = Lifecycle(
            standard_ia_after_days=storage.standard_ia_after_days,
            glacier_after_days=storage.glacier_after_days,
            expire_after_days=storage.expire_after_days,
            noncurrent_expire_after_days=storage.noncurrent_expire_after_days,
        )

        readers = artifact_bucket_statements(settings.names, self._following) if self._following else []

        def encrypted(purpose: str, *, notify: bool, readers: Sequence[Statement] = ()) -> SecureBucket:
            return SecureBucket(
                f"{self._name}-{purpose}",
                SecureBucketArgs(
                    names=settings.names,
                    purpose=purpose,
                    lifecycle=lifecycle,
                    retain=settings.retains_data,
                    classification=settings.data_classification.value,
                    key_arn=keys.data_key_arn,
                    access_log_bucket=logs.bucket_name,
                    notify_event_bridge=notify,
                    readers=readers,
                ),
                opts=self._child,
            )

        return encrypted("data", notify=True), encrypted("artifacts", notify=False, readers=readers)

    def _create_pipelines(
        self,
        definitions: Mapping[str, PipelineDefinition],
        keys: Encryption,
        artifacts: SecureBucket,
        alerts: Alerts,
        roles: Roles,
    ) -> dict[str, ModelPipeline]:
        settings = self._settings
        if not settings.models:
            return {}
        code = PipelineCode(
            f"{self._name}-code",
            PipelineCodeArgs(
                bucket=artifacts.bucket_name,
                objects=_code_objects(sorted({pipeline_settings(settings, m).data_schema for m in settings.models})),
            ),
            opts=self._child,
        )
        schedules = aws.scheduler.ScheduleGroup(
            f"{self._name}-schedules", name=settings.names.schedule_group, opts=self._child
        )
        return {
            model: ModelPipeline(
                f"{self._name}-{model}",
                ModelPipelineArgs(
                    names=settings.names,
                    model=model,
                    definition=definitions[model].text,
                    code_keys=code.keys,
                    pipeline_role_arn=roles.pipeline_arn,
                    private_subnet_ids=self.network.private_subnet_ids,
                    job_security_group_id=self.network.job_security_group_id,
                    data_key_arn=keys.data_key_arn,
                    alert_topic_arn=alerts.topic_arn,
                    undelivered_queue_arn=alerts.undelivered_queue_arn,
                    schedule_role_arn=roles.schedule_arn,
                    events_role_arn=roles.events_arn,
                    input_prefix=settings.input_prefix(model),
                    retain=settings.retains_data,
                    schedule=model_settings.schedule,
                    schedule_group=schedules.name,
                    start_on_new_data=model_settings.start_on_new_data,
                    following=self._following,
                    approval=model_settings.approval.value,
                ),
                opts=self._child,
            )
            for model, model_settings in settings.models.items()
        }

    def _deliveries(self) -> dict[str, Delivery]:
        found = {model: self._settings.delivery(model) for model in self._settings.models}
        return {model: delivery for model, delivery in found.items() if delivery is not None}

    def _create_sweep(
        self, keys: Encryption, alerts: Alerts, layer: FunctionLayer, before: Sequence[pulumi.Resource]
    ) -> Sweep:
        settings = self._settings
        return Sweep(
            f"{self._name}-sweep",
            SweepArgs(
                names=settings.names,
                retain=settings.retains_data,
                before=before,
                layer_arn=layer.arn,
                data_key_arn=keys.data_key_arn,
                logs_key_arn=keys.logs_key_arn,
                messages_key_arn=keys.messages_key_arn,
                alert_topic_arn=alerts.topic_arn,
                log_retention_days=settings.log_retention_days,
                repository_models=[m for m, d in self._deliveries().items() if d.owner is Owner.REPOSITORY],
            ),
            opts=self._child,
        )

    def _create_delivery(
        self, keys: Encryption, alerts: Alerts, roles: Roles, stays: Sequence[pulumi.Resource]
    ) -> ModelDelivery | None:
        settings = self._settings
        if not settings.models:
            return None
        layer = FunctionLayer(f"{self._name}-libraries", FunctionLayerArgs(names=settings.names), opts=self._child)
        sweep = self._create_sweep(keys, alerts, layer, stays)
        return ModelDelivery(
            f"{self._name}-delivery",
            ModelDeliveryArgs(
                names=settings.names,
                parameters=settings.parameters,
                models=list(settings.models),
                configs={model: delivery_config(settings, model) for model in self._deliveries()},
                layer_arn=layer.arn,
                private_subnet_ids=self.network.private_subnet_ids,
                job_security_group_id=self.network.job_security_group_id,
                serving_role_arn=roles.serving_arn,
                data_key_arn=keys.data_key_arn,
                logs_key_arn=keys.logs_key_arn,
                messages_key_arn=keys.messages_key_arn,
                alert_topic_arn=alerts.topic_arn,
                undelivered_queue_arn=alerts.undelivered_queue_arn,
                log_retention_days=settings.log_retention_days,
                retain=settings.retains_data,
                previous=self._previous,
                following=self._following,
            ),
            opts=pulumi.ResourceOptions(parent=self, depends_on=[sweep.invocation]),
        )

    def _create_image_repositories(self, keys: Encryption) -> ImageRepositories | None:
        settings = self._settings
        # One registry for all: the first environment owns it, also where the three share one account.
        if settings.previous_environment is not None or not settings.models:
            return None
        return ImageRepositories(
            f"{self._name}-images",
            ImageRepositoriesArgs(
                names=settings.names,
                models=list(settings.models),
                moving=[model for model, chosen in settings.models.items() if not is_immutable(chosen.image)],
                accounts=list(settings.accounts.model_dump().values()),
                data_key_arn=keys.data_key_arn,
                retain=settings.retains_data,
            ),
            opts=self._child,
        )


def _code_objects(schemas: list[str]) -> dict[str, CodeObject]:
    published = {f"schema/{name}": schema(name) for name in schemas} | bundles()
    return {
        f"{what}/{key.removeprefix(bundle.prefix)}": CodeObject(key=key, path=path)
        for what, bundle in published.items()
        for key, path in bundle.keys().items()
    }
