"""What the project adds to moto's Studio: profiles, spaces, their descriptions, their tags, and their end."""

import pytest
from botocore.exceptions import ClientError

from tests.local.conftest import ACCOUNT, REGION

SETTINGS = {"ExecutionRole": f"arn:aws:iam::{ACCOUNT}:role/r", "SecurityGroups": ["sg-1"]}
STORAGE = {"EbsStorageSettings": {"EbsVolumeSizeInGb": 50}}
SPACE = {"AppType": "JupyterLab", "SpaceStorageSettings": STORAGE}


@pytest.fixture
def sagemaker(aws):
    return aws.client("sagemaker", ACCOUNT, REGION)


@pytest.fixture
def domain(aws, sagemaker):
    ec2 = aws.client("ec2", ACCOUNT, REGION)
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/24")["Subnet"]["SubnetId"]
    made = sagemaker.create_domain(
        DomainName="studio", AuthMode="IAM", DefaultUserSettings=SETTINGS, VpcId=vpc, SubnetIds=[subnet],
        TagPropagation="ENABLED",
    )  # fmt: skip
    return made["DomainId"]


@pytest.fixture
def ada(sagemaker, domain):
    arn = sagemaker.create_user_profile(
        DomainId=domain, UserProfileName="ada", UserSettings=SETTINGS, Tags=[{"Key": "persona", "Value": "lead"}]
    )["UserProfileArn"]
    return {"DomainId": domain, "UserProfileName": "ada", "arn": arn}


@pytest.fixture
def space(sagemaker, domain, ada):
    sagemaker.create_space(
        DomainId=domain,
        SpaceName="lab",
        OwnershipSettings={"OwnerUserProfileName": "ada"},
        SpaceSharingSettings={"SharingType": "Private"},
        SpaceSettings=SPACE,
    )
    return {"DomainId": domain, "SpaceName": "lab"}


def code(call, **request):
    with pytest.raises(ClientError) as refused:
        call(**request)
    return refused.value.response["Error"]["Code"]


def of(profile):
    return {name: profile[name] for name in ("DomainId", "UserProfileName")}


def test_a_domain_gives_back_whether_its_tags_reach_what_is_in_it(sagemaker, domain):
    assert sagemaker.describe_domain(DomainId=domain)["TagPropagation"] == "ENABLED"


def test_a_profile_is_described_as_it_was_asked_for(sagemaker, domain, ada):
    found = sagemaker.describe_user_profile(**of(ada))
    assert (found["UserSettings"], found["Status"]) == (SETTINGS, "InService")
    assert found["UserProfileArn"] == ada["arn"] == f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:user-profile/{domain}/ada"
    assert found["HomeEfsFileSystemUid"].isdigit()


def test_a_space_is_described_with_its_owner_and_its_disk(sagemaker, domain, space):
    found = sagemaker.describe_space(**space)
    assert found["SpaceSettings"] == SPACE
    assert found["OwnershipSettings"] == {"OwnerUserProfileName": "ada"}
    assert found["SpaceArn"].endswith(f":space/{domain}/lab")
    assert found["HomeEfsFileSystemUid"] != sagemaker.describe_user_profile(
        DomainId=domain, UserProfileName="ada"
    )["HomeEfsFileSystemUid"]  # fmt: skip


def test_an_update_changes_the_settings_that_it_names(sagemaker, ada, space):
    sagemaker.update_user_profile(**of(ada), UserSettings={"SecurityGroups": ["sg-2"]})
    assert sagemaker.describe_user_profile(**of(ada))["UserSettings"] == {**SETTINGS, "SecurityGroups": ["sg-2"]}
    sagemaker.update_space(**space, SpaceDisplayName="Lab")
    found = sagemaker.describe_space(**space)
    assert (found["SpaceDisplayName"], found["SpaceSettings"]) == ("Lab", SPACE)


def test_members_have_tags_of_their_own(sagemaker, domain, ada):
    def tags():
        return {tag["Key"]: tag["Value"] for tag in sagemaker.list_tags(ResourceArn=ada["arn"])["Tags"]}

    assert tags() == {"persona": "lead"}
    sagemaker.add_tags(
        ResourceArn=ada["arn"], Tags=[{"Key": "persona", "Value": "approver"}, {"Key": "a", "Value": "b"}]
    )
    assert tags() == {"persona": "approver", "a": "b"}
    sagemaker.delete_tags(ResourceArn=ada["arn"], TagKeys=["a"])
    assert tags() == {"persona": "approver"}
    arn = sagemaker.describe_domain(DomainId=domain)["DomainArn"]
    assert sagemaker.list_tags(ResourceArn=arn)["Tags"] == [], "moto's own still answers for the rest"


def test_what_is_deleted_is_seen_as_such_once_and_is_gone_then(sagemaker, domain, ada, space):
    assert code(sagemaker.delete_user_profile, **of(ada)) == "ResourceInUse", "a space is hers"
    sagemaker.delete_space(**space)
    assert sagemaker.describe_space(**space)["Status"] == "Deleting"
    assert code(sagemaker.describe_space, **space) == "ResourceNotFound"
    assert code(sagemaker.delete_domain, DomainId=domain) == "ResourceInUse"
    sagemaker.delete_user_profile(**of(ada))
    assert sagemaker.describe_user_profile(**of(ada))["Status"] == "Deleting"
    assert code(sagemaker.describe_user_profile, **of(ada)) == "ResourceNotFound"
    sagemaker.delete_domain(DomainId=domain)


def test_nothing_is_known_of_a_member_that_was_never_made(sagemaker, domain):
    assert code(sagemaker.describe_space, DomainId=domain, SpaceName="lab") == "ResourceNotFound"
    assert code(sagemaker.update_user_profile, DomainId=domain, UserProfileName="ada") == "ResourceNotFound"


def test_studio_shows_products_once_somebody_says_so(sagemaker):
    def status():
        return sagemaker.get_sagemaker_servicecatalog_portfolio_status()["Status"]

    assert status() == "Disabled"
    sagemaker.enable_sagemaker_servicecatalog_portfolio()
    assert status() == "Enabled"
    sagemaker.disable_sagemaker_servicecatalog_portfolio()
    assert status() == "Disabled"
