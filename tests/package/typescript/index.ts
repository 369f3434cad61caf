// A repository of its own, in TypeScript: the same resources as the program in Python beside it.
import * as mlops from "@pulumi/mlops";

const stack = {
    organisation: "acme",
    unit: "fraudteam",
    environment: "dev",
    region: "us-east-1",
    account: "111111111111",
};
const keys = new mlops.Encryption("keys", stack);
const network = new mlops.Network("network", {
    ...stack,
    cidr: "10.20.0.0/16",
    zones: ["us-east-1a", "us-east-1b"],
    nat: "single",
    logsKeyArn: keys.logsKeyArn,
    logRetentionDays: 30,
});
const endpoint = new mlops.ModelEndpoint("fraud", {
    ...stack,
    model: "fraud-detector",
    versionArn: "arn:aws:sagemaker:us-east-1:111111111111:model-package/acme-fraudteam-dev-us-east-1-fraud/3",
    image: `111111111111.dkr.ecr.us-east-1.amazonaws.com/acme-fraudteam/fraud-detector@sha256:${"a".repeat(64)}`,
    modelDataUrl: "s3://acme-artifacts/fraud/model.tar.gz",
    roleArn: "arn:aws:iam::111111111111:role/serving",
    subnetIds: network.privateSubnetIds,
    securityGroupIds: [network.jobSecurityGroupId],
    keyArn: keys.dataKeyArn,
    captureBucket: "acme-captures",
    artifactBucket: "acme-artifacts",
    instancesMin: 2,
    instancesMax: 4,
    capturePercent: 20,
    alarmMax5xxRate: 0.02,
});
export const vpcId = network.vpcId;
export const endpointName = endpoint.endpointName;
