"""Errors of the embedded AWS that a person can act on."""


class AwsStateError(Exception):
    """The stored state cannot be used. The message says why and which command helps."""
