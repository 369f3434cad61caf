"""Run a Pulumi program under the mock runtime and record every registration as a `Graph`."""

import gc
import json
import os
import runpy
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

# An Output inside an f-string must raise here, not print a sentence into a name. Read by pulumi at each conversion.
os.environ.setdefault("PULUMI_ERROR_OUTPUT_STRING", "true")

import pulumi
from google.protobuf import json_format
from google.protobuf.struct_pb2 import Struct
from pulumi.runtime import mocks, rpc
from pulumi.runtime.proto import resource_pb2
from pulumi.runtime.stack import Stack

from local.computed_properties import computed

ROOT = Path(__file__).resolve().parent.parent
STACK_TYPE = "pulumi:pulumi:Stack"


class UnansweredCallError(Exception):
    """The program called a provider function. Previews and policies must need no look-up."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Registration:
    """One `RegisterResource` request, as the engine would have received it."""

    urn: str
    type: str
    name: str
    parent: str
    custom: bool
    inputs: dict[str, Any]
    request_inputs: Struct = field(repr=False)
    """The inputs as they stand in the request; see `raw_inputs`."""
    provider: str
    protect: bool
    retain_on_delete: bool
    delete_before_replace: bool
    ignore_changes: tuple[str, ...]
    aliases: tuple[str, ...]
    dependencies: tuple[str, ...]
    property_dependencies: dict[str, tuple[str, ...]]

    @property
    def raw_inputs(self) -> str:
        """The request's own JSON, in which secrets are still wrapped; for finding secrets in clear."""
        return json.dumps(json_format.MessageToDict(self.request_inputs), sort_keys=True)

    @property
    def short_type(self) -> str:
        """`s3:Bucket` for `aws:s3/bucket:Bucket`; component tokens stay as they are."""
        package, module, kind = self.type.split(":")
        return f"{module.split('/')[0]}:{kind}" if package != "mlops" else kind


@dataclass(frozen=True, slots=True)
class Graph:
    """What a program registered, in order, and what it exported."""

    registrations: tuple[Registration, ...]
    exports: dict[str, Any] = field(default_factory=dict)

    def __iter__(self) -> Any:
        """Iterate over the registrations."""
        return iter(self.registrations)

    def of_type(self, type_token: str) -> list[Registration]:
        """Every registration of a type, `aws:s3/bucket:Bucket` or the short `s3:Bucket`."""
        return [r for r in self.registrations if type_token in (r.type, r.short_type)]

    def one(self, type_token: str, name: str | None = None) -> Registration:
        """The only registration of a type (and logical name). Raises `LookupError` with what exists instead."""
        found = [r for r in self.of_type(type_token) if name is None or r.name == name]
        if len(found) != 1:
            names = sorted(r.name for r in self.of_type(type_token)) or sorted({r.type for r in self.registrations})
            raise LookupError(f"{len(found)} registrations of {type_token} {name or ''}; there are: {names}")
        return found[0]

    def by_urn(self) -> dict[str, Registration]:
        """The registrations by URN."""
        return {r.urn: r for r in self.registrations}

    def children(self, urn: str) -> list[Registration]:
        """The registrations whose parent is `urn`, in order."""
        return [r for r in self.registrations if r.parent == urn]

    def counts(self) -> Counter[str]:
        """How many registrations of each short type there are."""
        return Counter(r.short_type for r in self.registrations)


class _Answers(mocks.Mocks):
    """Synthesises the computed properties of an update; in a preview they stay unknown, as with the engine."""

    def __init__(self, *, account: str, region: str, preview: bool) -> None:
        self._account, self._region, self._preview = account, region, preview

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        if self._preview or not args.custom:
            return "", dict(args.inputs)
        return computed(args.typ, args.name, args.inputs, account=self._account, region=self._region)

    def call(self, args: mocks.MockCallArgs) -> Any:
        raise UnansweredCallError(
            f"{args.token} was called. The program must need no look-up: compute the value from settings, "
            "or take it as a setting."
        )


