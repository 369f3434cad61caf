"""Where projects meet the platform: job roles and their folders, and a whole deployment with leave of both accounts."""

import json

import pytest

from components.delivery_policies import project_key_statements, project_reader_statements
from contracts.names import Names
from contracts.project_access import INFERENCE, TRAINING, project_prefix
from tests.components import project_world as world
from tests.components.project_world import SECURE, names_of, through
from tests.harness import STACKS, deploy_stack, raw_settings, stack_graph, stack_settings
from tests.policy_evaluator import is_allowed

DEPLOYED = ("preprod", "prod")
every_stack = pytest.mark.parametrize("stack", STACKS)
every_deployment = pytest.mark.parametrize("stack", DEPLOYED)
PROJECT = world.PROJECT


def role_policies(stack, purpose, graph=None):
    name = stack_settings(stack).names.role(purpose)
    found = (graph or stack_graph(stack)).of_type("iam:RolePolicy")
    return [json.loads(p.inputs["policy"]) for p in found if p.inputs["role"] == name]


def objects(stack, path):
    return f"{names_of(stack).bucket_arn('artifacts')}/{path}"


# who may carry on whose session it is
@every_stack
def test_what_people_start_may_carry_on_who_they_are(stack):
    trusts = {
        r.inputs["name"]: json.loads(r.inputs["assumeRolePolicy"]) for r in stack_graph(stack).of_type("iam:Role")
    }
    of = names_of(stack)
    carrying = {
        purpose: [s["Action"] for s in trusts[of.role(purpose)]["Statement"]]
        for purpose in ("pipeline", "processing", "training", "serving", "schedule", "events")
    }
    named, plain = [["sts:AssumeRole", "sts:SetSourceIdentity"]], [["sts:AssumeRole"]]
    for purpose in ("pipeline", "processing", "training"):
        assert carrying[purpose] == named, "SageMaker refuses what a person starts in Studio otherwise"
    for purpose in ("serving", "schedule", "events"):
        assert carrying[purpose] == plain, "no person's session gets there"


# the folders of a project
FOLDERS = {
    # role: what it reads, what it writes, of a project's folders
    "processing": ({"code", "sample", "runs"}, {"runs"}),
    "training": ({"code", "runs"}, {"runs"}),
    "pipeline": ({"runs"}, set()),
    "serving": ({"versions"}, set()),
}


@every_stack
@pytest.mark.parametrize("purpose", FOLDERS)
def test_a_job_reads_and_writes_the_folders_of_projects_that_its_step_needs(stack, purpose):
    policies, (reads, writes) = role_policies(stack, purpose), FOLDERS[purpose]
    for folder in ("code", "sample", "runs", "versions", "other"):
        path = objects(stack, f"projects/{PROJECT}/{folder}/x/y")
        assert is_allowed(policies, "s3:GetObject", path, {}) is (folder in reads), f"read {folder}"
        assert is_allowed(policies, "s3:PutObject", path, {}) is (folder in writes), f"write {folder}"
        assert not is_allowed(policies, "s3:DeleteObject", path, {}), folder


def test_without_projects_no_role_has_their_folders_and_dev_offers_them_nothing():
    raw = raw_settings("dev")
    for section in ("projects", "github", "catalog"):
        del raw[section]
    graph = deploy_stack(raw)
    for purpose in FOLDERS:
        policies = role_policies("dev", purpose, graph)
        for folder in ("code", "sample", "runs", "versions"):
            assert not is_allowed(policies, "s3:GetObject", objects("dev", f"projects/{PROJECT}/{folder}/x"), {})
    for offer in (
        graph.one("s3:BucketPolicy", "platform-artifacts-policy").inputs["policy"],
        graph.one("kms:Key", "platform-keys-data").inputs["policy"],
    ):
        assert "ByProjects" not in offer


@every_deployment
def test_an_endpoint_pulls_the_image_that_projects_train_in(stack):
    of = names_of(stack)
    image = f"arn:aws:ecr:{of.region}:683313688378:repository/sagemaker-scikit-learn"
    assert is_allowed(role_policies(stack, "serving"), "ecr:BatchGetImage", image, {})
    other = image.replace("sagemaker-scikit-learn", "somebodys")
    assert not is_allowed(role_policies(stack, "serving"), "ecr:BatchGetImage", other, {})


