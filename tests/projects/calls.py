"""Every call that the project functions make, AWS's and GitHub's alike: noted, and spoiled where a test says so."""

import io
import json
import re
from dataclasses import dataclass, field
from types import SimpleNamespace

from botocore.exceptions import ReadTimeoutError

from lambda_src.github_client.transport import Answer, NoAnswerError


class Died(BaseException):
    """The function's process ended in the middle: out of time, out of memory."""


AWS, GITHUB = "aws", "github"
KINDS = ("throttle", "5xx", "lost", "died", "denied", "not found")
LASTING = 10_000


@dataclass
class Call:
    """One call of a function."""

    function: str
    account: str
    name: str
    """`dynamodb:PutItem`, or `PUT /repos/acme/inference/environments/prod`."""
    parameters: dict = field(default_factory=dict)

    @property
    def kind(self):
        return GITHUB if " " in self.name else AWS

    @property
    def writes(self):
        if self.kind == GITHUB:
            return not self.name.startswith("GET ")
        return not self.name.partition(":")[2].startswith(("Describe", "Get", "List", "Query", "Sign"))


@dataclass
class Fault:
    """`kind` of KINDS, or `do` with an action; in the occurrence of a call after `skip` others, `times` times."""

    name: str
    kind: str
    skip: int = 0
    times: int = 1
    action: object = None


class Calls:
    """What was called, and the faults that are still to come."""

    def __init__(self):
        self.made, self.faults = [], []
        self.function = ""

    def fault(self, name, kind, *, occurrence=0, times=1, action=None):
        self.faults.append(Fault(name, kind, occurrence, times, action))

    def due(self, name):
        for fault in self.faults:
            if fault.name != name:
                continue
            if fault.skip:
                fault.skip -= 1
            elif fault.times:
                fault.times -= 1
                return fault
        return None

    def note(self, account, name, parameters):
        self.made.append(Call(self.function, account, name, parameters))
        fault = self.due(name)
        if fault is not None and fault.kind == "do":
            fault.action()
            return None
        return fault

    # GitHub: around the one method that sends
    def send(self, real):
        calls = self

        def send(transport, method, path, token, body=None, seconds=20.0):
            if not calls.function:
                return real(transport, method, path, token, body, seconds)
            fault = calls.note("", github_name(method, path), {"body": body})
            kind = fault.kind if fault else ""
            if kind in refusals:
                status, message, headers = refusals[kind]
                return Answer(status=status, headers=headers, body={"message": message})
            answer = real(transport, method, path, token, body, seconds)
            if kind == "lost":
                raise NoAnswerError("ReadTimeoutError: injected")
            if kind == "died":
                raise Died
            return answer

        return send

    # AWS: botocore's own events
    def before(self, answer):
        """Return a handler of `before-call`; `answer(service, operation, parameters, account)` stands for a service."""

        def before(model, context, account, **_):
            service, operation = model.service_model.service_name, model.name
            parameters = context.get("given", {})
            if self.function:
                fault = self.note(account, f"{service}:{operation}", parameters)
                context["fault"] = fault.kind if fault else ""
                if fault is not None and fault.kind in errors:
                    status, code, message = errors[fault.kind]
                    if fault.kind == "not found" and service == "sagemaker":
                        code, message = "ValidationException", "ModelPackageGroup does not exist."
                    if fault.kind == "not found" and service == "iam":
                        code = "NoSuchEntity"
                    return aws_error(status, code, message)
            return answer(service, operation, parameters, account)

        return before

    @staticmethod
    def after(context, **_):
        kind = context.get("fault")
        if kind == "died":
            raise Died
        if kind == "lost":
            raise ReadTimeoutError(endpoint_url="https://aws.invalid")


refusals = {
    "throttle": (403, "You have exceeded a secondary rate limit.", {"retry-after": "70"}),
    "5xx": (502, "Server Error", {}),
    "denied": (403, "Resource not accessible by integration", {}),
    "not found": (404, "Not Found", {}),
}
errors = {
    "throttle": (400, "ThrottlingException", "Rate exceeded"),
    "5xx": (500, "InternalServerError", "injected"),
    "denied": (403, "AccessDeniedException", "User is not authorized to perform this"),
    "not found": (404, "ResourceNotFoundException", "Could not find what was named."),
}


def github_name(method, path):
    """Return a call's name without ids and queries, the same in every world."""
    path = path.partition("?")[0]
    path = re.sub(r"^http://[^/]*", "", path)
    return f"{method} {re.sub(r'/([0-9a-f]{40}|[0-9]{4,})', '/#', path)}"


def aws_error(status, code, message):
    body = {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return SimpleNamespace(status_code=status, headers={}), body


def aws_answer(body):
    return SimpleNamespace(status_code=200, headers={}), {**body, "ResponseMetadata": {"HTTPStatusCode": 200}}


class Groups:
    """SageMaker's model package groups and versions, as far as projects need them; moto has not all of it."""

    def __init__(self):
        self.groups, self.tags, self.policies, self.versions = {}, {}, {}, {}

    def answer(self, operation, given, account):
        group = given.get("ModelPackageGroupName")
        if operation == "CreateModelPackageGroup":
            if group in self.groups:
                return aws_error(400, "ValidationException", f"Model Package Group already exists: {group}")
            arn = f"arn:aws:sagemaker:us-east-1:{account}:model-package-group/{group}"
            self.groups[group] = arn
            self.tags[arn] = list(given.get("Tags", []))
            return aws_answer({"ModelPackageGroupArn": arn})
        if operation == "ListTags":
            return aws_answer({"Tags": self.tags.get(given["ResourceArn"], [])})
        if operation == "DescribeModelPackage":
            arn = given["ModelPackageName"]
            if arn not in self.versions:
                return aws_error(400, "ValidationException", f"ModelPackage {arn} does not exist.")
            return aws_answer({"ModelPackageArn": arn, "ModelApprovalStatus": self.versions[arn]})
        if group not in self.groups:
            return aws_error(400, "ValidationException", f"ModelPackageGroup {group} does not exist.")
        if operation == "PutModelPackageGroupPolicy":
            self.policies[group] = json.loads(given["ResourcePolicy"])
            return aws_answer({"ModelPackageGroupArn": self.groups[group]})
        if operation == "DeleteModelPackageGroup":
            if any(f"/{group}/" in arn for arn in self.versions):
                text = f"Model Package Group {group} cannot be deleted since it still contains model packages"
                return aws_error(400, "ConflictException", text)
            del self.tags[self.groups.pop(group)]
            self.policies.pop(group, None)
            return aws_answer({})
        assert operation == "DescribeModelPackageGroup", f"teach the fake {operation}"
        return aws_answer({"ModelPackageGroupName": group, "ModelPackageGroupArn": self.groups[group]})


def payload(document):
    return io.BytesIO(json.dumps(document).encode())
