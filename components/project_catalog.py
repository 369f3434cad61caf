"""`ProjectCatalog`: the project templates that a lead launches from Studio, as products and as S3 project templates."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.catalog_policies import LAUNCH, PREFIX, PROVISION, TEMPLATES, launch_statements, launch_trust_policy
from components.exact_role import ExactRole, ExactRoleArgs
from components.policy_document import policy
from components.product_templates import ProductTemplate, rendered, versions
from components.readiness import after
from components.secure_bucket import Lifecycle, SecureBucket, SecureBucketArgs
from contracts.names import Names
from contracts.products import PRODUCTS
from contracts.regions import dns_suffix_of

STUDIO_VISIBILITY = "sagemaker:studio-visibility"
"""Tag that makes Studio show a product or an S3 project template (SageMaker developer guide, custom templates)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ProjectCatalogArgs:
    """Settings of a `ProjectCatalog`."""

    names: Names
    """The stack's names."""
    owner: str
    """Team or address that answers for the products; people see it as their provider."""
    products: Sequence[str]
    """Keys of the products on offer."""
    lead_role_arn: pulumi.Input[str]
    """Role of the people who may launch products."""
    data_key_arn: pulumi.Input[str]
    """Key of the templates."""
    access_log_bucket: pulumi.Input[str]
    """Bucket that receives the template bucket's access logs."""
    classification: str
    """Data classification, set as a tag."""
    noncurrent_expire_after_days: int
    """How long replaced templates are kept."""
    share_with: Sequence[str] = ()
    """Accounts that the portfolio is offered to; each accepts it once."""

    def __post_init__(self) -> None:
        """Refuse products that nobody defined, and a catalog without any."""
        unknown = sorted(set(self.products) - set(PRODUCTS))
        if unknown or not self.products:
            raise ValueError(
                f"products is {list(self.products)!r}: choose one or more of {', '.join(PRODUCTS)}"
                + (f"; {', '.join(unknown)} is none of them." if unknown else ".")
            )