def test_what_training_publishes_is_where_its_jobs_look():
    """The training repository writes its code and its data; the steps alone write runs, from which models come."""
    own = [world.role_document("dev", template=TRAINING)]
    base = project_prefix(PROJECT)
    for folder in ("code", "sample"):
        path = objects("dev", f"{base}{folder}/0a1b/x")
        assert is_allowed(own, "s3:PutObject", path, {})
        assert is_allowed(role_policies("dev", "processing"), "s3:GetObject", path, {})
    assert not is_allowed(own, "s3:PutObject", objects("dev", f"{base}runs/e/model.tar.gz"), {})


# a whole deployment
@every_deployment
@pytest.mark.parametrize("size", [world.SMALL, world.LARGE], ids=["at once", "in parts"])
def test_finding_a_version_and_copying_its_files_has_leave_of_both_accounts(stack, size):
    facts, calls = world.prepared(stack, size=size)
    role = names_of(stack).project_role_arn(PROJECT, INFERENCE)
    requests = [r for operation, keywords in calls for r in world.asked(stack, operation, keywords)]
    refused = {f"{r[0]} {r[1]}": by for r in requests if (by := world.refused_by(stack, role, r))}
    assert refused == {}
    asked = {action for action, _, _ in requests}
    assert {"sagemaker:DescribeModelPackage", "s3:GetObjectVersion", "s3:PutObject", "kms:Decrypt"} <= asked
    path = facts.model_data_url.removeprefix("s3://").partition("/")[2]
    served = is_allowed(role_policies(stack, "serving"), "s3:GetObject", objects(stack, path), {})
    assert served, "the endpoint could not read the copy"


def deployment(stack):
    """What `pulumi up`, `verify`, `smoke` and `load` ask, besides the copy: the provider's calls by resource."""
    of = names_of(stack)
    sagemaker, region = f"arn:aws:sagemaker:{of.region}:{of.account}", f"{of.region}:{of.account}"
    model, config = (f"{sagemaker}:{kind}/{name(PROJECT, '0a1b2c3d')}" for kind, name in (
        ("model", of.endpoint_model), ("endpoint-config", of.endpoint_config)))  # fmt: skip
    endpoint, states = of.endpoint_arn(PROJECT), of.bucket_arn("states")
    scaling = f"arn:aws:application-autoscaling:{region}:scalable-target/0a1b"
    alarms = f"arn:aws:cloudwatch:{region}:alarm"
    tags = {"aws:RequestTag/project": PROJECT}
    boundary = world.boundary(stack)["Statement"]
    (subnets,) = [s for s in boundary if s["Sid"] == "DenyForeignSubnets"]
    (groups,) = [s for s in boundary if s["Sid"] == "DenyForeignSecurityGroups"]
    network = {
        "sagemaker:VpcSubnets": subnets["Condition"]["ForAnyValue:StringNotEquals"]["sagemaker:VpcSubnets"],
        "sagemaker:VpcSecurityGroupIds": groups["Condition"]["ForAnyValue:StringNotEquals"][
            "sagemaker:VpcSecurityGroupIds"
        ],
    }
    volume = {"sagemaker:VolumeKmsKey": world.key_arn(stack), "sagemaker:InstanceTypes": ["ml.m5.large"]}
    state = f"{states}/projects/{PROJECT}/.pulumi"
    namespace = {"application-autoscaling:service-namespace": "sagemaker"}
    service = "sagemaker.application-autoscaling.amazonaws.com"
    yield from (
        (f"s3:{verb}Object", f"{state}/{path}", SECURE)
        for verb in ("Get", "Put", "Delete")
        for path in ("meta.yaml", "stacks/realtime-inference/x.json", "locks/organization/x/y.json", "history/x.json")
    )
    yield "s3:ListBucket", states, {**SECURE, "s3:prefix": f"projects/{PROJECT}/"}
    yield from (through(stack, "s3", action, states) for action in ("GenerateDataKey", "Decrypt"))
    yield "sagemaker:CreateModel", model, network
    yield "iam:PassRole", of.role_arn("serving"), {"iam:PassedToService": "sagemaker.amazonaws.com"}
    yield "sagemaker:CreateEndpointConfig", config, volume
    yield through(stack, "sagemaker", "CreateGrant", **{"kms:GrantIsForAWSResource": "true"})
    yield through(stack, "sagemaker", "DescribeKey")
    yield from (("sagemaker:CreateEndpoint", arn, {}) for arn in (endpoint, config))
    yield from (("sagemaker:UpdateEndpoint", arn, {}) for arn in (endpoint, config))
    yield from (
        (f"sagemaker:{verb}", arn, {})
        for arn in (model, config, endpoint)
        for verb in ("AddTags", "DeleteTags", "ListTags")
    )
    for kind, arn in (("Model", model), ("EndpointConfig", config), ("Endpoint", endpoint)):
        yield from ((f"sagemaker:{verb}{kind}", arn, {}) for verb in ("Describe", "Delete"))
    for action in ("RegisterScalableTarget", "PutScalingPolicy", "DeleteScalingPolicy", "DeregisterScalableTarget"):
        yield f"application-autoscaling:{action}", scaling, namespace
    yield "application-autoscaling:TagResource", scaling, tags
    yield "application-autoscaling:ListTagsForResource", scaling, {}
    yield from ((f"application-autoscaling:Describe{what}", "*", {}) for what in ("ScalableTargets", "ScalingPolicies"))
    linked = f"arn:aws:iam::{of.account}:role/aws-service-role/{service}/AWSServiceRoleForApplicationAutoScaling_"
    yield "iam:CreateServiceLinkedRole", f"{linked}SageMakerEndpoint", {"iam:AWSServiceName": service}
    yield "sagemaker:UpdateEndpointWeightsAndCapacities", endpoint, {}
    yield "cloudwatch:DescribeAlarms", f"{alarms}:*", {}
    for alarm in (of.alarm("errors", PROJECT), f"TargetTracking-endpoint/{of.endpoint(PROJECT)}/variant/AlarmHigh-1"):
        yield from ((f"cloudwatch:{verb}", f"{alarms}:{alarm}", {}) for verb in ("PutMetricAlarm", "DeleteAlarms"))
    own = f"{alarms}:{of.alarm('errors', PROJECT)}"
    yield from ((f"cloudwatch:{verb}", own, {}) for verb in ("ListTagsForResource", "TagResource", "UntagResource"))
    yield "sagemaker:InvokeEndpoint", endpoint, {}


