"""Provider and tags of a stack: what every resource gets without asking."""

from collections.abc import Mapping

import pulumi
import pulumi_aws as aws

from settings import StackSettings

LOADED = (
    aws.cloudwatch.MetricAlarm,
    aws.dynamodb.Table,
    aws.ec2.Vpc,
    aws.ecr.Repository,
    aws.iam.Role,
    aws.kms.Key,
    aws.lambda_.Function,
    aws.s3.Bucket,
    aws.sagemaker.Pipeline,
    aws.scheduler.Schedule,
    aws.sns.Topic,
    aws.sqs.Queue,
    aws.ssm.Parameter,
    aws.vpc.SecurityGroupIngressRule,
)
"""One class of each provider module that the components use. The modules load at the first look-up: here, while the
definitions are composed in their own process, and not between registrations."""


def aws_provider(settings: StackSettings) -> aws.Provider:
    """Return the stack's AWS provider, pinned to its account: credentials of any other account are refused."""
    return aws.Provider("aws", region=settings.region, allowed_account_ids=[settings.account])


def tag_everything(tags: Mapping[str, str]) -> None:
    """Give every resource that has tags the stack's tags. A resource's own tags win."""

    def add_tags(args: pulumi.ResourceTransformationArgs) -> pulumi.ResourceTransformationResult | None:
        if not isinstance(args.props, dict) or "tags" not in args.props:
            return None
        own = args.props["tags"] or {}
        return pulumi.ResourceTransformationResult(props={**args.props, "tags": {**tags, **own}}, opts=args.opts)

    pulumi.runtime.register_stack_transformation(add_tags)
