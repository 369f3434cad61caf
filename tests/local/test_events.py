"""EventBridge on this machine: patterns, rules, other accounts' buses, and delivery that keeps only AWS's promises."""

import json

import pytest
from botocore.exceptions import ClientError

from local.aws import identity
from local.aws.event_patterns import PatternError, matches
from local.aws.notices import OUTBOX
from local.events import EventBridge, EventError
from local.functions import Function, Functions
from tests.local.conftest import ACCOUNT, REGION

OTHER, THIRD = "555555555555", "666666666666"
PACKAGE = {"detail": {"ModelPackageGroupName": ["models"], "ModelApprovalStatus": ["Approved"]}}
FIELDS = "UpdatedModelPackageFields"
APPROVAL = {
    "source": ["aws.sagemaker"],
    "detail-type": ["SageMaker Model Package State Change"],
    "detail": {
        **PACKAGE["detail"],
        "$or": [{FIELDS: ["ModelApprovalStatus"]}, {FIELDS: [{"exists": False}]}],
    },
}


@pytest.mark.parametrize(
    ("pattern", "event", "matched"),
    [
        ({"a": ["x", "y"]}, {"a": "y"}, True),
        ({"a": ["x"]}, {"a": ["x", "z"]}, True),
        ({"a": ["x"]}, {"b": "x"}, False),
        ({"a": {"b": ["x"]}}, {"a": {"b": "x", "c": 1}}, True),
        ({"a": [{"prefix": "ab"}]}, {"a": "abc"}, True),
        ({"a": [{"suffix": "bc"}]}, {"a": "abc"}, True),
        ({"a": [{"prefix": "b"}]}, {"a": "abc"}, False),
        ({"a": [{"anything-but": ["x"]}]}, {"a": "y"}, True),
        ({"a": [{"anything-but": ["x"]}]}, {"a": "x"}, False),
        ({"a": [{"anything-but": {"prefix": "x"}}]}, {"a": "xy"}, False),
        ({"a": [{"exists": True}]}, {"a": "x"}, True),
        ({"a": [{"exists": False}]}, {"a": ["x"]}, False),
        ({"a": [{"exists": False}]}, {"b": 1}, True),
        ({"a": [{"numeric": [">", 0, "<=", 5]}]}, {"a": 5}, True),
        ({"a": [{"equals-ignore-case": "X"}]}, {"a": "x"}, True),
        ({"a": [{"wildcard": "x*z"}]}, {"a": "xyz"}, True),
        ({"$or": [{"a": ["x"]}, {"b": ["x"]}]}, {"b": "x"}, True),
        ({"$or": [{"a": ["x"]}, {"b": ["x"]}], "c": ["x"]}, {"b": "x"}, False),
        ({"v": {"name": ["n"], "n": [2]}}, {"v": [{"name": "n", "n": 1}, {"name": "m", "n": 2}]}, False),
        ({"v": {"name": ["m"], "n": [2]}}, {"v": [{"name": "n", "n": 1}, {"name": "m", "n": 2}]}, True),
    ],
)
def test_a_pattern_matches_as_eventbridge_documents(pattern, event, matched):
    assert matches(pattern, event) is matched


@pytest.mark.parametrize("pattern", [{"a": "x"}, {"a": []}, {"a": [{"sounds-like": "x"}]}, {"$or": [{"a": "x"}]}])
def test_what_is_no_pattern_is_refused_and_never_matches_everything(pattern):
    with pytest.raises(PatternError):
        matches(pattern, {"a": "x"})


@pytest.fixture
def sagemaker(aws):
    client = aws.client("sagemaker", ACCOUNT, REGION)
    client.create_model_package_group(ModelPackageGroupName="models")
    return client


def version(client, **more):
    container = {"Image": "image", "ModelDataUrl": "s3://bucket/model.tar.gz"}
    specification = {"Containers": [container], "SupportedContentTypes": ["a/b"], "SupportedResponseMIMETypes": ["a/b"]}
    return client.create_model_package(
        ModelPackageGroupName="models", InferenceSpecification=specification, **more
    )["ModelPackageArn"]  # fmt: skip


