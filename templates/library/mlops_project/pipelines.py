"""Publish a pipeline: its files under keys that carry their content's hash, then the definition, then a run."""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError


def digest(files: Mapping[str, bytes]) -> str:
    """Return 16 hexadecimal digits that change when a file's name or content does."""
    found = hashlib.sha256()
    for name, content in sorted(files.items()):
        found.update(f"{name}\0{len(content)}\0".encode())
        found.update(content)
    return found.hexdigest()[:16]


def files_in(folder: Path, pattern: str) -> dict[str, bytes]:
    """Return the files of a folder by name. Raises FileNotFoundError where none matches."""
    found = {path.name: path.read_bytes() for path in sorted(folder.glob(pattern)) if path.is_file()}
    if not found:
        raise FileNotFoundError(f"{folder} has no {pattern}")
    return found


def upload(s3: Any, uri: str, files: Mapping[str, bytes], *, owner: str, key_arn: str) -> None:
    """Put files under a URI that ends in a slash. `owner` is the account that must own the bucket."""
    bucket, _, prefix = uri.removeprefix("s3://").partition("/")
    for name, content in sorted(files.items()):
        s3.put_object(
            Bucket=bucket,
            Key=f"{prefix}{name}",
            Body=content,
            ExpectedBucketOwner=owner,
            ServerSideEncryption="aws:kms",
            SSEKMSKeyId=key_arn,
        )


def upsert(sagemaker: Any, name: str, definition: str, *, role_arn: str) -> str:
    """Make the pipeline be this definition and return `created`, `updated` or `unchanged`."""
    try:
        there = sagemaker.describe_pipeline(PipelineName=name)
    except ClientError as error:
        if not _is_absent(error):
            raise
        token = hashlib.sha256(f"{name} {definition}".encode()).hexdigest()
        sagemaker.create_pipeline(
            PipelineName=name, PipelineDefinition=definition, RoleArn=role_arn, ClientRequestToken=token
        )
        return "created"
    if there["PipelineDefinition"] == definition and there["RoleArn"] == role_arn:
        return "unchanged"
    sagemaker.update_pipeline(PipelineName=name, PipelineDefinition=definition, RoleArn=role_arn)
    return "updated"


def start(sagemaker: Any, name: str, *, request: str, description: str) -> str:
    """Start a run and return its ARN. The same `request` starts it once, however often it is sent."""
    answer = sagemaker.start_pipeline_execution(
        PipelineName=name,
        PipelineExecutionDescription=description,
        ClientRequestToken=hashlib.sha256(f"{name} {request}".encode()).hexdigest(),
    )
    arn: str = answer["PipelineExecutionArn"]
    return arn


def _is_absent(error: ClientError) -> bool:
    """Whether there is no such pipeline: ResourceNotFound, or a ValidationException whose text says it."""
    code, text = error.response["Error"]["Code"], error.response["Error"]["Message"]
    return code == "ResourceNotFound" or (code == "ValidationException" and "not find" in text)
