"""The table of what deploy roles of project repositories may do, for the page and the test; the project is `churn`."""

from components.personas_table import NETWORK, NOBODY, TO_SAGEMAKER, Keys, Row
from contracts.project_access import INFERENCE, TRAINING

COLUMNS = (TRAINING, INFERENCE)
"""Templates of the repositories: training deploys to dev, inference to preprod and prod."""
ONE, OTHER, BOTH = frozenset({TRAINING}), frozenset({INFERENCE}), frozenset(COLUMNS)

_MODEL: Keys = {"sagemaker:VpcSubnets": NETWORK["sagemaker:VpcSubnets"], "sagemaker:VpcSecurityGroupIds": ["sg-1"]}
_VOLUME: Keys = {"sagemaker:VolumeKmsKey": "{key}", "sagemaker:InstanceTypes": ["ml.m5.large"]}
_S3: Keys = {"kms:ViaService": "s3.{region}.amazonaws.com", "kms:ResourceAliases": ["alias/{prefix}-data"]}
_LINKED = (
    "{root}:role/aws-service-role/sagemaker.application-autoscaling.amazonaws.com/"
    "AWSServiceRoleForApplicationAutoScaling_SageMakerEndpoint"
)
_SCALING = {"application-autoscaling:service-namespace": "sagemaker"}


def _row(
    what: str,
    action: str,
    resource: str,
    may: frozenset[str],
    context: Keys | None = None,
) -> Row:
    return Row(section="", what=what, action=action, resource=resource, may=may, context=context or {})


