"""What another repository would write, as args by schema name; the tests of host and engine share them."""

STACK = {
    "organisation": "acme",
    "unit": "fraudteam",
    "environment": "dev",
    "region": "us-east-1",
    "account": "111111111111",
}
KEY = "arn:aws:kms:us-east-1:111111111111:key/11111111-2222-4333-8444-555555555555"
# As the host gets them: no tuples, no enums, and every number a float.
ARGS = {
    "AdoptedNetwork": {**STACK, "vpcId": "vpc-1", "privateSubnetIds": ["subnet-1", "subnet-2"]},
    "Alerts": {**STACK, "messagesKeyArn": KEY, "emails": ["ml@example.com"]},
    "Encryption": {**STACK, "retain": False},
    "ModelEndpoint": {
        **STACK,
        "model": "fraud-detector",
        "versionArn": "arn:aws:sagemaker:us-east-1:111111111111:model-package/acme-fraudteam-dev-us-east-1-fraud/3",
        "image": f"111111111111.dkr.ecr.us-east-1.amazonaws.com/acme-fraudteam/fraud-detector@sha256:{'a' * 64}",
        "modelDataUrl": "s3://acme-artifacts/fraud/model.tar.gz",
        "roleArn": "arn:aws:iam::111111111111:role/serving",
        "subnetIds": ["subnet-1", "subnet-2"],
        "securityGroupIds": ["sg-1"],
        "keyArn": KEY,
        "captureBucket": "acme-captures",
        "artifactBucket": "acme-artifacts",
        "instancesMin": 2.0,
        "instancesMax": 4.0,
        "capturePercent": 20.0,
        "alarmMax5xxRate": 0.02,
    },
    "Network": {
        **STACK,
        "cidr": "10.20.0.0/16",
        "zones": ["us-east-1a", "us-east-1b"],
        "nat": "single",
        "logsKeyArn": KEY,
        "logRetentionDays": 30.0,
    },
    "SecureBucket": {
        **STACK,
        "purpose": "features",
        "classification": "confidential",
        "keyArn": KEY,
        "accessLogBucket": "acme-logs",
        "expireAfterDays": 400.0,
    },
}
