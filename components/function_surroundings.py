"""What every platform function of a stack is given alike."""

from dataclasses import dataclass

import pulumi


@dataclass(frozen=True, kw_only=True, slots=True)
class FunctionSurroundings:
    """Layer, keys, topic and log settings of a stack's functions."""

    layer_arn: pulumi.Input[str]
    """The libraries that the functions share."""
    data_key_arn: pulumi.Input[str]
    """Key of environment variables and tables."""
    logs_key_arn: pulumi.Input[str]
    """Key of log groups."""
    messages_key_arn: pulumi.Input[str]
    """Key of dead-letter queues."""
    alert_topic_arn: pulumi.Input[str]
    """Topic of alarms."""
    log_retention_days: int
    """How long logs are kept, in days."""
    retain: bool
    """Keep log groups and tables when the stack goes."""
