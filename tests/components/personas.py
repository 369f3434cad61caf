"""The policies of people and projects as rendered, and requests in the words of the tables."""

import json

from components.catalog_policies import TEMPLATES
from components.job_policies import JobScope
from components.persona_policies import (
    approver_statements,
    data_scientist_statements,
    experiment_statements,
    lead_statements,
    viewer_statements,
)
from components.persona_policies_studio import Tracking, Workbench
from components.persona_policies_trust import boundary_statements
from components.project_boundary import project_boundary_statements
from contracts.names import Names
from contracts.project_access import project_role_statements
from contracts.project_variables import STATES
from tests.policy_evaluator import is_allowed_within

ACCOUNTS = {"dev": "111111111111", "preprod": "222222222222", "prod": "333333333333"}
WORKBENCH = Workbench(app_instances=["ml.t3.medium"], tracking=Tracking.SERVER, catalog=True)


def names(environment, **changes):
    return Names(**{"organisation": "acme", "unit": "risk", "environment": environment, "region": "us-east-1",
                    "account": ACCOUNTS[environment], "image_account": ACCOUNTS["dev"], **changes})  # fmt: skip


def scope(of, subnets=("subnet-1", "subnet-2"), group="sg-1"):
    return JobScope(names=of, subnet_ids=list(subnets), security_group_id=group, data_key_arn=key_of(of))


def key_of(of):
    return f"arn:{of.partition}:kms:{of.region}:{of.account}:key/{'0' * 8}-0000-0000-0000-{'0' * 12}"


def statements(persona, of, workbench=WORKBENCH, **ids):
    found = scope(of, **ids)
    return {
        "data-scientist": lambda: data_scientist_statements(found, workbench),
        "lead": lambda: lead_statements(found, workbench),
        "approver": lambda: approver_statements(found),
        "viewer": lambda: viewer_statements(found),
        "experiment": lambda: experiment_statements(found),
    }[persona]()


def document(found):
    """As AWS gets it: rendered and read again."""
    return json.loads(json.dumps({"Version": "2012-10-17", "Statement": found}))


def size(found):
    """Characters as IAM counts them, without white space."""
    return len(json.dumps(document(found), separators=(",", ":")))


def fields(of):
    """What stands for the braces in the tables."""
    dev = names("dev", region=of.region)
    account = f"{of.region}:{of.account}"
    return {
        "sm": f"arn:aws:sagemaker:{account}", "prefix": of.prefix, "region": of.region, "key": key_of(of),
        "data": of.bucket_arn("data"), "artifacts": of.bucket_arn("artifacts"), "logs": f"arn:aws:logs:{account}",
        "role": f"arn:aws:iam::{of.account}:role/{of.prefix}", "table": f"arn:aws:dynamodb:{account}:table/{of.prefix}",
        "bus": f"arn:aws:events:{account}:event-bus/default", "queue": f"arn:aws:sqs:{account}:{of.prefix}",
        "function": f"arn:aws:lambda:{account}:function:{of.prefix}",
        "secret": f"arn:aws:secretsmanager:{account}:secret",
        "catalog": f"arn:aws:catalog:{account}", "projects": of.project_roles_arn[:-1], "organisation": of.organisation,
        "unit": of.unit, "environment": of.environment, "alarm": f"arn:aws:cloudwatch:{account}:alarm",
        "scaling": f"arn:aws:application-autoscaling:{account}",
        "ssm": f"arn:aws:ssm:{account}:parameter/acme/risk/{of.environment}/{of.region}",
        "dev_sm": f"arn:aws:sagemaker:{dev.region}:{dev.account}", "dev_prefix": dev.prefix,
        "dev_artifacts": dev.bucket_arn("artifacts"), "dev_key": key_of(dev),
        "templates": of.bucket_arn(TEMPLATES), "stack": f"arn:aws:cloudformation:{account}:stack",
        "states": of.bucket_arn(STATES), "root": f"arn:aws:iam::{of.account}",
    }  # fmt: skip


def request(row, of):
    """Action, resource and condition keys of a row, without who asks."""
    known = fields(of)
    context = {
        key: [v.format(**known) for v in value] if isinstance(value, list) else value.format(**known)
        for key, value in row.context.items()
    }
    return row.action, row.resource.format(**known), context


def session(persona, of, *, nameless=False):
    """Condition keys that a persona's session brings into every request."""
    named = {} if nameless else {"aws:SourceIdentity": "ada"}
    studio = {"sagemaker:DomainId": "d-1", "sagemaker:UserProfileName": "ada"}
    return {
        "aws:PrincipalArn": of.role_arn(persona),
        **named,
        **(studio if persona in ("data-scientist", "lead") else {}),
    }


def may(persona, of, action, resource, context, *, nameless=False):
    """Whether a persona may, within its boundary."""
    return is_allowed_within(
        document(boundary_statements(scope(of))),
        [document(statements(persona, of))],
        action,
        resource,
        {**context, **session(persona, of, nameless=nameless)},
    )


def project_statements(template, of, project="churn"):
    development = None if of.environment == "dev" else names("dev", region=of.region)
    return project_role_statements(of, project, template, development=development)


def project_may(template, of, action, resource, context, *, project="churn"):
    """Whether the deploy role of a project's repository may, within the boundary of project roles."""
    bounds = document(project_boundary_statements(scope(of), names("dev", region=of.region)))
    own = [document(project_statements(template, of, project))]
    return is_allowed_within(bounds, own, action, resource, {**context, "aws:PrincipalArn": "x"})