class _RecordingMonitor(mocks.MockMonitor):
    """The mock monitor, plus a record of parents, options and dependencies."""

    def __init__(self, answers: mocks.Mocks) -> None:
        super().__init__(answers)
        self.registrations: list[Registration] = []

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802 (the gRPC method's name)
        """Answer as the base class does, without taking every input apart and together again."""
        urn = self.make_urn(request.parent, request.type, request.name)
        if request.type == STACK_TYPE:
            return resource_pb2.RegisterResourceResponse(urn=urn)
        inputs = rpc.deserialize_properties(request.object)
        identity, state = self.mocks.new_resource(
            mocks.MockResourceArgs(
                typ=request.type,
                name=request.name,
                inputs=inputs,
                provider=request.provider,
                resource_id=request.importId,
                custom=request.custom,
            )
        )
        answered = Struct()
        answered.CopyFrom(request.object)
        answered.update({key: value for key, value in state.items() if key not in inputs})  # computed: plain texts
        self.resources[urn] = mocks.MockMonitor.ResourceRegistration(urn, identity or "", state)
        self.registrations.append(_registration(request, urn, inputs))
        return resource_pb2.RegisterResourceResponse(urn=urn, id=identity or "", object=answered)


def _registration(request: Any, urn: str, inputs: dict[str, Any]) -> Registration:
    return Registration(
        urn=urn,
        type=request.type,
        name=request.name,
        parent=request.parent,
        custom=bool(request.custom),
        inputs=inputs,
        request_inputs=request.object,
        provider=request.provider,
        protect=bool(request.protect),
        retain_on_delete=bool(request.retainOnDelete),
        delete_before_replace=bool(request.deleteBeforeReplace),
        ignore_changes=tuple(request.ignoreChanges),
        aliases=tuple(str(alias) for alias in request.aliases),
        dependencies=tuple(sorted(request.dependencies)),
        property_dependencies={k: tuple(sorted(v.urns)) for k, v in sorted(request.propertyDependencies.items())},
    )


def record(
    program: Callable[[], object],
    *,
    stack: str,
    config: Mapping[str, object] | None = None,
    account: str = "123456789012",
    region: str = "us-east-1",
    preview: bool = False,
    project: str = "mlops",
) -> Graph:
    """Run `program` as the stack `stack` and return its graph.

    `config` holds Pulumi config values by full key (`mlops:settings`); objects are passed as the engine passes them,
    as JSON text. Whatever the program raises is raised here.
    """
    pulumi.runtime.settings.reset_options()
    pulumi.runtime.set_all_config(
        {key: value if isinstance(value, str) else json.dumps(value) for key, value in (config or {}).items()}
    )
    monitor = _RecordingMonitor(_Answers(account=account, region=region, preview=preview))
    pulumi.runtime.set_mocks(monitor.mocks, project=project, stack=stack, preview=preview, monitor=monitor)
    exports: dict[str, Any] = {}

    def run() -> Any:
        program()
        root = pulumi.runtime.get_root_resource()
        outputs = dict(root.outputs) if isinstance(root, Stack) else {}
        return pulumi.Output.from_input(outputs).apply(exports.update)

    collects = gc.isenabled()
    try:
        pulumi.runtime.test(run)()  # type: ignore[no-untyped-call]
        return Graph(tuple(monitor.registrations), exports)
    finally:
        if collects:  # the program turns the collector off for its own process; this one lives on
            gc.enable()


def record_program(settings: Mapping[str, Any], *, stack: str | None = None, preview: bool = False) -> Graph:
    """Run `__main__.py`, the file that the engine runs, with the value of `mlops:settings`, and return its graph.

    The stack is named after its environment where `stack` does not name it. Account and region of the computed ARNs are
    those of the settings, where they can be read; wrong settings raise what the program raises.
    """
    environment = str(settings.get("environment"))
    before = Path.cwd()
    os.chdir(ROOT)  # the engine starts the program in its own folder
    try:
        return record(
            lambda: runpy.run_path(str(ROOT / "__main__.py"), run_name="__main__"),
            stack=stack or environment,
            config={"mlops:settings": settings},
            account=str(settings.get("accounts", {}).get(environment, "123456789012")),
            region=str(settings.get("region")),
            preview=preview,
        )
    finally:
        os.chdir(before)


def duplicates(values: Iterable[str]) -> list[str]:
    """The values that occur more than once, sorted."""
    return sorted(value for value, count in Counter(values).items() if count > 1)
