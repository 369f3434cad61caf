"""Three accounts in moto, the local GitHub and a CloudFormation that listens, around the real functions.

`provision`, `trigger` and `vend` run as their handlers; `vend` in the account that its ARN names, with that account's
credentials. Lambda's retries, CloudFormation's rollback and the passing of time are played here; nothing sleeps.
"""

import contextlib
import functools
import importlib
import io
import itertools
import json
import logging
import os
import threading
import uuid
from dataclasses import asdict
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace
from typing import ClassVar
from unittest.mock import patch

import boto3
from botocore.config import Config
from moto import mock_aws
from moto.iam.models import iam_backends
from werkzeug.test import Client

from contracts import provisioning_config
from contracts.names import Names
from contracts.projects import TABLE, template_repository_name
from contracts.provisioning_config import ProvisioningConfig, Reviewer
from lambda_src.github_client.deadline import within
from lambda_src.github_client.transport import Answer, HttpTransport
from local.aws import credentials
from local.github.app import install
from local.github.server import LocalGitHub
from tests.github_world import DEPLOY, Clock, Kms, public_der
from tests.projects.calls import Calls, Died, Groups, aws_answer, payload

REGION = "us-east-1"
ACCOUNTS = {"dev": "111111111111", "preprod": "222222222222", "prod": "333333333333"}
ENVIRONMENTS = {
    name: Names(
        organisation="acme", unit="risk", environment=name, region=REGION, account=account, image_account="111111111111"
    )
    for name, account in ACCOUNTS.items()
}
DEV = ENVIRONMENTS["dev"]
KEY = "arn:aws:kms:us-east-1:111111111111:key/github-app"
TRIES = 3
"""Lambda's first try and its two retries of an asynchronous event."""
TEMPLATES = {
    "model-training": {
        "README.md": b"Training\n",
        "src/train.py": b"x = 1\n",
        ".github/CODEOWNERS": b"* @acme/mlops\n",
    },
    "realtime-inference": {"README.md": b"Inference\n", ".github/workflows/deploy.yml": DEPLOY},
}
BOTH = "model-training-and-deployment"
PROPERTIES = {"ProjectName": "churn", "Product": BOTH, "Owner": "ada", "Team": "risk", "TemplateVersion": "1.0.0"}
OURS = ("risk-churn-training", "risk-churn-inference")
SECRET = "X-Amz-Signature=c0ffee5ec2e7"
FUNCTION_SECONDS = {"provision": 900, "trigger": 120, "vend": 60}


class _CloudFormation(BaseHTTPRequestHandler):
    worlds: ClassVar = {}

    def do_PUT(self):
        world = self.worlds[self.path.split("/")[1]]
        body = self.rfile.read(int(self.headers["content-length"]))
        status = world.refused_answers.pop(0) if world.refused_answers else 200
        if status == 200:
            assert len(body) <= 4096, "CloudFormation takes no more"
            world.answers.append(json.loads(body))
        self.send_response(status)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


@functools.cache
def cloudformation():
    server = ThreadingHTTPServer(("127.0.0.1", 0), _CloudFormation)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    return server.server_port


@functools.cache
def _signature(message, kind, algorithm):
    """Sign as KMS does; the same moment asks for the same signature again and again."""
    return Kms().sign(KeyId=KEY, Message=message, MessageType=kind, SigningAlgorithm=algorithm)["Signature"]


_current = None
_clients = {}


def _client(account, service, region=REGION):
    """Return a client of an account with our hooks; one for all worlds, because making it is what is slow."""
    key = (account, service, region)
    if key not in _clients:
        session = boto3.session.Session(
            aws_access_key_id=credentials.access_key(account), aws_secret_access_key=credentials.SECRET
        )
        made = session.client(service, region_name=region, config=Config(retries={"total_max_attempts": 1}))
        events = made.meta.events
        events.register("provide-client-params", lambda params, context, **_: context.update(given=dict(params)))
        events.register_first("before-call", functools.partial(_before, account=account))
        events.register("after-call", _after)
        _clients[key] = made
    return _clients[key]


def _before(model, context, account, **_):
    return _current.hook(model=model, context=context, account=account)


def _after(context, **_):
    Calls.after(context)


