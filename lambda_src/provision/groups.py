"""The model package group of a project: created once, tagged as the project's, readable where it is deployed."""

import json
from collections.abc import Iterable

from botocore.exceptions import ClientError

from contracts.names import Names
from contracts.projects import GROUP_TAG
from lambda_src.provision.errors import RefusedError
from lambda_src.shared.clients import client
from lambda_src.shared.errors import is_not_found


def check_free(project: str, names: Names) -> None:
    """Raise RefusedError where the group of that name is somebody else's: a platform model's, or made by hand."""
    _check_ours(project, names, _owner(project, names))


def ensure(project: str, names: Names, readers: Iterable[Names]) -> None:
    """Create the group where it is not there, and let the other environments' project roles read it.

    Raises RefusedError for a group that is not this project's, and touches it not at all.
    """
    sagemaker = client("sagemaker")
    group = names.model_package_group(project)
    owner = _owner(project, names)
    if owner is None:
        try:
            sagemaker.create_model_package_group(
                ModelPackageGroupName=group,
                ModelPackageGroupDescription=f"Versions of project {project}",
                Tags=_tags(project, names),
            )
            owner = project
        except ClientError:
            # Another try of this request may have been quicker.
            owner = _owner(project, names)
            if owner is None:
                raise
    _check_ours(project, names, owner)
    readers = list(readers)
    if readers:
        sagemaker.put_model_package_group_policy(
            ModelPackageGroupName=group, ResourcePolicy=_policy(project, names, readers)
        )


def delete_if_empty(project: str, names: Names) -> None:
    """Delete the group of a project that never came to be. One that holds versions stays: SageMaker refuses."""
    if _owner(project, names) != project:
        return
    try:
        client("sagemaker").delete_model_package_group(ModelPackageGroupName=names.model_package_group(project))
    except ClientError as error:
        if not is_not_found(error) and "model packages" not in str(error).lower():
            raise


def _check_ours(project: str, names: Names, owner: str | None) -> None:
    if owner not in (None, project):
        raise RefusedError(
            f"{names.model_package_group(project)} exists and is no project's: a model of the platform has the name."
            " Choose another project name"
        )


def _tags(project: str, names: Names) -> list[dict[str, str]]:
    values = {
        GROUP_TAG: project,
        "organisation": names.organisation,
        "unit": names.unit,
        "environment": names.environment,
    }
    return [{"Key": key, "Value": value} for key, value in values.items()]


def _owner(project: str, names: Names) -> str | None:
    """Return whose the group is: a project's name, empty for nobody's, None where there is no group."""
    try:
        client("sagemaker").describe_model_package_group(ModelPackageGroupName=names.model_package_group(project))
        tags = client("sagemaker").list_tags(ResourceArn=names.model_package_group_arn(project))["Tags"]
    except ClientError as error:
        if is_not_found(error):
            return None
        raise
    return next((tag["Value"] for tag in tags if tag["Key"] == GROUP_TAG), "")


def _policy(project: str, names: Names, readers: list[Names]) -> str:
    """Name accounts, never roles that may not exist yet; the condition says which of their roles are meant."""
    group = names.model_package_group_arn(project)
    statements = [
        {
            "Sid": f"ReadFrom{reader.environment.capitalize()}",
            "Effect": "Allow",
            "Action": [
                "sagemaker:DescribeModelPackage",
                "sagemaker:DescribeModelPackageGroup",
                "sagemaker:ListModelPackages",
            ],
            "Resource": [group, f"{group.replace(':model-package-group/', ':model-package/')}/*"],
            "Principal": {"AWS": reader.account_root},
            "Condition": {"ArnLike": {"aws:PrincipalArn": reader.project_roles_arn}},
        }
        for reader in sorted(readers, key=lambda each: each.environment)
    ]
    return json.dumps({"Version": "2012-10-17", "Statement": statements}, sort_keys=True)
