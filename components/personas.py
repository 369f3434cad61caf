"""`Personas`: the roles of people in one environment, under a boundary that no policy of theirs can leave."""

from collections.abc import Callable
from dataclasses import dataclass, field

import pulumi
import pulumi_aws as aws

from components.exact_role import ExactRole, ExactRoleArgs
from components.job_policies import JobScope
from components.persona_policies import (
    approver_statements,
    data_scientist_statements,
    experiment_statements,
    lead_statements,
    viewer_statements,
)
from components.persona_policies_shared import APPROVER, DATA_SCIENTIST, EXPERIMENT, LEAD, VIEWER
from components.persona_policies_studio import Workbench
from components.persona_policies_trust import boundary_statements, people_trust, service_trust
from components.policy_document import Statement, policy
from components.readiness import after
from contracts.names import Names
from contracts.studio import MOST_APP_INSTANCES
from settings.people import People

BOUNDARY = "people"
"""Purpose of `names.boundary` that bounds the personas."""
STUDIO_SESSION_HOURS = 12
"""Longest session that IAM admits; Studio renews its own."""
_ABOUT = {
    DATA_SCIENTIST: "Explores, runs jobs and starts pipelines in Studio",
    LEAD: "Leads a team in Studio, launches projects and approves in dev",
    APPROVER: "Decides which model versions are deployed",
    VIEWER: "Looks at models and deployments",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class PersonasArgs:
    """Settings of `Personas`."""

    names: Names
    """The stack's names."""
    private_subnet_ids: pulumi.Input[list[str]]
    """Subnets in which people's jobs must run."""
    job_security_group_id: pulumi.Input[str]
    """Security group that their jobs must carry."""
    data_key_arn: pulumi.Input[str]
    """Key that volumes and outputs must use."""
    people: People
    """Who may assume the approver's and the viewer's role."""
    studio: bool
    """Whether the stack has a Studio, whose profiles run as data scientist and lead."""
    workbench: Workbench = field(default_factory=Workbench)
    """What that Studio offers."""

    def __post_init__(self) -> None:
        """Refuse what would not fit into a role's policies."""
        if len(self.workbench.app_instances) > MOST_APP_INSTANCES:
            raise ValueError(
                f"{len(self.workbench.app_instances)} instance types for apps: a role's policies have room for"
                f" {MOST_APP_INSTANCES}. Name fewer."
            )


class Personas(pulumi.ComponentResource):
    """Owns the roles of people and their boundary.

    `approver` and `viewer` everywhere; with Studio `data-scientist`, `lead`, and `experiment`, which their jobs run as.
    Does not own users, groups or permission sets: who people are is decided where they sign in. A new name replaces
    a role; a Studio that runs under it must then be updated.
    """

    role_arns: dict[str, pulumi.Output[str]]
    """Role by persona, once its policies are in place; Studio's only where the stack has one."""
    execution_role_arns: dict[str, pulumi.Output[str]]
    """Those that Studio's profiles run as, `data-scientist` and `lead`; empty without Studio."""
    boundary_arn: pulumi.Output[str]
    """The managed policy that bounds them."""

    def __init__(self, name: str, args: PersonasArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlops:index:Personas", name, None, opts)
        self._name, self._names = name, args.names
        names = args.names
        self._scope = pulumi.Output.all(args.private_subnet_ids, args.job_security_group_id, args.data_key_arn).apply(
            lambda ids: JobScope(names=names, subnet_ids=ids[0], security_group_id=ids[1], data_key_arn=ids[2])
        )
        boundary = aws.iam.Policy(
            f"{name}-boundary",
            name=names.boundary(BOUNDARY),
            description="The most that people may do, whatever else is attached to their roles",
            policy=self._rendered(boundary_statements),
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.boundary_arn = boundary.arn
        self.role_arns = {
            APPROVER: self._role(
                APPROVER, people_trust(names, args.people.approver(names.environment), named=True), approver_statements
            ).arn,
            VIEWER: self._role(
                VIEWER, people_trust(names, args.people.viewer(names.environment), named=False), viewer_statements
            ).arn,
        }
        self.execution_role_arns = self._studio_roles(args) if args.studio else {}
        self.role_arns |= self.execution_role_arns
        self.register_outputs({"role_arns": self.role_arns, "boundary_arn": self.boundary_arn})

    def _studio_roles(self, args: PersonasArgs) -> dict[str, pulumi.Output[str]]:
        # Unbounded: it is no person's role, and the boundary does not hold what a running job needs.
        experiment = ExactRole(
            f"{self._name}-{EXPERIMENT}",
            ExactRoleArgs(
                role_name=args.names.role(EXPERIMENT),
                description="What the jobs of people run as",
                trust_policy=service_trust(args.names),
                policies={"job": self._rendered(experiment_statements)},
            ),
            opts=pulumi.ResourceOptions(parent=self),
        )
        people: dict[str, Callable[[JobScope], list[Statement]]] = {
            DATA_SCIENTIST: lambda scope: data_scientist_statements(scope, args.workbench),
            LEAD: lambda scope: lead_statements(scope, args.workbench),
        }
        roles = {
            persona: self._role(persona, service_trust(args.names), statements, hours=STUDIO_SESSION_HOURS)
            for persona, statements in people.items()
        }
        # A person passes the experiment role to jobs, so a Studio is ready when that is.
        return {persona: after(role.arn, experiment.resources) for persona, role in roles.items()}

    def _role(
        self,
        persona: str,
        trust_policy: str,
        statements: Callable[[JobScope], list[Statement]],
        *,
        hours: int = 1,
    ) -> ExactRole:
        return ExactRole(
            f"{self._name}-{persona}",
            ExactRoleArgs(
                role_name=self._names.role(persona),
                description=_ABOUT[persona],
                trust_policy=trust_policy,
                policies={"persona": self._rendered(statements)},
                max_session_hours=hours,
                permissions_boundary=self.boundary_arn,
            ),
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _rendered(self, statements: Callable[[JobScope], list[Statement]]) -> pulumi.Output[str]:
        return self._scope.apply(lambda known: policy(statements(known)))