PROJECT_ROWS: tuple[Row, ...] = (
    _row("create the project's pipeline", "sagemaker:CreatePipeline", "{sm}:pipeline/{prefix}-churn", ONE),
    _row("change its definition", "sagemaker:UpdatePipeline", "{sm}:pipeline/{prefix}-churn", ONE),
    _row("start it", "sagemaker:StartPipelineExecution", "{sm}:pipeline/{prefix}-churn", ONE),
    _row("change another project's pipeline", "sagemaker:UpdatePipeline", "{sm}:pipeline/{prefix}-churn-eu", NOBODY),
    _row("change the platform's pipeline", "sagemaker:UpdatePipeline", "{sm}:pipeline/{prefix}-fraud", NOBODY),
    _row("delete a pipeline", "sagemaker:DeletePipeline", "{sm}:pipeline/{prefix}-churn", NOBODY),
    _row("hand over the pipeline's role", "iam:PassRole", "{role}-pipeline", ONE, TO_SAGEMAKER),
    _row("hand over the serving role", "iam:PassRole", "{role}-serving", OTHER, TO_SAGEMAKER),
    _row("hand over another role", "iam:PassRole", "{role}-deploy", NOBODY, TO_SAGEMAKER),
    _row("hand it to another service", "iam:PassRole", "{role}-pipeline", NOBODY,
         {"iam:PassedToService": "lambda.amazonaws.com"}),
    _row("hand the serving role to another service", "iam:PassRole", "{role}-serving", NOBODY,
         {"iam:PassedToService": "ecs.amazonaws.com"}),
    _row("publish the project's code", "s3:PutObject", "{artifacts}/projects/churn/code/train.py", ONE),
    _row("publish another project's code", "s3:PutObject", "{artifacts}/projects/churn-eu/code/train.py", NOBODY),
    _row("replace the platform's code", "s3:PutObject", "{artifacts}/code/0/train.py", NOBODY),
    _row("replace a run's output", "s3:PutObject", "{artifacts}/pipelines/p/e/model.tar.gz", NOBODY),
    _row("replace the model of one of its own runs", "s3:PutObject", "{artifacts}/projects/churn/runs/e/model.tar.gz",
         NOBODY),
    _row("keep the program's state", "s3:DeleteObject", "{states}/projects/churn/.pulumi/locks/x", OTHER),
    _row("keep another project's state", "s3:PutObject", "{states}/projects/churn-eu/.pulumi/x", NOBODY),
    _row("list the project's folder", "s3:ListBucket", "{artifacts}", BOTH, {"s3:prefix": "projects/churn/code/"}),
    _row("list the program's state", "s3:ListBucket", "{states}", OTHER, {"s3:prefix": "projects/churn/.pulumi/"}),
    _row("list another project's state", "s3:ListBucket", "{states}", NOBODY, {"s3:prefix": "projects/churn-eu/"}),
    _row("list another project's folder", "s3:ListBucket", "{artifacts}", NOBODY, {"s3:prefix": "projects/churn-eu/"}),
    _row("list the whole bucket", "s3:ListBucket", "{artifacts}", NOBODY),
    _row("ask where the bucket is", "s3:GetBucketLocation", "{artifacts}", BOTH),
    _row("read input data", "s3:GetObject", "{data}/latest/a.csv", NOBODY),
    _row("encrypt through S3 with the data key", "kms:GenerateDataKey", "{key}", BOTH, _S3),
    _row("use a key directly", "kms:Decrypt", "{key}", NOBODY, {"kms:ResourceAliases": ["alias/{prefix}-data"]}),
    _row("use another key", "kms:Decrypt", "{key}2", NOBODY, {**_S3, "kms:ResourceAliases": ["alias/{prefix}-logs"]}),
    _row("read the published network", "ssm:GetParameter", "{ssm}/network/private-subnet-ids", BOTH),
    _row("read a model's delivery", "ssm:GetParameter", "{ssm}/models/fraud/delivery", NOBODY),
    _row("write a parameter", "ssm:PutParameter", "{ssm}/network/private-subnet-ids", NOBODY),
    _row("read the project's versions", "sagemaker:DescribeModelPackage", "{dev_sm}:model-package/{dev_prefix}-churn/3",
         BOTH),
    _row("read another project's versions", "sagemaker:DescribeModelPackage",
         "{dev_sm}:model-package/{dev_prefix}-churn-eu/3", NOBODY),
    _row("approve a version", "sagemaker:UpdateModelPackage", "{dev_sm}:model-package/{dev_prefix}-churn/3", NOBODY,
         {"sagemaker:ModelApprovalStatus": "Approved"}),
    _row("register a version without a run", "sagemaker:CreateModelPackage",
         "{dev_sm}:model-package/{dev_prefix}-churn/4", NOBODY),
    _row("read the files of the project's runs in dev", "s3:GetObject",
         "{dev_artifacts}/projects/churn/runs/e/train/model.tar.gz", OTHER),
    _row("read another's", "s3:GetObject", "{dev_artifacts}/projects/churn-eu/runs/e/model.tar.gz", NOBODY),
    _row("list the project's runs in dev", "s3:ListBucket", "{dev_artifacts}", BOTH,
         {"s3:prefix": "projects/churn/runs/e/"}),
    _row("list another's runs in dev", "s3:ListBucket", "{dev_artifacts}", NOBODY,
         {"s3:prefix": "projects/churn-eu/runs/e/"}),
    _row("decrypt what dev wrote", "kms:Decrypt", "{dev_key}", BOTH,
         {"kms:ViaService": "s3.{region}.amazonaws.com", "kms:ResourceAliases": ["alias/{dev_prefix}-data"]}),
    _row("decrypt it directly", "kms:Decrypt", "{dev_key}", NOBODY,
         {"kms:ResourceAliases": ["alias/{dev_prefix}-data"]}),
    _row("decrypt with another key of dev", "kms:Decrypt", "{dev_key}", NOBODY,
         {"kms:ViaService": "s3.{region}.amazonaws.com", "kms:ResourceAliases": ["alias/{dev_prefix}-logs"]}),
    _row("write in dev from elsewhere", "s3:PutObject", "{dev_artifacts}/projects/churn/runs/e/x", NOBODY),
    _row("keep the served model", "s3:PutObject", "{artifacts}/projects/churn/versions/0/model.tar.gz", OTHER),
    _row("replace another's served model", "s3:PutObject", "{artifacts}/projects/churn-eu/versions/0/m.tar.gz", NOBODY),
    _row("create a model in our network", "sagemaker:CreateModel", "{sm}:model/{prefix}-churn-01234567", OTHER, _MODEL),
    _row("create one outside the VPC", "sagemaker:CreateModel", "{sm}:model/{prefix}-churn-01234567", NOBODY),
    *(
        _row(f"create one {how}", "sagemaker:CreateModel", "{sm}:model/{prefix}-churn-01234567", NOBODY, keys)
        for how, keys in (
            ("without our subnets", {"sagemaker:VpcSecurityGroupIds": ["sg-1"]}),
            ("with a foreign subnet", {**_MODEL, "sagemaker:VpcSubnets": ["subnet-1", "subnet-foreign"]}),
            ("without our security group", {"sagemaker:VpcSubnets": NETWORK["sagemaker:VpcSubnets"]}),
            ("with a foreign security group", {**_MODEL, "sagemaker:VpcSecurityGroupIds": ["sg-1", "sg-open"]}),
        )
    ),
    _row("create an endpoint config on our key", "sagemaker:CreateEndpointConfig",
         "{sm}:endpoint-config/{prefix}-churn-01234567", OTHER, _VOLUME),
    _row("create one without a key", "sagemaker:CreateEndpointConfig", "{sm}:endpoint-config/{prefix}-churn-01234567",
         NOBODY, {"sagemaker:InstanceTypes": ["ml.m5.large"]}),
    _row("create one with a foreign key", "sagemaker:CreateEndpointConfig",
         "{sm}:endpoint-config/{prefix}-churn-01234567", NOBODY, {**_VOLUME, "sagemaker:VolumeKmsKey": "{key}2"}),
    _row("attach its encrypted volume", "kms:CreateGrant", "{key}", OTHER,
         {"kms:GrantIsForAWSResource": "true", "kms:ResourceAliases": ["alias/{prefix}-data"]}),
    _row("grant the key to somebody", "kms:CreateGrant", "{key}", NOBODY,
         {"kms:GrantIsForAWSResource": "false", "kms:ResourceAliases": ["alias/{prefix}-data"]}),
    _row("grant another key", "kms:CreateGrant", "{key}", NOBODY,
         {"kms:GrantIsForAWSResource": "true", "kms:ResourceAliases": ["alias/{prefix}-logs"]}),
    _row("create the endpoint", "sagemaker:CreateEndpoint", "{sm}:endpoint/{prefix}-churn", OTHER),
    _row("send it a test request", "sagemaker:InvokeEndpoint", "{sm}:endpoint/{prefix}-churn", OTHER),
    _row("delete the endpoint", "sagemaker:DeleteEndpoint", "{sm}:endpoint/{prefix}-churn", OTHER),
    _row("change another's endpoint", "sagemaker:UpdateEndpoint", "{sm}:endpoint/{prefix}-churn-eu", NOBODY),
    _row("delete the platform's model", "sagemaker:DeleteModel", "{sm}:model/{prefix}-fraud-01234567", NOBODY),
    _row("set the endpoint's alarm", "cloudwatch:PutMetricAlarm", "{alarm}:{prefix}-churn.errors", OTHER),
    _row("remove another's alarm", "cloudwatch:DeleteAlarms", "{alarm}:{prefix}-fraud.errors", NOBODY),
    _row("scale an endpoint", "application-autoscaling:RegisterScalableTarget", "{scaling}:scalable-target/0", OTHER,
         _SCALING),
    _row("see its scaling", "application-autoscaling:DescribeScalingPolicies", "*", OTHER),
    _row("see the tags of its scaling", "application-autoscaling:ListTagsForResource", "{scaling}:scalable-target/0",
         OTHER),
    _row("look at alarms", "cloudwatch:DescribeAlarms", "{alarm}:*", OTHER),
    _row("tag its scaling as it begins", "application-autoscaling:TagResource", "{scaling}:scalable-target/0", OTHER,
         {"aws:RequestTag/project": "churn"}),
    _row("tag its scaling afterwards", "application-autoscaling:TagResource", "{scaling}:scalable-target/0", OTHER,
         {"aws:ResourceTag/project": "churn", "aws:RequestTag/x": "y"}),
    _row("say that a scaling is another project's", "application-autoscaling:TagResource",
         "{scaling}:scalable-target/1", NOBODY, {"aws:RequestTag/project": "churn-eu"}),
    _row("take a tag off another's scaling", "application-autoscaling:UntagResource", "{scaling}:scalable-target/1",
         NOBODY, {"aws:ResourceTag/project": "churn-eu"}),
    _row("let scaling work in a new account", "iam:CreateServiceLinkedRole", _LINKED, OTHER,
         {"iam:AWSServiceName": "sagemaker.application-autoscaling.amazonaws.com"}),
    _row("let another service work", "iam:CreateServiceLinkedRole", _LINKED, NOBODY,
         {"iam:AWSServiceName": "ecs.amazonaws.com"}),
    _row("scale something else", "application-autoscaling:RegisterScalableTarget", "{scaling}:scalable-target/0",
         NOBODY, {"application-autoscaling:service-namespace": "ecs"}),
    _row("run a job of its own", "sagemaker:CreateTrainingJob", "{sm}:training-job/churn", NOBODY, NETWORK),
    _row("change its own role", "iam:PutRolePolicy", "{projects}churn", NOBODY),
    _row("trust another repository", "iam:UpdateAssumeRolePolicy", "{projects}churn", NOBODY),
    _row("take its boundary off", "iam:DeleteRolePermissionsBoundary", "{projects}churn", NOBODY),
    _row("create a role", "iam:CreateRole", "{role}-mine", NOBODY),
    _row("assume another role", "sts:AssumeRole", "{role}-approver", NOBODY),
    _row("invoke a platform function", "lambda:InvokeFunction", "{function}-vend", NOBODY),
    _row("read a secret", "secretsmanager:GetSecretValue", "{secret}:x", NOBODY),
)  # fmt: skip
