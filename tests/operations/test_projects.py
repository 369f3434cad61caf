"""Projects from the command line or a portal: what is asked of the function, who is refused, and the inventory."""

import io
import json
import re
from dataclasses import asdict, replace

import pytest
from botocore.exceptions import ClientError
from hypothesis import given
from hypothesis import strategies as st

from components.personas_table import PERSONAS
from contracts.project_records import ProjectRecord, RepositoryRecord, RoleRecord
from contracts.projects import (
    PROJECT_SORT_KEY,
    REQUEST_ID_PATTERN,
    ProjectRequest,
    Status,
    group_key,
    partition_key,
    repository_sort_key,
    role_sort_key,
)
from local.aws.server import EmbeddedAws
from operations import project_inventory, projects
from operations.errors import MisuseError, NotFoundError, OperationError, RefusedError
from operations.session import Access
from settings import read_stack_file
from tests.components.personas import may, names
from tests.harness import ROOT
from tests.operations.world import IMAGE

KATE = "arn:aws:sts::111111111111:assumed-role/AWSReservedSSO_Lead_0a1b/kate@example.com"
BEN = "arn:aws:sts::111111111111:assumed-role/AWSReservedSSO_Lead_0a1b/ben@example.com"
CREATED = {"outcome": "created", "group": "acme-risk-dev-us-east-1-churn", "repositories": ["https://x/a"]}
WANTED = {"product": "model-training-and-deployment", "owner": "kate-ml"}


class Function:
    """Lambda's Invoke of the provisioning function, with answers in turn."""

    def __init__(self):
        self.events, self.answers = [], []

    def invoke(self, *, FunctionName, Qualifier, Payload):  # noqa: N803  # boto3's spelling
        assert (FunctionName, Qualifier) == ("acme-risk-dev-us-east-1-provision", "direct")
        self.events.append(json.loads(Payload))
        answer = self.answers.pop(0) if self.answers else CREATED
        if isinstance(answer, Exception):
            raise answer
        failed = {"FunctionError": "Unhandled"} if "errorMessage" in answer else {}
        return {"StatusCode": 200, "Payload": io.BytesIO(json.dumps(answer).encode()), **failed}


class Dev:
    """The dev stack with its table, and a function that does nothing."""

    def __init__(self, aws, settings):
        self.aws, self.settings, self.function = aws, settings, Function()
        self.table = settings.names.table("projects")

    def client(self, service):
        if service == "lambda":
            return self.function
        return self.aws.client(service, self.settings.account, self.settings.region)

    def access(self, caller=KATE, settings=None):
        return Access(settings=settings or self.settings, client=self.client, caller=caller)

    def furnish(self):
        keys = [("pk", "HASH"), ("sk", "RANGE")]
        self.client("dynamodb").create_table(
            TableName=self.table,
            BillingMode="PAY_PER_REQUEST",
            KeySchema=[{"AttributeName": name, "KeyType": kind} for name, kind in keys],
            AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name, _ in keys],
        )
        return self

    def put(self, name, sort_key, record):
        from operations.items import serialised

        values = {key: list(value) if isinstance(value, tuple) else value for key, value in asdict(record).items()}
        item = {"pk": partition_key(name), "sk": sort_key, **values}
        self.client("dynamodb").put_item(TableName=self.table, Item=serialised(item))

    def project(self, name="churn", *, by=None, status=Status.READY, **changes):
        """Record a project as the function does, made by `by` with the usual command."""
        request = ProjectRequest(project=name, team="", template_version="", request_id="x", **WANTED)
        made_by = by or f"{projects.request_prefix(KATE, request)}2026-01-01T00:00:00Z"
        record = ProjectRecord(
            project=name, team="", group=self.settings.names.model_package_group(name), status=status,
            template_version="1.0.0", request_id=made_by, created_by=made_by, created_at="2026-01-01T00:00:00Z",
            **{**WANTED, **changes},
        )  # fmt: skip
        self.put(name, PROJECT_SORT_KEY, record)
        return record

    def repository(self, name="churn", template="realtime-inference", environments=("preprod", "prod")):
        own = f"risk-{name}-{template.split('-')[-1]}"
        record = RepositoryRecord(
            project=name, name=own, id=7, owner="acme-ml", owner_id=1, template=template, template_version="1.0.0",
            url=f"https://github.com/acme-ml/{own}", environments=environments, ready=True,
        )  # fmt: skip
        self.put(name, repository_sort_key(own), record)
        for environment in environments:
            arn = f"arn:aws:iam::1:role/p/{environment}"
            role = RoleRecord(project=name, environment=environment, template=template, arn=arn)
            self.put(name, role_sort_key(environment, template), role)


