"""Around a Studio domain: it is emptied before it goes, and nothing of it is left behind; nobody else's is touched."""

import json
from types import SimpleNamespace

import boto3
import pytest
from botocore.awsrequest import AWSResponse
from botocore.exceptions import ClientError, ReadTimeoutError
from moto import mock_aws
from moto.core.base_backend import BackendDict

from components.policy_document import policy
from components.studio.sweep_policies import SweepScope, empty_statements, leftover_statements
from contracts.names import Names
from contracts.studio import MANAGED_TAG, MARK_TAG
from lambda_src.shared import clients
from lambda_src.studio_sweep import patience
from lambda_src.studio_sweep.handler import READY, SWEPT, handler
from lambda_src.studio_sweep.problems import SweepError
from local.aws import extensions
from tests.policy_evaluator import is_allowed

ACCOUNT, REGION = "333333333333", "us-east-1"
NAMES = Names(
    organisation="acme", unit="risk", environment="dev", region=REGION, account=ACCOUNT, image_account="111111111111"
)
ROLE = f"arn:aws:iam::{ACCOUNT}:role/studio"
WRITES = ("Delete", "Create", "Tag", "Revoke")


@pytest.fixture(scope="module")
def aws():
    """One embedded AWS, in this process, and one set of clients for all tests; each test finds it empty."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {
            "AWS_ACCESS_KEY_ID": "testing",
            "AWS_SECRET_ACCESS_KEY": "testing",
            "AWS_DEFAULT_REGION": REGION,
            "MOTO_ACCOUNT_ID": ACCOUNT,
            "MOTO_EC2_LOAD_DEFAULT_AMIS": "false",  # a second for each reset
        }.items():
            patch.setenv(name, value)
        patch.delenv("AWS_ENDPOINT_URL", raising=False)
        patch.setattr("boto3.DEFAULT_SESSION", None)
        clients.client.cache_clear()
        extensions.install()
        with mock_aws():
            for service in ("sagemaker", "efs", "ec2"):
                events = clients.client(service).meta.events
                events.register_first("before-call", Studio.on_call)
                events.register("after-call", Studio.on_answer)
            yield {service: boto3.client(service, region_name=REGION) for service in ("sagemaker", "efs", "ec2")}
        clients.client.cache_clear()


@pytest.fixture
def studio(aws, monkeypatch):
    BackendDict.reset()
    monkeypatch.setenv("RETAIN_HOME", "false")
    Studio.current = Studio(aws, monkeypatch)
    monkeypatch.setattr(patience.time, "sleep", Studio.current.pauses.append)
    return Studio.current


class Studio:
    """A domain of this stack and one of somebody else in the same VPC, and every call of the function."""

    current = None

    def __init__(self, aws, monkeypatch):
        self._patch = monkeypatch
        self.calls, self.pauses = [], []
        self.refused, self.lost = "", ""
        self.refusal = ("AccessDenied", 400)
        """Operation whose next call is refused, and operation whose next call is done and never answered."""
        # Clients of the test's own: not recorded, no faults.
        self.ec2, self.efs, self.sagemaker = (aws[service] for service in ("ec2", "efs", "sagemaker"))
        self.vpc = self.ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        self.subnets = [
            self.ec2.create_subnet(VpcId=self.vpc, CidrBlock=f"10.0.{n}.0/24", AvailabilityZone=f"{REGION}{zone}")[
                "Subnet"
            ]["SubnetId"]
            for n, zone in enumerate("ab")
        ]
        self.group = self.ec2.create_security_group(GroupName="own", Description="own", VpcId=self.vpc)["GroupId"]
        self.domain = self.create_domain(NAMES.domain)
        self.theirs = self.create_domain("somebody-elses")
        self.people(self.domain, "ada", "grace", "made-by-hand")
        self.people(self.theirs, "eve")

    def create_domain(self, name):
        arn = self.sagemaker.create_domain(
            DomainName=name,
            AuthMode="IAM",
            DefaultUserSettings={"ExecutionRole": ROLE},
            SubnetIds=self.subnets,
            VpcId=self.vpc,
        )["DomainArn"]
        return arn.rsplit("/", 1)[-1]

    def people(self, domain, *users):
        """Give each a profile, two spaces and an application that runs in each."""
        for user in users:
            self.sagemaker.create_user_profile(DomainId=domain, UserProfileName=user)
            for space in (f"{user}-jupyterlab", f"{user}-own"):
                self.sagemaker.create_space(
                    DomainId=domain,
                    SpaceName=space,
                    OwnershipSettings={"OwnerUserProfileName": user},
                    SpaceSharingSettings={"SharingType": "Private"},
                )
                self.sagemaker.create_app(DomainId=domain, SpaceName=space, AppType="JupyterLab", AppName="default")

    @classmethod
    def on_call(cls, model, **_):
        studio = cls.current
        studio.calls.append(model.name)
        if model.name != studio.refused:
            return None
        studio.refused = ""
        code, status = studio.refusal
        answer = {"Error": {"Code": code, "Message": "no"}, "ResponseMetadata": {"HTTPStatusCode": status}}
        return AWSResponse("", status, {}, None), answer

    @classmethod
    def on_answer(cls, model, **_):
        if model.name == cls.current.lost:
            cls.current.lost = ""
            raise ReadTimeoutError(endpoint_url="https://aws")

    def event(self, phase, action):
        described = self.sagemaker.describe_domain(DomainId=self.domain) if self.lives() else {}
        inputs = {
            "empty": {
                "domain_name": NAMES.domain,
                "domain_id": self.domain,
                "domain_arn": described.get("DomainArn"),
                "home_id": described.get("HomeEfsFileSystemId"),
                "users": ["ada", "grace"],
                "spaces": ["ada-jupyterlab", "grace-jupyterlab"],
            },
            "leftovers": {
                "domain_name": NAMES.domain,
                "security_group_id": self.group,
                "vpc_id": self.vpc,
                "vpc_is_own": False,
            },
        }[phase]
        return {**inputs, "tf": {"action": action, "prev_input": inputs}}

    def run(self, phase, action, *, seconds=(), **more):
        """Call the function as the provider does; `seconds` are the answers to how much time remains."""
        remaining = iter(seconds)
        self._patch.setenv("PHASE", phase)
        context = SimpleNamespace(
            function_name="studio",
            memory_limit_in_mb=256,
            invoked_function_arn=NAMES.function_arn("studio"),
            aws_request_id="1",
            get_remaining_time_in_millis=lambda: 1000 * next(remaining, 300),
        )
        return handler({**self.event(phase, action), **more}, context)

    def lives(self):
        return self.domain in [d["DomainId"] for d in self.sagemaker.list_domains()["Domains"]]

    def inside(self, domain):
        lists = (("list_apps", "Apps"), ("list_spaces", "Spaces"), ("list_user_profiles", "UserProfiles"))
        found = [x for op, items in lists for x in getattr(self.sagemaker, op)(DomainIdEquals=domain)[items]]
        return sorted(x.get("AppName") or x.get("SpaceName") or x.get("UserProfileName") for x in found)

    def delete_domain(self, retention="Delete"):
        """What Pulumi does between the two invocations."""
        for space in ("ada-jupyterlab", "grace-jupyterlab"):
            self.sagemaker.delete_space(DomainId=self.domain, SpaceName=space)
        self.inside(self.domain)
        for user in ("ada", "grace"):
            self.sagemaker.delete_user_profile(DomainId=self.domain, UserProfileName=user)
        self.inside(self.domain)
        self.sagemaker.delete_domain(DomainId=self.domain, RetentionPolicy={"HomeEfsFileSystem": retention})

    def left(self, domain):
        """Everything that names a domain: file systems, mount targets, groups."""
        tag = f":domain/{domain}"
        homes = [f for f in self.efs.describe_file_systems()["FileSystems"] if tag in str(f["Tags"])]
        targets = [
            t["MountTargetId"]
            for f in homes
            for t in self.efs.describe_mount_targets(FileSystemId=f["FileSystemId"])["MountTargets"]
        ]
        groups = [g for g in self.ec2.describe_security_groups()["SecurityGroups"] if tag in str(g.get("Tags"))]
        return {"homes": len(homes), "targets": len(targets), "groups": len(groups)}


WHOLE = {"homes": 1, "targets": 2, "groups": 2}
NOTHING = {"homes": 0, "targets": 0, "groups": 0}


def destroyed(studio, retention="Delete"):
    studio.run("empty", "create")
    studio.run("empty", "delete")
    studio.delete_domain(retention)


@pytest.mark.parametrize("retention", ["Delete", "Retain"])
def test_a_destroy_leaves_nothing_of_the_domain_whatever_sagemaker_kept(studio, retention):
    destroyed(studio, retention)
    assert studio.run("leftovers", "delete") == SWEPT
    assert studio.left(studio.domain) == NOTHING, "file system, interfaces and groups would block the VPC"
    assert studio.left(studio.theirs) == WHOLE, "another domain of the same VPC is somebody else's"
    assert set(studio.pauses) == {patience.PAUSE_SECONDS}, "it waits within its time, so that nobody has to come back"


def test_emptying_leaves_to_pulumi_what_the_state_knows_and_no_application(studio):
    studio.run("empty", "create")
    before = studio.inside(studio.theirs)
    assert studio.run("empty", "delete") == SWEPT
    assert studio.inside(studio.domain) == ["ada", "ada-jupyterlab", "grace", "grace-jupyterlab"]
    assert studio.inside(studio.theirs) == before


def test_where_homes_are_retained_nothing_is_deleted_and_the_error_lists_what_is_there(studio, monkeypatch):
    monkeypatch.setenv("RETAIN_HOME", "true")
    before = studio.inside(studio.domain)
    with pytest.raises(SweepError, match=r"6 applications: .*4 spaces: ada-own, .*1 profiles: made-by-hand"):
        studio.run("empty", "delete")
    assert studio.inside(studio.domain) == before
    assert not [c for c in studio.calls if c.startswith("Delete")]


@pytest.mark.parametrize("operation", ["ListApps", "ListSpaces", "ListUserProfiles"])
def test_a_look_that_the_service_itself_fails_leaves_the_refusal_to_sagemaker(studio, monkeypatch, operation):
    monkeypatch.setattr(studio, "refused", operation)
    monkeypatch.setattr(studio, "refusal", ("InternalFailure", 500))
    assert studio.run("empty", "delete") == SWEPT, "SageMaker deletes no domain that is not empty"
    assert not [c for c in studio.calls if c.startswith("Delete")]


def test_where_homes_are_retained_a_look_that_fails_stops_the_destroy(studio, monkeypatch):
    monkeypatch.setenv("RETAIN_HOME", "true")
    monkeypatch.setattr(studio, "refused", "ListApps")
    monkeypatch.setattr(studio, "refusal", ("InternalFailure", 500))
    with pytest.raises(SweepError, match="InternalFailure"):
        studio.run("empty", "delete")


def test_a_retained_home_keeps_its_files_and_frees_the_network(studio, monkeypatch):
    destroyed(studio, "Retain")
    monkeypatch.setenv("RETAIN_HOME", "true")
    assert studio.run("leftovers", "delete") == SWEPT
    assert studio.left(studio.domain) == {"homes": 1, "targets": 0, "groups": 0}


def test_when_time_runs_out_the_error_says_what_remains_and_the_next_call_goes_on(studio):
    studio.run("empty", "create")
    with pytest.raises(SweepError, match=r"is not empty yet: .*run `pulumi destroy` again"):
        studio.run("empty", "delete", seconds=[300, 45])
    assert studio.run("empty", "delete") == SWEPT
    studio.delete_domain("Retain")
    with pytest.raises(SweepError, match=r"on their way: .*run `pulumi destroy` again"):
        studio.run("leftovers", "delete", seconds=[45])
    assert studio.run("leftovers", "delete") == SWEPT
    assert studio.left(studio.domain) == NOTHING


def test_a_second_destroy_of_what_is_gone_succeeds(studio):
    destroyed(studio)
    assert [studio.run("leftovers", "delete") for _ in range(2)] == [SWEPT, SWEPT]


def test_a_domain_that_somebody_deleted_by_hand_holds_nothing_up(studio):
    known = studio.event("empty", "delete")
    destroyed(studio)
    assert studio.run("empty", "delete", **known) == SWEPT
    assert studio.run("leftovers", "delete") == SWEPT
    assert studio.left(studio.domain) == NOTHING


def test_creating_and_updating_mark_and_delete_nothing(studio):
    assert [studio.run(p, a) for p in ("empty", "leftovers") for a in ("create", "update")] == [READY] * 4
    assert not [c for c in studio.calls if c.startswith("Delete")]
    marks = [t for f in studio.efs.describe_file_systems()["FileSystems"] for t in f["Tags"] if t["Key"] == MARK_TAG]
    assert marks == [{"Key": MARK_TAG, "Value": NAMES.domain}], "one home is marked, and by the domain's name"


def test_what_is_not_marked_stays_even_when_it_looks_the_same(studio):
    studio.run("empty", "delete")
    studio.delete_domain("Retain")
    homes = studio.efs.describe_file_systems()["FileSystems"]
    for home in homes:
        studio.efs.untag_resource(ResourceId=home["FileSystemId"], TagKeys=[MARK_TAG])
    assert studio.run("leftovers", "delete") == SWEPT
    assert studio.left(studio.domain) == {"homes": 1, "targets": 2, "groups": 0}


def test_a_mark_that_somebody_put_on_a_group_of_their_own_deletes_nothing(studio):
    destroyed(studio)
    studio.ec2.create_tags(Resources=[studio.group], Tags=[{"Key": MARK_TAG, "Value": NAMES.domain}])
    assert studio.run("leftovers", "delete") == SWEPT
    assert studio.ec2.describe_security_groups(GroupIds=[studio.group])["SecurityGroups"]


def test_groups_of_unknown_origin_in_the_stacks_own_vpc_are_named_and_left(studio):
    destroyed(studio)
    with pytest.raises(
        SweepError, match=r"nothing proves to be this stack's: sg-\w+ \(security-group-for-\w+-nfs-d-some"
    ):
        studio.run("leftovers", "delete", vpc_is_own=True)
    assert studio.left(studio.theirs) == WHOLE


def test_a_domain_that_still_lives_keeps_everything(studio):
    studio.run("empty", "create")
    with pytest.raises(SweepError, match="still exists"):
        studio.run("leftovers", "delete")
    assert studio.left(studio.domain) == WHOLE


def test_an_interface_that_still_carries_the_groups_is_waited_for_and_a_loose_one_goes(studio):
    loose = studio.ec2.create_network_interface(SubnetId=studio.subnets[0], Groups=[studio.group])["NetworkInterface"]
    destroyed(studio)
    assert studio.run("leftovers", "delete") == SWEPT
    found = studio.ec2.describe_network_interfaces()["NetworkInterfaces"]
    assert loose["NetworkInterfaceId"] not in [i["NetworkInterfaceId"] for i in found], "it would block the group"


def test_only_pulumi_calls_it(studio):
    with pytest.raises(SweepError, match="only `pulumi` calls it"):
        studio.run("empty", None)


OPERATIONS = (
    *("CreateTags", "DeleteApp", "DeleteFileSystem", "DeleteMountTarget", "DeleteSecurityGroup", "DeleteSpace"),
    *("DeleteUserProfile", "DescribeFileSystems", "DescribeMountTargets", "DescribeNetworkInterfaces"),
    *("DescribeSecurityGroups", "ListApps", "ListDomains", "ListSpaces", "ListUserProfiles"),
    *("RevokeSecurityGroupEgress", "RevokeSecurityGroupIngress", "TagResource"),
)


def test_the_list_of_calls_is_whole(studio):
    destroyed(studio, "Retain")
    studio.run("leftovers", "delete")
    assert sorted(set(studio.calls)) == list(OPERATIONS), "each of them is made to fail below"


@pytest.mark.parametrize("fault", ["refused", "lost"])
@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_fault_in_any_call_is_told_and_the_next_destroy_finishes(studio, operation, fault):
    setattr(studio, fault, operation)
    told = []
    for step in (
        lambda: studio.run("empty", "create"),
        lambda: studio.run("empty", "delete"),
        lambda: studio.delete_domain("Retain"),
        lambda: studio.run("leftovers", "delete"),
    ):
        try:
            step()
        except SweepError as error:
            told.append(str(error))
            step()
    (text,) = told  # once, and not silently
    assert "AccessDenied" in text or "Read timeout" in text, "the service's own words are part of it"
    assert text.endswith("run `pulumi destroy` again."), "and so is how to go on"
    assert studio.left(studio.domain) == NOTHING
    assert studio.left(studio.theirs) == WHOLE


def documents(retain, domain="d-mine"):
    scope = SweepScope(names=NAMES, retain=retain)
    return (
        [json.loads(policy(empty_statements(scope, domain)))],
        [json.loads(policy(leftover_statements(scope, "vpc-1")))],
    )


def arn(service, resource):
    return f"arn:aws:{service}:{REGION}:{ACCOUNT}:{resource}"


def test_the_role_before_reaches_this_domain_and_no_other():
    (before, _) = documents(retain=False)
    for action, kind in (("DeleteApp", "app"), ("DeleteSpace", "space"), ("DeleteUserProfile", "user-profile")):
        assert is_allowed(before, f"sagemaker:{action}", arn("sagemaker", f"{kind}/d-mine/x"), {})
        assert not is_allowed(before, f"sagemaker:{action}", arn("sagemaker", f"{kind}/d-theirs/x"), {})


def test_the_role_after_deletes_what_is_marked_and_nothing_else():
    (_, after) = documents(retain=False)
    key = f"aws:ResourceTag/{MARK_TAG}"
    for action, resource in (
        ("elasticfilesystem:DeleteFileSystem", arn("elasticfilesystem", "file-system/fs-1")),
        ("elasticfilesystem:DeleteMountTarget", arn("elasticfilesystem", "file-system/fs-1")),
        ("ec2:DeleteSecurityGroup", arn("ec2", "security-group/sg-1")),
    ):
        assert is_allowed(after, action, resource, {key: NAMES.domain}), action
        assert not is_allowed(after, action, resource, {key: "another-studio"}), action
        assert not is_allowed(after, action, resource, {}), action


def test_where_homes_are_retained_neither_role_can_delete_them():
    before, after = documents(retain=True)
    tags = {f"aws:ResourceTag/{MARK_TAG}": NAMES.domain, f"aws:ResourceTag/{MANAGED_TAG}": arn("sagemaker", "domain/d")}
    for action, resource in (
        ("sagemaker:DeleteSpace", arn("sagemaker", "space/d-mine/x")),
        ("sagemaker:DeleteUserProfile", arn("sagemaker", "user-profile/d-mine/x")),
        ("elasticfilesystem:DeleteFileSystem", arn("elasticfilesystem", "file-system/fs-1")),
    ):
        assert not any(is_allowed(found, action, resource, tags) for found in (before, after)), action


def test_the_embedded_aws_refuses_to_delete_a_domain_with_people_in_it(studio):
    with pytest.raises(ClientError, match="something is associated"):
        studio.sagemaker.delete_domain(DomainId=studio.domain)


def test_the_embedded_aws_answers_a_domains_id_and_knows_which_are_gone(studio):
    made = studio.sagemaker.create_domain(
        DomainName="third",
        AuthMode="IAM",
        DefaultUserSettings={"ExecutionRole": ROLE},
        SubnetIds=studio.subnets,
        VpcId=studio.vpc,
    )
    assert made["DomainArn"].endswith(f"/{made['DomainId']}")
    with pytest.raises(ClientError) as refused:
        studio.sagemaker.describe_domain(DomainId="d-gone")
    assert refused.value.response["Error"]["Code"] == "ResourceNotFound"
