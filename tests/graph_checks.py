"""Checks over a whole graph. Each returns what is wrong, so that a test can show it and can prove the check bites."""

import inspect
import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

import pulumi_aws

from contracts.limits import LIMITS
from local.recorder import STACK_TYPE, Graph, Registration

STATEFUL = (
    "s3:Bucket",
    "kms:Key",
    "cloudwatch:LogGroup",
    "sagemaker:ModelPackageGroup",
    "dynamodb:Table",
    "ecr:Repository",
)
PROVIDER = "pulumi:providers:aws"
GITHUB_PROVIDER = "pulumi:providers:github"
OF_ENGINE = "pulumi:"
"""What the engine itself keeps, providers and stashes: no cloud resource, so no provider and no tags."""
NAMED = {
    "s3:Bucket": ("bucket", "bucket"),
    "iam:Role": ("name", "role"),
    "kms:Alias": ("name", "key_alias"),
    "sagemaker:Pipeline": ("pipelineName", "pipeline"),
    "sagemaker:ModelPackageGroup": ("modelPackageGroupName", "model_package_group"),
    "scheduler:Schedule": ("name", "schedule"),
    "scheduler:ScheduleGroup": ("name", "schedule_group"),
    "cloudwatch:EventRule": ("name", "event_rule"),
    "cloudwatch:MetricAlarm": ("name", "alarm"),
    "sns:Topic": ("name", "topic"),
    "sqs:Queue": ("name", "queue"),
    "cloudwatch:LogGroup": ("name", "log_group"),
    "cloudwatch:EventBus": ("name", "event_bus"),
    "lambda:Function": ("name", "function"),
    "dynamodb:Table": ("name", "table"),
    "ssm:Parameter": ("name", "parameter"),
    "sagemaker:Domain": ("domainName", "domain"),
    "servicecatalog:Portfolio": ("name", "portfolio"),
    "iam:Policy": ("name", "boundary"),
}


def strings(value: Any) -> Iterator[str]:
    """Every string in a nested value, keys excluded."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from strings(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from strings(item)


def documents(graph: Graph) -> Iterator[tuple[Registration, str, dict[str, Any]]]:
    """Every policy document of a graph, with its resource and property."""
    for registration in graph:
        for key, value in registration.inputs.items():
            if isinstance(value, str) and value.startswith("{") and '"Statement"' in value:
                yield registration, key, json.loads(value)


def stray_children_of_stack(graph: Graph) -> list[str]:
    """Resources that hang from the stack itself; only the platform and its provider may."""
    return [
        r.name
        for r in graph
        if r.parent.split("::")[2] == STACK_TYPE and r.type not in ("mlops:index:Platform", PROVIDER, GITHUB_PROVIDER)
    ]


def without_provider(graph: Graph) -> list[str]:
    """Resources that would fall to a default provider, and so to whatever account the shell points at."""
    return [r.name for r in graph if r.custom and not r.type.startswith(OF_ENGINE) and not r.provider]


def untagged(graph: Graph, wanted: dict[str, str]) -> list[str]:
    """Resources whose type takes tags and that lack one of the wanted ones."""
    return [
        f"{r.name}: {sorted(wanted.keys() - (r.inputs.get('tags') or {}).keys())}"
        for r in graph
        if r.custom
        and not r.type.startswith(OF_ENGINE)
        and takes_tags(r.type)
        and not wanted.keys() <= (r.inputs.get("tags") or {}).keys()
    ]


def takes_tags(type_token: str) -> bool:
    """Whether the provider's class for a type has a `tags` argument."""
    provider, module, kind = type_token.split(":")
    if provider != "aws":
        return False
    name = module.split("/")[0]
    package = getattr(pulumi_aws, {"lambda": "lambda_"}.get(name, name))
    return "tags" in inspect.signature(getattr(package, kind)._internal_init).parameters


def unprotected_stores(graph: Graph) -> list[str]:
    """Stores that a `destroy` would take with it."""
    return [r.name for r in graph if r.short_type in STATEFUL and not (r.protect and r.retain_on_delete)]