@pytest.fixture(scope="module")
def aws(tmp_path_factory):
    with EmbeddedAws(tmp_path_factory.mktemp("dev") / ".mlops") as server:
        yield server


@pytest.fixture
def dev(aws):
    world = Dev(aws, read_stack_file(ROOT / "Pulumi.dev.yaml")).furnish()
    yield world
    world.client("dynamodb").delete_table(TableName=world.table)


def test_a_new_project_is_asked_for_with_what_the_person_wrote_and_the_version_on_offer(dev):
    made = projects.create(dev.access(), "churn", team="risk", **WANTED)
    (event,) = dev.function.events
    assert event["operation"] == "create"
    assert event["properties"] == {
        "ProjectName": "churn", "Product": "model-training-and-deployment", "Owner": "kate-ml", "Team": "risk",
        "TemplateVersion": projects.offered_version(WANTED["product"]),
    }  # fmt: skip
    assert event["request_id"].startswith("cli/kate-example.com/churn/"), "the inventory names who began it"
    assert (made.group, made.continued) == ("acme-risk-dev-us-east-1-churn", False)


def test_who_repeats_the_command_after_a_failure_goes_on_with_the_same_request(dev):
    begun = dev.project(status=Status.FAILED)
    made = projects.create(dev.access(), "churn", **WANTED)
    assert dev.function.events[0]["request_id"] == begun.created_by
    assert dev.function.events[0]["properties"]["TemplateVersion"] == "1.0.0", "the version that it was begun with"
    assert made.continued


@pytest.mark.parametrize(
    ("caller", "asked"),
    [
        (BEN, WANTED),
        (KATE.replace("111111111111", "222222222222"), WANTED),
        (KATE, {**WANTED, "owner": "ada-ml"}),
        (KATE, {**WANTED, "product": "model-training"}),
        (KATE, {**WANTED, "team": "other"}),
    ],
    ids=["another person", "another account", "another owner", "another product", "another team"],
)
def test_any_other_request_for_a_name_in_use_is_refused_before_anything_is_asked(dev, caller, asked):
    dev.project()
    with pytest.raises(MisuseError, match=r"a project of this name exists: .*Ready.*Nothing was touched"):
        projects.create(dev.access(caller), "churn", **asked)
    assert dev.function.events == []


def test_a_project_that_failed_goes_on_with_another_owner_or_team_and_a_ready_one_keeps_its_own(dev):
    begun = dev.project(status=Status.FAILED)
    projects.create(dev.access(), "churn", **{**WANTED, "owner": "ada-ml", "team": "risk"})
    assert dev.function.events[0]["request_id"] == begun.created_by
    assert dev.function.events[0]["properties"]["Owner"] == "ada-ml"


