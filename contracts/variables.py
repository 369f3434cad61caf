"""Names of the variables that project repositories read in GitHub Actions. OIDC needs no secrets."""

import re

AWS_REGION = "AWS_REGION"
AWS_DEPLOY_ROLE_ARN = "AWS_DEPLOY_ROLE_ARN"
ARTIFACT_BUCKET = "ARTIFACT_BUCKET"
MODEL_PACKAGE_GROUP = "MODEL_PACKAGE_GROUP"
PIPELINE_NAME = "PIPELINE_NAME"

ALL = (AWS_REGION, AWS_DEPLOY_ROLE_ARN, ARTIFACT_BUCKET, MODEL_PACKAGE_GROUP, PIPELINE_NAME)
"""Every variable the platform sets, in one place for the function that writes them and the workflows that read them."""


def is_variable_name(name: str) -> bool:
    """Return whether GitHub takes `name` and gives it back unchanged.

    GitHub takes letters, digits and underscores, no digit first and no GITHUB_ prefix, and turns letters into upper
    case (GitHub docs, "Naming conventions for configuration variables"); so only upper case reads back as written.
    """
    return re.fullmatch(r"(?!GITHUB_)[A-Z_][A-Z0-9_]*", name) is not None