@every_deployment
def test_a_deployment_has_every_permission_that_it_asks_for(stack):
    role = names_of(stack).project_role_arn(PROJECT, INFERENCE)
    refused = {f"{r[0]} {r[1]}": by for r in deployment(stack) if (by := world.refused_by(stack, role, r))}
    assert refused == {}


def everything_asked(stack):
    copies = [call for size in (world.SMALL, world.LARGE) for call in world.prepared(stack, size=size)[1]]
    found = [*(r for call in copies for r in world.asked(stack, *call)), *deployment(stack)]
    return list({json.dumps(request, sort_keys=True): request for request in found}.values())


NOT_ASKED = {"FindBucket", "TagOwnScaling"}
"""Statements for what happens seldom: a client that asks for the bucket's region, tags that change."""


def test_each_statement_is_needed_on_both_sides():
    """Else the requests above would prove nothing: any statement that is taken away is missed."""
    stack = "preprod"
    requests, role = everything_asked(stack), names_of(stack).project_role_arn(PROJECT, INFERENCE)
    whole = world.role_document(stack)["Statement"]
    unnoticed = set()
    for statement in whole:
        less = {"Statement": [s for s in whole if s is not statement]}
        if all(is_allowed([less], *request) for request in requests):
            unnoticed.add(statement["Sid"])
    assert unnoticed == NOT_ASKED
    for document in (world.bucket_policy("dev", "artifacts"), world.key_policy("dev"), world.group_policy()):
        offers = [
            s
            for s in document["Statement"]
            if names_of(stack).project_roles_arn
            in s.get("Condition", {}).get("ArnLike", {}).get("aws:PrincipalArn", [])
        ]
        assert offers
        for statement in offers:
            less = {"Statement": [s for s in document["Statement"] if s is not statement]}
            used = [r for r in requests if world.is_offered(document, role, *r)]
            assert not all(world.is_offered(less, role, *r) for r in used), f"{statement['Sid']}: nobody uses it"


