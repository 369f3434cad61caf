"""Follows the rules; the key's ARN is known during the update only."""

import pulumi_aws as aws
from common import PINNED, TAGS

key = aws.kms.Key("key", enable_key_rotation=True, tags=TAGS, opts=PINNED)
aws.cloudwatch.LogGroup("logs", kms_key_id=key.arn, retention_in_days=30, tags=TAGS, opts=PINNED)
