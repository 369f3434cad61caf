"""A repository of its own, in Python: it knows the package and nothing of the platform's folders."""

import pulumi
import pulumi_aws as aws
import pulumi_mlops as mlops

stack = {
    "organisation": "acme",
    "unit": pulumi.Config().get("unit") or "fraudteam",
    "environment": "dev",
    "region": "us-east-1",
    "account": "111111111111",
}
provider = aws.Provider("aws", region=stack["region"], allowed_account_ids=[stack["account"]])
opts = pulumi.ResourceOptions(providers=[provider])
keys = mlops.Encryption("keys", **stack, opts=opts)
network = mlops.Network(
    "network",
    **stack,
    cidr="10.20.0.0/16",
    zones=["us-east-1a", "us-east-1b"],
    nat=mlops.NatMode.SINGLE,
    logs_key_arn=keys.logs_key_arn,
    log_retention_days=30,
    opts=opts,
)
endpoint = mlops.ModelEndpoint(
    "fraud",
    **stack,
    model="fraud-detector",
    version_arn="arn:aws:sagemaker:us-east-1:111111111111:model-package/acme-fraudteam-dev-us-east-1-fraud/3",
    image=f"111111111111.dkr.ecr.us-east-1.amazonaws.com/acme-fraudteam/fraud-detector@sha256:{'a' * 64}",
    model_data_url="s3://acme-artifacts/fraud/model.tar.gz",
    role_arn="arn:aws:iam::111111111111:role/serving",
    subnet_ids=network.private_subnet_ids,
    security_group_ids=[network.job_security_group_id],
    key_arn=keys.data_key_arn,
    capture_bucket="acme-captures",
    artifact_bucket="acme-artifacts",
    instances_min=2,
    instances_max=4,
    capture_percent=20,
    alarm_max5xx_rate=0.02,
    opts=opts,
)
pulumi.export("vpcId", network.vpc_id)
pulumi.export("endpointName", endpoint.endpoint_name)
