"""`ModelPipeline`: a model's registry group, its SageMaker pipeline, and what starts and watches it."""

import json
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.delivery_policies import package_group_policy
from components.job_guardrails import APPROVAL_TAG
from contracts.events import new_data_pattern
from contracts.names import Names
from pipeline_defs.placeholders import KEY_ARN, SECURITY_GROUPS, SUBNETS, fill

PARALLEL_STEPS = 4
TRIGGER_RETRY_HOURS = 2
"""How long a trigger is retried before it goes to the dead-letter queue; a run that late is better started by hand."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ModelPipelineArgs:
    """Settings of a `ModelPipeline`."""

    names: Names
    """The stack's names."""
    model: str
    """The model's name."""
    definition: str
    """Checked pipeline definition with placeholders, from `pipeline_defs`."""
    code_keys: pulumi.Input[list[str]]
    """Keys of the code objects that the definition names; the pipeline is created after them."""
    pipeline_role_arn: pulumi.Input[str]
    """Role of the pipeline."""
    private_subnet_ids: pulumi.Input[list[str]]
    """Subnets of the jobs."""
    job_security_group_id: pulumi.Input[str]
    """Security group of the jobs."""
    data_key_arn: pulumi.Input[str]
    """Key of volumes and outputs."""
    alert_topic_arn: pulumi.Input[str]
    """Topic of the failure alarm."""
    undelivered_queue_arn: pulumi.Input[str]
    """Dead-letter queue of the triggers."""
    schedule_role_arn: pulumi.Input[str]
    """Role of the schedule."""
    events_role_arn: pulumi.Input[str]
    """Role of the new-data rule."""
    input_prefix: str
    """Prefix in the data bucket that a run reads, ending in a slash."""
    retain: bool
    """Protect the registry group and keep it when the stack goes."""
    approval: str = "manual"
    """Who approves versions, `automatic` or `manual`; a tag of the group, which the guardrails read."""
    schedule: str | None = None
    """EventBridge Scheduler expression in UTC."""
    schedule_group: pulumi.Input[str] | None = None
    """Group of the schedule; needed with `schedule`."""
    start_on_new_data: bool = False
    """Start a run when the marker object arrives under `input_prefix`."""
    following: Names | None = None
    """Names of the next environment, which promotes our versions; None in the last."""

    def __post_init__(self) -> None:
        """Refuse a schedule without a group."""
        if self.schedule is not None and self.schedule_group is None:
            raise ValueError(f"model {self.model} has a schedule but no schedule_group: set both or neither.")


