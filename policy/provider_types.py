"""What the AWS provider's own classes say about a type."""

import inspect
from functools import cache

_RENAMED = {"lambda": "lambda_"}
"""Modules whose name Python keeps for itself."""


@cache
def takes_tags(type_token: str) -> bool:
    """Whether a type has tags. Raises LookupError for a type that the installed provider does not have."""
    import pulumi_aws  # only where a stack is judged

    package, module, kind = type_token.split(":")
    if package != "aws":
        return False
    name = module.split("/")[0]
    found = getattr(getattr(pulumi_aws, _RENAMED.get(name, name), None), kind, None)
    if found is None:
        raise LookupError(f"the installed pulumi-aws has no {type_token}: is the pack's environment the project's?")
    # The code's own names: a signature would take a hundred times as long to make.
    code = inspect.unwrap(found._internal_init).__code__  # noqa: SLF001 (no public list of arguments)
    return "tags" in code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
