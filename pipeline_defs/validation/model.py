"""Access to botocore's bundled API models: shapes by name, patterns as Python regular expressions."""

import re
from collections.abc import Mapping
from functools import cache
from typing import Any

Shape = Mapping[str, Any]

# Smithy patterns are Java regular expressions. Python has no \p{..}; these stand inside character classes, and each
# replacement accepts at least what Java accepts, so that a legal value is never refused.
_CLASSES = {
    r"\p{L}": r"\w",
    r"\p{M}": r"\w\u0300-\u036f",
    r"\p{N}": r"\w",
    r"\p{Z}": r"\s",
    r"\p{S}": r"$+<->^`|~\u00a2-\u00b4\u2030-\u2bff",
    r"\p{P}": r"!-#%-*,-/:;?@\[-\]_{}\u00a1-\u00bf\u2010-\u205e\u3001-\u303f",
    r"\p{Alnum}": "A-Za-z0-9",
    r"\uD800\uDC00-\uDBFF\uDFFF": r"\U00010000-\U0010ffff",
}
# `(...)${1,128}` is how the model writes a length after the anchor; min and max of the shape say the same.
_LENGTH_AFTER_ANCHOR = re.compile(r"\$\{\d+,\d+\}$")


@cache
def service(name: str) -> Mapping[str, Any]:
    """Load a service's API model, once per process (SageMaker's takes about 40 ms)."""
    # The import costs 0.15 s in a fresh interpreter, so only a program that validates pays for it.
    from botocore.loaders import Loader

    loaded: Mapping[str, Any] = Loader().load_service_model(name, "service-2")
    return loaded


@cache
def shapes(name: str) -> Mapping[str, Shape]:
    """All shapes of a service, with the pipeline document's own shapes added to SageMaker's."""
    loaded: Mapping[str, Shape] = service(name)["shapes"]
    if name != "sagemaker":
        return loaded
    from pipeline_defs.validation.grammar import GRAMMAR

    clash = GRAMMAR.keys() & loaded.keys()
    if clash:
        raise ValueError(f"shapes {sorted(clash)} exist in the SageMaker model; rename them in grammar.py")
    return {**loaded, **GRAMMAR}


@cache
def pattern(java: str) -> re.Pattern[str]:
    """Compile a pattern of the API model. The service matches the whole value, so use `fullmatch`."""
    text = _LENGTH_AFTER_ANCHOR.sub("", java)
    for source, replacement in _CLASSES.items():
        text = text.replace(source, replacement)
    return re.compile(text)
