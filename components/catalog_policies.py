"""What a launch of a product may do: the role that Service Catalog and CloudFormation work as, and its boundary."""

from components.policy_document import Statement, allow, policy
from contracts.names import Names
from contracts.projects import DIRECT

TEMPLATES = "templates"
"""Purpose of the bucket that holds the templates."""
PREFIX = "products/"
"""Where they lie in it."""
LAUNCH = "launch"
"""Purpose of the role that launches run as."""
PROVISION = "provision"
"""Purpose of the function behind every product."""


def direct_arn(names: Names) -> str:
    """Return the ARN by which people call the provisioning function; CloudFormation's way in is not theirs."""
    return f"{names.function_arn(PROVISION)}:{DIRECT}"


def launch_trust_policy(account: str) -> str:
    """Let Service Catalog, and CloudFormation for S3 project templates, act for this account's launches only."""
    return policy(
        [
            {
                "Sid": "LaunchedByService",
                "Effect": "Allow",
                "Action": ["sts:AssumeRole"],
                "Principal": {"Service": ["cloudformation.amazonaws.com", "servicecatalog.amazonaws.com"]},
                # IfExists: the guides do not say that each of the two sends it on every call. Where it is not sent,
                # passing the role still takes iam:PassRole in this account, and the launch constraint is ours.
                "Condition": {"StringEqualsIfExists": {"aws:SourceAccount": account}},
            }
        ]
    )


def launch_statements(names: Names, data_key_arn: str) -> list[Statement]:
    """What launching needs: Service Catalog's stacks, the templates, and the one function. No IAM, no other function.

    Sources: AWS Service Catalog administrator guide, "AWS Service Catalog Launch Constraints"; for the stacks of S3
    project templates aws-samples/sagemaker-custom-project-templates, s3_templates (the launch role's policy).
    """
    stacks = names.arn("cloudformation", f"stack/SC-{names.account}-*")
    projects = names.arn("cloudformation", "stack/SP-*")
    bucket = names.bucket_arn(TEMPLATES)
    return [
        allow(
            "RunStacksOfProducts",
            [
                "cloudformation:CreateStack",
                "cloudformation:DeleteStack",
                "cloudformation:DescribeStackEvents",
                "cloudformation:DescribeStacks",
                "cloudformation:SetStackPolicy",
                "cloudformation:UpdateStack",
            ],
            [stacks, projects],
        ),
        allow("ReadAnyTemplate", ["cloudformation:GetTemplateSummary", "cloudformation:ValidateTemplate"], ["*"]),
        # Service Catalog keeps copies of the templates in buckets of its own and marks them so.
        allow(
            "FetchCopiesOfTemplates",
            ["s3:GetObject"],
            ["*"],
            {"StringEquals": {"s3:ExistingObjectTag/servicecatalog:provisioning": "true"}},
        ),
        allow("FetchTemplates", ["s3:GetObject"], [f"{bucket}/{PREFIX}*"]),
        allow(
            "DecryptTemplates",
            ["kms:Decrypt"],
            [data_key_arn],
            {"StringEquals": {"kms:ViaService": f"s3.{names.region}.amazonaws.com"}},
        ),
        # Without the alias: an unqualified ARN covers no alias, and an alias not the function (Lambda developer guide).
        allow("Provision", ["lambda:InvokeFunction"], [names.function_arn(PROVISION)]),
    ]