def test_the_creation_of_a_version_is_told_without_updated_fields(sagemaker):
    arn = version(sagemaker, ModelApprovalStatus="Approved")
    event = OUTBOX.take()[-1]
    assert (event["source"], event["detail-type"]) == ("aws.sagemaker", "SageMaker Model Package State Change")
    assert event["resources"] == [arn]
    detail = event["detail"]
    assert (detail["ModelPackageVersion"], detail["ModelApprovalStatus"]) == (1, "Approved")
    assert detail["InferenceSpecification"]["Containers"][0]["Image"] == "image"
    assert FIELDS not in detail
    assert not {"CreatedBy", "LastModifiedBy"} & set(detail), "the event names no approver: one has to ask at once"
    assert matches(APPROVAL, event)


def test_an_update_tells_which_fields_were_written_so_that_our_own_writes_match_nothing(sagemaker):
    arn = version(sagemaker)
    assert not matches(APPROVAL, OUTBOX.take()[-1]), "waiting for approval"
    sagemaker.update_model_package(ModelPackageArn=arn, ModelApprovalStatus="Approved", ApprovalDescription="fine")
    approved = OUTBOX.take()[-1]
    assert approved["detail"][FIELDS] == ["ModelApprovalStatus", "ApprovalDescription"]
    assert matches(APPROVAL, approved)
    sagemaker.update_model_package(ModelPackageArn=arn, CustomerMetadataProperties={"deployed": "yes"})
    written = OUTBOX.take()[-1]
    assert written["detail"]["ModelApprovalStatus"] == "Approved", "the event still says Approved"
    assert written["detail"][FIELDS] == ["CustomerMetadataProperties"]
    assert not matches(APPROVAL, written)


def test_two_approvals_never_share_the_second_that_an_envelope_can_tell(sagemaker):
    for _ in range(3):
        version(sagemaker, ModelApprovalStatus="Approved")
    times = [event["time"] for event in OUTBOX.take()]
    assert times == sorted(set(times)), "else nobody could say which approval is the newer one"


def test_a_version_remembers_who_created_and_who_last_changed_it(aws, sagemaker):
    arn = version(sagemaker)
    ana = identity.client_as(aws, "sagemaker", ACCOUNT, REGION, role="approver", session="ana@example.com")
    ana.update_model_package(ModelPackageArn=arn, ModelApprovalStatus="Approved")

    def who(member):
        return sagemaker.describe_model_package(ModelPackageName=arn)[member]["IamIdentity"]["Arn"]

    assert who("CreatedBy") == f"arn:aws:iam::{ACCOUNT}:root"
    assert who("LastModifiedBy") == f"arn:aws:sts::{ACCOUNT}:assumed-role/approver/ana@example.com"
    function = identity.client_as(aws, "sagemaker", ACCOUNT, REGION, role="deploy", session="deploy")
    function.update_model_package(ModelPackageArn=arn, CustomerMetadataProperties={"a": "b"})
    assert who("LastModifiedBy").endswith("assumed-role/deploy/deploy"), "any write replaces the approver"


@pytest.fixture
def functions(aws, tmp_path, monkeypatch):
    code = tmp_path / "code" / "lambda_src" / "listen"
    code.mkdir(parents=True)
    (code.parent / "__init__.py").write_text("")
    (code / "handler.py").write_text("def handler(event, context):\n    return event['id']\n")
    monkeypatch.setattr("local.functions.ROOT", tmp_path / "code")
    return Functions(aws)


def listener(functions, account=ACCOUNT):
    arn = f"arn:aws:lambda:{REGION}:{account}:function:listen"
    functions.add(Function(arn=arn, handler="lambda_src.listen.handler.handler", role="listen"))
    return arn


def open_bus(aws, account, sender, role=None):
    """Create a bus that takes what `sender` puts, as one role only where one is named."""
    client = aws.client("events", account, REGION)
    client.create_event_bus(Name="models")
    condition = {"Condition": {"ArnEquals": {"aws:PrincipalArn": role}}} if role else {}
    principal = {"AWS": f"arn:aws:iam::{sender}:root"}
    statement = {
        "Sid": "Put", "Effect": "Allow", "Principal": principal, "Action": "events:PutEvents",
        "Resource": bus_arn(account), **condition,
    }  # fmt: skip
    client.put_permission(EventBusName="models", Policy=json.dumps({"Version": "2012-10-17", "Statement": [statement]}))


