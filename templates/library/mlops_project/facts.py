"""What one deployment is made of: found before Pulumi runs, kept in a file, and read by the program.

So the program looks nothing up: a preview without credentials works, and what is deployed can be read afterwards.
"""

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Self

from mlops_project.artifacts import Target, copy
from mlops_project.published import published
from mlops_project.variables import Coordinates, VariableError, variable
from mlops_project.versions import approved_version, region_of

FILE = "deployment.json"
"""Where the file lies; DEPLOYMENT_FACTS names another."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Facts:
    """One version in one environment."""

    organisation: str
    unit: str
    environment: str
    region: str
    account: str
    project: str
    endpoint_name: str
    version_arn: str
    image: str
    model_data_url: str
    """Of the copy in this environment's bucket."""
    environment_variables: dict[str, str]
    role_arn: str
    subnet_ids: list[str]
    security_group_ids: list[str]
    key_arn: str
    capture_bucket: str
    artifact_bucket: str

    @classmethod
    def read(cls, file: Path | None = None) -> Self:
        """Read the file. Raises VariableError where it is not there or has other members."""
        path = file or Path(os.environ.get("DEPLOYMENT_FACTS", FILE))
        try:
            return cls(**json.loads(path.read_text(encoding="utf-8")))
        except FileNotFoundError:
            raise VariableError(f"{path} is not there: `python -m mlops_project prepare` writes it") from None
        except TypeError as error:
            raise VariableError(f"{path} is of another version of this project: {error}") from None

    def write(self, file: Path | None = None) -> Path:
        """Write the file and return its path. It holds no secret."""
        path = file or Path(os.environ.get("DEPLOYMENT_FACTS", FILE))
        path.write_text(json.dumps(asdict(self), indent=2, sort_keys=True) + "\n", encoding="utf-8")
        return path

    @property
    def of_endpoint(self) -> dict[str, Any]:
        """The arguments of ModelEndpoint that nobody configures."""
        others = ("project", "endpoint_name")
        return {"model": self.project} | {f.name: getattr(self, f.name) for f in fields(self) if f.name not in others}


def example(environment: str, project: str = "example") -> Facts:
    """Return invented facts, for tests and for previews without credentials."""
    account, region, prefix = "111111111111", "us-east-1", f"acme-ml-{environment}-us-east-1"
    return Facts(
        organisation="acme",
        unit="ml",
        environment=environment,
        region=region,
        account=account,
        project=project,
        endpoint_name=f"{prefix}-{project}",
        version_arn=f"arn:aws:sagemaker:{region}:{account}:model-package/acme-ml-dev-us-east-1-{project}/1",
        image=f"{account}.dkr.ecr.{region}.amazonaws.com/example@sha256:{'0' * 64}",
        model_data_url=f"s3://{prefix}-artifacts/projects/{project}/versions/model.tar.gz",
        environment_variables={"SAGEMAKER_PROGRAM": "inference.py"},
        role_arn=f"arn:aws:iam::{account}:role/{prefix}-serving",
        subnet_ids=["subnet-11111111", "subnet-22222222"],
        security_group_ids=["sg-11111111"],
        key_arn=f"arn:aws:kms:{region}:{account}:key/11111111-2222-4333-8444-555555555555",
        capture_bucket=f"{prefix}-data",
        artifact_bucket=f"{prefix}-artifacts",
    )


def prepare(session: Any, version_arn: str, environ: Mapping[str, str] | None = None) -> Facts:
    """Find what a version consists of, copy its archive into this environment, and return the facts.

    `session` is a boto3 session of the deploy role. Raises VersionError, ArtifactError, VariableError or LookupError
    with what to mend; then nothing is deployed.
    """
    place = Coordinates.parse(variable("NAMES", environ))
    for name, value in (("AWS_ACCOUNT", place.account), ("AWS_REGION", place.region)):
        if variable(name, environ) != value:
            raise VariableError(f"{name} is {variable(name, environ)} and NAMES says {value}: they must agree")
    project, bucket = variable("PROJECT", environ), variable("ARTIFACT_BUCKET", environ)
    registry = session.client("sagemaker", region_name=region_of(version_arn))
    version = approved_version(registry, version_arn, group_arn=variable("MODEL_PACKAGE_GROUP_ARN", environ))
    ids = published(session.client("ssm", region_name=place.region), variable("PARAMETER_ROOT", environ))
    archive = copy(
        session.client("s3", region_name=place.region),
        version.model_data_url,
        source_account=version.account,
        target=Target(
            bucket=bucket, account=place.account, prefix=f"projects/{project}/versions/", key_arn=ids.key_arn
        ),
    )
    return Facts(
        **asdict(place),
        project=project,
        endpoint_name=variable("ENDPOINT_NAME", environ),
        version_arn=version.arn,
        image=version.image,
        model_data_url=archive,
        environment_variables=version.environment_variables,
        role_arn=variable("SERVING_ROLE_ARN", environ),
        subnet_ids=list(ids.subnet_ids),
        security_group_ids=list(ids.security_group_ids),
        key_arn=ids.key_arn,
        capture_bucket=ids.data_bucket,
        artifact_bucket=bucket,
    )
