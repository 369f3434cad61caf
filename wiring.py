"""Provider, tags and source lines of a stack's resources: what each of them gets without asking."""

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import pulumi
import pulumi_aws as aws

from contracts.github import API_URL
from contracts.tags import RESERVED_KEYS
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
    aws.servicecatalog.Portfolio,
    aws.sns.Topic,
    aws.sqs.Queue,
    aws.ssm.Parameter,
    aws.vpc.SecurityGroupIngressRule,
)
"""One class of each provider module that the components use. The modules load at the first look-up: here, while the
definitions are composed in their own process, and not between registrations."""

S3_OBJECT = "aws:s3/bucketObjectv2:BucketObjectv2"
"""S3 user guide, "Categorizing your objects using tags": up to ten tags."""
SOURCE_FRAMES = 8
"""Six calls of the SDK's own, and two that say which line made a resource, and for whom."""


def providers(settings: StackSettings) -> list[pulumi.ProviderResource]:
    """Return the providers of a stack's resources; no resource falls to a default one."""
    return [found for found in (aws_provider(settings), github_provider(settings)) if found is not None]


def aws_provider(settings: StackSettings) -> aws.Provider:
    """Return the stack's AWS provider, pinned to its account: credentials of any other account are refused."""
    return aws.Provider("aws", region=settings.region, allowed_account_ids=[settings.account])


def github_provider(settings: StackSettings) -> pulumi.ProviderResource | None:
    """Return the provider of the organisation's GitHub; None where the stack has nothing to do there.

    Its token is GITHUB_TOKEN. The SDK would write it into the state, so it is taken out: the provider's process reads
    the variable itself.
    """
    chosen = settings.github
    if chosen is None or not chosen.publish_templates:
        return None
    import pulumi_github as github  # takes half a second, and one stack needs it

    return github.Provider(
        "github",
        owner=chosen.organization,
        base_url=None if chosen.api_url == API_URL else f"{chosen.api_url}/",
        opts=pulumi.ResourceOptions(transformations=[_without_token]),
    )


def _without_token(args: pulumi.ResourceTransformationArgs) -> pulumi.ResourceTransformationResult:
    kept = {name: value for name, value in args.props.items() if name != "token"}
    return pulumi.ResourceTransformationResult(props=kept, opts=args.opts)


def tag_everything(tags: Mapping[str, str]) -> None:
    """Give every resource that has tags the stack's tags. A resource's own tags win.

    An S3 object takes ten tags, fewer than a stack may have: it gets the platform's own, which bills and policies read.
    """
    on_objects = {key: value for key, value in tags.items() if key in RESERVED_KEYS}

    def add_tags(args: pulumi.ResourceTransformationArgs) -> pulumi.ResourceTransformationResult | None:
        if not isinstance(args.props, dict) or "tags" not in args.props:
            return None
        own = args.props["tags"] or {}
        given = on_objects if args.type_ == S3_OBJECT else tags
        return pulumi.ResourceTransformationResult(props={**args.props, "tags": {**given, **own}}, opts=args.opts)

    pulumi.runtime.register_stack_transformation(add_tags)


@contextmanager
def short_source_positions() -> Iterator[None]:
    """Let registrations within note the innermost calls that led to them, and not the whole stack.

    The SDK writes every frame down to the interpreter's start, each as a URI, which takes a sixth of a registration's
    time; the engine shows the innermost. `sys.tracebacklimit` bounds that. It would cut an error's trace as well, so it
    is back in place before one is printed.
    """
    before = getattr(sys, "tracebacklimit", None)
    sys.tracebacklimit = SOURCE_FRAMES
    try:
        yield
    finally:
        if before is None:
            del sys.tracebacklimit
        else:
            sys.tracebacklimit = before
