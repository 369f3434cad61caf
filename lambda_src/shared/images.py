"""Container images by digest: what was evaluated is what serves, even after somebody moved the tag."""

import re

from botocore.exceptions import ClientError

from lambda_src.shared.clients import client
from lambda_src.shared.errors import PermanentError, is_not_found

_URI = re.compile(
    r"(?P<registry>\d{12})\.dkr\.ecr\.(?P<region>[a-z0-9-]+)\.(?P<suffix>[a-z.]+)/(?P<repository>[^:@]+)"
    r"(?::(?P<tag>[^@]+))?(?:@(?P<digest>sha256:[0-9a-f]{64}))?"
)


def by_digest(uri: str, known_digest: str | None) -> str:
    """Return the image `uri` by digest: its own, the one that the registry of models recorded, or ECR's for the tag.

    Raises PermanentError where the image is not in ECR or its tag has no image.
    """
    found = _URI.fullmatch(uri)
    if found is None:
        raise PermanentError(f"{uri} is no image in ECR; register a version with an image of ECR")
    base = f"{found['registry']}.dkr.ecr.{found['region']}.{found['suffix']}/{found['repository']}"
    digest = (
        found["digest"]
        or known_digest
        or _digest_of(found["registry"], found["region"], found["repository"], found["tag"])
    )
    return f"{base}@{digest}"


def _digest_of(registry: str, region: str, repository: str, tag: str | None) -> str:
    place = {"registryId": registry, "repositoryName": repository}
    try:
        answer = client("ecr", region).batch_get_image(**place, imageIds=[{"imageTag": tag or "latest"}])
    except ClientError as error:
        if is_not_found(error) or error.response["Error"]["Code"] == "RepositoryNotFoundException":
            raise PermanentError(f"the repository {repository} of {registry} is gone, and {tag} with it") from error
        raise
    images = answer.get("images", [])
    if not images:
        reason = (answer.get("failures") or [{}])[0].get("failureReason", "no such image")
        raise PermanentError(f"{repository}:{tag} in {registry} has no digest ({reason}); push it or register another")
    return str(images[0]["imageId"]["imageDigest"])
