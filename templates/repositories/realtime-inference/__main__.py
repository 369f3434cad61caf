"""The endpoint of this project: the approved version in deployment.json, served as the stack's file says."""

import pulumi

from mlops_project.endpoint import ModelEndpoint, provider
from mlops_project.facts import Facts

facts = Facts.read()
if facts.environment != pulumi.get_stack():
    raise ValueError(f"deployment.json is for {facts.environment}, and the stack is {pulumi.get_stack()}")
endpoint = ModelEndpoint(
    "endpoint",
    **facts.of_endpoint,
    **pulumi.Config().require_object("endpoint"),
    opts=pulumi.ResourceOptions(providers=[provider(facts)]),
)
pulumi.export("endpoint_name", endpoint.endpoint_name)
pulumi.export("endpoint_arn", endpoint.endpoint_arn)
pulumi.export("endpoint_config_name", endpoint.endpoint_config_name)
pulumi.export("version_arn", facts.version_arn)
