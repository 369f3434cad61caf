"""Every store says how confidential its content is."""

from collections.abc import Iterator

from policy.model import Checked, Rule, Stack

CLASSES = ("public", "internal", "confidential", "restricted")
STORES = (
    "cloudwatch:LogGroup",
    "dynamodb:Table",
    "ebs:Volume",
    "ecr:Repository",
    "efs:FileSystem",
    "kinesis:Stream",
    "rds:Cluster",
    "rds:Instance",
    "s3:Bucket",
    "s3:BucketV2",
    "sagemaker:Domain",
    "sagemaker:ModelPackageGroup",
    "secretsmanager:Secret",
    "sns:Topic",
    "sqs:Queue",
)
TAG = "tags.data-classification"


def _check(store: Checked, _: Stack) -> Iterator[str]:
    chosen = store.value(TAG)
    if chosen not in CLASSES:
        yield f"its tag data-classification is {chosen or 'not set'}; it must be one of {', '.join(CLASSES)}"


RULE = Rule(
    id="data-classification",
    forbids="store without a data classification",
    why="Who may read, how long it is kept and where it may go follow from it.",
    fix="set data_classification in the stack file, or the tag on a store that differs",
    types=STORES,
    check=_check,
)
