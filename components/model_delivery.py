"""`ModelDelivery`: from an approved version to a verified endpoint, and on to the next environment."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace

import pulumi
import pulumi_aws as aws

from components.delivery_policies import PROMOTE, result_topic_policy
from components.delivery_rules import DeliveryRules, DeliveryRulesArgs
from components.function_archive import function_archive
from components.function_policies import (
    RESULTS,
    TABLE,
    DeliveryScope,
    deploy_statements,
    promote_statements,
    verify_statements,
)
from components.platform_function import PlatformFunction, PlatformFunctionArgs
from components.policy_document import Statement
from components.readiness import after
from components.record_table import RecordTable, record_table
from contracts.delivery_config import DeliveryConfig, Kind, Owner, Source, encode
from contracts.names import Names
from contracts.parameters import ParameterPaths

DEPLOY, VERIFY = "deploy", "verify"
METRIC_NAMESPACE = "MLOps/Delivery"
FAILED_METRIC = "Failures"
"""What the functions count: every deployment and promotion that did not end well, by `Stack`, and by `Model` too."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ModelDeliveryArgs:
    """Settings of `ModelDelivery`."""

    names: Names
    """The stack's names."""
    parameters: ParameterPaths
    """The stack's SSM paths."""
    models: Sequence[str]
    """Every model of the stack; all approvals are announced to the next environment, which decides for itself."""
    configs: Mapping[str, DeliveryConfig]
    """What is delivered here, by model; role, subnets, security groups and key are filled in by the component."""
    layer_arn: pulumi.Input[str]
    """The libraries of the functions."""
    private_subnet_ids: pulumi.Input[list[str]]
    """Subnets of endpoints."""
    job_security_group_id: pulumi.Input[str]
    """Security group of endpoints."""
    serving_role_arn: pulumi.Input[str]
    """Role that endpoints run as."""
    data_key_arn: pulumi.Input[str]
    """Key of table, variables, artifacts and volumes."""
    logs_key_arn: pulumi.Input[str]
    """Key of log groups."""
    messages_key_arn: pulumi.Input[str]
    """Key of topic and queues."""
    alert_topic_arn: pulumi.Input[str]
    """Topic of alarms."""
    undelivered_queue_arn: pulumi.Input[str]
    """Queue of the events that a rule could not hand over."""
    log_retention_days: int
    """How long the functions' logs are kept, in days."""
    retain: bool
    """Protect the table and keep it when the stack goes."""
    previous: Names | None = None
    """Names of the previous environment; None in the first."""
    following: Names | None = None
    """Names of the next environment; None in the last."""


