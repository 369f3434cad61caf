"""What counts as there in the embedded AWS: what somebody made, and not what an account comes with."""

from local.aws.stack_inventory import inventory
from tests.local.conftest import ACCOUNT, REGION


def test_an_account_that_was_only_looked_at_holds_nothing(aws):
    aws.client("ec2", ACCOUNT, REGION).describe_vpcs()
    aws.client("kms", ACCOUNT, REGION).describe_key(KeyId="alias/aws/s3")
    aws.client("iam", ACCOUNT, REGION).list_policies()
    assert inventory(ACCOUNT, REGION) == set(), "its own network, keys and policies were there before"


def test_a_network_its_parts_and_the_catalog_are_seen_until_they_are_gone(aws):
    ec2, catalog = (aws.client(service, ACCOUNT, REGION) for service in ("ec2", "servicecatalog"))
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/24")["Subnet"]["SubnetId"]
    gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    endpoint = ec2.create_vpc_endpoint(
        VpcId=vpc, ServiceName=f"com.amazonaws.{REGION}.sts", VpcEndpointType="Interface", SubnetIds=[subnet]
    )["VpcEndpoint"]
    portfolio = catalog.create_portfolio(DisplayName="p", ProviderName="us", IdempotencyToken="1")["PortfolioDetail"]
    found = inventory(ACCOUNT, REGION)
    assert found >= {
        f"vpc {vpc}",
        f"subnet {subnet}",
        f"internet gateway {gateway}",
        f"endpoint of vpc {endpoint['VpcEndpointId']}",
        f"security group default of {vpc}",
        f"portfolio {portfolio['Id']}",
    }
    ec2.delete_vpc_endpoints(VpcEndpointIds=[endpoint["VpcEndpointId"]])
    ec2.delete_internet_gateway(InternetGatewayId=gateway)
    ec2.delete_subnet(SubnetId=subnet)
    ec2.delete_vpc(VpcId=vpc)
    catalog.delete_portfolio(Id=portfolio["Id"])
    assert inventory(ACCOUNT, REGION) == set()
