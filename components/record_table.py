"""A table of records by partition and sort key: encrypted, restorable, and kept where data is retained."""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from contracts.desired_state import EXPIRY_ATTRIBUTE, PARTITION_KEY, SORT_KEY


@dataclass(frozen=True, kw_only=True, slots=True)
class RecordTable:
    """Settings of a table of records."""

    table_name: str
    data_key_arn: pulumi.Input[str]
    """Key of the table."""
    retain: bool
    """Protect the table and keep it when the stack goes."""


def record_table(name: str, table: RecordTable, *, parent: pulumi.Resource) -> aws.dynamodb.Table:
    """Create the table. A new name replaces it, and what it held is gone."""
    return aws.dynamodb.Table(
        name,
        name=table.table_name,
        billing_mode="PAY_PER_REQUEST",
        hash_key=PARTITION_KEY,
        range_key=SORT_KEY,
        attributes=[aws.dynamodb.TableAttributeArgs(name=key, type="S") for key in (PARTITION_KEY, SORT_KEY)],
        ttl=aws.dynamodb.TableTtlArgs(attribute_name=EXPIRY_ATTRIBUTE, enabled=True),
        point_in_time_recovery=aws.dynamodb.TablePointInTimeRecoveryArgs(enabled=True),
        server_side_encryption=aws.dynamodb.TableServerSideEncryptionArgs(enabled=True, kms_key_arn=table.data_key_arn),
        deletion_protection_enabled=table.retain,
        opts=pulumi.ResourceOptions(parent=parent, protect=table.retain, retain_on_delete=table.retain),
    )
