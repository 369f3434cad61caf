"""`ExactRole`: an IAM role that has the policies written here and no others, whoever attaches what."""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.readiness import after


@dataclass(frozen=True, kw_only=True, slots=True)
class ExactRoleArgs:
    """Settings of an `ExactRole`."""

    role_name: str
    """Physical name, so that other stacks and policies can know the ARN beforehand."""
    description: str
    """What the role is for."""
    trust_policy: str
    """Trust policy as JSON."""
    policies: Mapping[str, pulumi.Input[str]]
    """Inline policies by name, as JSON. IAM admits 10,240 characters over all of them, without white space."""
    max_session_hours: int = 1
    """Longest session, 1 to 12 hours."""
    permissions_boundary: pulumi.Input[str] | None = None
    """ARN of the managed policy that bounds the role, where one does."""

    def __post_init__(self) -> None:
        """Refuse a role without policies: it would be a name without a use."""
        if not self.policies:
            raise ValueError(f"role {self.role_name} has no policy: give it at least one, or drop it.")


class ExactRole(pulumi.ComponentResource):
    """Owns one role, its inline policies and the exclusive lists that remove everything else on the next update.

    Does not own managed policies: there are none. A new name replaces the role; what runs under it must be restarted.
    """

    arn: pulumi.Output[str]
    """ARN of the role, once its policies are in place."""
    role_name: pulumi.Output[str]
    """Name of the role."""

    def __init__(self, name: str, args: ExactRoleArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlops:index:ExactRole", name, None, opts)
        role = aws.iam.Role(
            f"{name}-role",
            name=args.role_name,
            description=args.description,
            assume_role_policy=args.trust_policy,
            max_session_duration=args.max_session_hours * 3600,
            permissions_boundary=args.permissions_boundary,
            opts=pulumi.ResourceOptions(parent=self),
        )
        inline = [
            aws.iam.RolePolicy(
                f"{name}-policy-{policy_name}",
                name=policy_name,
                role=role.name,
                policy=document,
                opts=pulumi.ResourceOptions(parent=self),
            )
            for policy_name, document in args.policies.items()
        ]
        # After the policies: the list must never be enforced before what it lists exists.
        exclusive_inline = aws.iam.RolePoliciesExclusive(
            f"{name}-only-these-policies",
            role_name=role.name,
            policy_names=sorted(args.policies),
            opts=pulumi.ResourceOptions(parent=self, depends_on=inline),
        )
        exclusive_attached = aws.iam.RolePolicyAttachmentsExclusive(
            f"{name}-no-attachments",
            role_name=role.name,
            policy_arns=[],
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.resources: list[pulumi.Resource] = [role, *inline, exclusive_inline, exclusive_attached]
        """The role and everything that it can do."""
        # So that nobody runs under the role with half its permissions.
        self.arn = after(role.arn, self.resources)
        self.role_name = role.name
        self.register_outputs({"arn": self.arn, "role_name": self.role_name})
