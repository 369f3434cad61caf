"""`StudioSweep`: one of the two functions around a Studio domain, and the invocation whose destruction calls it."""

from collections.abc import Mapping, Sequence

import pulumi
import pulumi_aws as aws

from components.function_archive import function_archive
from components.function_surroundings import FunctionSurroundings
from components.platform_function import PlatformFunction, PlatformFunctionArgs
from components.policy_document import Statement
from contracts.names import Names

TIMEOUT_SECONDS = 300
"""Below the 350 seconds after which AWS's NAT gateways and load balancers drop a silent connection: the provider waits
for the answer on one."""
EMPTY, LEFTOVERS = "studio-empty", "studio-leftovers"
PHASES = {EMPTY: "empty", LEFTOVERS: "leftovers"}
_DESCRIPTIONS = {
    EMPTY: "Marks what SageMaker made for the Studio domain, and empties the domain before it is destroyed",
    LEFTOVERS: "Removes what SageMaker leaves behind when the Studio domain is destroyed",
}


class StudioSweep(pulumi.ComponentResource):
    """Owns the function and its invocation.

    A replaced invocation sweeps as a destroyed one does, so nothing that changes replaces it: it has no triggers, and
    its function's name is the stack's own.
    """

    invocation: aws.lambda_.Invocation
    """What calls the function on every step of its life."""

    def __init__(
        self,
        name: str,
        *,
        names: Names,
        purpose: str,
        basics: FunctionSurroundings,
        statements: pulumi.Input[list[Statement]],
        event: Mapping[str, pulumi.Input[object]],
        retain: bool,
        before: Sequence[pulumi.Resource] = (),
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Create the function of `purpose`. `before` must be there until it has run."""
        super().__init__("mlops:index:StudioSweep", name, None, opts)
        function = PlatformFunction(
            f"{name}-function",
            PlatformFunctionArgs(
                names=names,
                function=purpose,
                description=_DESCRIPTIONS[purpose],
                archive=function_archive("studio_sweep"),
                layer_arn=basics.layer_arn,
                statements=statements,
                environment={
                    "PHASE": PHASES[purpose],
                    "RETAIN_HOME": str(retain).lower(),
                    "POWERTOOLS_LOG_LEVEL": "INFO",
                },
                data_key_arn=basics.data_key_arn,
                logs_key_arn=basics.logs_key_arn,
                messages_key_arn=basics.messages_key_arn,
                alert_topic_arn=basics.alert_topic_arn,
                log_retention_days=basics.log_retention_days,
                retain=basics.retain and retain,  # else the section studio could never be taken out
                timeout_seconds=TIMEOUT_SECONDS,
                reserved_concurrency=1,  # a provider that lost the connection calls again while the first still works
            ),
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.invocation = aws.lambda_.Invocation(
            f"{name}-around-domain",
            function_name=names.function(purpose),  # known in every preview, so it never seems to need a replacement
            input=pulumi.Output.json_dumps(dict(event), sort_keys=True),
            lifecycle_scope="CRUD",
            opts=pulumi.ResourceOptions(parent=self, depends_on=[function, *before]),
        )
        self.register_outputs({})


def leftover_event(
    names: Names, *, vpc_id: pulumi.Input[str], security_group_id: pulumi.Input[str], vpc_is_own: bool
) -> dict[str, pulumi.Input[object]]:
    """Return what the function after the domain must know."""
    return {
        "domain_name": names.domain,
        "security_group_id": security_group_id,
        "vpc_id": vpc_id,
        "vpc_is_own": vpc_is_own,
    }


def empty_event(
    names: Names, domain: aws.sagemaker.Domain, *, users: Sequence[str], spaces: Sequence[str]
) -> dict[str, pulumi.Input[object]]:
    """Return what the function before the domain must know: what is the stack's own, and everything else may go."""
    return {
        "domain_name": names.domain,
        "domain_id": domain.id,
        "domain_arn": domain.arn,
        "home_id": domain.home_efs_file_system_id,
        "users": sorted(users),
        "spaces": sorted(spaces),
    }
