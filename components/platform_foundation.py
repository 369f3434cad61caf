"""What a platform's models stand on: network, buckets, published code, and who it all belongs to."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi

from components.adopted_network import AdoptedNetwork, AdoptedNetworkArgs
from components.alerts import Alerts
from components.delivery_policies import artifact_bucket_statements, project_reader_statements
from components.encryption import Encryption
from components.function_layer import FunctionLayer, FunctionLayerArgs
from components.function_surroundings import FunctionSurroundings
from components.model_settings import pipeline_settings
from components.network import NatMode, Network, NetworkArgs
from components.pipeline_code import CodeObject, PipelineCode, PipelineCodeArgs
from components.policy_document import Statement
from components.roles import Roles
from components.secure_bucket import Lifecycle, SecureBucket, SecureBucketArgs
from contracts.names import Names
from pipeline_defs.code import bundles, schema
from settings import Environment, StackSettings


@dataclass(frozen=True, kw_only=True, slots=True)
class Site:
    """The environment that a part is created for."""

    name: str
    """The platform's logical name, which its parts' names start with."""
    settings: StackSettings
    """The stack's validated settings."""
    child: pulumi.ResourceOptions
    """Options of the platform's children."""
    previous: Names | None
    """Names of the previous environment; None in the first."""
    following: Names | None
    """Names of the next environment; None in the last."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Foundation:
    """The parts that all models share."""

    keys: Encryption
    network: Network | AdoptedNetwork
    data: SecureBucket
    artifacts: SecureBucket
    logs: SecureBucket
    """Access logs of the other buckets."""
    alerts: Alerts
    roles: Roles
    around: FunctionSurroundings
    """What every function of the stack is given."""


def projects_elsewhere(settings: StackSettings) -> list[Names]:
    """Return the names of the stacks in which projects serve what their pipelines made in this one."""
    if settings.projects is None or settings.environment is not Environment.DEV:
        return []
    return [settings.names_of(each) for each in Environment if each is not Environment.DEV]


def create_network(site: Site, keys: Encryption) -> Network | AdoptedNetwork:
    """Create the network, or take up the one that the settings name."""
    settings, network = site.settings, site.settings.network
    if network.existing is not None:
        return AdoptedNetwork(
            f"{site.name}-network",
            AdoptedNetworkArgs(
                names=settings.names,
                vpc_id=network.existing.vpc_id,
                private_subnet_ids=network.existing.private_subnet_ids,
            ),
            opts=site.child,
        )
    if network.cidr is None:
        raise ValueError("network has neither cidr nor existing: settings are checked before they get here.")
    return Network(
        f"{site.name}-network",
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
        opts=site.child,
    )


def create_buckets(site: Site, keys: Encryption) -> tuple[SecureBucket, SecureBucket, SecureBucket]:
    """Create the buckets of data and of artifacts, and the one of their access logs, in this order."""
    settings, storage = site.settings, site.settings.storage
    logs = SecureBucket(
        f"{site.name}-access-logs",
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
        opts=site.child,
    )
    lifecycle = Lifecycle(
        standard_ia_after_days=storage.standard_ia_after_days,
        glacier_after_days=storage.glacier_after_days,
        expire_after_days=storage.expire_after_days,
        noncurrent_expire_after_days=storage.noncurrent_expire_after_days,
    )

    def encrypted(purpose: str, *, notify: bool, readers: Sequence[Statement] = ()) -> SecureBucket:
        return SecureBucket(
            f"{site.name}-{purpose}",
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
            opts=site.child,
        )

    elsewhere = projects_elsewhere(settings)
    readers = [
        *(artifact_bucket_statements(settings.names, site.following) if site.following else []),
        *(project_reader_statements(settings.names, elsewhere) if elsewhere else []),
    ]
    return encrypted("data", notify=True), encrypted("artifacts", notify=False, readers=readers), logs


def create_function_surroundings(site: Site, keys: Encryption, alerts: Alerts) -> FunctionSurroundings:
    """Create the libraries that the functions share, and say what else each of them is given."""
    settings = site.settings
    layer = FunctionLayer(f"{site.name}-libraries", FunctionLayerArgs(names=settings.names), opts=site.child)
    return FunctionSurroundings(
        layer_arn=layer.arn,
        data_key_arn=keys.data_key_arn,
        logs_key_arn=keys.logs_key_arn,
        messages_key_arn=keys.messages_key_arn,
        alert_topic_arn=alerts.topic_arn,
        log_retention_days=settings.log_retention_days,
        retain=settings.retains_data,
    )


def create_code(site: Site, artifacts: SecureBucket) -> PipelineCode:
    """Publish the scripts of all steps, and the schemas that the stack's models name."""
    settings = site.settings
    schemas = sorted({pipeline_settings(settings, model).data_schema for model in settings.models})
    published = {f"schema/{name}": schema(name) for name in schemas} | bundles()
    objects = {
        f"{what}/{key.removeprefix(bundle.prefix)}": CodeObject(key=key, path=path)
        for what, bundle in published.items()
        for key, path in bundle.keys().items()
    }
    return PipelineCode(
        f"{site.name}-code", PipelineCodeArgs(bucket=artifacts.bucket_name, objects=objects), opts=site.child
    )
