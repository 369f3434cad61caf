"""`ProjectProvisioning`: the functions that make projects and start their deployments. In the dev stack only."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass

import pulumi
import pulumi_aws as aws

from components.delivery_rules import RETRY_ATTEMPTS, RETRY_HOURS
from components.function_archive import function_archive
from components.function_surroundings import FunctionSurroundings
from components.platform_function import PlatformFunction, PlatformFunctionArgs
from components.policy_document import Statement
from components.project_function_policies import PROVISION, TRIGGER, provision_statements, trigger_statements
from components.readiness import after
from components.record_table import RecordTable, record_table
from contracts import provisioning_config
from contracts.delivery_events import approval_pattern_of_projects
from contracts.names import Names
from contracts.projects import DIRECT, TABLE
from contracts.provisioning_config import ProvisioningConfig

PACKAGES = ("github_client", "projects")
"""Shared packages of the functions that talk to GitHub."""
APPROVED = "project-approved"
"""Purpose of the rule that hears of approvals."""


@dataclass(frozen=True, kw_only=True, slots=True)
class GitHubAppArgs:
    """The GitHub App as which the functions act. Its key stays in KMS."""

    app_id: int
    installation_id: int
    key_arn: pulumi.Input[str]
    """KMS key that signs for the app."""
    api_url: str


@dataclass(frozen=True, kw_only=True, slots=True)
class ProjectProvisioningArgs:
    """Settings of `ProjectProvisioning`."""

    names: Names
    """The stack's names."""
    config: ProvisioningConfig
    """Organisation, products, reviewers, environments."""
    app: GitHubAppArgs
    """As whom the functions talk to GitHub."""
    undelivered_queue_arn: pulumi.Input[str]
    """Queue of the approvals that could not be handed over."""
    surroundings: FunctionSurroundings
    """What every function of the stack is given."""


class ProjectProvisioning(pulumi.ComponentResource):
    """Owns the functions `provision` and `trigger`, the records of projects, and the rule on approvals.

    Both run outside the VPC, because they talk to GitHub. Does not own what they make: repositories, groups and roles
    outlive the stack; archive the projects before it goes.
    """

    provision_arn: pulumi.Output[str]
    """The function behind every product of the catalog."""
    table_name: pulumi.Output[str]
    """Table of the records."""

    def __init__(self, name: str, args: ProjectProvisioningArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlops:index:ProjectProvisioning", name, None, opts)
        self._name, self._args = name, args
        self._child = pulumi.ResourceOptions(parent=self)
        names, around = args.names, args.surroundings
        table = record_table(
            f"{name}-table",
            RecordTable(table_name=names.table(TABLE), data_key_arn=around.data_key_arn, retain=around.retain),
            parent=self,
        )
        keys = pulumi.Output.all(around.data_key_arn, args.app.key_arn)
        environments = list(args.config.environments.values())
        environment = self._environment(table.name)
        provision = self._function(
            PROVISION,
            "Makes, upgrades and archives projects: repositories, environments, deploy roles",
            keys.apply(
                lambda known: provision_statements(names, environments, data_key_arn=known[0], signing_key_arn=known[1])
            ),
            environment | {provisioning_config.VARIABLE: provisioning_config.encode(args.config)},
            timeout_seconds=900,
        )
        # Of $LATEST, so that it is the same function; only who may call it so differs.
        direct = aws.lambda_.Alias(
            f"{name}-{PROVISION}-{DIRECT}",
            name=DIRECT,
            description="Called by people and programs; CloudFormation calls the function itself",
            function_name=provision.function_name,
            function_version="$LATEST",
            opts=self._child,
        )
        trigger = self._function(
            TRIGGER,
            "Starts the deployment workflow of a project whose version was approved",
            keys.apply(lambda known: trigger_statements(names, data_key_arn=known[0], signing_key_arn=known[1])),
            environment,
            timeout_seconds=120,
            rules=[names.arn("events", f"rule/{names.prefix}-*")],
        )
        self._rule(trigger)
        self.provision_arn, self.table_name = after(provision.arn, [direct]), table.name
        self.register_outputs({"provision_arn": self.provision_arn, "table_name": self.table_name})

    def _environment(self, table_name: pulumi.Output[str]) -> dict[str, pulumi.Input[str]]:
        app, names = self._args.app, self._args.names
        described = pulumi.Output.json_dumps(
            {
                "app_id": app.app_id,
                "installation_id": app.installation_id,
                "key_arn": app.key_arn,
                "organization": self._args.config.organization,
                "api_url": app.api_url,
            },
            sort_keys=True,
        )
        return {
            "NAMES": json.dumps(asdict(names), sort_keys=True),
            "TABLE_NAME": table_name,
            "GITHUB_APP": described,
            "POWERTOOLS_LOG_LEVEL": "INFO",
        }

    def _function(
        self,
        function: str,
        description: str,
        statements: pulumi.Output[list[Statement]],
        environment: Mapping[str, pulumi.Input[str]],
        *,
        timeout_seconds: int,
        rules: list[str] | None = None,
    ) -> PlatformFunction:
        args, around = self._args, self._args.surroundings
        return PlatformFunction(
            f"{self._name}-{function}",
            PlatformFunctionArgs(
                names=args.names,
                function=function,
                description=description,
                archive=function_archive(function, packages=PACKAGES),
                layer_arn=around.layer_arn,
                statements=statements,
                environment=environment,
                data_key_arn=around.data_key_arn,
                logs_key_arn=around.logs_key_arn,
                messages_key_arn=around.messages_key_arn,
                alert_topic_arn=around.alert_topic_arn,
                log_retention_days=around.log_retention_days,
                retain=around.retain,
                timeout_seconds=timeout_seconds,
                memory_mb=512,
                invoked_by_rules=rules or [],
            ),
            opts=self._child,
        )

    def _rule(self, trigger: PlatformFunction) -> None:
        args, name = self._args, f"{self._name}-{APPROVED}"
        rule = aws.cloudwatch.EventRule(
            name,
            name=args.names.event_rule(APPROVED, "any"),
            description="A version was approved; the function starts a deployment where the group is a project's",
            event_pattern=json.dumps(approval_pattern_of_projects(args.names.prefix), sort_keys=True),
            opts=self._child,
        )
        aws.cloudwatch.EventTarget(
            f"{name}-{TRIGGER}",
            rule=rule.name,
            target_id=TRIGGER,
            arn=trigger.arn,
            retry_policy=aws.cloudwatch.EventTargetRetryPolicyArgs(
                maximum_event_age_in_seconds=RETRY_HOURS * 3600, maximum_retry_attempts=RETRY_ATTEMPTS
            ),
            dead_letter_config=aws.cloudwatch.EventTargetDeadLetterConfigArgs(arn=args.undelivered_queue_arn),
            opts=self._child,
        )