class ModelPipeline(pulumi.ComponentResource):
    """Owns a model's package group and who reads it, its pipeline, schedule, new-data rule and failure alarm.

    Does not own roles, buckets, network or code objects. A new pipeline name replaces the pipeline and ends its
    history; the package group is never replaced while it is protected.
    """

    pipeline_name: pulumi.Output[str]
    """Name of the pipeline."""
    model_package_group: pulumi.Output[str]
    """Name of the model package group."""

    def __init__(self, name: str, args: ModelPipelineArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlops:index:ModelPipeline", name, None, opts)
        names = args.names
        tags = {"model": args.model}
        group = aws.sagemaker.ModelPackageGroup(
            f"{name}-versions",
            model_package_group_name=names.model_package_group(args.model),
            model_package_group_description=f"Versions of {args.model} that passed the gate of {names.environment}",
            tags={**tags, APPROVAL_TAG: args.approval},
            opts=pulumi.ResourceOptions(parent=self, protect=args.retain, retain_on_delete=args.retain),
        )
        if args.following is not None:
            aws.sagemaker.ModelPackageGroupPolicy(
                f"{name}-versions-policy",
                model_package_group_name=group.model_package_group_name,
                resource_policy=package_group_policy(names, args.following, args.model),
                opts=pulumi.ResourceOptions(parent=self),
            )
        pipeline = aws.sagemaker.Pipeline(
            f"{name}-pipeline",
            pipeline_name=names.pipeline(args.model),
            pipeline_display_name=names.pipeline(args.model),
            pipeline_description=f"Trains, gates and registers {args.model} in {names.environment}",
            role_arn=args.pipeline_role_arn,
            pipeline_definition=_filled(args),
            parallelism_configuration=aws.sagemaker.PipelineParallelismConfigurationArgs(
                max_parallel_execution_steps=PARALLEL_STEPS
            ),
            tags=tags,
            # RegisterModel needs the group, and a run that starts at once must find it.
            opts=pulumi.ResourceOptions(parent=self, depends_on=[group]),
        )
        if args.schedule is not None:
            self._schedule(name, args, pipeline)
        if args.start_on_new_data:
            self._new_data_rule(name, args, pipeline)
        aws.cloudwatch.MetricAlarm(
            f"{name}-failed",
            name=names.alarm("failed", args.model),
            alarm_description=(
                f"A run of {args.model} failed or its model did not pass the gate. See docs/runbooks/pipeline-failed.md"
            ),
            namespace="AWS/Sagemaker/ModelBuildingPipeline",  # the service writes its name so
            metric_name="ExecutionFailed",
            dimensions={"PipelineName": names.pipeline(args.model)},
            statistic="Sum",
            period=300,
            evaluation_periods=1,
            comparison_operator="GreaterThanThreshold",
            threshold=0,
            treat_missing_data="notBreaching",
            alarm_actions=[args.alert_topic_arn],
            tags=tags,
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.swept: list[pulumi.Resource] = [group, pipeline]
        """What a sweep looks through, and so needs until it is over: the versions and the runs."""
        self.pipeline_name = pipeline.pipeline_name
        self.model_package_group = group.model_package_group_name
        self.register_outputs({"pipeline_name": self.pipeline_name, "model_package_group": self.model_package_group})

    def _schedule(self, name: str, args: ModelPipelineArgs, pipeline: aws.sagemaker.Pipeline) -> None:
        parameter = aws.scheduler.ScheduleTargetSagemakerPipelineParametersPipelineParameterArgs
        aws.scheduler.Schedule(
            f"{name}-schedule",
            name=args.names.schedule(args.model),
            group_name=args.schedule_group,
            description=f"Starts the pipeline of {args.model}",
            schedule_expression=args.schedule,
            schedule_expression_timezone="UTC",
            flexible_time_window=aws.scheduler.ScheduleFlexibleTimeWindowArgs(mode="OFF"),
            target=aws.scheduler.ScheduleTargetArgs(
                arn=pipeline.arn,
                role_arn=args.schedule_role_arn,
                sagemaker_pipeline_parameters=aws.scheduler.ScheduleTargetSagemakerPipelineParametersArgs(
                    pipeline_parameters=[parameter(name="InputDataUri", value=_input_data_uri(args))]
                ),
                retry_policy=aws.scheduler.ScheduleTargetRetryPolicyArgs(
                    maximum_event_age_in_seconds=TRIGGER_RETRY_HOURS * 3600, maximum_retry_attempts=10
                ),
                dead_letter_config=aws.scheduler.ScheduleTargetDeadLetterConfigArgs(arn=args.undelivered_queue_arn),
            ),
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _new_data_rule(self, name: str, args: ModelPipelineArgs, pipeline: aws.sagemaker.Pipeline) -> None:
        rule = aws.cloudwatch.EventRule(
            f"{name}-new-data",
            name=args.names.event_rule("new-data", args.model),
            description=f"New data for {args.model} is complete",
            event_pattern=json.dumps(new_data_pattern(args.names.bucket("data"), args.input_prefix), sort_keys=True),
            tags={"model": args.model},
            opts=pulumi.ResourceOptions(parent=self),
        )
        parameter = aws.cloudwatch.EventTargetSagemakerPipelineTargetPipelineParameterListArgs
        aws.cloudwatch.EventTarget(
            f"{name}-new-data-start",
            rule=rule.name,
            target_id="start-pipeline",
            arn=pipeline.arn,
            role_arn=args.events_role_arn,
            sagemaker_pipeline_target=aws.cloudwatch.EventTargetSagemakerPipelineTargetArgs(
                pipeline_parameter_lists=[parameter(name="InputDataUri", value=_input_data_uri(args))]
            ),
            retry_policy=aws.cloudwatch.EventTargetRetryPolicyArgs(
                maximum_event_age_in_seconds=TRIGGER_RETRY_HOURS * 3600, maximum_retry_attempts=10
            ),
            dead_letter_config=aws.cloudwatch.EventTargetDeadLetterConfigArgs(arn=args.undelivered_queue_arn),
            opts=pulumi.ResourceOptions(parent=self),
        )


def _input_data_uri(args: ModelPipelineArgs) -> str:
    return f"s3://{args.names.bucket('data')}/{args.input_prefix}"


def _filled(args: ModelPipelineArgs) -> pulumi.Output[str]:
    # The keys only make the pipeline wait for its code.
    return pulumi.Output.all(
        args.private_subnet_ids, args.job_security_group_id, args.data_key_arn, args.code_keys
    ).apply(lambda ids: fill(args.definition, {SUBNETS: ids[0], SECURITY_GROUPS: [ids[1]], KEY_ARN: ids[2]}))
