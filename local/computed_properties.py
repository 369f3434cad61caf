"""Stand-ins for the properties that AWS computes, so that a program under mocks can use them."""

import hashlib
from typing import Any

_ARN_FORMS = {
    "s3:Bucket": "arn:aws:s3:::{identity}",
    "iam:Role": "arn:aws:iam::{account}:role/{name}",
    "kms:Key": "arn:aws:kms:{region}:{account}:key/{uuid}",
    "sns:Topic": "arn:aws:sns:{region}:{account}:{name}",
    "sqs:Queue": "arn:aws:sqs:{region}:{account}:{name}",
    "cloudwatch:LogGroup": "arn:aws:logs:{region}:{account}:log-group:{name}",
    "cloudwatch:MetricAlarm": "arn:aws:cloudwatch:{region}:{account}:alarm:{name}",
    "sagemaker:Pipeline": "arn:aws:sagemaker:{region}:{account}:pipeline/{identity}",
    "sagemaker:ModelPackageGroup": "arn:aws:sagemaker:{region}:{account}:model-package-group/{identity}",
    "scheduler:Schedule": "arn:aws:scheduler:{region}:{account}:schedule/{groupName}/{name}",
    "scheduler:ScheduleGroup": "arn:aws:scheduler:{region}:{account}:schedule-group/{name}",
    "cloudwatch:EventRule": "arn:aws:events:{region}:{account}:rule/{name}",
    "cloudwatch:EventBus": "arn:aws:events:{region}:{account}:event-bus/{name}",
    "lambda:Function": "arn:aws:lambda:{region}:{account}:function:{name}",
}
_ID_PREFIXES = {
    "ec2:Vpc": "vpc",
    "ec2:Subnet": "subnet",
    "ec2:SecurityGroup": "sg",
    "ec2:VpcEndpoint": "vpce",
    "ec2:RouteTable": "rtb",
    "ec2:InternetGateway": "igw",
    "ec2:NatGateway": "nat",
    "ec2:Eip": "eipalloc",
    "ec2:FlowLog": "fl",
}
_FURTHER = {
    ("ecr:Repository", "repositoryUrl"): "{account}.dkr.ecr.{region}.amazonaws.com/{identity}",
}
"""Properties beside id and ARN that follow from these alone."""
_NAMED_BY = ("bucket", "name", "pipelineName", "modelPackageGroupName", "key")


def computed(
    type_token: str, name: str, inputs: dict[str, Any], *, account: str, region: str
) -> tuple[str, dict[str, Any]]:
    """Return id and state of a created resource: its inputs plus what AWS would have computed.

    Values derive from the logical name, so two runs give the same ones.
    """
    package, module, kind = type_token.split(":")
    short = f"{module.split('/')[0]}:{kind}"
    digest = hashlib.sha256(f"{type_token}/{name}".encode()).hexdigest()
    if package != "aws":
        # What GitHub alone knows of a repository is its id, a number.
        known = {"repoId": int(digest[:7], 16)} if (package, kind) == ("github", "Repository") else {}
        return name, {**known, **inputs}
    state = {"name": name, **inputs}
    identity = next((str(inputs[k]) for k in _NAMED_BY if inputs.get(k)), name)
    if short in _ID_PREFIXES:
        identity = f"{_ID_PREFIXES[short]}-{digest[:17]}"
    if short == "kms:Key":
        identity = f"{digest[:8]}-{digest[8:12]}-4{digest[13:16]}-8{digest[17:20]}-{digest[20:32]}"
        state["keyId"] = identity
    values = {
        "account": account,
        "region": region,
        "uuid": identity,
        "identity": identity,
        "groupName": "default",
        **state,
    }
    form = _ARN_FORMS.get(short, f"arn:aws:{module.split('/')[0]}:{{region}}:{{account}}:{kind.lower()}/{{name}}")
    state.setdefault("arn", form.format(**values))
    state |= {key: further.format(**values) for (kind, key), further in _FURTHER.items() if kind == short}
    if short == "sqs:Queue":
        identity = f"https://sqs.{region}.amazonaws.com/{account}/{state['name']}"
        state["url"] = identity
    if short == "sns:Topic":
        identity = state["arn"]
    if short == "s3:Bucket":
        state["bucketRegionalDomainName"] = f"{identity}.s3.{region}.amazonaws.com"
    if short == "ec2:VpcEndpoint" and str(inputs.get("serviceName", "")).endswith(".s3"):
        state["prefixListId"] = f"pl-{digest[:8]}"
    if short == "ec2:Vpc":
        state["defaultSecurityGroupId"] = f"sg-{digest[17:34]}"
        state["defaultNetworkAclId"] = f"acl-{digest[17:34]}"
        state["defaultRouteTableId"] = f"rtb-{digest[17:34]}"
    if short == "ec2:Eip":
        state["allocationId"] = identity
    return identity, state
