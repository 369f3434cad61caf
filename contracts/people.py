"""What AWS takes as the name of a user, a permission set or an attribute of a person."""

import re

from contracts.rules import BrokenRuleError

USER_PATTERN = r"^[A-Za-z0-9_+=,.@-]{2,64}$"
"""CreateUser, UserName; two characters at least, because AssumeRole's SourceIdentity has no fewer."""
PERMISSION_SET_PATTERN = r"^[A-Za-z0-9_+=,.@-]{1,32}$"
"""CreatePermissionSet (Identity Center), Name."""
ATTRIBUTE_PATTERN = r"^[A-Za-z0-9_.:/=+@-]{1,128}$"
"""CreateInstanceAccessControlAttributeConfiguration, Key; it becomes a session tag, here without spaces."""


def check_user(name: str) -> str:
    """Return `name`, or raise BrokenRuleError where no IAM user that takes on a role can have it."""
    if re.fullmatch(USER_PATTERN, name, re.ASCII):
        return name
    raise BrokenRuleError(
        "an IAM user's name has 2 to 64 letters, digits and _+=,.@-, and no path", "write for example ada"
    )


def check_permission_set(name: str) -> str:
    """Return `name`, or raise BrokenRuleError where it is no permission set's; the role that AWS makes of it is not."""
    if name.startswith("AWSReservedSSO_"):
        raise BrokenRuleError(
            "it is the permission set's own name, not that of the role that AWS makes of it",
            "write what stands between AWSReservedSSO_ and the last underscore",
        )
    if re.fullmatch(PERMISSION_SET_PATTERN, name, re.ASCII):
        return name
    raise BrokenRuleError(
        "a permission set's name has 1 to 32 letters, digits and _+=,.@-", "write for example ModelApprover"
    )


def check_attribute(key: str) -> str:
    """Return `key`, or raise BrokenRuleError where no attribute for access control can have it."""
    if re.fullmatch(ATTRIBUTE_PATTERN, key, re.ASCII):
        return key
    raise BrokenRuleError(
        "an attribute for access control has 1 to 128 letters, digits and _.:/=+@-", "write for example username"
    )
