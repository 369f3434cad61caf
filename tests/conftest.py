"""Settings of the whole test run."""

import os

# Before pulumi is imported anywhere: an Output inside an f-string raises instead of printing a sentence into a value.
os.environ["PULUMI_ERROR_OUTPUT_STRING"] = "true"
# No test may find a person's credentials.
for name in ("AWS_PROFILE", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
    os.environ.pop(name, None)
os.environ["AWS_EC2_METADATA_DISABLED"] = "true"
os.environ["AWS_CONFIG_FILE"] = os.devnull
os.environ["AWS_SHARED_CREDENTIALS_FILE"] = os.devnull
