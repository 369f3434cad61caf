"""`Roles`: the execution roles, one per kind of job, with exactly the policies that the kind needs."""

from collections.abc import Callable
from dataclasses import dataclass

import pulumi

from components.exact_role import ExactRole, ExactRoleArgs
from components.function_policies import SERVING
from components.job_guardrails import guardrail_statements
from components.job_policies import (
    JobScope,
    pipeline_statements,
    processing_statements,
    serving_statements,
    training_statements,
)
from components.policy_document import Statement, allow, policy, trust
from components.readiness import after
from contracts.names import Names


@dataclass(frozen=True, kw_only=True, slots=True)
class RolesArgs:
    """Settings of `Roles`."""

    names: Names
    """The stack's names."""
    private_subnet_ids: pulumi.Input[list[str]]
    """Subnets in which jobs must run."""
    job_security_group_id: pulumi.Input[str]
    """Security group that jobs must carry."""
    data_key_arn: pulumi.Input[str]
    """Key that volumes and outputs must use."""
    messages_key_arn: pulumi.Input[str]
    """Key of the queue for undelivered triggers."""
    runs_batches: bool = False
    """Whether any model answers in batches, which read the data bucket."""
    has_projects: bool = False
    """Whether repositories of projects deploy to this stack, whose pipelines and endpoints run as these roles too."""


class Roles(pulumi.ComponentResource):
    """Owns the roles `pipeline`, `processing`, `training`, `serving`, `schedule` and `events` of one environment.

    Does not own what they may touch. Their ARNs derive from the names, so definitions can cite them beforehand.
    """

    pipeline_arn: pulumi.Output[str]
    """Role of the pipelines."""
    schedule_arn: pulumi.Output[str]
    """Role with which EventBridge Scheduler starts pipelines."""
    events_arn: pulumi.Output[str]
    """Role with which EventBridge rules start pipelines."""
    serving_arn: pulumi.Output[str]
    """Role that endpoints and transform jobs run as."""

    def __init__(self, name: str, args: RolesArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlops:index:Roles", name, None, opts)
        self._name, self._args = name, args
        names = args.names
        scope = pulumi.Output.all(args.private_subnet_ids, args.job_security_group_id, args.data_key_arn).apply(
            lambda ids: JobScope(
                names=names,
                subnet_ids=ids[0],
                security_group_id=ids[1],
                data_key_arn=ids[2],
                runs_batches=args.runs_batches,
                has_projects=args.has_projects,
            )
        )

        def rendered(statements: Callable[[JobScope], list[Statement]]) -> pulumi.Output[str]:
            return scope.apply(lambda known: policy(statements(known)))

        ours = names.arn("sagemaker", "*")
        sagemaker = trust("sagemaker.amazonaws.com", account=names.account, source_arn=ours)
        # People start pipelines from Studio, whose sessions name them. SageMaker refuses a run or a job whose role may
        # not carry that on (SageMaker guide, "Turn on sourceIdentity in CloudTrail logs"). Nobody serves as a person.
        started = trust("sagemaker.amazonaws.com", account=names.account, source_arn=ours, names_person=True)
        pipeline = self._role(
            "pipeline",
            "Creates the jobs of pipeline steps and registers model versions",
            started,
            {"steps": rendered(pipeline_statements), "guardrails": rendered(guardrail_statements)},
        )
        processing = self._role(
            "processing", "Preprocesses data and evaluates models", started, {"job": rendered(processing_statements)}
        )
        training = self._role("training", "Trains models", started, {"job": rendered(training_statements)})
        serving = self._role(
            SERVING, "Answers requests with models", sagemaker, {"serving": rendered(serving_statements)}
        )
        schedule = self._role(
            "schedule",
            "Starts pipelines on schedule",
            trust("scheduler.amazonaws.com", account=names.account),
            {"start": pulumi.Output.from_input(args.messages_key_arn).apply(lambda key: _schedule_policy(names, key))},
        )
        events = self._role(
            "events",
            "Starts pipelines on events",
            trust(
                "events.amazonaws.com",
                account=names.account,
                source_arn=names.arn("events", f"rule/{names.prefix}-*"),
            ),
            {"start": policy([_start_pipelines(names)])},
        )
        # A pipeline passes the job roles to its jobs, so it is ready when they are.
        self.pipeline_arn = after(pipeline.arn, [*processing.resources, *training.resources])
        self.schedule_arn, self.events_arn, self.serving_arn = schedule.arn, events.arn, serving.arn
        self.register_outputs(
            {
                "pipeline_arn": self.pipeline_arn,
                "schedule_arn": self.schedule_arn,
                "events_arn": self.events_arn,
                "serving_arn": self.serving_arn,
            }
        )

    def _role(
        self, purpose: str, description: str, trust_policy: str, policies: dict[str, pulumi.Input[str]]
    ) -> ExactRole:
        return ExactRole(
            f"{self._name}-{purpose}",
            ExactRoleArgs(
                role_name=self._args.names.role(purpose),
                description=description,
                trust_policy=trust_policy,
                policies=policies,
            ),
            opts=pulumi.ResourceOptions(parent=self),
        )


def _start_pipelines(names: Names) -> Statement:
    arn = names.arn("sagemaker", f"pipeline/{names.prefix}-*")
    return allow("StartPipelines", ["sagemaker:StartPipelineExecution"], [arn])


def _schedule_policy(names: Names, messages_key_arn: str) -> str:
    return policy(
        [
            _start_pipelines(names),
            allow("KeepUndelivered", ["sqs:SendMessage"], [names.queue_arn("undelivered")]),
            allow("EncryptUndelivered", ["kms:Decrypt", "kms:GenerateDataKey"], [messages_key_arn]),
        ]
    )
