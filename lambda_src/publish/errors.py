"""Why content could not be published, as a sentence for whoever runs `pulumi up`."""


class PublishError(Exception):
    """The invocation fails with this text, and `pulumi up` shows it. Its text says what is in the repository now."""
