"""Whom a deploy role trusts: jobs of one repository, in one environment, that run a shared workflow of ours."""

import json

from contracts.github import OIDC_AUDIENCE, OIDC_ISSUER, job_workflow_ref, subjects
from contracts.names import Names
from lambda_src.vend.request import RoleRequest


def trust_policy(request: RoleRequest, names: Names, *, workflows_repository: str) -> str:
    """Return the trust policy as JSON, the same bytes for the same request.

    A repository's name can be given to another one after it was deleted, its id cannot; a branch can claim any
    environment that is not protected, so the environment's own rules decide who gets there; and the shared workflow is
    what runs, at a released tag, so that a repository cannot swap the deployment's steps.
    """
    subject = subjects(request.owner, request.owner_id, request.repository, request.repository_id, request.environment)
    statement = {
        "Sid": "JobsOfTheRepositoryInItsEnvironment",
        "Effect": "Allow",
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Principal": {"Federated": provider_arn(names)},
        "Condition": {
            "StringEquals": {
                f"{OIDC_ISSUER}:aud": OIDC_AUDIENCE,
                f"{OIDC_ISSUER}:environment": request.environment,
                f"{OIDC_ISSUER}:repository_id": str(request.repository_id),
                f"{OIDC_ISSUER}:sub": subject,
            },
            "StringLike": {f"{OIDC_ISSUER}:job_workflow_ref": job_workflow_ref(request.owner, workflows_repository)},
        },
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]}, sort_keys=True)


def provider_arn(names: Names) -> str:
    """ARN of GitHub's OIDC provider in the account; there is one per account at most."""
    return f"arn:{names.partition}:iam::{names.account}:oidc-provider/{OIDC_ISSUER}"
