"""Names of the variables that project repositories read in GitHub Actions. OIDC needs no secrets."""

AWS_REGION = "AWS_REGION"
AWS_DEPLOY_ROLE_ARN = "AWS_DEPLOY_ROLE_ARN"
ARTIFACT_BUCKET = "ARTIFACT_BUCKET"
MODEL_PACKAGE_GROUP = "MODEL_PACKAGE_GROUP"
PIPELINE_NAME = "PIPELINE_NAME"

ALL = (AWS_REGION, AWS_DEPLOY_ROLE_ARN, ARTIFACT_BUCKET, MODEL_PACKAGE_GROUP, PIPELINE_NAME)
"""Every variable the platform sets, in one place for the function that writes them and the workflows that read them."""
