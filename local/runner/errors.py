"""Errors of the runner: what the caller got wrong, what a step did wrong, and what the machine did wrong."""


class RunnerError(Exception):
    """The run cannot start. The message says where, what, the rule, and the fix."""


class DefinitionError(RunnerError):
    """The definition document is at fault."""


class StepError(Exception):
    """A step failed by its own fault (script, arguments, data). It is not tried again."""


class InfrastructureError(Exception):
    """A step failed by a fault of the service or the machine. A retry policy for `kind` may try it again."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind
        """One of the exception types of a retry policy, such as `Step.THROTTLING` or `SageMaker.CAPACITY_ERROR`."""


class CancelledError(Exception):
    """The run was cancelled while the step was working."""
