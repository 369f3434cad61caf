"""The section `studio`: SageMaker Studio for the people of an environment."""

from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator, Field

from contracts import instances, jobs
from contracts.rules import BrokenRuleError
from contracts.studio import (
    IMAGE_NAME_PATTERN,
    LEAST_IDLE_MINUTES,
    LEAST_SPACE_GB,
    MOST_IDLE_MINUTES,
    MOST_SPACE_GB,
    USER_PATTERN,
    check_image_name,
    check_image_uri,
    check_user,
)
from settings.fields import Choice, Section


class Authentication(StrEnum):
    """How people get into Studio."""

    IAM = "iam"
    IDENTITY_CENTER = "identity_center"


class Persona(StrEnum):
    """What a person may do. Approver and viewer do not work in Studio: theirs are roles that people assume."""

    DATA_SCIENTIST = "data-scientist"
    LEAD = "lead"


class Application(StrEnum):
    """What a space can run."""

    JUPYTERLAB = "jupyterlab"
    CODE_EDITOR = "code_editor"


class Home(StrEnum):
    """What becomes of people's home directories when the domain goes."""

    RETAIN = "retain"
    DELETE = "delete"


class TrackingKind(StrEnum):
    """How MLflow runs: a server of a chosen size, which costs by the hour, or a serverless app."""

    SERVER = "server"
    APP = "app"


class TrackingSize(StrEnum):
    """Size of an MLflow server."""

    SMALL = "Small"
    MEDIUM = "Medium"
    LARGE = "Large"


def _once(values: list[str]) -> list[str]:
    if len(set(values)) == len(values):
        return values
    raise BrokenRuleError("each one is listed once", "remove the second")


def _instance(name: str) -> str:
    return jobs.check_instance(name, instances.STUDIO, "Studio")


def _script(path: str) -> str:
    if path.startswith("/") or ".." in path.split("/"):
        raise BrokenRuleError(
            "the script lies in the project, so that every machine makes the same Studio",
            "write a path from the project's folder, such as studio/start.sh",
        )
    return path


UserName = Annotated[str, AfterValidator(check_user), Field(json_schema_extra={"pattern": f"^{USER_PATTERN}$"})]
ImageName = Annotated[
    str, AfterValidator(check_image_name), Field(json_schema_extra={"pattern": f"^{IMAGE_NAME_PATTERN}$"})
]
ImageUri = Annotated[str, AfterValidator(check_image_uri)]
Instance = Annotated[str, AfterValidator(_instance), Field(json_schema_extra={"enum": sorted(instances.STUDIO)})]
Script = Annotated[str, AfterValidator(_script)]
Applications = Annotated[list[Annotated[Application, Choice]], AfterValidator(_once)]
SpaceGb = Annotated[int, Field(ge=LEAST_SPACE_GB, le=MOST_SPACE_GB)]


class StudioUser(Section):
    """One person's profile. Its name is what CloudTrail shows as the source identity of everything done in Studio."""

    persona: Annotated[Persona, Choice]
    """What the person may do: `data-scientist` or `lead`."""
    sso_user: Annotated[str, Field(min_length=1, max_length=256)] | None = None
    """User name in IAM Identity Center; required with it, and nowhere else."""
    github: Annotated[str, Field(pattern=r"^[A-Za-z0-9](-?[A-Za-z0-9]){0,38}$")] | None = None
    """GitHub login, for the teams of the person's projects."""
    spaces: Applications | None = None
    """Applications for which the person gets a private space; those of the section where absent."""


class SpaceSize(Section):
    """Volumes of spaces, in GB."""

    default: SpaceGb = 20
    """Volume of a new space; a space keeps its files when its application ends."""
    max: SpaceGb = 100
    """Largest volume that a person may choose."""


class StudioImage(Section):
    """An image of your own, for people to choose."""

    uri: ImageUri
    """Image in ECR, in the stack's region, by digest."""
    applications: Applications | None = None
    """Applications that it can run; those of the section where absent."""


class Tracking(Section):
    """Managed MLflow, with artifacts in the stack's artifact bucket."""

    kind: Annotated[TrackingKind, Choice] = TrackingKind.SERVER
    """`server` costs by the hour, `app` by use."""
    size: Annotated[TrackingSize, Choice] | None = None
    """Size of a server, `Small` where absent; an app has none."""


class Studio(Section):
    """SageMaker Studio, inside the VPC. Changing `authentication` would replace the domain and is refused."""

    authentication: Annotated[Authentication, Choice] = Authentication.IAM
    """How people get in: a URL signed by their IAM session, or IAM Identity Center. It can never change."""
    users: dict[UserName, StudioUser] = Field(default_factory=dict)
    """Who works here, by the name of their profile."""
    applications: Annotated[Applications, Field(min_length=1)] = Field(
        default_factory=lambda: [Application.JUPYTERLAB, Application.CODE_EDITOR]
    )
    """Applications that people may open; both where absent."""
    idle_shutdown_minutes: Annotated[int, Field(ge=LEAST_IDLE_MINUTES, le=MOST_IDLE_MINUTES)] = 120
    """An idle application ends after this; people may shorten it for themselves. A space keeps its files."""
    space_gb: SpaceSize = Field(default_factory=SpaceSize)
    """Volumes of spaces; 20 GB, and 100 at most, where absent."""
    instances: Annotated[list[Instance], Field(min_length=1), AfterValidator(_once)] = Field(
        default_factory=lambda: ["ml.t3.medium", "ml.m5.large", "ml.m5.xlarge"]
    )
    """Instance types that people may choose, the first by default; three small ones where absent."""
    images: dict[ImageName, StudioImage] = Field(default_factory=dict)
    """Custom images by name."""
    mlflow: Tracking | None = None
    """Experiment tracking; none where absent."""
    home: Annotated[Home, Choice] | None = None
    """What becomes of home directories when the domain goes; `retain` where the stack retains its data."""
    lifecycle_script: Script | None = None
    """A script that every application starts with, by its path in the project; at most 12 KB."""

    def retains_home(self, retains_data: bool) -> bool:
        """Whether homes outlive the domain, in a stack that retains its data or not."""
        return retains_data if self.home is None else self.home is Home.RETAIN

    def spaces_of(self, user: str) -> list[Application]:
        """Return the applications for which a person gets a space."""
        chosen = self.users[user].spaces
        return self.applications if chosen is None else chosen

    def applications_of_image(self, image: str) -> list[Application]:
        """Return the applications that a custom image runs."""
        chosen = self.images[image].applications
        return self.applications if chosen is None else chosen
