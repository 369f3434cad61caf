"""SSM parameter paths under which a stack publishes what other accounts, functions and repositories read."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class ParameterPaths:
    """Paths of one stack's parameters. SSM is regional, the region is in the path so that a copy cannot mislead."""

    organisation: str
    unit: str
    environment: str
    region: str

    @property
    def root(self) -> str:
        """Common beginning of every path, without a trailing slash."""
        return f"/{self.organisation}/{self.unit}/{self.environment}/{self.region}"

    @property
    def private_subnet_ids(self) -> str:
        """Comma-separated ids of the subnets in which jobs run."""
        return f"{self.root}/network/private-subnet-ids"

    @property
    def job_security_group_id(self) -> str:
        """Id of the security group that jobs carry."""
        return f"{self.root}/network/job-security-group-id"

    @property
    def data_key_arn(self) -> str:
        """ARN of the key that encrypts data, artifacts and job volumes."""
        return f"{self.root}/encryption/data-key-arn"

    @property
    def artifact_bucket(self) -> str:
        """Name of the bucket that holds code objects and job outputs."""
        return f"{self.root}/storage/artifact-bucket"

    @property
    def data_bucket(self) -> str:
        """Name of the bucket that holds input data."""
        return f"{self.root}/storage/data-bucket"

    def model_package_group(self, model: str) -> str:
        """Name of a model's package group."""
        return f"{self.root}/models/{model}/package-group"

    def pipeline(self, model: str) -> str:
        """Name of a model's pipeline."""
        return f"{self.root}/models/{model}/pipeline"

    def delivery(self, model: str) -> str:
        """How a model is promoted and served: the JSON of `contracts.delivery_config`."""
        return f"{self.root}/models/{model}/delivery"
