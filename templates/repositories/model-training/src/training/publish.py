"""What CI does on main: upload files, update the pipeline, start a run. It does not wait for the run."""

import os
from collections.abc import Mapping
from typing import Any

from mlops_project import pipelines
from training.definition import definition
from training.settings import Settings


def publish(session: Any, settings: Settings, environ: Mapping[str, str] = os.environ) -> str:
    """Publish with a boto3 session of the deploy role and return the ARN of the run.

    The run goes on in SageMaker; what it registers announces itself. Running the same attempt of a workflow again
    starts nothing twice.
    """
    text = definition(settings)
    from training.pipeline import code_uri, sample_files, sample_uri, step_files

    s3 = session.client("s3", region_name=settings.region)
    for uri, files in ((code_uri(settings), step_files()), (sample_uri(settings), sample_files())):
        pipelines.upload(s3, uri, files, owner=settings.account, key_arn=settings.key_arn)
    sagemaker = session.client("sagemaker", region_name=settings.region)
    outcome = pipelines.upsert(sagemaker, settings.pipeline_name, text, role_arn=settings.pipeline_role_arn)
    attempt = "-".join(environ.get(name, "") for name in ("GITHUB_RUN_ID", "GITHUB_RUN_ATTEMPT"))
    run = pipelines.start(
        sagemaker, settings.pipeline_name, request=f"{settings.commit} {attempt}", description=settings.commit
    )
    return f"- pipeline `{settings.pipeline_name}` {outcome}\n- run `{run}`"
