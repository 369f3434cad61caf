"""The content to publish: read from the bucket, and believed only where its hash is the one that the stack named."""

import hashlib
import zipfile
from io import BytesIO

from botocore.exceptions import ClientError

from contracts.publication import Publication
from lambda_src.github_client.files import File
from lambda_src.publish.errors import PublishError
from lambda_src.shared.clients import client
from lambda_src.shared.errors import code_of, is_not_found

LARGEST = 32 * 1024 * 1024
"""Most bytes of a content, packed or not: many times what a template has, and an eighth of the function's memory."""


def read(bucket: str, publication: Publication) -> dict[str, File]:
    """Return the files by path. Raises PublishError for an object that is missing, changed or no content of files."""
    content = _object(bucket, publication.key)
    found = hashlib.sha256(content).hexdigest()
    if found != publication.sha256:
        raise PublishError(
            f"s3://{bucket}/{publication.key} has the SHA-256 {found}, not {publication.sha256}: somebody replaced it."
            " Nothing was published. See who wrote it, delete it, then run `pulumi refresh` and `pulumi up`"
        )
    with zipfile.ZipFile(BytesIO(content)) as archive:
        entries = [entry for entry in archive.infolist() if not entry.is_dir()]
        if sum(entry.file_size for entry in entries) > LARGEST:
            raise PublishError(f"{publication.template} has more than {LARGEST} bytes; nothing was published")
        files = {_checked(entry.filename): File(content=archive.read(entry)) for entry in entries}
    if not files:
        # It would empty the repository, which no template wants.
        raise PublishError(f"{publication.template} has no files; nothing was published")
    return files


def _object(bucket: str, key: str) -> bytes:
    try:
        answer = client("s3").get_object(Bucket=bucket, Key=key)
    except ClientError as error:
        # S3 says denied of an object that is missing, to whoever may not list the bucket.
        if is_not_found(error) or code_of(error) == "AccessDenied":
            raise PublishError(
                f"s3://{bucket}/{key} is not there, or this function may not read it ({code_of(error)}). Nothing was"
                " published. Run `pulumi refresh` and `pulumi up`, which put both right"
            ) from error
        raise
    if answer["ContentLength"] > LARGEST:
        raise PublishError(f"s3://{bucket}/{key} has more than {LARGEST} bytes; nothing was published")
    return bytes(answer["Body"].read())


def _checked(path: str) -> str:
    parts = path.split("/")
    if any(part in ("", ".", "..") or part.lower() == ".git" for part in parts) or "\\" in path:
        raise PublishError(f"{path!r} is no path of a repository; nothing was published")
    return path
