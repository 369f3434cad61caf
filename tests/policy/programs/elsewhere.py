"""Would build in whatever account the shell points at: the provider is not pinned."""

import pulumi
import pulumi_aws as aws
from common import TAGS

anywhere = aws.Provider("anywhere", region="us-east-1")
aws.kms.Key("key", enable_key_rotation=True, tags=TAGS, opts=pulumi.ResourceOptions(provider=anywhere))