@every_deployment
def test_the_state_is_in_a_bucket_that_archives_nothing(stack):
    (rule,) = stack_graph(stack).one("s3:BucketLifecycleConfiguration", "platform-states-lifecycle").inputs["rules"]
    assert not rule.get("transitions"), "a state in an archive tier cannot be read"
    assert "expiration" not in rule
    own = [world.role_document(stack)]
    state = objects(stack, f"projects/{PROJECT}/.pulumi/meta.yaml")
    assert not is_allowed(own, "s3:PutObject", state, {}), "the artifact bucket archives what is old"


@every_deployment
def test_the_platforms_key_refuses_pulumi_itself(stack):
    """So the state has no secret, and a passphrase that is empty."""
    role = names_of(stack).project_role_arn(PROJECT, INFERENCE)
    for action in ("Encrypt", "Decrypt", "GenerateDataKey"):
        _, key, context = through(stack, "s3", action)
        direct = {k: v for k, v in context.items() if k != "kms:ViaService"}
        assert world.refused_by(stack, role, (f"kms:{action}", key, direct)) == ["identity", f"key of {stack}"]


# who is not let in
def other(stack="preprod", **changes):
    of = names_of(stack)
    fields = ("organisation", "unit", "environment", "region", "account", "image_account")
    return Names(**{**{name: getattr(of, name) for name in fields}, **changes})


STRANGERS = {
    "a project of another unit": other(unit="fraud").project_role_arn(PROJECT, INFERENCE),
    "a project of another organisation": other(organisation="evil").project_role_arn(PROJECT, INFERENCE),
    "a project of an environment that we do not have": other(environment="test").project_role_arn(PROJECT, INFERENCE),
    "a project of another region": other(region="eu-west-1").project_role_arn(PROJECT, INFERENCE),
    "a role of that name on no path": names_of("preprod").role_arn("churn.realtime-inference"),
    "the serving role": names_of("preprod").role_arn("serving"),
    "the administrator": "arn:aws:iam::222222222222:role/Administrator",
    "the same path in another account": other(account="9" * 12).project_role_arn(PROJECT, INFERENCE),
}


@pytest.mark.parametrize("stranger", STRANGERS)
def test_dev_offers_nothing_to_anybody_else(stranger):
    """Whatever the other account allows its role."""
    role, bucket = STRANGERS[stranger], names_of("dev").bucket_arn("artifacts")
    for action, resource in (
        ("s3:GetObject", f"{bucket}/{world.RUN}"),
        ("s3:GetObjectVersion", f"{bucket}/{world.RUN}"),
    ):
        assert not world.is_offered(world.bucket_policy("dev", "artifacts"), role, action, resource, SECURE)
    listing = {**SECURE, "s3:prefix": "projects/churn/runs/"}
    assert not world.is_offered(world.bucket_policy("dev", "artifacts"), role, "s3:ListBucket", bucket, listing)
    action, key, context = through("dev", "s3", "Decrypt", bucket, **{"kms:CallerAccount": role.split(":")[4]})
    assert not world.is_offered(world.key_policy("dev"), role, action, key, context)
    version = f"{names_of('dev').model_package_group_arn(PROJECT).replace('-group/', '/')}/1"
    assert not world.is_offered(world.group_policy(), role, "sagemaker:DescribeModelPackage", version, {})


@every_deployment
@pytest.mark.parametrize(
    ("purpose", "action", "path"),
    [
        ("artifacts", "s3:GetObject", "projects/churn/code/0/train.py"),
        ("artifacts", "s3:GetObject", "projects/churn/sample/0/a.csv"),
        ("artifacts", "s3:GetObject", "pipelines/p/e/train/model.tar.gz"),
        ("artifacts", "s3:GetObject", "people/ada/x.csv"),
        ("artifacts", "s3:PutObject", world.RUN),
        ("artifacts", "s3:DeleteObject", world.RUN),
        ("data", "s3:GetObject", "latest/a.csv"),
        ("states", "s3:GetObject", "projects/churn/.pulumi/x.json"),
    ],
)
def test_dev_offers_projects_their_runs_and_nothing_else(stack, purpose, action, path):
    role, resource = names_of(stack).project_role_arn(PROJECT, INFERENCE), names_of("dev").bucket_arn(purpose)
    assert not world.is_offered(world.bucket_policy("dev", purpose), role, action, f"{resource}/{path}", SECURE)