class ModelDelivery(pulumi.ComponentResource):
    """Owns the desired states, the functions that reach them, the rules that start these, and each model's SSM config.

    All but the configs and the rules' patterns is there without a model too, so that the first one adds little.
    Does not own what the functions create: models, endpoint configs, endpoints, scaling and their alarms outlive an
    update of this stack and are removed by `mlops` before it goes. A new table name loses the record of what serves.
    """

    result_topic_arn: pulumi.Output[str]
    """Topic that hears what became of each deployment."""

    def __init__(self, name: str, args: ModelDeliveryArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlops:index:ModelDelivery", name, None, opts)
        self._name, self._args = name, args
        self._child = pulumi.ResourceOptions(parent=self)
        self._publish_configs()
        self.result_topic_arn = self._create_topic()
        functions = self._create_functions(self.result_topic_arn, self._create_table())
        self._create_alarm()
        self._create_rules(functions)
        self.register_outputs({"result_topic_arn": self.result_topic_arn})

    def _publish_configs(self) -> None:
        args = self._args
        known = pulumi.Output.all(
            args.private_subnet_ids, args.job_security_group_id, args.data_key_arn, args.serving_role_arn
        )
        for model, config in args.configs.items():
            _check_size(config)
            aws.ssm.Parameter(
                f"{self._name}-{model}-config",
                name=args.parameters.delivery(model),
                type="String",
                value=known.apply(_filled(config)),
                tags={"model": model},
                opts=self._child,
            )

    def _create_topic(self) -> pulumi.Output[str]:
        args = self._args
        topic = aws.sns.Topic(
            f"{self._name}-results",
            name=args.names.topic(RESULTS),
            kms_master_key_id=args.messages_key_arn,
            opts=self._child,
        )
        topic_policy = aws.sns.TopicPolicy(
            f"{self._name}-results-policy",
            arn=topic.arn,
            policy=result_topic_policy(args.names, RESULTS),
            opts=self._child,
        )
        return after(topic.arn, [topic_policy])

    def _create_table(self) -> pulumi.Output[str]:
        args = self._args
        table = record_table(
            f"{self._name}-table",
            RecordTable(table_name=args.names.table(TABLE), data_key_arn=args.data_key_arn, retain=args.retain),
            parent=self,
        )
        return table.name

    def _create_functions(
        self, topic_arn: pulumi.Output[str], table_name: pulumi.Output[str]
    ) -> dict[str, PlatformFunction]:
        args, names = self._args, self._args.names
        events = names.arn("events", "rule/")
        on_default_bus, on_own_bus = f"{events}{names.prefix}-*", f"{events}{names.event_bus}/{names.prefix}-*"
        environment: dict[str, pulumi.Input[str]] = {
            "NAMES": json.dumps(asdict(names), sort_keys=True),
            "TABLE_NAME": table_name,
            "PARAMETER_ROOT": args.parameters.root,
            "RESULT_TOPIC_ARN": topic_arn,
            # No POWERTOOLS_SERVICE_NAME: it would become a dimension of the metrics, and the alarm would see none.
            "POWERTOOLS_LOG_LEVEL": "INFO",
        }

        def create(
            function: str,
            description: str,
            statements: Callable[[DeliveryScope], list[Statement]],
            *,
            rules: str,
            timeout_seconds: int,
            memory_mb: int = 512,
        ) -> PlatformFunction:
            return PlatformFunction(
                f"{self._name}-{function}",
                PlatformFunctionArgs(
                    names=names,
                    function=function,
                    description=description,
                    archive=function_archive(function),
                    layer_arn=args.layer_arn,
                    statements=self._scope().apply(statements),
                    environment=environment,
                    data_key_arn=args.data_key_arn,
                    logs_key_arn=args.logs_key_arn,
                    messages_key_arn=args.messages_key_arn,
                    alert_topic_arn=args.alert_topic_arn,
                    log_retention_days=args.log_retention_days,
                    retain=args.retain,
                    timeout_seconds=timeout_seconds,
                    memory_mb=memory_mb,
                    invoked_by_rules=[rules],
                ),
                opts=self._child,
            )

        functions = {
            DEPLOY: create(
                DEPLOY, "Brings endpoints to the approved version", deploy_statements, rules=on_default_bus,
                timeout_seconds=180,
            ),
            VERIFY: create(
                VERIFY, "Proves that endpoints serve what was approved", verify_statements, rules=on_default_bus,
                timeout_seconds=300,
            ),
        }  # fmt: skip
        if args.previous is not None:
            functions[PROMOTE] = create(
                PROMOTE,
                "Registers approved versions of the previous environment here",
                promote_statements,
                rules=on_own_bus,
                timeout_seconds=900,  # large artifacts are copied part by part
            )
        return functions

    def _scope(self) -> pulumi.Output[DeliveryScope]:
        args = self._args
        return pulumi.Output.all(args.data_key_arn, args.messages_key_arn).apply(
            lambda keys: DeliveryScope(
                names=args.names,
                parameters=args.parameters,
                data_key_arn=keys[0],
                messages_key_arn=keys[1],
                previous=args.previous,
                runs_batches=any(config.delivery.kind is Kind.BATCH for config in args.configs.values()),
                answers_later=any(config.delivery.kind is Kind.ASYNC for config in args.configs.values()),
            )
        )

    def _promoted(self) -> list[str]:
        return [model for model, config in self._args.configs.items() if config.delivery.source is Source.PROMOTE]

    def _served(self) -> list[str]:
        return [model for model, config in self._args.configs.items() if config.delivery.owner is Owner.PLATFORM]

    def _create_rules(self, functions: Mapping[str, PlatformFunction]) -> None:
        args, deliveries = self._args, {model: config.delivery for model, config in self._args.configs.items()}
        served = self._served()
        DeliveryRules(
            f"{self._name}-rules",
            DeliveryRulesArgs(
                names=args.names,
                announced=args.models,
                served=served,
                endpoints=[model for model in served if deliveries[model].kind is not Kind.BATCH],
                promoted=self._promoted(),
                batches={model: batch.schedule for model in served if (batch := deliveries[model].batch)},
                undelivered_queue_arn=args.undelivered_queue_arn,
                functions={function: created.arn for function, created in functions.items()},
                previous=args.previous,
                following=args.following,
            ),
            opts=self._child,
        )

    def _create_alarm(self) -> None:
        args = self._args
        aws.cloudwatch.MetricAlarm(
            f"{self._name}-delivery-failed",
            name=args.names.alarm("delivery-failed"),
            alarm_description=(
                "A version of a model was not promoted, not deployed, rolled back or not verified; the topic of results"
                " names it. See docs/runbooks/delivery-failed.md"
            ),
            namespace=METRIC_NAMESPACE,
            metric_name=FAILED_METRIC,
            dimensions={"Stack": args.names.prefix},
            statistic="Sum",
            period=300,
            evaluation_periods=1,
            comparison_operator="GreaterThanThreshold",
            threshold=0,
            treat_missing_data="notBreaching",
            alarm_actions=[args.alert_topic_arn],
            opts=self._child,
        )


def _filled(config: DeliveryConfig) -> Callable[[Sequence[object]], str]:
    def fill(known: Sequence[object]) -> str:
        subnets, security_group, key, role = known
        return encode(
            replace(
                config,
                subnets=tuple(subnets),  # type: ignore[arg-type]
                security_groups=(str(security_group),),
                key_arn=str(key),
                role_arn=str(role),
            )
        )

    return fill


def _check_size(config: DeliveryConfig) -> None:
    """Refuse in the preview what SSM would not take: with ids of full length in place of those not known yet."""
    ids = [f"subnet-{'0' * 17}"] * 3, f"sg-{'0' * 17}", f"arn:aws-us-gov:kms:ap-southeast-2:{'0' * 12}:key/{'0' * 36}"
    _filled(config)([*ids, config.role_arn])
