"""What the scripted worker is to do: a small platform that looks real, per stack; and stops, failures, drift."""

import json
import time
from pathlib import Path

PLACES = ("begin", "end")
"""Points of every operation; besides them `plan-<resource>` of previews and `<resource>` of changes."""


def definition(*, gate="${models.fraud-detector.gate.accuracy|0.8}", instance="ml.m5.xlarge", extra=()):
    """A pipeline definition as SageMaker gets it; the gate follows the stack file."""
    metric = {
        "Std:JsonGet": {"PropertyFile": {"Get": "Steps.Evaluate.PropertyFiles.Evaluation"}, "Path": "metrics.accuracy"}
    }
    steps = [
        step("Preprocess", "Processing", "ml.m5.large"),
        step("Train", "Training", instance, after=["Preprocess"]),
        *[step(name, "Processing", "ml.m5.large", after=["Train"]) for name in extra],
        step("Evaluate", "Processing", "ml.m5.large", after=["Train"]),
        {
            "Name": "CheckAccuracy",
            "Type": "Condition",
            "DependsOn": ["Evaluate"],
            "Arguments": {
                "Conditions": [{"Type": "GreaterThanOrEqualTo", "LeftValue": metric, "RightValue": "@gate@"}],
                "IfSteps": [{"Name": "RegisterModel", "Type": "RegisterModel", "Arguments": {}}],
                "ElseSteps": [{"Name": "Fail", "Type": "Fail", "Arguments": {"ErrorMessage": "below the gate"}}],
            },
        },
    ]
    document = {"Version": "2020-12-01", "Metadata": {}, "Parameters": [], "Steps": steps}
    return json.dumps(document, sort_keys=True).replace('"@gate@"', gate)


def step(name, kind, instance, after=()):
    where = {"ClusterConfig": {"InstanceCount": 1, "InstanceType": instance, "VolumeSizeInGB": 30}}
    arguments = {"ProcessingResources": where} if kind == "Processing" else {"ResourceConfig": where["ClusterConfig"]}
    return {"Name": name, "Type": kind, "Arguments": arguments, **({"DependsOn": list(after)} if after else {})}


def resource(logical, kind, /, *, protected=False, replace_on=(), **inputs):
    return {"name": logical, "type": kind, "inputs": inputs, "protected": protected, "replace_on": list(replace_on)}


def platform(stack, *, gateways=1, endpoint="ml.m5.large", instances=1, protected=False, pipeline=None):
    """The resources that people look at: network, stores, key, pipeline, endpoint."""
    prefix = f"acme-risk-{stack}"
    tags = {"environment": stack, "owner": "${owner|ml-platform@example.com}", "cost-center": "${cost_center|risk-ml}"}
    zones = ("us-east-1a", "us-east-1b")
    return [
        resource(f"mlops-platform-{stack}", "pulumi:pulumi:Stack"),
        resource("key", "aws:kms/key:Key", description="encrypts everything", enableKeyRotation=True, tags=tags),
        resource(
            "vpc", "aws:ec2/vpc:Vpc", replace_on=["cidrBlock"], cidrBlock="${network.cidr|10.10.0.0/16}", tags=tags
        ),
        *[
            resource(f"private-{z}", "aws:ec2/subnet:Subnet", availabilityZone=z, vpcId="@vpc.id", tags=tags)
            for z in zones
        ],
        *[
            resource(f"nat-{zones[i]}", "aws:ec2/natGateway:NatGateway", allocationId="@eip.id", tags=tags)
            for i in range(gateways)
        ],
        resource(
            "data",
            "aws:s3/bucket:Bucket",
            protected=protected,
            replace_on=["bucket"],
            bucket=f"{prefix}-data",
            tags=tags,
        ),
        resource("artifacts", "aws:s3/bucket:Bucket", protected=protected, bucket=f"{prefix}-artifacts", tags=tags),
        resource(
            "artifacts-versioning",
            "aws:s3/bucketVersioning:BucketVersioning",
            versioningConfiguration={"status": "Enabled"},
        ),
        resource("pipeline-role", "aws:iam/role:Role", name=f"{prefix}-pipeline", maxSessionDuration=3600, tags=tags),
        resource(
            "fraud-detector",
            "aws:sagemaker/pipeline:Pipeline",
            pipelineName=f"{prefix}-fraud-detector",
            pipelineDefinition=pipeline or definition(),
            roleArn="@pipeline-role.arn",
            tags=tags,
        ),
        resource(
            "fraud-models", "aws:sagemaker/modelPackageGroup:ModelPackageGroup", modelPackageGroupName=f"{prefix}-fraud"
        ),
        resource(
            "fraud-endpoint-config",
            "aws:sagemaker/endpointConfiguration:EndpointConfiguration",
            replace_on=["productionVariants"],
            name=f"{prefix}-fraud-config",
            productionVariants=[{"variantName": "main", "instanceType": endpoint, "initialInstanceCount": instances}],
        ),
        resource(
            "fraud-endpoint",
            "aws:sagemaker/endpoint:Endpoint",
            name=f"{prefix}-fraud",
            endpointConfigName=f"{prefix}-fraud-config",
            tags=tags,
        ),
        resource(
            "schedule",
            "aws:scheduler/schedule:Schedule",
            scheduleExpression="${models.fraud-detector.schedule|rate(1 day)}",
        ),
        resource("alarms", "aws:sns/topic:Topic", name=f"{prefix}-alarms", tags=tags),
    ]


class Scenario:
    """The file that the scripted worker reads at the start of each operation."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.folder.mkdir(parents=True, exist_ok=True)
        self.file = folder / "scenario.json"
        self.stacks = {}

    def set(self, stack, **fields):
        """Change what is said about a stack: resources, violations, fails, drift, locked, pace, deaf, stops, crashes.

        violations: [{policy, message, level?, resource?}] · fails: {resource: message}
        drift: {resource: {path: value in the cloud}} · pace: seconds per point · deaf: ignores cancel
        stops, crashes: ["up-vpc", "preview-begin"]: kind, then point; a crash at "up-in-vpc" leaves vpc pending
        """
        self.stacks.setdefault(stack, {}).update(fields)
        part = self.file.with_suffix(".part")
        part.write_text(json.dumps(self.stacks))
        part.replace(self.file)

    def change(self, stack, name, **inputs):
        """Have the program ask for other inputs of one resource."""
        resources = self.stacks[stack]["resources"]
        for each in resources:
            if each["name"] == name:
                each["inputs"].update(inputs)
        self.set(stack, resources=resources)

    def variables(self, operation):
        """Return the names of the environment variables that an operation's worker got."""
        return (self.folder / f"variables-{operation.id}").read_text().split()

    def stop(self, stack, *points):
        """Have operations stop at these points until `go`."""
        for point in points:
            for mark in ("at", "go"):
                (self.folder / f"{mark}-{stack}-{point}").unlink(missing_ok=True)
        self.set(stack, stops=list(points))

    def reached(self, stack, point, within=20.0):
        """Return once an operation stands at a point."""
        mark = self.folder / f"at-{stack}-{point}"
        deadline = time.monotonic() + within
        while not mark.exists():
            assert time.monotonic() < deadline, f"no operation on {stack} came to {point} within {within} s"
            time.sleep(0.01)

    def go(self, stack, *points):
        """Let operations go on, this one and later ones."""
        for point in points or self.stacks[stack].get("stops", ()):
            (self.folder / f"go-{stack}-{point}").touch()
