"""Stores are encrypted with a key of ours."""

from collections.abc import Iterator

from policy.model import Checked, Rule, Stack

KEY_OF = {
    "cloudwatch:LogGroup": "kmsKeyId",
    "dynamodb:Table": "serverSideEncryption.kmsKeyArn",
    "ebs:Volume": "kmsKeyId",
    "ecr:Repository": "encryptionConfigurations.0.kmsKey",
    "efs:FileSystem": "kmsKeyId",
    "kinesis:Stream": "kmsKeyId",
    "lambda:Function": "kmsKeyArn",
    "rds:Cluster": "kmsKeyId",
    "rds:Instance": "kmsKeyId",
    "sagemaker:Domain": "kmsKeyId",
    "sagemaker:EndpointConfiguration": "kmsKeyArn",
    "sagemaker:NotebookInstance": "kmsKeyId",
    "secretsmanager:Secret": "kmsKeyId",
    "sns:Topic": "kmsMasterKeyId",
    "sqs:Queue": "kmsMasterKeyId",
}
"""The input that names the key, by type. Buckets have a rule of their own: their encryption is another resource."""
OF_AWS = "alias/aws/"


def _check(resource: Checked, _: Stack) -> Iterator[str]:
    path = KEY_OF[resource.short_type]
    if resource.short_type == "lambda:Function" and not resource.has("environment"):
        return  # the key of a function is the key of its variables
    key = resource.value(path)
    if not key:
        yield f"{path} is not set, so AWS encrypts with a key that nobody here controls"
    elif OF_AWS in str(key):
        yield f"{path} is {key}, a key of AWS: it can be neither limited by policy nor withdrawn"


RULE = Rule(
    id="customer-key",
    forbids="store, queue, log or disk without a customer key",
    why="A key of ours says who may read, shows every use in CloudTrail, and can be withdrawn.",
    fix="give it one of the keys of components/encryption.py",
    types=tuple(KEY_OF),
    check=_check,
)
