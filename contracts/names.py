"""Every physical name that another system must know, derived from the coordinates of a stack."""

import hashlib
from dataclasses import dataclass

from contracts.images import is_immutable
from contracts.limits import LIMITS
from contracts.regions import dns_suffix_of, partition_of

HASH_LENGTH = 8
"""Hexadecimal digits of the hash in a cut name: two of a thousand names meet with a chance of 1 in 8,000."""


def fit(name: str, limit: int) -> str:
    """Return `name`, cut to `limit` characters with a short hash of the whole where it is longer.

    The hash covers the full name, so two long names that share their beginning stay apart. A name that fits is
    returned as it is. Raises ValueError where `limit` leaves no room for a character, a hyphen and the hash.
    """
    if len(name) <= limit:
        return name
    if limit < HASH_LENGTH + 2:
        raise ValueError(
            f"{name!r}: a limit of {limit} leaves no room for the hash; it takes {HASH_LENGTH + 2} or more"
        )
    digest = hashlib.sha256(name.encode()).hexdigest()[:HASH_LENGTH]
    return f"{name[: limit - HASH_LENGTH - 1].rstrip('-./')}-{digest}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Names:
    """The names of one stack.

    Joined names cannot run into each other: organisation, unit and environment hold no hyphen, a region is one of a
    known set, and where a model and a purpose meet, a dot stands between them, which no model's name has.
    """

    organisation: str
    unit: str
    environment: str
    region: str
    account: str
    """The stack's own AWS account id, 12 digits."""
    image_account: str
    """The account whose registry holds the training images, 12 digits."""

    @property
    def partition(self) -> str:
        """The ARN partition of the region: `aws`, `aws-cn` or `aws-us-gov`."""
        return partition_of(self.region)

    @property
    def prefix(self) -> str:
        """What every name starts with: organisation, unit, environment, region."""
        return f"{self.organisation}-{self.unit}-{self.environment}-{self.region}"

    def _named(self, kind: str, *parts: str) -> str:
        return fit("-".join((self.prefix, *parts)), LIMITS[kind].length)

    def _of_model(self, kind: str, model: str, purpose: str) -> str:
        return self._named(kind, f"{model}.{purpose}")

    def arn(self, service: str, resource: str, *, regional: bool = True) -> str:
        """ARN of a resource of this account: in this region, or in none for a global service such as IAM."""
        return f"arn:{self.partition}:{service}:{self.region if regional else ''}:{self.account}:{resource}"

    # storage and keys
    def bucket(self, purpose: str) -> str:
        """Bucket name for a purpose (`artifacts`, `data`, `logs`). Bucket names are global, so the account is in it."""
        return self._named("bucket", purpose, self.account)

    def bucket_arn(self, purpose: str) -> str:
        """ARN of `bucket(purpose)`."""
        return f"arn:{self.partition}:s3:::{self.bucket(purpose)}"

    def key_alias(self, purpose: str) -> str:
        """Alias of the customer-managed key of a purpose (`data`, `logs`, `messages`)."""
        return fit(f"alias/{self.prefix}-{purpose}", LIMITS["key_alias"].length)

    # identity
    def role(self, purpose: str) -> str:
        """IAM role name. IAM is global within an account, so the region in the prefix keeps two regions apart."""
        return self._named("role", purpose)

    def role_arn(self, purpose: str) -> str:
        """ARN of `role(purpose)`, known before the role exists."""
        return self.arn("iam", f"role/{self.role(purpose)}", regional=False)

    @property
    def account_root(self) -> str:
        """The account principal. The only AWS principal our resource policies name, because it always exists."""
        return f"arn:{self.partition}:iam::{self.account}:root"

    # pipelines and registry
    def pipeline(self, model: str) -> str:
        """SageMaker pipeline name of a model."""
        return self._named("pipeline", model)

    def pipeline_arn(self, model: str) -> str:
        """ARN of the model's pipeline. SageMaker lower-cases pipeline names in ARNs; ours are lower case already."""
        return self.arn("sagemaker", f"pipeline/{self.pipeline(model)}")

    def model_package_group(self, model: str) -> str:
        """Model package group name of a model."""
        return self._named("model_package_group", model)

    def model_package_group_arn(self, model: str) -> str:
        """ARN of the model's package group."""
        return self.arn("sagemaker", f"model-package-group/{self.model_package_group(model)}")

    def image_repository(self, model: str) -> str:
        """ECR repository of a model's training and inference image.

        Images are built once and promoted, so no environment is in it; its account and region are in the URI.
        """
        return fit(f"{self.organisation}-{self.unit}/{model}", LIMITS["image_repository"].length)

    @property
    def moving_image_repository(self) -> str:
        """ECR repository of builds whose tags move, for all models: so that no tag of a release ever can."""
        return fit(f"{self.organisation}-{self.unit}/builds/moving", LIMITS["moving_image_repository"].length)

    def image_of(self, model: str, reference: str) -> tuple[str, str]:
        """Repository that holds what a tag or digest names, and the tag or digest there."""
        if is_immutable(reference):
            return self.image_repository(model), reference
        return self.moving_image_repository, f"{model}-{reference}"

    def image_uri(self, model: str, reference: str) -> str:
        """Image URI for a tag (`dev`, `v2.1.0`) or a digest (`sha256:...`)."""
        registry = f"{self.image_account}.dkr.ecr.{self.region}.{dns_suffix_of(self.region)}"
        repository, tag = self.image_of(model, reference)
        return f"{registry}/{repository}{'@' if tag.startswith('sha256:') else ':'}{tag}"

    # triggers and alarms
    @property
    def schedule_group(self) -> str:
        """EventBridge Scheduler group that holds the schedules of this stack."""
        return self._named("schedule_group", "pipelines")

    def schedule(self, model: str) -> str:
        """EventBridge schedule of a model's pipeline."""
        return self._named("schedule", model)

    def event_rule(self, purpose: str, model: str) -> str:
        """EventBridge rule of a model for a purpose (`new-data`)."""
        return self._of_model("event_rule", model, purpose)

    def alarm(self, purpose: str, model: str | None = None) -> str:
        """CloudWatch alarm of a model, or of the platform itself, for a purpose (`failed`)."""
        return self._named("alarm", purpose) if model is None else self._of_model("alarm", model, purpose)

    def topic(self, purpose: str) -> str:
        """SNS topic for a purpose (`alerts`)."""
        return self._named("topic", purpose)

    def topic_arn(self, purpose: str) -> str:
        """ARN of `topic(purpose)`."""
        return self.arn("sns", self.topic(purpose))

    def queue(self, purpose: str) -> str:
        """SQS queue for a purpose (`undelivered`)."""
        return self._named("queue", purpose)

    def queue_arn(self, purpose: str) -> str:
        """ARN of `queue(purpose)`."""
        return self.arn("sqs", self.queue(purpose))

    def log_group(self, purpose: str) -> str:
        """CloudWatch log group that the platform itself creates, for a purpose (`flow-logs`)."""
        name = f"/{self.organisation}/{self.unit}/{self.environment}/{self.region}/{purpose}"
        return fit(name, LIMITS["log_group"].length)

    # people and projects
    @property
    def domain(self) -> str:
        """SageMaker Studio domain of this stack."""
        return self._named("domain", "studio")

    def studio_part(self, purpose: str) -> str:
        """Image, image config or lifecycle config of Studio; these share the account, unlike profiles and spaces."""
        return self._named("studio_part", purpose)

    @property
    def tracking_server(self) -> str:
        """MLflow tracking server or app of this stack."""
        return self._named("tracking_server", "mlflow")

    @property
    def portfolio(self) -> str:
        """Service Catalog portfolio that offers the project templates."""
        return self._named("portfolio", "projects")

    def boundary(self, purpose: str) -> str:
        """Managed policy that bounds the roles of a purpose (`people`, `project`)."""
        return self._named("boundary", f"{purpose}-boundary")

    def boundary_arn(self, purpose: str) -> str:
        """ARN of `boundary(purpose)`, known before the policy exists."""
        return self.arn("iam", f"policy/{self.boundary(purpose)}", regional=False)

    def project_role(self, project: str, template: str) -> str:
        """Role that the repository of a project, made from a template, deploys as in this environment."""
        return self._of_model("project_role", project, template)

    @property
    def project_role_path(self) -> str:
        """IAM path of all project roles. A role's name may be cut, its path never is: policies match on it."""
        return f"/{self.prefix}/projects/"

    def project_role_arn(self, project: str, template: str) -> str:
        """ARN of `project_role`, known before the role exists."""
        return self.arn("iam", f"role{self.project_role_path}{self.project_role(project, template)}", regional=False)

    @property
    def project_roles_arn(self) -> str:
        """ARN pattern of every project role of this stack, for policies."""
        return self.arn("iam", f"role{self.project_role_path}*", regional=False)

    # delivery
    @property
    def event_bus(self) -> str:
        """EventBridge bus on which the previous environment announces its approved versions."""
        return self._named("event_bus", "models")

    @property
    def event_bus_arn(self) -> str:
        """ARN of `event_bus`, known to the previous environment before the bus exists."""
        return self.arn("events", f"event-bus/{self.event_bus}")

    def function(self, purpose: str) -> str:
        """Lambda function for a purpose (`promote`, `deploy`, `verify`)."""
        return self._named("function", purpose)

    def function_arn(self, purpose: str) -> str:
        """ARN of `function(purpose)`."""
        return self.arn("lambda", f"function:{self.function(purpose)}")

    def table(self, purpose: str) -> str:
        """DynamoDB table for a purpose (`deliveries`)."""
        return self._named("table", purpose)

    def table_arn(self, purpose: str) -> str:
        """ARN of `table(purpose)`."""
        return self.arn("dynamodb", f"table/{self.table(purpose)}")

    def endpoint(self, model: str) -> str:
        """SageMaker endpoint of a model. It stays when its version changes, so that callers keep their address."""
        return self._named("endpoint", model)

    def endpoint_arn(self, model: str) -> str:
        """ARN of the model's endpoint."""
        return self.arn("sagemaker", f"endpoint/{self.endpoint(model)}")

    def endpoint_config(self, model: str, digest: str) -> str:
        """SageMaker endpoint config of a model, by the digest of its content."""
        return self._named("endpoint_config", model, digest)

    def endpoint_model(self, model: str, digest: str) -> str:
        """SageMaker model (what an endpoint config or transform job runs), by the digest of its content."""
        return self._named("endpoint_model", model, digest)

    def transform_job(self, model: str, digest: str) -> str:
        """SageMaker batch transform job of a model, by the digest of what it reads and runs."""
        return self._named("transform_job", model, digest)

    @property
    def endpoint_configs_arn(self) -> str:
        """ARN pattern of every endpoint config of this stack, for policies: a cut name keeps only the prefix."""
        return self.arn("sagemaker", f"endpoint-config/{self.prefix}-*")

    @property
    def endpoint_models_arn(self) -> str:
        """ARN pattern of every SageMaker model of this stack, for policies."""
        return self.arn("sagemaker", f"model/{self.prefix}-*")

    @property
    def transform_jobs_arn(self) -> str:
        """ARN pattern of every transform job of this stack, for policies."""
        return self.arn("sagemaker", f"transform-job/{self.prefix}-*")
