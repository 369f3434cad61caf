"""The embedded AWS refuses what names something that is not there, with the service's own words, and takes it later."""

import json

import pytest
from botocore.exceptions import ClientError
from moto.core.base_backend import BackendDict
from moto.s3.models import S3Backend, s3_backends

from local.aws import admission, credentials
from local.aws.principals import missing_principals
from tests.local.conftest import ACCOUNT, REGION
from tests.local.stack_worlds import strict_aws

OTHER = "555555555555"
ROLE = f"arn:aws:iam::{OTHER}:role/reader"
OWN = f"arn:aws:iam::{ACCOUNT}:role/own"
QUEUE = f"arn:aws:sqs:{REGION}:{ACCOUNT}:failed"


def policy(principal, **more):
    statement = {"Sid": "Any", "Effect": "Allow", "Principal": principal, "Action": "*", "Resource": "*", **more}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def bucket_policy(aws, text):
    aws.client("s3", ACCOUNT, REGION).create_bucket(Bucket="data")
    aws.client("s3", ACCOUNT, REGION).put_bucket_policy(Bucket="data", Policy=text)


def key(aws, text):
    aws.client("kms", ACCOUNT, REGION).create_key(Policy=text)


def key_policy(aws, text):
    kms = aws.client("kms", ACCOUNT, REGION)
    kms.put_key_policy(KeyId=kms.create_key()["KeyMetadata"]["KeyId"], Policy=text, PolicyName="default")


def repository_policy(aws, text):
    ecr = aws.client("ecr", ACCOUNT, REGION)
    if not ecr.describe_repositories()["repositories"]:
        ecr.create_repository(repositoryName="images")
    document = json.loads(text)
    del document["Statement"][0]["Resource"]
    document["Statement"][0]["Action"] = "ecr:BatchGetImage"
    ecr.set_repository_policy(repositoryName="images", policyText=json.dumps(document))


def bus_policy(aws, text):
    aws.client("events", ACCOUNT, REGION).put_permission(EventBusName="default", Policy=text)


def queue_policy(aws, text):
    sqs = aws.client("sqs", ACCOUNT, REGION)
    url = sqs.create_queue(QueueName="waiting")["QueueUrl"]
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": text})


def topic_policy(aws, text):
    sns = aws.client("sns", ACCOUNT, REGION)
    arn = sns.create_topic(Name="results")["TopicArn"]
    sns.set_topic_attributes(TopicArn=arn, AttributeName="Policy", AttributeValue=text)


def group_policy(aws, text):
    sagemaker = aws.client("sagemaker", ACCOUNT, REGION)
    if not sagemaker.list_model_package_groups()["ModelPackageGroupSummaryList"]:
        sagemaker.create_model_package_group(ModelPackageGroupName="versions")
    sagemaker.put_model_package_group_policy(ModelPackageGroupName="versions", ResourcePolicy=text)


def trust_policy(aws, text):
    document = json.loads(text)
    del document["Statement"][0]["Resource"]
    document["Statement"][0]["Action"] = "sts:AssumeRole"
    aws.client("iam", ACCOUNT, REGION).create_role(RoleName="own", AssumeRolePolicyDocument=json.dumps(document))


POLICIES = {
    bucket_policy: ("MalformedPolicy", "Invalid principal in policy"),
    key: ("MalformedPolicyDocumentException", "Policy contains a statement with one or more invalid principals."),
    key_policy: (
        "MalformedPolicyDocumentException",
        "Policy contains a statement with one or more invalid principals.",
    ),
    repository_policy: (
        "InvalidParameterException",
        "'PolicyText' failed to satisfy constraint: 'Principal not found'",
    ),
    bus_policy: ("ValidationException", "Invalid principal"),
    queue_policy: ("InvalidAttributeValue", "Invalid value for the parameter Policy."),
    topic_policy: ("InvalidParameter", "Invalid parameter: Policy Error: PrincipalNotFound"),
    group_policy: ("ValidationException", "Invalid policy provided"),
    trust_policy: ("MalformedPolicyDocument", f'Invalid principal in policy: "AWS":"{ROLE}"'),
}


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with strict_aws(tmp_path_factory.mktemp("admission")) as server:
        yield server


@pytest.fixture
def aws(server):
    BackendDict.reset()
    s3_backends.bucket_accounts.clear()
    for account in (ACCOUNT, OTHER):
        credentials.enable(account)
    return server


def create_role(aws, name="reader", account=OTHER, service="lambda.amazonaws.com", sends_to=None):
    trust = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    iam = aws.client("iam", account, REGION)
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]}))
    if sends_to:
        may = {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": sends_to}
        iam.put_role_policy(
            RoleName=name, PolicyName="send", PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [may]})
        )


def refused(call, *arguments, **named):
    with pytest.raises(ClientError) as error:
        call(*arguments, **named)
    return error.value.response["Error"]["Code"], error.value.response["Error"]["Message"]


@pytest.mark.parametrize("put", POLICIES, ids=lambda put: put.__name__)
def test_a_policy_that_names_a_missing_role_is_refused_and_taken_once_the_role_is_there(aws, put):
    code, message = refused(put, aws, policy({"AWS": ROLE}))
    assert code == POLICIES[put][0]
    assert POLICIES[put][1] in message
    create_role(aws)
    put(aws, policy({"AWS": ROLE}))


@pytest.mark.parametrize(
    "principal",
    [
        "*",
        {"AWS": "*"},
        {"AWS": [OTHER, f"arn:aws:iam::{OTHER}:root"]},
        {"Service": "events.amazonaws.com"},
    ],
)
def test_accounts_services_and_conditions_are_taken_as_they_are(principal):
    text = policy(principal, Condition={"ArnEquals": {"aws:PrincipalArn": ROLE}})
    assert missing_principals(text) == [], "a condition is text, which nobody looks up"


