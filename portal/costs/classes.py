"""Which types of resource cost by standing there, which by use, and which cost nothing themselves."""

from enum import StrEnum

from portal.costs.endpoints import ENDPOINT
from portal.costs.rules import BY_INPUTS, FLAT
from portal.costs.usage import USAGE


class Kind(StrEnum):
    """How a type of resource costs."""

    PRICED = "priced"
    USAGE = "usage"
    FREE = "free"


FREE = frozenset(
    {
        "aws:appautoscaling/policy:Policy",
        "aws:budgets/budget:Budget",
        "aws:cloudwatch/eventBusPolicy:EventBusPolicy",
        "aws:cloudwatch/eventTarget:EventTarget",
        "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup",
        "aws:ec2/internetGateway:InternetGateway",
        "aws:ec2/route:Route",
        "aws:ec2/routeTable:RouteTable",
        "aws:ec2/routeTableAssociation:RouteTableAssociation",
        "aws:ec2/securityGroup:SecurityGroup",
        "aws:ec2/subnet:Subnet",
        "aws:ec2/vpc:Vpc",
        "aws:ecr/lifecyclePolicy:LifecyclePolicy",
        "aws:ecr/repositoryPolicy:RepositoryPolicy",
        "aws:iam/openIdConnectProvider:OpenIdConnectProvider",
        "aws:iam/policy:Policy",
        "aws:iam/role:Role",
        "aws:iam/rolePoliciesExclusive:RolePoliciesExclusive",
        "aws:iam/rolePolicy:RolePolicy",
        "aws:iam/rolePolicyAttachmentsExclusive:RolePolicyAttachmentsExclusive",
        "aws:kms/alias:Alias",
        "aws:lambda/alias:Alias",
        "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig",
        "aws:lambda/invocation:Invocation",  # one run, counted with the function's
        "aws:lambda/layerVersion:LayerVersion",
        "aws:lambda/permission:Permission",
        "aws:s3/bucketCorsConfiguration:BucketCorsConfiguration",
        "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
        "aws:s3/bucketLogging:BucketLogging",
        "aws:s3/bucketNotification:BucketNotification",
        "aws:s3/bucketObjectv2:BucketObjectv2",  # counted with what its bucket holds
        "aws:s3/bucketOwnershipControls:BucketOwnershipControls",
        "aws:s3/bucketPolicy:BucketPolicy",
        "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
        "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
        "aws:s3/bucketVersioning:BucketVersioning",
        "aws:sagemaker/appImageConfig:AppImageConfig",
        "aws:sagemaker/endpointConfiguration:EndpointConfiguration",  # counted with the endpoint that runs it
        "aws:sagemaker/image:Image",  # its layers are counted with their ECR repository
        "aws:sagemaker/imageVersion:ImageVersion",
        "aws:sagemaker/model:Model",
        "aws:sagemaker/modelPackageGroup:ModelPackageGroup",
        "aws:sagemaker/modelPackageGroupPolicy:ModelPackageGroupPolicy",
        "aws:sagemaker/servicecatalogPortfolioStatus:ServicecatalogPortfolioStatus",
        "aws:sagemaker/studioLifecycleConfig:StudioLifecycleConfig",
        "aws:sagemaker/userProfile:UserProfile",
        "aws:scheduler/scheduleGroup:ScheduleGroup",
        "aws:servicecatalog/constraint:Constraint",
        "aws:servicecatalog/portfolioShare:PortfolioShare",
        "aws:servicecatalog/principalPortfolioAssociation:PrincipalPortfolioAssociation",
        "aws:servicecatalog/product:Product",
        "aws:servicecatalog/productPortfolioAssociation:ProductPortfolioAssociation",
        "aws:servicecatalog/provisioningArtifact:ProvisioningArtifact",
        "aws:sns/topicPolicy:TopicPolicy",
        "aws:sqs/queuePolicy:QueuePolicy",
        "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule",
        "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
        # GitHub's plan is paid per seat, not by what stands in it.
        "github:index/actionsRepositoryAccessLevel:ActionsRepositoryAccessLevel",
        "github:index/actionsRepositoryPermissions:ActionsRepositoryPermissions",
        "github:index/branchDefault:BranchDefault",
        "github:index/repository:Repository",
        "github:index/repositoryRuleset:RepositoryRuleset",
        "github:index/repositoryVulnerabilityAlerts:RepositoryVulnerabilityAlerts",
        "github:index/teamRepository:TeamRepository",
        "github:index/workflowRepositoryPermissions:WorkflowRepositoryPermissions",
    }
)
"""Types that cost nothing, or are counted with another."""

_OURS = ("mlops:", "pulumi:")
"""Components, providers, the stack itself: names for a group, with nothing in AWS of their own."""


def kinds(type_token: str) -> frozenset[Kind]:
    """Return how a type costs; empty for one that nobody has classified yet."""
    if type_token in FREE or type_token.startswith(_OURS):
        return frozenset({Kind.FREE})
    found = set()
    if type_token in FLAT or type_token in BY_INPUTS or type_token == ENDPOINT:
        found.add(Kind.PRICED)
    if type_token in USAGE:
        found.add(Kind.USAGE)
    return frozenset(found)
