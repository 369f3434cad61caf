"""Mark what SageMaker made for a domain as this stack's, while the domain still says what that is.

After a domain is gone, nothing tells its file system from that of another deleted domain. So the mark is a tag of ours
with the domain's name, set while the domain lives; only what carries it is ever deleted.
"""

from botocore.exceptions import ClientError

from contracts.studio import MANAGED_TAG, MARK_TAG
from lambda_src.shared.clients import client
from lambda_src.shared.errors import code_of
from lambda_src.shared.runtime import Event, logger


def mark(event: Event) -> None:
    """Tag the domain's home and every security group that SageMaker made for it. Doing it again changes nothing."""
    tag = {"Key": MARK_TAG, "Value": event["domain_name"]}
    try:
        client("efs").tag_resource(ResourceId=event["home_id"], Tags=[tag])
    except ClientError as error:
        if code_of(error) != "FileSystemNotFound":
            raise
        logger.info("somebody deleted the home by hand", extra={"home": event["home_id"]})
    groups = [
        group["GroupId"]
        for page in client("ec2")
        .get_paginator("describe_security_groups")
        .paginate(Filters=[{"Name": f"tag:{MANAGED_TAG}", "Values": [event["domain_arn"]]}])
        for group in page["SecurityGroups"]
    ]
    if groups:
        client("ec2").create_tags(Resources=groups, Tags=[tag])
    logger.info("marked", extra={"home": event["home_id"], "groups": groups})
