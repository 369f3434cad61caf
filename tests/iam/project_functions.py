"""The functions of projects as IAM sees them: their statements, and every call that they make in their own world.

They are rendered here, by stack. Once the stacks have the components, `policies` can read them from the stacks' graphs.
"""

import functools
import json
import tempfile
from dataclasses import dataclass
from pathlib import Path

from components.github_app_key import github_app_key_policy
from components.project_function_policies import (
    PROVISION,
    TRIGGER,
    VEND,
    provision_statements,
    request_role_statements,
    request_role_trust_policy,
    trigger_statements,
    vend_statements,
)
from contracts.projects import GROUP_TAG
from tests.iam.direct_actions import DIRECT, REFERENCE
from tests.iam.implied_actions import KEYS
from tests.iam.recording import Call, _text
from tests.iam.requests import Request, Row
from tests.projects.calls import LASTING
from tests.projects.faults import publish
from tests.projects.test_trigger import approval, version
from tests.projects.world import BOTH, DEV, ENVIRONMENTS, PROPERTIES, World

DATA_KEY = f"arn:aws:kms:us-east-1:{DEV.account}:key/data"
SIGNING_KEY = f"arn:aws:kms:us-east-1:{DEV.account}:key/github-app"
ROLES = [(PROVISION, "dev"), (TRIGGER, "dev"), *((VEND, name) for name in ENVIRONMENTS)]


def _group(p, s):
    return [s.arn("sagemaker", f"model-package-group/{p['ModelPackageGroupName']}")]


def _role(p, s):
    return [f"arn:aws:iam::{s.names.account}:role{s.names.project_role_path}{p['RoleName']}"]


def _bounded(p, s, call):
    return {"iam:PermissionsBoundary": s.names.boundary_arn("project")}


def _tag(kind):
    return lambda p, s, call: {f"aws:{kind}Tag/{GROUP_TAG}": "churn"}


def _tables(how):
    return lambda p, s: [s.arn("dynamodb", f"table/{table}") for found, table in p["TransactItems"] if found == how]


PROJECT_ROWS = [
    Row(("kms:Sign",), "kms:Sign", lambda p, s: [SIGNING_KEY], REFERENCE,
        context=lambda p, s, call: {"kms:SigningAlgorithm": p["SigningAlgorithm"], "kms:CallerAccount": DEV.account}),
    Row(("sts:AssumeRole",), "sts:AssumeRole", lambda p, s: [p["RoleArn"]], REFERENCE),
    *(Row((f"sagemaker:{o}",), f"sagemaker:{o}", _group, REFERENCE, context=context)
      for o, context in (("CreateModelPackageGroup", _tag("Request")), ("DeleteModelPackageGroup", _tag("Resource")),
                         ("DescribeModelPackageGroup", None), ("PutModelPackageGroupPolicy", _tag("Resource")))),
    Row(("sagemaker:CreateModelPackageGroup",), "sagemaker:AddTags", _group, f"{REFERENCE}, dependent actions",
        context=lambda p, s, call: {"sagemaker:TaggingAction": "CreateModelPackageGroup"}),
    Row(("sagemaker:ListTags",), "sagemaker:ListTags", lambda p, s: [p["ResourceArn"]], REFERENCE),
    *(Row((f"iam:{o}",), f"iam:{o}", _role, REFERENCE, context=_bounded)
      for o in ("CreateRole", "DeleteRolePolicy", "PutRolePolicy")),
    Row(("iam:CreateRole",), "iam:TagRole", lambda p, s: _role(p, s) if "Tags" in p else [],
        "IAM guide, tagging IAM roles: CreateRole with tags needs iam:TagRole"),
    *(Row((f"iam:{o}",), f"iam:{o}", _role, REFERENCE) for o in ("DeleteRole", "GetRole", "UpdateAssumeRolePolicy")),
    *(Row(("dynamodb:TransactWriteItems",), f"dynamodb:{action}", _tables(how),
          f"DynamoDB guide, using IAM with transactions: a {how} in a transaction is dynamodb:{action}")
      for how, action in (("Update", "UpdateItem"), ("Delete", "DeleteItem"),
                          ("ConditionCheck", "ConditionCheckItem"))),
]  # fmt: skip
ROWS = [*DIRECT, *KEYS, *PROJECT_ROWS]
BY_REQUEST_ROLE = "lambda:Invoke"
"""Made as the role of the account that vends, not as the function."""


