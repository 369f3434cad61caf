"""Secrets in a stack file that somebody edits: they stay encrypted, stay what they are, and are never shown.

Pulumi keeps a secret as `secure: <cipher text>`. The portal holds no key to it: it is passed on as it is, and whoever
wants another secret sets it by `pulumi config set --secret`.
"""

import hashlib
import re
from collections.abc import Iterator, Mapping
from typing import Any

from portal.redaction import Redactor
from portal.service.stack_text import leaves
from portal.workspace import ENCRYPTION
from settings.problems import Problem

SECURE = "secure"
_CIPHER_TEXT = re.compile(r"(?:v[0-9]{1,9}:[A-Za-z0-9+/]++={0,2}+:)?[A-Za-z0-9+/]{20,}+={0,2}+")
"""Of Pulumi's own encryption (version, nonce, text) and of its service (base64 alone)."""
MOST_EXPOSED = 20
"""Texts in place of a secret that are looked for in what is shown; where there are more, nothing of it is shown."""
_LEAST_EXPOSED = 4
"""Characters. A shorter text is everywhere, and hiding it there would tell more than it hides."""
_SET = "set it by `pulumi config set --secret`, which encrypts it"


def is_secret(value: object) -> bool:
    """Whether a value is a secret as Pulumi writes one."""
    return isinstance(value, Mapping) and set(value) == {SECURE}


def secrets_of(value: Any, at: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], str]]:
    """Yield path and cipher text of every secret in a document."""
    if is_secret(value):
        yield at, str(value[SECURE])
    elif isinstance(value, Mapping):
        for key, part in value.items():
            yield from secrets_of(part, (*at, str(key)))
    elif isinstance(value, list):
        for index, part in enumerate(value):
            yield from secrets_of(part, (*at, str(index)))


def hidden(cipher: str) -> str:
    """Return what is shown in place of a secret: the same for the same one, so that a change can be seen."""
    return f"[secret {hashlib.sha256(cipher.encode()).hexdigest()[:8]}]"


def masked(value: Any) -> Any:
    """Return a document without its secrets."""
    if is_secret(value):
        return hidden(str(value[SECURE]))
    if isinstance(value, Mapping):
        return {key: masked(part) for key, part in value.items()}
    return [masked(part) for part in value] if isinstance(value, list) else value


def masked_text(text: str, *documents: Mapping[str, Any]) -> str:
    """Return `text` without the secrets of `documents`.

    One pass over the text, however many they are: one for each would find the earlier ones again in what was put in
    their place, and make gigabytes of a few lines.
    """
    known = {cipher for document in documents for _, cipher in secrets_of(document)}
    clear = sorted(each for each in known if _in_clear(each))[:MOST_EXPOSED]
    forms = [re.escape(each) for each in sorted(clear, key=len, reverse=True)]
    pattern = re.compile("|".join([*forms, _CIPHER_TEXT.pattern]))
    return pattern.sub(lambda found: hidden(found[0]) if found[0] in known else found[0], text) if known else text


def exposed(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[str]:
    """Yield the texts that an edit wrote in clear where a secret was, or where one should stand encrypted."""
    for document in (old, new):
        yield from {cipher for _, cipher in secrets_of(document) if _in_clear(cipher)}
    for at, _ in secrets_of(old):
        there, value = _at(new, at)
        if there and not is_secret(value):
            yield from (str(part) for _, part in leaves(value))


def secret_problems(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[tuple[tuple[str, ...], Problem]]:
    """Yield what an edit does to secrets that it must not do, each with its path in the file."""
    known = dict(secrets_of(old))
    for at in known:
        there, value = _at(new, at)
        if there and not is_secret(value):
            yield (
                at,
                _problem(at, "this is a secret: in clear text everybody who sees the file would have it", _SET),
            )
    for at, cipher in secrets_of(new):
        if known.get(at) != cipher and not _CIPHER_TEXT.fullmatch(cipher):
            yield at, _problem(at, f"below {SECURE} stands what Pulumi encrypted, and this is not", _SET)
    for key in ENCRYPTION:
        if old.get(key) != new.get(key):
            rule = "how the stack's secrets are encrypted is not changed by hand: nobody could read them any more"
            yield (key,), _problem((key,), rule, "put it back; `pulumi stack change-secrets-provider` changes it")
    redactor = Redactor()
    for path, value in leaves(masked(new.get("config") or {}), "config"):
        if isinstance(value, str) and redactor.text(value) != value:
            rule = "this has the form of a token or key, and the file is no place for one in clear text"
            yield tuple(path.split(".")), Problem(path=path, value="", rule=rule, fix=f"take it out, and {_SET}")


def _in_clear(cipher: str) -> bool:
    """Whether what stands below `secure` is something else than a cipher text, so possibly the secret itself."""
    return len(cipher) >= _LEAST_EXPOSED and not _CIPHER_TEXT.fullmatch(cipher)


def _at(document: Any, path: tuple[str, ...]) -> tuple[bool, Any]:
    for part in path:
        if isinstance(document, Mapping) and part in document:
            document = document[part]
        elif isinstance(document, list) and part.isdigit() and int(part) < len(document):
            document = document[int(part)]
        else:
            return False, None
    return True, document


def _problem(at: tuple[str, ...], rule: str, fix: str) -> Problem:
    # The value stays out: it may be the secret itself.
    return Problem(path=".".join(at), value="", rule=rule, fix=fix)
