"""Models and projects of a stack, in AWS as the person who looks or decides."""

from datetime import UTC, datetime, timedelta

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from operations.serving import Serving
from portal.access.roles import Actor, ForbiddenError, Role
from portal.service.errors import ConflictError, InvalidError, NotThereError, UnavailableError
from portal.service.models import Models
from portal.service.projects import Projects
from portal.service.reasons import checked_reason, one_line, person_of, source_identity
from portal.service.stack_access import StackAccess
from settings import read_stack_file
from tests.portal.service2.conftest import actor

MODEL = "fraud-detector"
ROLE = "arn:aws:iam::111111111111:role/portal-decisions"
ADA = actor("Ada", role=Role.APPROVER)
ADA_IN_AWS = source_identity(ADA.id)


class Sts:
    """STS as far as the portal asks it, with a log of what it was asked."""

    def __init__(self, clock, account="111111111111"):
        self.clock, self.account, self.asked, self.error = clock, account, [], None

    def assume_role(self, **asked):
        self.asked.append(asked)
        if self.error is not None:
            raise self.error
        expires = self.clock() + timedelta(hours=1)
        return {"Credentials": {"AccessKeyId": "A", "SecretAccessKey": "S", "SessionToken": asked["RoleSessionName"],
                                "Expiration": expires}}  # fmt: skip

    def get_caller_identity(self):
        who = self.asked[-1]["RoleSessionName"] if self.asked else "portal"
        return {"Account": self.account, "Arn": f"arn:aws:sts::{self.account}:assumed-role/portal-decisions/{who}"}


class Registry:
    """One version in SageMaker's registry."""

    def __init__(self):
        self.status, self.reason, self.refuses = "PendingManualApproval", None, None

    def describe_model_package(self, ModelPackageName):  # noqa: N803  # boto3's spelling
        return {"ModelPackageArn": ModelPackageName, "ModelPackageVersion": 3, "ModelApprovalStatus": self.status,
                "ApprovalDescription": self.reason}  # fmt: skip

    def update_model_package(self, *, ModelPackageArn, ModelApprovalStatus, ApprovalDescription):  # noqa: N803
        if self.refuses:
            raise ClientError({"Error": {"Code": self.refuses, "Message": "as the test wants"}}, "UpdateModelPackage")
        self.status, self.reason = ModelApprovalStatus, ApprovalDescription

    def client(self, service):
        assert service == "sagemaker", "a decision is one service's"
        return self


class Aws:
    """Sessions whose clients come from the world of a test."""

    def __init__(self, sts, world=None):
        self.sts, self.world, self.credentials = sts, world, []

    def __call__(self, credentials, region):
        self.credentials.append(dict(credentials))
        return self

    def client(self, service, **_):
        return self.sts if service == "sts" else self.world.client(service)


@pytest.fixture
def sts(clock):
    return Sts(clock)


def with_role(settings, **changes):
    dev = settings.stacks["dev"].model_copy(update={"operator_role_arn": ROLE, **changes})
    return settings.model_copy(update={"stacks": {**settings.stacks, "dev": dev}})


@pytest.fixture
def world(tmp_path, project):
    from local.aws.server import EmbeddedAws
    from tests.operations.world import World

    with EmbeddedAws(tmp_path / "aws") as aws:
        yield World(aws, read_stack_file(project.file)).bring_up()


def access_of(settings, clock, aws):
    return StackAccess(settings=settings, clock=clock, environment={"PATH": "/bin"}, make_session=aws)


@pytest.fixture
def registry():
    return Registry()


@pytest.fixture
def models(store, settings, clock, sts, registry):
    return Models(store=store, clock=clock, access=access_of(with_role(settings), clock, Aws(sts, registry)))


@pytest.fixture
def models_in_aws(store, settings, clock, sts, world):
    return Models(store=store, clock=clock, access=access_of(with_role(settings), clock, Aws(sts, world)))


def test_a_decision_is_made_in_the_persons_name_with_a_reason_that_names_them(models, sts, audit):
    decided = models.approve(ADA, "dev", MODEL, 3, "good enough")
    assert (decided.before, decided.version.status) == ("PendingManualApproval", "Approved")
    assert decided.version.reason == "good enough (Ada, in the portal)"
    (asked,) = sts.asked
    assert asked == {"RoleArn": ROLE, "RoleSessionName": ADA_IN_AWS, "SourceIdentity": ADA_IN_AWS}
    ((action, details),) = audit()
    assert (action, details["model"], details["version"], details["why"]) == ("models.approve", MODEL, 3, "good enough")
    assert details["aws"].endswith(f"/{ADA_IN_AWS}")
    assert models.reject(ADA, "dev", MODEL, 3, "drifts").version.status == "Rejected"