@dataclass(frozen=True, eq=False)
class ProjectStack:
    """What `tests/iam/checks.py` asks of a stack."""

    environment: str
    previous = None
    data_key = DATA_KEY

    @property
    def names(self):
        return ENVIRONMENTS[self.environment]

    def arn(self, service, resource):
        return f"arn:aws:{service}:{self.names.region}:{self.names.account}:{resource}"

    def policies(self, function):
        """Return the documents of a function's work; what Lambda needs besides is tested with every function."""
        names = self.names
        statements = {
            PROVISION: lambda: provision_statements(
                names, list(ENVIRONMENTS.values()), data_key_arn=DATA_KEY, signing_key_arn=SIGNING_KEY
            ),
            TRIGGER: lambda: trigger_statements(names, data_key_arn=DATA_KEY, signing_key_arn=SIGNING_KEY),
            VEND: lambda: vend_statements(names),
            "project-request": lambda: request_role_statements(names),
        }[function]()
        return {"work": {"Version": "2012-10-17", "Statement": statements}}

    def policies_on(self, resource):
        """Return the resource policies on an ARN. The data key's is tested with the functions of delivery."""
        if resource == SIGNING_KEY:
            signers = [DEV.role_arn(PROVISION), DEV.role_arn(TRIGGER)]
            return [json.loads(github_app_key_policy(DEV, signers))]
        if resource == DATA_KEY:
            return [_open_to_its_account()]
        if ":role/" in resource and resource.endswith("-project-request"):
            return [json.loads(request_role_trust_policy(DEV))]
        return []


def _open_to_its_account():
    statement = {"Effect": "Allow", "Principal": {"AWS": DEV.account_root}, "Action": "kms:*", "Resource": "*"}
    return {"Statement": [statement]}


@functools.cache
def recorded():
    """Return every call, by function and environment, of ways through each function's statements."""
    found = set()
    for scenario in (_life, _failures, _deployments):
        with tempfile.TemporaryDirectory() as folder, World(Path(folder)) as world:
            scenario(world)
            for call in world.calls.made:
                if call.kind == "aws":
                    environment = next(n for n, s in ENVIRONMENTS.items() if s.account == call.account)
                    service, operation = call.name.split(":")
                    found.add((environment, Call(call.function, service, operation, _text(call.parameters), "")))
    return frozenset(found)


def _life(world):
    assert world.launch()["Status"] == "SUCCESS"
    world.deliver("provision", world.request("Create"))
    publish(world)
    assert world.cloudformation("Update", TemplateVersion="1.1.0", Owner="grace")["Status"] == "SUCCESS"
    for environment, template in (("dev", "model-training"), ("prod", "realtime-inference")):
        record = world.project().repositories[template]
        keys = ("owner", "owner_id", "name", "id")
        repository = {key: getattr(record, key) for key in keys}
        wish = {"operation": "grant", "project": "churn", "template": template, "environment": environment}
        assert world.vend(environment, {**wish, "repository": repository})["outcome"] == "granted"
    preprod = world.project().repositories["realtime-inference"]
    repository = {key: getattr(preprod, key) for key in ("owner", "owner_id", "name", "id")}
    wish = {"operation": "grant", "project": "churn", "template": "realtime-inference", "environment": "preprod"}
    assert world.vend("preprod", {**wish, "repository": repository})["outcome"] == "granted"
    assert world.cloudformation("Delete")["Status"] == "SUCCESS"


def _failures(world):
    world.calls.fault("PUT /repos/acme/risk-churn-inference/environments/prod", "denied", times=LASTING)
    assert world.launch()["Status"] == "FAILED"


def _deployments(world):
    event = {"operation": "create", "request_id": "r1", "properties": {**PROPERTIES, "Product": BOTH}}
    assert world.invoke("provision", event)["outcome"] == "created"
    assert world.deliver("trigger", approval(version(world)))["outcome"] == "started"
    world.calls.fault("kms:Sign", "denied", times=LASTING)
    assert world.deliver("trigger", approval(version(world, 2))) is None, "its start is given up again"


def requests(function, environment):
    """Return every request that a function's calls make in an environment."""
    stack = ProjectStack(environment)
    calls = [call for place, call in recorded() if call.function == function and place == environment]
    calls = [call for call in calls if call.name != BY_REQUEST_ROLE]
    return stack, sorted({r for call in calls for row in ROWS for r in row.requests(call, stack)}, key=str)


def invocations():
    """Yield what is asked of each account's request role: an environment, and the request."""
    for environment, call in recorded():
        if call.name == BY_REQUEST_ROLE:
            arn = call.parameters["FunctionName"]
            yield environment, Request("project-request", "lambda:InvokeFunction", arn, "invoke")