def test_after_a_failed_creation_was_removed_the_name_gets_a_new_request(dev):
    ids = []
    for moment in ("2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(projects, "now", lambda moment=moment: moment)
            projects.create(dev.access(), "churn", **WANTED)
        ids.append(dev.function.events[-1]["request_id"])
    assert len(set(ids)) == 2, "an ended request is refused for days, should it come again"


@pytest.mark.parametrize("session", ["botocore-session-1700000000", "AWSCLI-Session", "1700000000"])
def test_a_session_name_that_a_tool_makes_up_tells_nobody_apart(session):
    request = ProjectRequest(project="churn", team="", template_version="", request_id="x", **WANTED)
    role = "arn:aws:sts::111111111111:assumed-role/deployer"
    other = f"{role}/{session[:-1]}9" if session[-1].isdigit() else f"{role}/{session}-2"
    assert projects.request_prefix(f"{role}/{session}", request) == projects.request_prefix(other, request)


@given(
    st.from_regex(r"arn:aws:(sts|iam)::[0-9]{12}:(assumed-role/[\w+=,.@-]{1,64}/[\w+=,.@-]{2,64}|user/[\w+=,.@/-]{1,90}|root)",
                  fullmatch=True)
)  # fmt: skip
def test_every_callers_request_is_one_that_the_function_takes(caller):
    request = ProjectRequest(project="a" * 24, team="", template_version="", request_id="x", **WANTED)
    sent = f"{projects.request_prefix(caller, request)}upgrade/2026-01-01T00:00:00Z"
    assert re.fullmatch(REQUEST_ID_PATTERN, sent, re.ASCII), sent
    assert not sent.startswith("arn:"), "that is how a launch from Studio is known"


@pytest.mark.parametrize(
    ("name", "asked", "said"),
    [
        ("Churn", WANTED, r"'Churn': .*lower-case letters.*write for example"),
        ("churn", {**WANTED, "product": "model-traning"}, "did you mean model-training"),
        ("churn", {**WANTED, "owner": "kate@example.com"}, "a GitHub login"),
        ("churn", {**WANTED, "team": "Risk Models"}, "the slug of a GitHub team"),
    ],
)
def test_what_cannot_be_right_is_told_before_anything_is_asked(dev, name, asked, said):
    with pytest.raises(MisuseError, match=said):
        projects.create(dev.access(), name, **asked)
    assert dev.function.events == []


@pytest.mark.parametrize(
    ("answer", "error", "said"),
    [
        ({"outcome": "refused", "why": "GitHub knows no person zoe."}, MisuseError, "GitHub knows no person zoe.$"),
        ({"outcome": "superseded", "why": "a newer call took over"}, OperationError, "a newer call took over. Repeat"),
        ({"outcome": "failed", "why": f"GitHub is away. {projects.ADVICE}"}, OperationError,
         r"GitHub is away\. Repeat the command to go on; its log group is /aws/lambda/acme"),
        ({"errorMessage": "with ghs_0123456789abcdefghijABCDEFGHIJ012345", "errorType": "E"}, OperationError,
         r"the function failed: with (?!ghs_0123)"),
        (ClientError({"Error": {"Code": "AccessDeniedException", "Message": "no"}}, "Invoke"), RefusedError,
         "You are .*kate.*lambda:InvokeFunction on acme-risk-dev-us-east-1-provision:direct"),
    ],
    ids=["refused", "superseded", "failed", "died", "denied"],
)  # fmt: skip
def test_what_the_function_says_reaches_the_person_with_what_helps(dev, answer, error, said):
    dev.function.answers = [answer]
    with pytest.raises(error, match=said):
        projects.create(dev.access(), "churn", **WANTED)


def test_only_dev_with_a_github_section_makes_projects(dev):
    with pytest.raises(MisuseError, match="no section `github`"):
        projects.create(dev.access(settings=dev.settings.model_copy(update={"github": None})), "churn", **WANTED)
    with pytest.raises(MisuseError, match="projects are made in dev"):
        projects.create(dev.access(settings=read_stack_file(ROOT / "Pulumi.prod.yaml")), "churn", **WANTED)


# upgrade, archive
def test_an_upgrade_proposes_the_version_on_offer_to_the_project_as_it_is(dev):
    dev.project()
    dev.function.answers = [{"outcome": "upgraded", "pull_requests": {"risk-churn-training": "https://x/pull/1"}}]
    found = projects.upgrade(dev.access(BEN), "churn")
    event = dev.function.events[0]
    assert event["operation"] == "upgrade"
    assert event["properties"]["Owner"] == "kate-ml", "who upgrades does not become the owner"
    assert found.version == event["properties"]["TemplateVersion"] == projects.offered_version(WANTED["product"])
    assert found.pull_requests == {"risk-churn-training": "https://x/pull/1"}


def test_a_version_that_the_template_repositories_do_not_hold_cannot_be_proposed(dev):
    dev.project()
    with pytest.raises(MisuseError, match=r"--to 9\.9\.9: the template repositories hold 1\.\d"):
        projects.upgrade(dev.access(), "churn", to="9.9.9")
    assert dev.function.events == []


@pytest.mark.parametrize("status", [Status.CREATING, Status.FAILED, Status.ARCHIVED])
def test_only_a_ready_project_is_upgraded(dev, status):
    dev.project(status=status)
    with pytest.raises(MisuseError, match=f"churn is {status.value}"):
        projects.upgrade(dev.access(), "churn")


def test_archiving_needs_the_name_once_more(dev):
    dev.project()
    with pytest.raises(MisuseError, match="nothing was changed"):
        projects.archive(dev.access(), "churn", confirmed="chrun")
    assert dev.function.events == []
    dev.function.answers = [{"outcome": "archived"}]
    assert projects.archive(dev.access(BEN), "churn", confirmed="churn").outcome == "archived"


def test_a_project_of_studio_is_ended_in_studio(dev):
    dev.project(by="arn:aws:cloudformation:us-east-1:111111111111:stack/SC-1/2/Project")
    with pytest.raises(MisuseError, match="launched from Studio"):
        projects.archive(dev.access(), "churn", confirmed="churn")


@pytest.mark.parametrize("act", [projects.upgrade, project_inventory.show])
def test_a_project_that_is_not_there_is_told_with_those_that_are(dev, act):
    dev.project("ledger")
    with pytest.raises(NotFoundError, match=r"there is no project|ledger"):
        act(dev.access(), "churn")


# the inventory
def register(dev, project, status="Approved"):
    sagemaker = dev.client("sagemaker")
    group = dev.settings.names.model_package_group(project)
    there = sagemaker.list_model_package_groups()["ModelPackageGroupSummaryList"]
    if group not in [each["ModelPackageGroupName"] for each in there]:
        sagemaker.create_model_package_group(ModelPackageGroupName=group)
    sagemaker.create_model_package(
        ModelPackageGroupName=group,
        ModelApprovalStatus=status,
        InferenceSpecification={
            "Containers": [{"Image": IMAGE, "ModelDataUrl": "s3://b/model.tar.gz"}],
            "SupportedContentTypes": ["application/json"],
            "SupportedResponseMIMETypes": ["application/json"],
        },
    )


def test_the_list_is_by_name_with_the_newest_version_and_without_what_was_archived(dev):
    for name in ("zebra", "churn", "gone"):
        dev.project(name, status=Status.ARCHIVED if name == "gone" else Status.READY)
        dev.repository(name)
    register(dev, "zebra")
    register(dev, "zebra", "PendingManualApproval")
    found = project_inventory.listed(dev.access())
    assert [row.project for row in found] == ["churn", "zebra"]
    assert found[0].newest is None
    assert (found[1].newest.version, found[1].newest.status) == (2, "PendingManualApproval")
    assert found[1].repositories == ("https://github.com/acme-ml/risk-zebra-inference",)
    assert [row.project for row in project_inventory.listed(dev.access(), archived=True)] == ["churn", "gone", "zebra"]


def test_who_may_not_scan_the_table_gets_the_projects_that_have_a_group(dev):
    register(dev, "churn")
    group = {"pk": {"S": group_key(dev.settings.names.model_package_group("churn"))}, "sk": {"S": PROJECT_SORT_KEY}}
    dev.client("dynamodb").put_item(TableName=dev.table, Item={**group, "project": {"S": "churn"}})
    dev.project()
    dev.client("sagemaker").create_model_package_group(ModelPackageGroupName=f"{dev.settings.names.prefix}-a-model")
    dynamodb = dev.client("dynamodb")

    class WithoutScan:
        """What a persona's role may do."""

        query, get_item = dynamodb.query, dynamodb.get_item

        def get_paginator(self, operation):
            if operation == "scan":
                raise ClientError({"Error": {"Code": "AccessDeniedException", "Message": "no"}}, "Scan")
            return dynamodb.get_paginator(operation)

    access = replace(
        dev.access(), client=lambda service: WithoutScan() if service == "dynamodb" else dev.client(service)
    )
    (row,) = project_inventory.listed(access)
    assert (row.project, row.newest.status) == ("churn", "Approved")


def test_a_stack_without_the_table_is_told_as_such(dev, aws):
    other = Dev(aws, dev.settings.model_copy(update={"region": "eu-west-1"}))
    with pytest.raises(NotFoundError, match="it makes no projects, or is not deployed"):
        project_inventory.listed(other.access())


def test_the_view_says_which_account_cannot_be_looked_at_and_how_to_look(dev):
    dev.project()
    dev.repository()
    found = project_inventory.show(dev.access(), "churn")
    assert [row.environment for row in found.endpoints] == ["preprod", "prod"]
    assert all("--profile" in row.unknown and row.status is None for row in found.endpoints)
    assert found.roles == {
        "preprod/realtime-inference": "arn:aws:iam::1:role/p/preprod",
        "prod/realtime-inference": "arn:aws:iam::1:role/p/prod",
    }
    assert found.data_uri == "s3://acme-risk-dev-us-east-1-data-111111111111/projects/churn/latest/"


def test_an_environment_that_can_be_reached_shows_whether_its_endpoint_is_there(dev):
    dev.project()
    dev.repository()
    preprod = Dev(dev.aws, read_stack_file(ROOT / "Pulumi.preprod.yaml"))
    found = project_inventory.show(dev.access(), "churn", elsewhere={"preprod": preprod.access()})
    seen = {row.environment: row for row in found.endpoints}
    assert (seen["preprod"].unknown, seen["preprod"].status) == (None, None), "looked at, and none there"
    assert seen["prod"].unknown is not None


def test_a_refused_look_at_the_registry_is_a_note_and_the_rest_is_shown(dev):
    dev.project()
    denied = ClientError({"Error": {"Code": "AccessDeniedException", "Message": "no"}}, "ListModelPackages")

    class Denied:
        def get_paginator(self, _name):
            raise denied

    access = replace(dev.access(), client=lambda service: Denied() if service == "sagemaker" else dev.client(service))
    found = project_inventory.show(access, "churn")
    assert found.owner == "kate-ml"
    assert "AWS refused" in found.notes[0]


LOOKS = [
    ("dynamodb:Query", "table_arn"),
    ("dynamodb:GetItem", "table_arn"),
    ("sagemaker:ListModelPackageGroups", None),
    ("sagemaker:ListModelPackages", "group"),
    ("sagemaker:DescribeEndpoint", "endpoint"),
]


@pytest.mark.parametrize("persona", PERSONAS)
def test_every_persona_may_look_at_projects_and_the_lead_alone_may_make_one(persona):
    of = names("dev")
    resources = {
        None: "*",
        "table_arn": of.table_arn("projects"),
        "group": of.model_package_group_arn("churn").replace(":model-package-group/", ":model-package/") + "/1",
        "endpoint": of.endpoint_arn("churn"),
    }
    refused = [action for action, kind in LOOKS if not may(persona, of, action, resources[kind], {})]
    assert refused == [], "`mlops project list` and `show` call these"
    assert may(persona, of, "lambda:InvokeFunction", f"{of.function_arn('provision')}:direct", {}) is (
        persona == "lead"
    )