@pytest.mark.parametrize(
    ("code", "kind", "said"),
    [
        ("AccessDeniedException", ForbiddenError, r"AWS does not let Ada.*AccessDeniedException"),
        ("ThrottlingException", UnavailableError, "busy"),
        ("ValidationException", UnavailableError, "as the test wants"),
        ("ResourceNotFound", NotThereError, "as the test wants"),
    ],
)
def test_what_aws_refuses_is_told_in_its_own_words_and_recorded(models, registry, audit, code, kind, said):
    registry.refuses = code
    with pytest.raises(kind, match=said):
        models.approve(ADA, "dev", MODEL, 3, "good")
    assert [action for action, _ in audit()] == ["models.approve", "models.approve_failed"]


@pytest.mark.stories
def test_in_aws_versions_are_decided_on_rolled_back_and_compared(models_in_aws, world):
    models = models_in_aws
    first, second = world.version(status="Approved", accuracy=0.9), world.version(status="Approved", accuracy=0.95)
    third = world.version()
    (found,) = [each for each in models.listed(ADA, "dev") if each.model == MODEL]
    assert [version.version for version in found.versions] == [third, second, first]
    assert models.show(ADA, "dev", MODEL, second).metrics["accuracy"] == 0.95
    differs = {each.name for each in models.diff(ADA, "dev", MODEL, first, second).differences if each.differs}
    assert "accuracy" in differs
    assert models.approve(ADA, "dev", MODEL, third, "good").changed
    world.deployed(first, at="2026-03-01T10:00:00Z")
    world.deployed(second, at="2026-03-02T10:00:00Z")
    assert models.reject(ADA, "dev", MODEL, second, "drifts").version.status == "Rejected"
    asked = models.rollback(ADA, "dev", MODEL, first, "drifts")
    assert (asked.version, asked.before) == (first, second)
    (delivery,) = models.deployments(ADA, "dev")
    assert delivery.desired.requested_by.endswith(f"/{ADA_IN_AWS}"), "the deliveries table names the person"
    with pytest.raises(NotThereError, match="version 9"):
        models.show(ADA, "dev", MODEL, 9)
    world.deployed(third, at="2036-03-02T10:00:00Z")
    with pytest.raises(ConflictError, match="in service already"):
        models.rollback(ADA, "dev", MODEL, third, "back")


def test_who_may_not_decide_reaches_no_aws(models, sts):
    developer = actor("Dev", role=Role.DEVELOPER)
    for decide in (models.approve, models.reject, models.rollback):
        with pytest.raises(ForbiddenError):
            decide(developer, "dev", MODEL, 1, "please")
    with pytest.raises(InvalidError, match="why"):
        models.approve(ADA, "dev", MODEL, 1, " ")
    assert sts.asked == []


def test_without_a_role_the_portal_looks_and_nobody_decides(store, settings, clock, sts, registry, monkeypatch):
    monkeypatch.setattr("operations.models.serving", lambda *_: Serving(version=None))
    models = Models(store=store, clock=clock, access=access_of(settings, clock, Aws(sts, registry)))
    assert models.show(ADA, "dev", MODEL, 3).version == 3
    with pytest.raises(ConflictError, match=r"stacks\.dev\.operator_role_arn"):
        models.approve(ADA, "dev", MODEL, 3, "good")
    assert sts.asked == [], "looking is by the portal's own credentials"


def test_a_session_is_kept_until_shortly_before_its_end_and_is_one_persons_alone(settings, clock, sts):
    access = access_of(with_role(settings), clock, Aws(sts))
    first = access.reading(ADA, "dev")
    assert access.reading(ADA, "dev") is first
    assert access.reading(actor("Bob"), "dev") is not first
    clock.passes(minutes=54)
    assert access.reading(ADA, "dev") is first
    clock.passes(minutes=1)
    assert access.reading(ADA, "dev") is not first
    assert [each["SourceIdentity"] for each in sts.asked] == [ADA_IN_AWS, source_identity(actor("Bob").id), ADA_IN_AWS]


def test_an_edited_stack_file_is_another_access(settings, clock, sts, project):
    access = access_of(with_role(settings), clock, Aws(sts))
    first = access.reading(ADA, "dev")
    project.file.write_text(project.file.read_text().replace("accuracy: 0.80", "accuracy: 0.85"))
    second = access.reading(ADA, "dev")
    assert second.settings.models[MODEL].gate.accuracy == 0.85
    assert first is not second


