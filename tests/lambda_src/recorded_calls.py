"""Which AWS calls each function makes when all goes well: the rows of the fault table.

The comparison with the statements of roles records more paths, with all parameters: `tests/iam/recording.py`.

`python -m tests.lambda_src.recorded_calls` prints them.
"""

import functools

from tests.lambda_src.scenarios import BY_NAME, patched
from tests.lambda_src.world import World

RESOURCE_MEMBERS = (
    "ModelPackageName", "ModelPackageArn", "ModelPackageGroupName", "ModelName", "EndpointConfigName", "EndpointName",
    "TransformJobName", "TableName", "TopicArn", "Name", "Path", "ResourceId", "repositoryName", "AlarmName",
)  # fmt: skip
"""Members of requests that name what a call is about."""


@functools.cache
def recorded_calls():
    """Return `{function: {(service, operation, resource), ...}}`; S3 resources are `bucket/key`, others names or ARNs.

    The services are boto3's client names; an operation that names no resource has "*". CopyObject and UploadPartCopy
    appear twice, once for the source (`CopySource bucket/key`), which IAM checks as GetObject.
    """
    found = {"promote": set(), "deploy": set(), "verify": set()}
    for scenario in BY_NAME.values():
        with patched(scenario.patches), World(scenario.delivered()) as world:
            event = scenario.prepare(world)
            world.calls.clear()
            world.run(scenario.function, event)
            for call in world.calls:
                found[call.function] |= {(call.service, call.operation, each) for each in _resources(call.parameters)}
    return found


def _resources(parameters):
    if "Bucket" in parameters:
        resources = [f"{parameters['Bucket']}/{parameters.get('Key', '')}"]
        if source := parameters.get("CopySource"):
            # botocore turns the mapping into text before it sends it
            place = source if isinstance(source, str) else f"{source['Bucket']}/{source['Key']}"
            resources.append(f"CopySource {place.partition('?')[0]}")
        return resources
    if "TransactItems" in parameters:
        return sorted({item["Put"]["TableName"] for item in parameters["TransactItems"]})
    return [str(parameters[member]) for member in RESOURCE_MEMBERS if member in parameters][:1] or ["*"]


if __name__ == "__main__":
    for function, calls in recorded_calls().items():
        for service, operation, resource in sorted(calls):
            print(f"{function:8} {service}:{operation} {resource}")