def bus_arn(account, name="models"):
    return f"arn:aws:events:{REGION}:{account}:event-bus/{name}"


def test_a_rule_in_the_embedded_aws_leads_an_event_to_its_function(aws, sagemaker, functions):
    bridge = EventBridge(aws, functions)
    bridge.rule("approved", account=ACCOUNT, region=REGION, pattern=APPROVAL, targets=[listener(functions)])
    version(sagemaker)
    version(sagemaker, ModelApprovalStatus="Approved")
    bridge.settle()
    assert [run.event["detail"]["ModelPackageVersion"] for run in functions.log] == [2]
    assert [record.what for record in bridge.log] == ["sent", "unmatched", "sent", "delivered"]
    client = aws.client("events", ACCOUNT, REGION)
    client.disable_rule(Name="approved")
    version(sagemaker, ModelApprovalStatus="Approved")
    bridge.settle()
    assert len(functions.log) == 1, "a disabled rule sleeps"


def test_an_event_goes_to_another_accounts_bus_as_it_is_and_not_on_to_a_third(aws, sagemaker, functions):
    bridge = EventBridge(aws, functions)
    open_bus(aws, OTHER, ACCOUNT)
    open_bus(aws, THIRD, ACCOUNT)
    bridge.rule("approved", account=ACCOUNT, region=REGION, pattern=APPROVAL, targets=[bus_arn(OTHER)])
    here = {**APPROVAL, "account": [ACCOUNT]}
    targets = [listener(functions, OTHER), bus_arn(THIRD)]
    bridge.rule("promote", account=OTHER, region=REGION, pattern=here, targets=targets, bus="models")
    bridge.rule("third", account=THIRD, region=REGION, pattern=here, targets=[listener(functions, THIRD)], bus="models")
    arn = version(sagemaker, ModelApprovalStatus="Approved")
    bridge.settle()
    assert [run.arn.split(":")[4] for run in functions.log] == [OTHER], "EventBridge forwards across accounts once"
    event = functions.log[0].event
    assert (event["account"], event["resources"]) == (ACCOUNT, [arn]), "the envelope stays the sender's"


def test_a_bus_takes_only_what_its_policy_lets_through(aws, sagemaker, functions):
    role = f"arn:aws:iam::{ACCOUNT}:role/forward"
    bridge = EventBridge(aws, functions)
    open_bus(aws, OTHER, ACCOUNT, role)
    bridge.rule(
        "promote", account=OTHER, region=REGION, pattern=APPROVAL, targets=[listener(functions, OTHER)], bus="models"
    )
    bridge.rule("approved", account=ACCOUNT, region=REGION, pattern=APPROVAL, targets=[bus_arn(OTHER)])
    version(sagemaker, ModelApprovalStatus="Approved")
    bridge.settle()
    assert bridge.log[-1].what == "undeliverable", "the rule has no role, and the policy names one"
    target = {"Id": "target-0", "Arn": bus_arn(OTHER), "RoleArn": role}
    aws.client("events", ACCOUNT, REGION).put_targets(Rule="approved", Targets=[target])
    version(sagemaker, ModelApprovalStatus="Approved")
    bridge.settle()
    assert [record.what for record in bridge.log][-2:] == ["forwarded", "delivered"]


@pytest.mark.filterwarnings("ignore:.*does not match an error shape")  # moto's word for errors common to all services
def test_a_version_of_another_account_is_described_only_where_its_groups_policy_allows(aws, sagemaker):
    arn = version(sagemaker)
    promote = identity.client_as(aws, "sagemaker", OTHER, REGION, role="promote", session="promote")
    other = identity.client_as(aws, "sagemaker", OTHER, REGION, role="other", session="other")
    with pytest.raises(ClientError, match="AccessDeniedException"):
        promote.describe_model_package(ModelPackageName=arn)
    statement = {
        "Sid": "Read", "Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{OTHER}:root"},
        "Action": ["sagemaker:DescribeModelPackage"], "Resource": f"{arn.rsplit('/', 1)[0]}/*",
        "Condition": {"ArnEquals": {"aws:PrincipalArn": f"arn:aws:iam::{OTHER}:role/promote"}},
    }  # fmt: skip
    sagemaker.put_model_package_group_policy(
        ModelPackageGroupName="models", ResourcePolicy=json.dumps({"Statement": [statement]})
    )
    assert promote.describe_model_package(ModelPackageName=arn)["ModelPackageVersion"] == 1
    with pytest.raises(ClientError, match="not authorized"):
        other.describe_model_package(ModelPackageName=arn)


