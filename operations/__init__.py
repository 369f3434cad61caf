"""What operators do with model versions and their deployments, as a library for the CLI and a portal.

    from operations import models, session
    access = session.connect(settings)
    models.show(access, "fraud-detector", version=3)

Every function takes an `Access` first and returns frozen dataclasses of plain values. What a person can act on is
raised as `errors.OperationError`, whose text says what is wrong and what helps. No function waits for a deployment.
"""
