"""What the rules see: a resource with its inputs, the stack around it, and which values are not known yet."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

PROVIDER = "providers:aws"
DEFAULT_PROVIDER = "default"
"""How the engine names the provider that it makes up where a program gives none; a version may follow."""


class UnknownValueError(Exception):
    """A rule asked for a value that only the update will give. The resource is noted as not judged yet."""

    def __init__(self, path: str) -> None:
        super().__init__(f"{path} is known during the update only")
        self.path = path


class SuppressionError(Exception):
    """The file of exceptions is wrong; the message says where and how to mend it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Surroundings:
    """What a rule may know of the stack besides its resources."""

    environment: str
    region: str
    accounts: Mapping[str, str]
    """Account by environment."""
    today: date

    @property
    def account(self) -> str:
        """The stack's own account."""
        return self.accounts[self.environment]

    @property
    def is_dev(self) -> bool:
        """Whether people try things out here."""
        return self.environment == "dev"

    @classmethod
    def of(cls, settings: Mapping[str, Any], today: date) -> "Surroundings":
        """Read them from the value of `mlops:settings`, which the program validates. Raises ValueError for a gap."""
        missing = [key for key in ("environment", "region", "accounts") if not settings.get(key)]
        if missing:
            raise ValueError(f"mlops:settings has no {', '.join(missing)}: the policies need them; run mlops preview")
        environment, accounts = str(settings["environment"]), dict(settings["accounts"])
        if environment not in accounts:
            raise ValueError(f"mlops:settings.accounts has no {environment}: add the account of this environment")
        return cls(environment=environment, region=str(settings["region"]), accounts=accounts, today=today)


@dataclass(frozen=True, kw_only=True, slots=True)
class Checked:
    """One resource as its program asked for it."""

    type: str
    """The token, `aws:s3/bucket:Bucket`."""
    name: str
    """The logical name."""
    urn: str
    inputs: Mapping[str, Any] = field(default_factory=dict)
    """Inputs in the provider's spelling; None stands where a value is not known."""
    unknown: frozenset[str] = frozenset()
    """Paths of the values that are not known yet, `ingress.0.cidrBlocks`."""
    protect: bool = False
    provider: str = ""
    """Logical name of the provider."""
    depends: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """URNs of the resources that an input was made of, by input."""

    @property
    def short_type(self) -> str:
        """`s3:Bucket` for `aws:s3/bucket:Bucket`."""
        _, module, kind = self.type.split(":")
        return f"{module.split('/')[0]}:{kind}"

    @property
    def is_aws(self) -> bool:
        """Whether this is a resource of AWS, or the provider of such."""
        return self.type.startswith("aws:") or self.short_type == PROVIDER

    def has(self, path: str) -> bool:
        """Whether a value is given at `path`, known or not."""
        return any(_within(path, unknown) for unknown in self.unknown) or self._find(path) is not None

    def value(self, path: str, default: Any = None) -> Any:
        """Return the input at `path` (`a.0.b`), or `default`. Raises UnknownValueError where it, or a part, is open."""
        for unknown in sorted(self.unknown):
            if _within(unknown, path) or _within(path, unknown):
                raise UnknownValueError(unknown)
        found = self._find(path)
        return default if found is None else found

    def entries(self, path: str) -> list[str]:
        """Return the path of each element of the list at `path`. Raises UnknownValueError where the list is open."""
        if any(_within(path, unknown) for unknown in self.unknown):
            raise UnknownValueError(path)
        return [f"{path}.{index}" for index, _ in enumerate(self._find(path) or ())]

    def require_known(self) -> None:
        """Raise UnknownValueError where any value is open; for rules that look through all of them."""
        if self.unknown:
            raise UnknownValueError(min(self.unknown))

    def _find(self, path: str) -> Any:
        found: Any = self.inputs
        for part in path.split("."):
            if isinstance(found, Mapping):
                found = found.get(part)
            elif isinstance(found, list) and part.isdigit() and int(part) < len(found):
                found = found[int(part)]
            else:
                return None
        return found


def _within(path: str, outer: str) -> bool:
    return path == outer or path.startswith(f"{outer}.")


@dataclass(frozen=True, slots=True)
class Stack:
    """The resources that are judged together."""

    surroundings: Surroundings
    resources: tuple[Checked, ...]

    def companions(self, resource: Checked, short_type: str, key: str) -> list[Checked]:
        """Return the resources of a type that name `resource` in their input `key`, such as a bucket's policy.

        Raises UnknownValueError where none does for certain and one may.
        """
        candidates = [other for other in self.resources if other.short_type == short_type]
        names = {str(resource.inputs[name]) for name in _IDENTITIES if resource.inputs.get(name)}
        found = [
            other
            for other in candidates
            if resource.urn in other.depends.get(key, ()) or str(other.inputs.get(key)) in names
        ]
        open_ones = [other for other in candidates if key in other.unknown and not other.depends.get(key)]
        if not found and open_ones:
            raise UnknownValueError(f"{open_ones[0].name}.{key}")
        return found


_IDENTITIES = ("id", "arn", "url", "bucket", "name")
"""Properties by which other resources name one."""

Check = Callable[[Checked, Stack], Iterator[str]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Rule:
    """What no resource may be, why, and what to do instead."""

    id: str
    forbids: str
    """One phrase that completes "no …"."""
    why: str
    fix: str
    check: Check
    """Yields a sentence for each way in which a resource breaks the rule. What is not known raises."""
    types: tuple[str, ...] = ()
    """Short types that are judged; empty for every resource of AWS."""
    needs_stack: bool = False
    """Whether the check looks at other resources. The engine runs such a rule once all are registered."""

    def applies(self, resource: Checked) -> bool:
        """Whether the rule has anything to say about a resource."""
        return resource.short_type in self.types if self.types else resource.is_aws


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """A broken rule."""

    rule: str
    resource: str
    urn: str
    message: str
    fix: str

    def as_json(self) -> dict[str, str]:
        """Return the finding for `--json`."""
        return {"rule": self.rule, "resource": self.resource, "message": self.message, "fix": self.fix}


@dataclass(frozen=True, kw_only=True, slots=True)
class Unjudged:
    """A rule and a resource that meet again during the update, when the value is known."""

    rule: str
    resource: str
    path: str


def split_unknown(value: Any, is_unknown: Callable[[Any], bool], path: str = "") -> tuple[Any, list[str]]:
    """Return a value with None in place of what is unknown, and the paths of that."""
    if is_unknown(value):
        return None, [path]
    if isinstance(value, Mapping):
        parts = {k: split_unknown(item, is_unknown, f"{path}.{k}" if path else str(k)) for k, item in value.items()}
        return {k: known for k, (known, _) in parts.items()}, _all(paths for _, paths in parts.values())
    if isinstance(value, list | tuple):
        items = [split_unknown(item, is_unknown, f"{path}.{index}") for index, item in enumerate(value)]
        return [known for known, _ in items], _all(paths for _, paths in items)
    return value, []


def _all(lists: Iterable[list[str]]) -> list[str]:
    return [item for one in lists for item in one]