class ProjectCatalog(pulumi.ComponentResource):
    """Owns the portfolio, a product per project template with all its versions, the launch role, the templates' bucket.

    Does not own the function behind the products, nor what it makes. A product is never replaced by a new version: the
    first version is the product's own, each later one is added, and projects launched from an old one keep working.
    """

    portfolio_id: pulumi.Output[str]
    """Id of the portfolio."""
    product_ids: dict[str, pulumi.Output[str]]
    """Id of each product by its key."""
    launch_role_arn: pulumi.Output[str]
    """Role that launches run as."""
    templates_location: pulumi.Output[str]
    """Where Studio finds the S3 project templates: what the domain's tag sagemaker:projectS3TemplatesLocation says."""

    def __init__(self, name: str, args: ProjectCatalogArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlops:index:ProjectCatalog", name, None, opts)
        self._name, self._args = name, args
        self._child = pulumi.ResourceOptions(parent=self)
        names = args.names
        self._bucket = self._template_bucket()
        self._role = ExactRole(
            f"{name}-{LAUNCH}",
            ExactRoleArgs(
                role_name=names.role(LAUNCH),
                description="Launches project templates: runs their stacks and calls the provisioning function",
                trust_policy=launch_trust_policy(names.account),
                policies={
                    LAUNCH: pulumi.Output.from_input(args.data_key_arn).apply(
                        lambda key: policy(launch_statements(names, key))
                    )
                },
                permissions_boundary=self._boundary(),
            ),
            opts=self._child,
        )
        portfolio = aws.servicecatalog.Portfolio(
            f"{name}-portfolio",
            name=names.portfolio,
            description="Projects whose repositories train, test and deploy models",
            provider_name=args.owner[:50],  # CreatePortfolio: ProviderName has up to 50 characters
            opts=self._child,
        )
        lead = aws.servicecatalog.PrincipalPortfolioAssociation(
            f"{name}-lead",
            portfolio_id=portfolio.id,
            principal_arn=args.lead_role_arn,
            principal_type="IAM",
            opts=self._child,
        )
        # Lets Studio show Service Catalog products at all; a switch of the account and region.
        aws.sagemaker.ServicecatalogPortfolioStatus(f"{name}-in-studio", status="Enabled", opts=self._child)
        self.product_ids = {key: self._product(key, portfolio) for key in sorted(args.products)}
        for account in sorted(args.share_with):
            aws.servicecatalog.PortfolioShare(
                f"{name}-share-{account}",
                portfolio_id=portfolio.id,
                principal_id=account,
                type="ACCOUNT",
                share_tag_options=False,
                opts=self._child,
            )
        self.portfolio_id = after(portfolio.id, [lead])
        self.launch_role_arn = self._role.arn
        self.templates_location = pulumi.Output.concat("s3://", self._bucket.bucket_name, "/", PREFIX)
        self.register_outputs(
            {
                "portfolio_id": self.portfolio_id,
                "product_ids": self.product_ids,
                "launch_role_arn": self.launch_role_arn,
                "templates_location": self.templates_location,
            }
        )

    def _template_bucket(self) -> SecureBucket:
        args, name = self._args, self._name
        bucket = SecureBucket(
            f"{name}-{TEMPLATES}",
            SecureBucketArgs(
                names=args.names,
                purpose=TEMPLATES,
                # Every version of a product is on offer for good.
                lifecycle=Lifecycle(
                    standard_ia_after_days=None,
                    glacier_after_days=None,
                    expire_after_days=None,
                    noncurrent_expire_after_days=args.noncurrent_expire_after_days,
                ),
                retain=False,  # all of it comes from this repository
                classification=args.classification,
                key_arn=args.data_key_arn,
                access_log_bucket=args.access_log_bucket,
            ),
            opts=self._child,
        )
        # Studio's page reads S3 project templates in the browser (SageMaker developer guide, custom templates in S3).
        aws.s3.BucketCorsConfiguration(
            f"{name}-{TEMPLATES}-cors",
            bucket=bucket.bucket_name,
            cors_rules=[
                aws.s3.BucketCorsConfigurationCorsRuleArgs(
                    allowed_methods=["GET", "HEAD"],
                    allowed_origins=["https://*.sagemaker.aws"],
                    allowed_headers=["*"],
                    max_age_seconds=3000,
                )
            ],
            opts=self._child,
        )
        return bucket

    def _boundary(self) -> pulumi.Output[str]:
        args, names = self._args, self._args.names
        boundary = aws.iam.Policy(
            f"{self._name}-{LAUNCH}-boundary",
            name=names.boundary(LAUNCH),
            description="The most that a launch of a project template can ever do",
            policy=pulumi.Output.from_input(args.data_key_arn).apply(lambda key: policy(launch_statements(names, key))),
            opts=self._child,
        )
        return boundary.arn

    def _product(self, key: str, portfolio: aws.servicecatalog.Portfolio) -> pulumi.Output[str]:
        args, name = self._args, f"{self._name}-{key}"
        function_arn = args.names.function_arn(PROVISION)
        first, *later = [rendered(PRODUCTS[key], version, function_arn=function_arn) for version in versions()]
        artifact = aws.servicecatalog.ProductProvisioningArtifactParametersArgs
        product = aws.servicecatalog.Product(
            name,
            name=first.product.title,
            description=first.product.description,
            owner=args.owner,
            type="CLOUD_FORMATION_TEMPLATE",
            provisioning_artifact_parameters=artifact(
                name=first.version,
                description=f"Version {first.version}",
                template_url=self._template_url(first),
                type="CLOUD_FORMATION_TEMPLATE",
            ),
            tags={STUDIO_VISIBILITY: "true"},
            opts=self._child,
        )
        for template in later:
            aws.servicecatalog.ProvisioningArtifact(
                f"{name}-{template.version}",
                product_id=product.id,
                name=template.version,
                description=f"Version {template.version}",
                template_url=self._template_url(template),
                type="CLOUD_FORMATION_TEMPLATE",
                opts=self._child,
            )
        member = aws.servicecatalog.ProductPortfolioAssociation(
            f"{name}-on-offer", portfolio_id=portfolio.id, product_id=product.id, opts=self._child
        )
        aws.servicecatalog.Constraint(
            f"{name}-launched-as",
            portfolio_id=portfolio.id,
            product_id=product.id,
            type="LAUNCH",
            # By ARN: a launch never runs with the rights of the person who clicks.
            parameters=self._role.arn.apply(lambda arn: f'{{"RoleArn": "{arn}"}}'),
            opts=pulumi.ResourceOptions(parent=self, depends_on=[member]),
        )
        return after(product.id, [member])

    def _template_url(self, template: ProductTemplate) -> pulumi.Output[str]:
        """Publish a template and return its address, which holds the hash of the content: what is launched is known."""
        names = self._args.names
        digest = hashlib.sha256(template.text.encode()).hexdigest()[:16]
        # Studio looks for YAML; JSON is YAML too.
        key = f"{PREFIX}{template.product.key}-{template.version}-{digest}.yaml"
        published = aws.s3.BucketObjectv2(
            f"{self._name}-{template.product.key}-{template.version}-template",
            bucket=self._bucket.bucket_name,
            key=key,
            content=template.text,
            content_type="application/yaml",
            tags={STUDIO_VISIBILITY: "true"},
            opts=self._child,
        )
        address = f"https://{names.bucket(TEMPLATES)}.s3.{names.region}.{dns_suffix_of(names.region)}/{key}"
        return after(pulumi.Output.from_input(address), [published])
