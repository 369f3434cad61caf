"""Studio stays inside the VPC."""

from collections.abc import Iterator

from policy.model import Checked, Rule, Stack


def _check(domain: Checked, _: Stack) -> Iterator[str]:
    access = domain.value("appNetworkAccessType", "PublicInternetOnly")  # SageMaker's own default
    if access != "VpcOnly":
        yield f"appNetworkAccessType is {access}, so notebooks reach the internet past the VPC"


RULE = Rule(
    id="studio-vpc-only",
    forbids="Studio domain outside the VPC",
    why="Notebooks hold production data: what leaves must pass the VPC's endpoints, rules and flow log.",
    fix='set app_network_access_type="VpcOnly", as components/studio_domain.py does',
    types=("sagemaker:Domain",),
    check=_check,
)
