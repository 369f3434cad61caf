"""Secrets out of everything that leaves a worker: by value, by form, and by the name of the property."""

import base64
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

HIDDEN = "[secret]"
"""What Pulumi writes itself."""
SECRET_SIGNATURE = "4dabf18193072939515e22adb298388d"  # noqa: S105  # a key of Pulumi's wire format, no secret
LEAST_LENGTH = 8
"""Shorter secrets are only replaced where they are a whole value: within text they would hit innocent words."""

# Whoever writes a text that is searched could make the portal stand still with a form that takes quadratic time. So no
# part of a text is looked at again and again: each form begins where the one before cannot reach, and gives nothing
# back of what it took (`++`).
_FORMS = re.compile(
    r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)"
    r"|\b(?:gh[pousr]_[A-Za-z0-9]{20,}+|github_pat_[A-Za-z0-9_]{20,}+)"
    r"|\bpul-[0-9a-f]{40}\b"
    r"|mlops_[0-9A-Za-z]{12}_[0-9A-Za-z]{20,}+"  # our own API tokens (portal/access/tokens.py), also cut off
    r"|(?<=://)[^/\s:@]++:[^/\s@]++(?=@)",
    re.DOTALL,
)
_JWT = re.compile(
    # From the beginning of a run of its characters, past the words that are none, to the first that may be one: where
    # that one has not the rest of a token behind it, no later one of the run has.
    r"(?<![A-Za-z0-9_-])(?P<before>(?:(?!eyJ)[A-Za-z0-9_]*+-++)*+)"
    r"eyJ[A-Za-z0-9_-]{8,}+\.[A-Za-z0-9_-]{8,}+\.[A-Za-z0-9_-]++"
)
_NAMES = re.compile(
    r"(password|passphrase|secret_?string|secret_?(access_?)?key|private_?key|access_?token)$", re.IGNORECASE
)
_VARIABLES = re.compile(r"(TOKEN|SECRET|PASSWORD|PASSPHRASE|PRIVATE_KEY|SECRET_ACCESS_KEY)$")


class Redactor:
    """Knows the secrets of an operation and takes them out of text and values.

    It learns: what an operation reads is added before anything that could repeat it is sent.
    """

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._short: set[str] = set()
        self._long: set[str] = set()
        self._pattern: re.Pattern[str] | None = None
        self.learn(secrets)

    def learn(self, secrets: Iterable[str]) -> None:
        """Add secrets, with the forms they take inside JSON and base64, and the lines of those that have several."""
        for secret in secrets:
            if len(secret) < LEAST_LENGTH:
                self._short.add(secret)
                continue
            self._long |= {secret, json.dumps(secret)[1:-1], base64.b64encode(secret.encode()).decode()}
            self._long |= {line for line in secret.splitlines() if len(line) >= 2 * LEAST_LENGTH}
        self._short.discard("")
        longest_first = sorted(self._long, key=len, reverse=True)
        self._pattern = re.compile("|".join(map(re.escape, longest_first))) if longest_first else None

    def text(self, text: str) -> str:
        """Return `text` without secrets."""
        if text in self._short:
            return HIDDEN
        if self._pattern is not None:
            text = self._pattern.sub(HIDDEN, text)
        return _FORMS.sub(HIDDEN, _JWT.sub(rf"\g<before>{HIDDEN}", text))

    def value(self, value: Any, name: str = "") -> Any:
        """Return a JSON value without secrets; `name` is the property it stands at."""
        if isinstance(value, Mapping):
            if SECRET_SIGNATURE in value:
                return HIDDEN
            return {self.text(str(key)): self.value(each, str(key)) for key, each in value.items()}
        if isinstance(value, list | tuple):
            return [self.value(each, name) for each in value]
        if isinstance(value, str):
            return HIDDEN if value and _NAMES.search(name) else self.text(value)
        return value


def secrets_of_environment(environment: Mapping[str, str]) -> Iterator[str]:
    """Yield the values of variables whose names say that they are secret."""
    for name, value in environment.items():
        if _VARIABLES.search(name) and len(value) >= LEAST_LENGTH:
            yield value


def secrets_of_state(value: Any) -> Iterator[str]:
    """Yield the strings that an exported state, decrypted, marks as secret."""
    if isinstance(value, Mapping):
        if SECRET_SIGNATURE in value:
            yield from _strings(json.loads(value["plaintext"]) if "plaintext" in value else value.get("value"))
            return
        for each in value.values():
            yield from secrets_of_state(each)
    elif isinstance(value, list):
        for each in value:
            yield from secrets_of_state(each)


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for each in value.values():
            yield from _strings(each)
    elif isinstance(value, list):
        for each in value:
            yield from _strings(each)
