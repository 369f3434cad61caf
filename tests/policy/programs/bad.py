"""Breaks rules of one resource, and a rule of several together."""

import pulumi_aws as aws
from common import PINNED, TAGS

aws.cloudwatch.LogGroup("logs", tags=TAGS, opts=PINNED)
aws.s3.Bucket("bucket", bucket="b", tags=TAGS, opts=PINNED)
