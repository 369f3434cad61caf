"""`Platform`: the parts of one environment, put together."""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.adopted_network import AdoptedNetwork, AdoptedNetworkArgs
from components.alerts import Alerts, AlertsArgs
from components.encryption import Encryption, EncryptionArgs
from components.model_pipeline import ModelPipeline, ModelPipelineArgs
from components.model_settings import pipeline_settings
from components.network import NatMode, Network, NetworkArgs
from components.pipeline_code import CodeObject, PipelineCode, PipelineCodeArgs
from components.published_parameters import PublishedParameters, PublishedParametersArgs
from components.roles import Roles, RolesArgs
from components.secure_bucket import Lifecycle, SecureBucket, SecureBucketArgs
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
    """Owns everything of one environment: keys, network, buckets, roles, alerts, and a pipeline per model."""

    network: Network | AdoptedNetwork
    """Where jobs run."""
    pipelines: dict[str, ModelPipeline]
    """The pipelines by model."""

    def __init__(self, name: str, args: PlatformArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlops:index:Platform", name, None, opts)
        self._settings, self._name = args.settings, name
        self._child = pulumi.ResourceOptions(parent=self)
        settings, names = args.settings, args.settings.names
        keys = Encryption(f"{name}-keys", EncryptionArgs(names=names, retain=settings.retains_data), opts=self._child)
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
            ),
            opts=self._child,
        )
        self.pipelines = self._create_pipelines(args.definitions, keys, artifacts, alerts, roles)
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

        def encrypted(purpose: str, *, notify: bool) -> SecureBucket:
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
                ),
                opts=self._child,
            )

        return encrypted("data", notify=True), encrypted("artifacts", notify=False)

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
                    approval=model_settings.approval.value,
                ),
                opts=self._child,
            )
            for model, model_settings in settings.models.items()
        }


def _code_objects(schemas: list[str]) -> dict[str, CodeObject]:
    published = {f"schema/{name}": schema(name) for name in schemas} | bundles()
    return {
        f"{what}/{key.removeprefix(bundle.prefix)}": CodeObject(key=key, path=path)
        for what, bundle in published.items()
        for key, path in bundle.keys().items()
    }
