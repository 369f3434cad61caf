"""What the small programs share: a pinned provider, and tags."""

import pulumi
import pulumi_aws as aws

TAGS = {
    "organisation": "acme",
    "unit": "risk",
    "environment": "dev",
    "owner": "me@example.com",
    "cost-center": "c1",
    "data-classification": "internal",
    "managed-by": "pulumi",
}
PINNED = pulumi.ResourceOptions(provider=aws.Provider("aws", region="us-east-1", allowed_account_ids=["111111111111"]))
