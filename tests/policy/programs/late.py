"""Breaks a rule with a value that only the update shows: the id of the alias becomes its name."""

import pulumi_aws as aws
from common import PINNED, TAGS

alias = aws.kms.Alias("alias", name="alias/aws/logs", target_key_id="k", opts=PINNED)
aws.cloudwatch.LogGroup("logs", kms_key_id=alias.id, retention_in_days=30, tags=TAGS, opts=PINNED)