@pytest.mark.parametrize(
    "principal",
    [
        {"AWS": [OTHER, ROLE]},
        {"AWS": f"arn:aws:iam::{OTHER}:user/grace"},
        {"AWS": f"arn:aws:sts::{OTHER}:assumed-role/reader/session"},
        {"AWS": "AROAEXAMPLEEXAMPLE123"},
    ],
)
def test_roles_users_sessions_and_the_ids_of_deleted_ones_are_looked_up(aws, principal):
    assert len(missing_principals(policy(principal))) == 1


def create_function(aws, **more):
    function = {"FunctionName": "f", "Runtime": "python3.13", "Handler": "f.f", "Role": OWN, "Code": {"ZipFile": b"x"}}
    aws.client("lambda", ACCOUNT, REGION).create_function(**{**function, **more})


def test_lambda_looks_up_role_layers_and_the_permission_to_send_to_the_dead_letter_queue(aws):
    assert "cannot be assumed by Lambda" in refused(create_function, aws)[1]
    create_role(aws, "own", ACCOUNT, "events.amazonaws.com")
    assert "cannot be assumed by Lambda" in refused(create_function, aws)[1], "it trusts another service"
    aws.client("iam", ACCOUNT, REGION).delete_role(RoleName="own")
    create_role(aws, "own", ACCOUNT)
    layer = f"arn:aws:lambda:{REGION}:{ACCOUNT}:layer:libraries:1"
    assert layer in refused(create_function, aws, Layers=[layer])[1]
    assert "SendMessage" in refused(create_function, aws, DeadLetterConfig={"TargetArn": QUEUE})[1]
    aws.client("iam", ACCOUNT, REGION).delete_role(RoleName="own")
    create_role(aws, "own", ACCOUNT, sends_to=QUEUE)
    create_function(aws, DeadLetterConfig={"TargetArn": QUEUE})


def test_eventbridge_looks_up_the_role_of_a_target_and_not_the_target(aws):
    events = aws.client("events", ACCOUNT, REGION)
    events.put_rule(Name="approved", EventPattern='{"source": ["aws.sagemaker"]}')
    target = {"Id": "there", "Arn": f"arn:aws:events:{REGION}:{OTHER}:event-bus/models", "RoleArn": OWN}
    code, message = refused(events.put_targets, Rule="approved", Targets=[target])
    assert (code, message) == (
        "ValidationException",
        f"Provided role '{OWN}' cannot be assumed by principal 'events.amazonaws.com'.",
    )
    create_role(aws, "own", ACCOUNT, "events.amazonaws.com")
    function = {"Id": "here", "Arn": f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:missing"}
    events.put_targets(Rule="approved", Targets=[target, function])


def test_scheduler_sagemaker_and_logs_look_up_roles_and_keys(aws):
    target = {"Arn": f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:pipeline/p", "RoleArn": OWN}
    schedule = {"Name": "daily", "ScheduleExpression": "rate(1 day)", "FlexibleTimeWindow": {"Mode": "OFF"}}
    scheduler = aws.client("scheduler", ACCOUNT, REGION)
    assert "assume the role" in refused(scheduler.create_schedule, **schedule, Target=target)[1]
    create_role(aws, "own", ACCOUNT, "scheduler.amazonaws.com")
    scheduler.create_schedule(**schedule, Target=target)
    sagemaker = aws.client("sagemaker", ACCOUNT, REGION)
    model = {"ModelName": "m", "PrimaryContainer": {"Image": "i"}, "ExecutionRoleArn": OWN}
    assert "Could not assume role" in refused(sagemaker.create_model, **model)[1], "it trusts another service"
    logs, kms_key = aws.client("logs", ACCOUNT, REGION), f"arn:aws:kms:{REGION}:{ACCOUNT}:key/missing"
    assert "does not exist" in refused(logs.create_log_group, logGroupName="/g", kmsKeyId=kms_key)[1]


def test_another_accounts_object_is_read_only_where_bucket_and_key_admit_it(aws):
    s3, there = aws.client("s3", ACCOUNT, REGION), aws.client("s3", OTHER, REGION)
    kms = aws.client("kms", ACCOUNT, REGION)
    arn = kms.create_key(Policy=policy({"AWS": ACCOUNT}))["KeyMetadata"]["Arn"]
    s3.create_bucket(Bucket="data")
    s3.put_object(Bucket="data", Key="model", Body=b"1", ServerSideEncryption="aws:kms", SSEKMSKeyId=arn)
    read = {"Bucket": "data", "Key": "model"}
    assert refused(there.get_object, **read)[0] == "AccessDenied", "no bucket policy"
    root = {"AWS": f"arn:aws:iam::{OTHER}:root"}
    s3.put_bucket_policy(Bucket="data", Policy=policy(root))
    assert refused(there.get_object, **read)[0] == "AccessDenied", "the key admits its own account only"
    kms.put_key_policy(KeyId=arn, PolicyName="default", Policy=policy(root))
    assert there.get_object(**read)["Body"].read() == b"1"
    s3.put_bucket_policy(Bucket="data", Policy=policy(root, Condition={"ArnEquals": {"aws:PrincipalArn": ROLE}}))
    there.create_bucket(Bucket="copies")
    copy = {"Bucket": "copies", "Key": "model", "CopySource": read}
    assert refused(there.copy_object, **copy)[0] == "AccessDenied", "another role, and a copy reads too"


def test_what_strict_put_in_place_goes_again(tmp_path):
    inside = S3Backend.put_bucket_policy
    with admission.strict():
        assert S3Backend.put_bucket_policy is not inside
    assert S3Backend.put_bucket_policy is inside
