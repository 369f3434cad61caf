"""`ProjectRoles`: how repositories of projects get their deploy roles in one account."""

import json
from dataclasses import asdict, dataclass

import pulumi
import pulumi_aws as aws

from components.exact_role import ExactRole, ExactRoleArgs
from components.function_archive import function_archive
from components.function_surroundings import FunctionSurroundings
from components.platform_function import PlatformFunction, PlatformFunctionArgs
from components.policy_document import policy
from components.project_boundary import ProjectBoundary, ProjectBoundaryArgs
from components.project_function_policies import (
    REQUEST,
    VEND,
    request_role_statements,
    request_role_trust_policy,
    vend_statements,
)
from contracts.github import OIDC_AUDIENCE, OIDC_ISSUER
from contracts.names import Names


@dataclass(frozen=True, kw_only=True, slots=True)
class ProjectRolesArgs:
    """Settings of `ProjectRoles`."""

    names: Names
    """The stack's names."""
    development: Names
    """Names of the stack whose provisioning function asks for roles; in that stack its own."""
    organization: str
    """GitHub organisation whose repositories get roles."""
    workflows_repository: str
    """Repository of the shared workflows that the roles are for."""
    creates_provider: bool
    """Whether this stack creates the account's OIDC provider of GitHub."""
    private_subnet_ids: pulumi.Input[list[str]]
    """Subnets in which a project's models must run."""
    job_security_group_id: pulumi.Input[str]
    """Security group that they must carry."""
    surroundings: FunctionSurroundings
    """What every function of the stack is given."""


class ProjectRoles(pulumi.ComponentResource):
    """Owns the OIDC provider, the boundary, the function that vends roles, and the role as which dev asks for them.

    Does not own the deploy roles: they come and go with projects. A stack that is destroyed while a project has a role
    here stops at the boundary, which AWS does not delete while a role has it: archive the projects first.
    """

    function_arn: pulumi.Output[str]
    """The function that vends roles."""
    boundary_arn: pulumi.Output[str]
    """The most that any deploy role may do."""

    def __init__(self, name: str, args: ProjectRolesArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlops:index:ProjectRoles", name, None, opts)
        names, around = args.names, args.surroundings
        child = pulumi.ResourceOptions(parent=self)
        if args.creates_provider:
            # AWS checks GitHub's certificate against its own store of authorities; a thumbprint is not needed.
            aws.iam.OpenIdConnectProvider(
                f"{name}-github",
                url=f"https://{OIDC_ISSUER}",
                client_id_lists=[OIDC_AUDIENCE],
                opts=child,
            )
        serves_elsewhere = args.development != names
        boundary = ProjectBoundary(
            f"{name}-boundary",
            ProjectBoundaryArgs(
                names=names,
                private_subnet_ids=args.private_subnet_ids,
                job_security_group_id=args.job_security_group_id,
                data_key_arn=around.data_key_arn,
                development=args.development if serves_elsewhere else None,
            ),
            opts=child,
        )
        environment = {
            "NAMES": json.dumps(asdict(names), sort_keys=True),
            "ORGANIZATION": args.organization,
            "WORKFLOWS_REPOSITORY": args.workflows_repository,
            "POWERTOOLS_LOG_LEVEL": "INFO",
        }
        if serves_elsewhere:
            environment["DEVELOPMENT_NAMES"] = json.dumps(asdict(args.development), sort_keys=True)
        function = PlatformFunction(
            f"{name}-{VEND}",
            PlatformFunctionArgs(
                names=names,
                function=VEND,
                description="Gives repositories of projects their deploy roles",
                archive=function_archive(VEND),
                layer_arn=around.layer_arn,
                statements=vend_statements(names),
                environment=environment,
                data_key_arn=around.data_key_arn,
                logs_key_arn=around.logs_key_arn,
                messages_key_arn=around.messages_key_arn,
                alert_topic_arn=around.alert_topic_arn,
                log_retention_days=around.log_retention_days,
                retain=around.retain,
                reserved_concurrency=2,  # two requests for one role at once end in the same, and IAM throttles early
            ),
            opts=child,
        )
        ExactRole(
            f"{name}-{REQUEST}",
            ExactRoleArgs(
                role_name=names.role(REQUEST),
                description=f"Lets {args.development.environment} ask for deploy roles of projects",
                trust_policy=request_role_trust_policy(args.development),
                policies={"ask": policy(request_role_statements(names))},
            ),
            opts=child,
        )
        self.function_arn, self.boundary_arn = function.arn, boundary.arn
        self.register_outputs({"function_arn": self.function_arn, "boundary_arn": self.boundary_arn})