def test_a_seed_repeats_and_reorders_and_the_same_seed_does_the_same_again(aws, sagemaker, functions):
    def run(seed):
        functions.log.clear()
        bridge = EventBridge(aws, functions, seed=seed, repeated=0.5)
        first = len(sagemaker.list_model_packages(ModelPackageGroupName="models")["ModelPackageSummaryList"])
        bridge.rule("approved", account=ACCOUNT, region=REGION, pattern=APPROVAL, targets=[listener(functions)])
        for _ in range(8):
            version(sagemaker, ModelApprovalStatus="Approved")
        bridge.settle()
        events = [run.event for run in functions.log]
        return [event["detail"]["ModelPackageVersion"] - first for event in events], events

    order, events = run(7)
    assert set(order) == set(range(1, 9)), "nothing is lost"
    assert order != sorted(order), "no order is promised"
    assert len(order) > 8, "at least once"
    ids = [event["id"] for event in events]
    assert len(set(ids)) < len(ids), "EventBridge repeats an event with its id"
    assert len(set(ids)) > 8, "SageMaker tells a change twice, with another id"
    assert run(7)[0] == order
    assert run(8)[0] != order


def test_what_this_machine_cannot_deliver_is_refused_or_recorded_and_never_lost_in_silence(aws, sagemaker, functions):
    bridge = EventBridge(aws, functions)
    missing = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:missing"
    bridge.rule("approved", account=ACCOUNT, region=REGION, pattern=APPROVAL, targets=[missing])
    version(sagemaker, ModelApprovalStatus="Approved")
    bridge.settle()
    assert bridge.log[-1].what == "undeliverable"
    sqs = aws.client("sqs", ACCOUNT, REGION)
    url = sqs.create_queue(QueueName="undelivered")["QueueUrl"]
    queue = {"DeadLetterConfig": {"Arn": f"arn:aws:sqs:{REGION}:{ACCOUNT}:undelivered"}}
    aws.client("events", ACCOUNT, REGION).put_targets(
        Rule="approved", Targets=[{"Id": "target-0", "Arn": missing, **queue}]
    )
    version(sagemaker, ModelApprovalStatus="Approved")
    bridge.settle()
    message = sqs.receive_message(QueueUrl=url, MessageAttributeNames=["All"])["Messages"][0]
    assert json.loads(message["Body"]) == bridge.log[-1].event
    assert message["MessageAttributes"]["ERROR_CODE"]["StringValue"] == "RESOURCE_NOT_FOUND"
    assert message["MessageAttributes"]["TARGET_ARN"]["StringValue"] == missing
    aws.client("events", ACCOUNT, REGION).put_targets(
        Rule="approved", Targets=[{"Id": "q", "Arn": f"arn:aws:sqs:{REGION}:{ACCOUNT}:queue"}]
    )
    version(sagemaker, ModelApprovalStatus="Approved")
    with pytest.raises(EventError, match="targets are functions and buses"):
        bridge.settle()


def test_functions_that_answer_each_other_for_ever_are_called_a_loop(aws, sagemaker, functions, tmp_path, monkeypatch):
    code = tmp_path / "code" / "lambda_src" / "listen" / "handler.py"
    code.write_text(
        "import boto3\n\ndef handler(event, context):\n    arn = event['resources'][0]\n"
        "    boto3.client('sagemaker').update_model_package(ModelPackageArn=arn, ModelApprovalStatus='Approved')\n"
    )
    monkeypatch.setattr("local.events.MANY", 5)
    bridge = EventBridge(aws, functions)
    bridge.rule("approved", account=ACCOUNT, region=REGION, pattern=APPROVAL, targets=[listener(functions)])
    version(sagemaker, ModelApprovalStatus="Approved")
    with pytest.raises(EventError, match="do not come to an end"):
        bridge.settle()
