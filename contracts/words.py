"""What people may call organisations, units, models and the rest, decided by the services that will carry the word."""

import re

from contracts.limits import LABEL_LENGTH, MODEL_NAME_LENGTH
from contracts.rules import BrokenRuleError

LABEL_PATTERN = rf"^[a-z][a-z0-9]{{1,{LABEL_LENGTH - 1}}}$"
MODEL_NAME_PATTERN = r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$"
ACCOUNT_PATTERN = r"^[0-9]{12}$"
EMAIL_PATTERN = r"^[A-Za-z0-9._%+'-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+$"
IDENTIFIER_PATTERN = r"^[a-z][a-z0-9_]*$"
PREFIX_PATTERN = r"^([A-Za-z0-9][A-Za-z0-9!_.'()=-]*/)+$"

SERVICE_PREFIXES = ("aws", "ssm")
"""SSM takes no parameter name that begins with these (PutParameter, naming constraints), in any case."""
BUCKET_PREFIXES = ("sthree",)
"""S3 keeps these beginnings of bucket names for itself (S3 user guide, bucket naming rules)."""
RESERVED_PREFIXES = ("code/", "pipelines/")
"""Prefixes under which the platform writes; a run that read them would train on its own output."""
PREFIX_LENGTH = 512


def _matches(pattern: str, text: str) -> bool:
    return re.fullmatch(pattern, text, re.ASCII) is not None


def check_label(label: str) -> str:
    """Return `label`, or raise BrokenRuleError. A label is part of every bucket, role and parameter name."""
    if _matches(LABEL_PATTERN, label):
        return label
    raise BrokenRuleError(
        f"S3 and IAM carry it in names of 63 and 64 characters: 2 to {LABEL_LENGTH} lower-case letters and digits,"
        " a letter first, no hyphen",
        "shorten it to a word such as acme",
    )


def check_organisation(organisation: str) -> str:
    """Return `organisation`, or raise BrokenRuleError. It begins every SSM path and every bucket name."""
    if organisation.lower().startswith(SERVICE_PREFIXES):
        raise BrokenRuleError("SSM refuses parameter paths that begin with aws or ssm", "choose another word")
    if organisation in BUCKET_PREFIXES:
        raise BrokenRuleError(
            f"S3 keeps bucket names that begin with {organisation}- for itself", "choose another word"
        )
    return check_label(organisation)


def check_model_name(name: str) -> str:
    """Return `name`, or raise BrokenRuleError. It is part of pipeline, package group, rule and repository names."""
    if len(name) <= MODEL_NAME_LENGTH and _matches(MODEL_NAME_PATTERN, name):
        return name
    raise BrokenRuleError(
        f"SageMaker, EventBridge and ECR carry a model's name: up to {MODEL_NAME_LENGTH} lower-case letters, digits and"
        " single hyphens, a letter first",
        "write for example fraud-detector",
    )


def check_account(account: str) -> str:
    """Return `account`, or raise BrokenRuleError where it is not an AWS account id."""
    if _matches(ACCOUNT_PATTERN, account):
        return account
    raise BrokenRuleError("an account id is 12 digits", 'write it in quotes, for example "111111111111"')


def check_email(address: str) -> str:
    """Return `address`, or raise BrokenRuleError where SNS could not write to it."""
    if len(address) <= 254 and _matches(EMAIL_PATTERN, address):  # RFC 5321, longest path
        return address
    raise BrokenRuleError("alerts go to e-mail addresses", "write for example ml-platform@example.com")


def check_identifier(name: str) -> str:
    """Return `name`, or raise BrokenRuleError where it cannot be the name of a module or schema file."""
    if _matches(IDENTIFIER_PATTERN, name):
        return name
    raise BrokenRuleError(
        "it names a file without its ending: lower-case letters, digits and underscores, a letter first",
        "write for example tabular_classification",
    )


def check_input_prefix(prefix: str) -> str:
    """Return `prefix`, or raise BrokenRuleError where it is no folder of the data bucket that a run may read."""
    if prefix.startswith(RESERVED_PREFIXES):
        raise BrokenRuleError(
            f"the platform writes under {' and '.join(RESERVED_PREFIXES)} itself", "choose another prefix"
        )
    if len(prefix) > PREFIX_LENGTH or not _matches(PREFIX_PATTERN, prefix):
        raise BrokenRuleError(
            "a prefix ends in a slash and does not begin with one; each part begins with a letter or digit",
            "write for example latest/",
        )
    return prefix