@every_deployment
def test_what_dev_offers_is_bound_to_s3_tls_and_the_artifact_bucket(stack):
    role, dev = names_of(stack).project_role_arn(PROJECT, INFERENCE), names_of("dev")
    bucket, key = dev.bucket_arn("artifacts"), world.key_policy("dev")
    caller = {"kms:CallerAccount": names_of(stack).account}
    allowed = through("dev", "s3", "Decrypt", bucket, **caller)
    assert world.is_offered(key, role, *allowed)
    for what, (action, arn, context) in {
        "a file of another bucket": through("dev", "s3", "Decrypt", dev.bucket_arn("data"), **caller),
        "a directly sent request": (
            allowed[0], allowed[1], {k: v for k, v in allowed[2].items() if k != "kms:ViaService"},
        ),
        "through another service": through("dev", "sagemaker", "Decrypt", bucket, **caller),
        "encryption": through("dev", "s3", "GenerateDataKey", bucket, **caller),
        "a grant": through("dev", "s3", "CreateGrant", bucket, **caller, **{"kms:GrantIsForAWSResource": "true"}),
    }.items():  # fmt: skip
        assert not world.is_offered(key, role, action, arn, context), what
    clear = {"aws:SecureTransport": "false", "s3:TlsVersion": "1.2"}
    policy = world.bucket_policy("dev", "artifacts")
    assert not world.is_offered(policy, role, "s3:GetObject", f"{bucket}/{world.RUN}", clear)


@every_deployment
def test_a_project_reads_no_other_projects_runs(stack):
    """Dev's policies let all projects of the other environments in; whose runs is said by the role."""
    for project in ("churn-eu", "chur", "c"):
        role = names_of(stack).project_role_arn(project, INFERENCE)
        identity = world.role_document(stack, project)
        resource = objects("dev", world.RUN)
        assert "identity" in world.refused_by(stack, role, ("s3:GetObject", resource, SECURE), identity=identity)
        version = f"{names_of('dev').model_package_group_arn(PROJECT).replace('-group/', '/')}/1"
        request = ("sagemaker:DescribeModelPackage", version, {})
        assert "identity" in world.refused_by(stack, role, request, identity=identity)


def test_preprod_and_prod_let_no_project_of_another_environment_in():
    for stack in DEPLOYED:
        for owner in (s for s in DEPLOYED if s != stack):
            role = names_of(stack).project_role_arn(PROJECT, INFERENCE)
            path = objects(owner, f"projects/{PROJECT}/versions/0/model.tar.gz")
            found = world.refused_by(stack, role, ("s3:GetObject", path, SECURE))
            assert found == ["identity", f"bucket of {owner}"]


def test_one_account_for_all_environments_is_named_once():
    shared = [other(environment=each, account="1" * 12) for each in DEPLOYED]
    for statement in (
        *project_reader_statements(names_of("dev"), shared),
        *project_key_statements(names_of("dev"), shared),
    ):
        assert statement["Principal"] == {"AWS": "arn:aws:iam::111111111111:root"}
        assert len(statement["Condition"]["ArnLike"]["aws:PrincipalArn"]) == 2, "the environments stay apart by path"


# Studio
@every_stack
def test_the_data_key_takes_homes_through_efs_and_no_volume_of_anybody_through_ec2(stack):
    role = f"arn:aws:iam::{names_of(stack).account}:role/Engineer"
    caller = {"kms:CallerAccount": names_of(stack).account}
    key = world.key_policy(stack)
    for action in ("DescribeKey", "GenerateDataKeyWithoutPlaintext", "Decrypt"):
        assert world.is_offered(key, role, *through(stack, "elasticfilesystem", action, **caller)), action
    grant = {**caller, "kms:GrantIsForAWSResource": "true"}
    assert world.is_offered(key, role, *through(stack, "elasticfilesystem", "CreateGrant", **grant))
    assert world.is_offered(key, role, *through(stack, "sagemaker", "CreateGrant", **grant)), "a space's volume"
    assert not world.is_offered(key, role, *through(stack, "ec2", "GenerateDataKeyWithoutPlaintext", **caller))