MODULES = {
    "provision": (
        "lambda_src.projects.records", "lambda_src.projects.github", "lambda_src.provision.groups",
        "lambda_src.provision.roles",
    ),
    "trigger": (
        "lambda_src.trigger.dispatches", "lambda_src.shared.store", "lambda_src.shared.registry",
        "lambda_src.shared.runtime",
    ),
    "vend": ("lambda_src.vend.roles",),
}  # fmt: skip
"""Where `client` is looked up."""


class World:
    """Use as a context manager; everything in it is new."""

    def __init__(self, folder, *, plan="enterprise", templates=None, sockets=False):
        self.folder, self.plan, self.templates = folder, plan, templates or TEMPLATES
        self.sockets = sockets
        """Whether GitHub is reached over the network; without, the same server answers within the process."""
        self.id = uuid.uuid4().hex
        self.calls, self.groups, self.clock = Calls(), Groups(), Clock()
        self.answers, self.refused_answers, self.dead_letters = [], [], []
        self.seconds_left = dict(FUNCTION_SECONDS)
        self.log = io.StringIO()
        self.meanwhile = lambda: None
        self._numbers = itertools.count(1)

    def __enter__(self):
        global _current
        self._stack = contextlib.ExitStack()
        enter = self._stack.enter_context
        enter(mock_aws())
        for account in ACCOUNTS.values():
            credentials.enable(account)
        self.hub = enter(LocalGitHub(self.folder, plan=self.plan, clock=self.clock))
        self._github = Client(self.hub._serve)
        self.hook = self.calls.before(self._answer)
        self._before, _current = _current, self
        self._stack.callback(self._leave)
        _CloudFormation.worlds[self.id] = self
        app = SimpleNamespace(get_public_key=lambda KeyId: {"PublicKey": public_der()})  # noqa: N803  # boto3's name
        self.app = install(self.hub, app, KEY)
        send = HttpTransport.send if self.sockets else self._send
        enter(patch.object(HttpTransport, "send", self.calls.send(send)))
        enter(patch.dict(os.environ, self._environment()))
        self._load()
        self._furnish()
        return self

    def __exit__(self, *_):
        self._stack.close()

    def _leave(self):
        global _current  # noqa: PLW0603  # the hooks of all clients look here
        _current = self._before
        del _CloudFormation.worlds[self.id]

    def _environment(self):
        config = ProvisioningConfig(
            organization="acme",
            unit="risk",
            platform_team="mlops",
            products=("model-training", BOTH),
            environments=ENVIRONMENTS,
            reviewers={"prod": (Reviewer(login="grace", id=7001),)},
        )
        return {
            "NAMES": json.dumps(asdict(DEV)),
            "TABLE_NAME": DEV.table(TABLE),
            "GITHUB_APP": json.dumps(asdict(self.app)),
            provisioning_config.VARIABLE: provisioning_config.encode(config),
            "ORGANIZATION": "acme",
            "WORKFLOWS_REPOSITORY": "mlops-workflows",
            "AWS_DEFAULT_REGION": REGION,
            "POWERTOOLS_TRACE_DISABLED": "true",
            "POWERTOOLS_SERVICE_NAME": "projects",
        }

    def _load(self):
        """Give the functions this world's clients, clock and settings; their own code is as it is."""
        from lambda_src.projects import github
        from lambda_src.provision import handler as provision
        from lambda_src.provision import settings
        from lambda_src.shared import configuration

        enter = self._stack.enter_context
        dev = functools.partial(_client, DEV.account)
        for module in (*MODULES["provision"], *MODULES["trigger"]):
            enter(patch.object(importlib.import_module(module), "client", dev))
        enter(patch("lambda_src.provision.roles.client_as", self._client_as))
        from lambda_src.trigger import handler as trigger
        from lambda_src.vend import handler as vend

        self.modules = {"provision": provision, "trigger": trigger, "vend": vend}
        for cached in (github.minter, settings.config, configuration.names):
            cached.cache_clear()
            self._stack.callback(cached.cache_clear)
        until = functools.partial(within, clock=self.clock, sleeper=self.clock.sleep)
        enter(patch.object(provision, "_addresses", lambda: (f"http://127.0.0.1:{cloudformation()}/",)))
        enter(patch.object(provision, "of_lambda", lambda context: until(self.seconds_left["provision"] - 5)))
        enter(patch.object(trigger, "within", until))
        enter(patch.object(trigger, "_seconds", lambda: int(self.clock())))
        from lambda_src.shared import runtime

        self.handlers = {
            "provision": provision.handler,
            "trigger": runtime.handler("trigger", trigger.trigger),
            "vend": vend.handler,
        }
        stream = logging.StreamHandler(self.log)
        loggers = [logging.getLogger(), *(logging.getLogger(name) for name in ("projects", "service_undefined"))]
        for logger in loggers:
            logger.addHandler(stream)
            self._stack.callback(logger.removeHandler, stream)

    def _furnish(self):
        self.aws("dev", "dynamodb").create_table(
            TableName=DEV.table(TABLE),
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key in ("pk", "sk")],
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
        )
        for template, files in self.templates.items():
            self.hub.add_repository(template_repository_name("risk", template), files, template=True)
            self.tag(template, "1.0.0")
        self.hub.add_user("ada")
        self.hub.add_user("grace", 7001)
        self.hub.add_user("mallory", member=False)
        for team in ("mlops", "risk"):
            self.hub.add_team(team)
        self.hub.add_repository("bystander", {"a.txt": b"mine\n"})

    def tag(self, template, version):
        """Tag a template repository's head as a published version."""
        refs = self.hub.repository(template_repository_name("risk", template))["refs"]
        refs[f"refs/tags/template-{version}"] = refs["refs/heads/main"]

    def _send(self, transport, method, path, token, body, seconds):
        """Do what the transport does, without a socket: with a hundred calls a project, sockets are what is slow."""
        headers = {"authorization": f"Bearer {token}", "user-agent": "test"}
        path = path.removeprefix(self.hub.url)
        answer = self._github.open(path, method=method, json=body, headers=headers)
        found = {name.lower(): value for name, value in answer.headers.items()}
        return Answer(status=answer.status_code, headers=found, body=json.loads(answer.data) if answer.data else None)

    # AWS
    def aws(self, environment, service):
        """Return a client of the test's own: its calls are not noted, and meet no fault."""
        return _client(ACCOUNTS[environment], service)

    def _client_as(self, service, region, assumed):
        account = assumed["AccessKeyId"] and self._assumed.split(":")[4]
        assert self._assumed == ENVIRONMENTS[_environment_of(account)].role_arn("project-request")
        return _client(account, service, region)

    def _answer(self, service, operation, given, account):
        if service == "sagemaker":
            return self.groups.answer(operation, given, account)
        if operation == "AssumeRole":
            self._assumed = given["RoleArn"]
        if operation == "Sign":
            return aws_answer(
                {"Signature": _signature(given["Message"], given["MessageType"], given["SigningAlgorithm"])}
            )
        if operation == "Invoke":
            environment = _environment_of(given["FunctionName"].split(":")[4])
            assert given["FunctionName"] == ENVIRONMENTS[environment].function_arn("vend")
            assert account == ACCOUNTS[environment], "invoked with the credentials of another account"
            return aws_answer(self._invoke(environment, json.loads(given["Payload"])))
        return None

    def _invoke(self, environment, event):
        try:
            return {"StatusCode": 200, "Payload": payload(self.vend(environment, event))}
        except Exception as error:  # noqa: BLE001  # Lambda catches everything
            answer = {"errorType": type(error).__name__, "errorMessage": str(error)}
            return {"StatusCode": 200, "FunctionError": "Unhandled", "Payload": payload(answer)}

    def vend(self, environment, event):
        """Run `vend` in the account of an environment and return its answer."""
        own = ENVIRONMENTS[environment]
        variables = {} if environment == "dev" else {"DEVELOPMENT_NAMES": json.dumps(asdict(DEV))}
        module = self.modules["vend"]
        account_client = functools.partial(_client, own.account)
        with (
            patch("lambda_src.vend.roles.client", account_client),
            patch.object(module, "names", lambda: own),
            patch.dict(os.environ, variables),
            self._as("vend"),
        ):
            return self.handlers["vend"](json.loads(json.dumps(event)), _context("vend"))

    @contextlib.contextmanager
    def _as(self, function):
        before, self.calls.function = self.calls.function, function
        try:
            yield
        finally:
            self.calls.function = before

    # running
    def invoke(self, function, event, alias=""):
        """Run a function once, as a synchronous call does."""
        with self._as(function):
            return self.handlers[function](json.loads(json.dumps(event)), _context(function, alias))

    def deliver(self, function, event, *, tries=TRIES):
        """Deliver an event as Lambda does; return the answer, or None where it went to the dead letters."""
        self.errors = []
        for number in range(tries):
            if number:
                self.clock.now += 60 * number
                self._let_idempotency_age()
                self.meanwhile()
            try:
                return self.invoke(function, event)
            except (Exception, Died) as error:  # noqa: BLE001  # Lambda catches everything
                self.errors.append(error)
        self.dead_letters.append((function, event))
        return None

    def _let_idempotency_age(self):
        table = self.aws("dev", "dynamodb")
        for item in table.scan(TableName=DEV.table(TABLE))["Items"]:
            if item.get("status", {}).get("S") == "INPROGRESS":
                table.delete_item(TableName=DEV.table(TABLE), Key={"pk": item["pk"], "sk": item["sk"]})

    def request(self, kind, stack="s1", *, physical=None, request_id=None, **properties):
        """Return an event of CloudFormation. The address is secret."""
        event = {
            "RequestType": kind,
            "RequestId": request_id or f"{kind}-{stack}-{next(self._numbers)}",
            "StackId": f"arn:aws:cloudformation:{REGION}:{DEV.account}:stack/SC-{stack}/1",
            "LogicalResourceId": "Project",
            "ResourceType": "Custom::MlopsProject",
            "ResponseURL": f"http://127.0.0.1:{cloudformation()}/{self.id}/answer?{SECRET}",
            "ResourceProperties": {"ServiceToken": DEV.function_arn("provision"), **PROPERTIES, **properties},
        }
        if kind != "Create":
            event["PhysicalResourceId"] = physical or f"project/{event['ResourceProperties']['ProjectName']}"
        return event

    def told(self, event):
        """Return what CloudFormation was told about a request; None where it was not. Twice the same is once."""
        found = [answer for answer in self.answers if answer["RequestId"] == event["RequestId"]]
        assert len({answer["Status"] for answer in found}) <= 1, f"told both: {found}"
        return found[-1] if found else None

    def cloudformation(self, kind, stack="s1", **properties):
        """Send a request and return what CloudFormation is told."""
        event = self.request(kind, stack, **properties)
        self.deliver("provision", event)
        return self.told(event)

    def launch(self, stack="s1", **properties):
        """Create as a stack does: what fails is rolled back. Returns what the creation was answered."""
        event = self.request("Create", stack, **properties)
        self.deliver("provision", event)
        answer = self.told(event)
        if answer is None or answer["Status"] == "FAILED":
            self.calls.faults.clear()
            physical = answer["PhysicalResourceId"] if answer else f"SC-{stack}-Project-1ABC"
            assert self.cloudformation("Delete", stack, physical=physical, **properties)["Status"] == "SUCCESS"
        return answer

    # what is there
    def project(self, name="churn"):
        from lambda_src.projects import records

        return records.read(name)

    def repositories(self):
        """Return the repositories of projects by name: neither templates nor the bystander."""
        found = self.hub.store.repositories.values()
        return {r["name"]: r for r in found if not r["is_template"] and r["name"] != "bystander"}

    def roles(self):
        """Return every role of all accounts by environment and name; from moto itself, its answers are slow."""
        return {
            (environment, role.name): {"Arn": role.arn, "Boundary": role.permissions_boundary_arn}
            for environment, account in ACCOUNTS.items()
            for role in iam_backends[account]["aws"].roles.values()
        }

    def bystander(self):
        return json.dumps(self.hub.repository("bystander"), sort_keys=True)


def _environment_of(account):
    return next(name for name, each in ACCOUNTS.items() if each == account)


def _context(function, alias=""):
    return SimpleNamespace(
        function_name=f"acme-risk-dev-us-east-1-{function}",
        memory_limit_in_mb=256,
        invoked_function_arn=DEV.function_arn(function) + (f":{alias}" if alias else ""),
        aws_request_id=str(uuid.uuid4()),
        get_remaining_time_in_millis=lambda: FUNCTION_SECONDS[function] * 1000,
    )