def too_long_names(graph: Graph) -> list[str]:
    """Physical names beyond their service's limit."""
    found = []
    for r in graph:
        if r.short_type in NAMED:
            key, kind = NAMED[r.short_type]
            if len(r.inputs[key]) > LIMITS[kind].length:
                found.append(f"{r.name}: {r.inputs[key]} has {len(r.inputs[key])} of {LIMITS[kind].length}")
    return found


def half_ready_role_users(graph: Graph) -> list[str]:
    """Resources that are handed a role's ARN without waiting for the role's policies."""
    policies: dict[str, set[str]] = {}
    arns = {}
    for r in graph.of_type("iam:Role"):
        arns[f"role/{r.inputs['name']}"] = r.inputs["name"]
    for kind, key in (("iam:RolePolicy", "role"), ("iam:RolePoliciesExclusive", "roleName")):
        for r in graph.of_type(kind):
            policies.setdefault(r.inputs[key], set()).add(r.urn)
    found = []
    for r in graph:
        for key in ("roleArn", "iamRoleArn", "role"):
            target = r.inputs.get("target")  # a ruleset of GitHub has a text there
            for text in strings([r.inputs.get(key), target.get(key) if isinstance(target, dict) else None]):
                role = arns.get("role/" + text.rsplit("role/", 1)[-1]) if ":role/" in text else None
                if role and not policies[role] <= set(r.dependencies):
                    found.append(f"{r.name} uses {role} before {sorted(policies[role] - set(r.dependencies))}")
    return found


def principals_that_may_not_exist(graph: Graph, accounts: Iterable[str]) -> list[str]:
    """AWS principals in resource policies other than the roots of the environments' accounts, which always exist."""
    allowed = {"*", *(f"arn:aws:iam::{account}:root" for account in accounts)}
    found = []
    for r, key, document in documents(graph):
        for statement in document["Statement"]:
            principal = statement.get("Principal", {})
            named = list(strings(principal if isinstance(principal, str) else principal.get("AWS", [])))
            found += [f"{r.name}.{key} {statement['Sid']}: {p}" for p in named if p not in allowed]
    return found


def open_to_everyone(graph: Graph) -> list[str]:
    """Allow statements for everybody without a condition on who or what; endpoint policies are bound by the VPC."""
    found = []
    for r, key, document in documents(graph):
        if r.short_type == "ec2:VpcEndpoint":
            continue
        for statement in document["Statement"]:
            everyone = statement.get("Principal") in ("*", {"AWS": "*"})
            if everyone and statement["Effect"] == "Allow":
                found.append(f"{r.name}.{key} {statement['Sid']}")
    return found


def secrets_in_clear(graph: Graph, sentinel: str) -> list[str]:
    """Resources whose registration carries the sentinel outside a secret wrapper."""
    return [r.name for r in graph if sentinel in json.dumps(_without_secrets(json.loads(r.raw_inputs)))]


def _without_secrets(value: Any) -> Any:
    if isinstance(value, dict):
        if value.get("4dabf18193072939515e22adb298388d") == "1b47061264138c4ac30d75fd1eb44270":
            return "secret"
        return {key: _without_secrets(item) for key, item in value.items()}
    return [_without_secrets(item) for item in value] if isinstance(value, list) else value


def snapshot(graph: Graph) -> list[dict[str, Any]]:
    """The graph as a reviewable, sorted document; pipeline definitions are shortened to a hash-free outline."""
    rows = []
    for r in sorted(graph, key=lambda r: r.urn):
        inputs = {k: _readable(k, v) for k, v in sorted(r.inputs.items()) if k != "tags"}
        rows.append({"type": r.short_type, "name": r.name, "protect": r.protect, "inputs": inputs})
    return rows


def _readable(key: str, value: Any) -> Any:
    if key == "sourceCodeHash":
        return "<content hash>"  # a change of the code is reviewed as a change of the code
    if key == "pipelineDefinition":
        return [step["Name"] for step in json.loads(value)["Steps"]]
    if isinstance(value, str) and value.startswith("{"):
        return json.loads(value)
    if isinstance(value, str):
        # A change of a script is reviewed as a change of the script.
        return re.sub(r"code/[0-9a-f]{16}/", "code/<content hash>/", value)
    if isinstance(value, dict | list | int | float | bool | None):
        return value
    return type(value).__name__  # assets: their content is named by the object's key