def test_the_credentials_of_the_stack_are_used_where_it_has_some(settings, clock, sts):
    dev = settings.stacks["dev"]
    credentials = dev.credentials.model_copy(update={"environment": {"AWS_PROFILE": "DEV_PROFILE"}})
    changed = settings.model_copy(update={"stacks": {"dev": dev.model_copy(update={"credentials": credentials})}})
    aws = Aws(sts)
    access = StackAccess(settings=changed, clock=clock, environment={"DEV_PROFILE": "mine"}, make_session=aws)
    access.reading(ADA, "dev")
    assert aws.credentials == [{"profile_name": "mine"}]
    missing = StackAccess(settings=changed, clock=clock, environment={}, make_session=aws)
    with pytest.raises(UnavailableError, match="DEV_PROFILE"):
        missing.reading(ADA, "dev")


@pytest.mark.parametrize(
    ("error", "kind", "said"),
    [
        (ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "AssumeRole"), ForbiddenError,
         "sts:SetSourceIdentity"),
        (EndpointConnectionError(endpoint_url="https://sts"), UnavailableError, "could not be reached"),
    ],
)  # fmt: skip
def test_a_role_that_cannot_be_taken_on_says_what_is_missing(settings, clock, sts, error, kind, said):
    sts.error = error
    with pytest.raises(kind, match=said):
        access_of(with_role(settings), clock, Aws(sts)).reading(ADA, "dev")


def test_credentials_of_another_account_and_broken_settings_are_refused(settings, clock, project):
    with pytest.raises(UnavailableError, match="999999999999"):
        access_of(settings, clock, Aws(Sts(clock, account="999999999999"))).reading(ADA, "dev")
    project.file.write_text("config: {}\n")
    with pytest.raises(InvalidError):
        access_of(settings, clock, Aws(Sts(clock))).reading(ADA, "dev")
    with pytest.raises(NotThereError, match="dev, prod"):
        access_of(settings, clock, Aws(Sts(clock))).reading(ADA, "other")


@pytest.mark.stories
def test_the_embedded_sts_gives_a_session_in_the_persons_name(settings, world):
    """The same calls against an STS that nobody here wrote."""

    class Embedded:
        def __call__(self, credentials, region):
            keys = {"AccessKeyId": "aws_access_key_id", "SecretAccessKey": "aws_secret_access_key",
                    "SessionToken": "aws_session_token"}  # fmt: skip
            found = {name: credentials[key] for name, key in keys.items() if key in credentials}
            self.client = lambda service, **_: (
                world.aws.client_with(service, region, found) if found else world.client(service)
            )
            return self

    access = StackAccess(
        settings=with_role(settings), clock=lambda: datetime.now(UTC), environment={}, make_session=Embedded()
    )
    assert access.reading(ADA, "dev").caller.endswith(f"assumed-role/portal-decisions/{ADA_IN_AWS}")


@pytest.mark.stories
def test_projects_are_looked_at_in_every_environment_that_the_person_may_see(settings, clock, sts, world):
    projects = Projects(access=access_of(with_role(settings), clock, Aws(sts, world)))
    with pytest.raises(NotThereError, match="makes no projects, or is not deployed"):
        projects.listed(ADA, "dev")
    with pytest.raises(NotThereError):
        projects.show(ADA, "dev", "churn")
    with pytest.raises(ForbiddenError):
        projects.listed(actor("Eve", roles={}), "dev")


@pytest.mark.parametrize("identity", ["a", "", "oidc:id.example.com#ada", "x" * 100, "zoë@example.com", "a b"])
def test_a_source_identity_is_what_sts_takes_and_no_two_people_share_one(identity):
    import re

    cleaned = source_identity(identity)
    assert re.fullmatch(r"[\w+=,.@-]{2,64}", cleaned, re.ASCII)
    assert cleaned != source_identity(identity + "-")


def test_a_person_is_the_same_in_aws_by_session_and_by_token_whatever_e_mail_they_have():
    by_token = Actor(id="token:abc", name="Ada (ci)", via="token", scopes=frozenset({"models"}), owner=ADA.id)
    assert source_identity(by_token.person) == source_identity(actor("Ada", email="bob@example.com").person)
    assert ADA_IN_AWS.startswith("oidc-id.example.com-ada-"), "people can read it"
    assert person_of(by_token, "portal").email == f"{ADA_IN_AWS}@portal.invalid"


def test_of_a_long_id_the_part_that_tells_people_apart_stays_readable():
    assert "subject-of-ada" in source_identity(f"oidc:login.example.com/{'tenant' * 9}/v2.0#subject-of-ada")


def test_a_reason_is_one_line_of_visible_text():
    assert one_line("a\r\nb\u2028c\x1b[0m\u202ed") == "a b c [0md"
    with pytest.raises(InvalidError, match="at most"):
        checked_reason("x" * 501)
