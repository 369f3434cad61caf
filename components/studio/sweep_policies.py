"""What the two functions around a Studio domain may do: each only to what carries this domain's ARN or mark."""

from dataclasses import dataclass

from components.policy_document import Conditions, Statement, allow
from contracts.names import Names
from contracts.studio import MANAGED_TAG, MARK_TAG


@dataclass(frozen=True, kw_only=True, slots=True)
class SweepScope:
    """One domain, its coordinates known."""

    names: Names
    retain: bool
    """Whether people's homes and spaces stay: then nothing that deletes these is allowed."""

    def arn(self, service: str, resource: str) -> str:
        """ARN of a regional resource of this account."""
        return self.names.arn(service, resource)


def empty_statements(scope: SweepScope, domain_id: str) -> list[Statement]:
    """Mark what SageMaker made for this domain; where homes are not retained, empty this domain and no other."""
    made_for_domain: Conditions = {
        "StringEquals": {
            f"aws:ResourceTag/{MANAGED_TAG}": scope.arn("sagemaker", f"domain/{domain_id}"),
            f"aws:RequestTag/{MARK_TAG}": scope.names.domain,
        },
        "ForAllValues:StringEquals": {"aws:TagKeys": [MARK_TAG]},
    }
    marking = [
        allow(
            "FindWhatPeopleMade",
            [
                "ec2:DescribeSecurityGroups",
                "sagemaker:ListApps",
                "sagemaker:ListSpaces",
                "sagemaker:ListUserProfiles",
            ],
            ["*"],  # list and describe actions know no resource
        ),
        allow(
            "MarkHome",
            ["elasticfilesystem:TagResource"],
            [scope.arn("elasticfilesystem", "file-system/*")],
            made_for_domain,
        ),
        allow("MarkGroups", ["ec2:CreateTags"], [scope.arn("ec2", "security-group/*")], made_for_domain),
    ]
    emptying = allow(
        "EmptyDomain",
        ["sagemaker:DeleteApp", "sagemaker:DeleteSpace", "sagemaker:DeleteUserProfile"],
        [scope.arn("sagemaker", f"{kind}/{domain_id}/*") for kind in ("app", "space", "user-profile")],
    )
    return marking if scope.retain else [*marking, emptying]


def leftover_statements(scope: SweepScope, vpc_id: str) -> list[Statement]:
    """Free the network of what is marked; where homes are not retained, delete the marked file system too."""
    names = scope.names
    marked = {"StringEquals": {f"aws:ResourceTag/{MARK_TAG}": names.domain}}
    homes = scope.arn("elasticfilesystem", "file-system/*")
    freeing = [
        allow(
            "FindLeftovers",
            ["ec2:DescribeNetworkInterfaces", "ec2:DescribeSecurityGroups", "sagemaker:ListDomains"],
            ["*"],  # list and describe actions know no resource
        ),
        allow(
            "FindHomes", ["elasticfilesystem:DescribeFileSystems", "elasticfilesystem:DescribeMountTargets"], [homes]
        ),
        allow("DeleteMountTargets", ["elasticfilesystem:DeleteMountTarget"], [homes], marked),
        # EFS deletes a mount target's interface in the caller's name; SageMaker puts no tag of ours on interfaces.
        allow(
            "DeleteInterfaces",
            ["ec2:DeleteNetworkInterface"],
            [scope.arn("ec2", "network-interface/*")],
            {"ArnLike": {"ec2:Vpc": f"arn:{names.partition}:ec2:{names.region}:*:vpc/{vpc_id}"}},
        ),
        allow(
            "DeleteGroups",
            ["ec2:DeleteSecurityGroup", "ec2:RevokeSecurityGroupEgress", "ec2:RevokeSecurityGroupIngress"],
            [scope.arn("ec2", "security-group/*")],
            marked,
        ),
    ]
    deleting = allow("DeleteHome", ["elasticfilesystem:DeleteFileSystem"], [homes], marked)
    return freeing if scope.retain else [*freeing, deleting]
