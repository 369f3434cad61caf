"""`mlops up --local` and `mlops destroy --local`: the real engine against the embedded AWS of this folder."""

import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.text import Text

from local import console

if TYPE_CHECKING:
    from portal.engine import Engine
    from portal.operation import Operation
    from portal.outcomes import Outcome
    from settings import StackSettings

Stack = Annotated[str, typer.Argument(help="Stack, such as dev: reads Pulumi.<stack>.yaml.")]
Local = Annotated[
    bool, typer.Option("--local", help="Against the embedded AWS of this folder. Has to be said: nothing else is here.")
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout and nothing else.")]
WITHOUT = "`make demo` shows the platform on this machine without CLI and plugins."
INTERRUPTED = 130


def register(app: typer.Typer) -> None:
    """Add the verbs to the command line."""
    app.command("up")(up)
    app.command("destroy")(destroy)


def up(stack: Stack, local: Local = False, json: Json = False) -> None:
    """Deploy a stack with the real Pulumi engine into the embedded AWS. A second run shows no change.

    Needs the Pulumi CLI with its Python language host, and the engine's aws plugin.
    """
    _run(stack, lambda engine: engine.up(stack, message="mlops up --local"), local=local, as_json=json)


def destroy(stack: Stack, local: Local = False, json: Json = False) -> None:
    """Remove everything that `mlops up --local` made, and the stack's state."""
    _run(
        stack,
        lambda engine: engine.destroy(stack, remove=True, message="mlops destroy --local"),
        local=local,
        as_json=json,
    )


def _run(stack: str, begin: Callable[["Engine"], "Operation"], *, local: bool, as_json: bool) -> None:
    from local.stack import stack_file
    from settings import read_stack_file

    if not local:
        console.fail(
            "this command deploys into the embedded AWS only, so say --local. "
            f"For AWS itself: pulumi up --stack {stack}, or the portal.",
            as_json=as_json,
        )
    with console.teaching_errors(as_json=as_json):
        settings = read_stack_file(stack_file(stack, console.project_folder()))
        with local_engine(settings) as engine:
            outcome = _follow(begin(engine), quiet=as_json)
    if as_json:
        console.emit({"stack": stack, **outcome.to_json()})
    else:
        _show(stack, outcome)
    raise typer.Exit({"succeeded": 0, "cancelled": INTERRUPTED}.get(outcome.state.value, 1))


@contextmanager
def local_engine(settings: "StackSettings") -> Iterator["Engine"]:
    """Return an engine whose cloud, state and secrets' passphrase are in `.mlops/engine`."""
    with local_cloud(settings) as environment:
        yield engine_in(environment, settings)


@contextmanager
def local_cloud(settings: "StackSettings") -> Iterator[dict[str, str]]:
    """Start the embedded AWS of `.mlops/engine`; return the variables by which programs and plugins reach it.

    The program is not told that it runs here: the SDKs and provider plugins read the variables that AWS documents for
    endpoint and credentials, and the program's provider checks the account that the embedded AWS answers with.
    """
    from local.aws import credentials
    from local.aws.admission import strict
    from local.aws.server import EmbeddedAws
    from local.engine_functions import DeployedFunctions, kept
    from portal.engine import engine_environment

    folder = _folder()
    folder.mkdir(parents=True, exist_ok=True)
    # strict: a role before what names it, as in AWS
    with EmbeddedAws(folder) as aws, strict(), kept(folder / "aws" / "functions"):
        aws.client("sts", settings.account, settings.region).get_caller_identity()  # lets the account's key select it
        DeployedFunctions(aws)
        own = {
            "AWS_ENDPOINT_URL": aws.endpoint,
            "AWS_ACCESS_KEY_ID": credentials.access_key(settings.account),
            "AWS_SECRET_ACCESS_KEY": credentials.SECRET,
            "AWS_REGION": settings.region,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": "/dev/null",  # nothing of the user's may reach the real AWS, or leak in
            "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
            "NO_PROXY": "127.0.0.1",
            "PULUMI_CONFIG_PASSPHRASE": _passphrase(folder / "passphrase"),
        }
        yield {
            name: value
            for name, value in engine_environment(own).items()
            if name not in {"AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_DEFAULT_PROFILE", "PULUMI_CONFIG_PASSPHRASE_FILE"}
        }


def engine_in(environment: Mapping[str, str], settings: "StackSettings") -> "Engine":
    """Return an engine with its state in `.mlops/engine`, for the cloud that `environment` leads to."""
    from portal.engine import Engine

    state = _folder() / "state"
    state.mkdir(parents=True, exist_ok=True)
    return Engine(
        console.project_folder(),
        work=_folder(),
        backend=f"file://{state.resolve()}",
        environment=environment,
        policy_packs=(console.project_folder() / "policy",),
        plugins=("aws", "github") if settings.github and settings.github.publish_templates else ("aws",),
    )


def _folder() -> Path:
    return console.state_folder() / "engine"


def _passphrase(file: Path) -> str:
    """Return this folder's passphrase, made at the first use: the local state holds nothing worth a better secret."""
    if not file.is_file():
        file.touch(mode=0o600)
        file.write_text(secrets.token_urlsafe(32), encoding="utf-8")
    return file.read_text(encoding="utf-8")


def _follow(operation: "Operation", *, quiet: bool) -> "Outcome":
    """Print events as they come. Ctrl-C cancels in good order; another one is not needed, there is a deadline."""
    from portal.events import Event

    out = console.out()

    def show(event: Event) -> None:
        line = event_line(event)
        if line is not None and not quiet:
            out.print(line, soft_wrap=True)

    seen = 0
    while operation.outcome is None:
        try:
            for event in operation.events(after=seen):
                seen = event.sequence
                show(event)
        except KeyboardInterrupt:
            console.err().print("cancelling: what has begun is brought to its end")
            operation.cancel()
    return operation.wait()


_SIGNS = {"create": ("+", "green"), "delete": ("-", "red"), "update": ("~", "yellow"), "replace": ("±", "magenta")}


def event_line(event: Any) -> Text | None:
    """Return an event as a line of the terminal; None for one that says nothing new."""
    from portal.events import Diagnostic, Phase, PolicyViolation, ResourceChanged, ResourceFailed

    name = getattr(event, "urn", "").rpartition("::")[2]
    match event:
        case Phase(detail=detail):
            return Text(f"{event.phase} {detail}".rstrip(), style="bold")
        case ResourceChanged(operation=operation):
            sign, colour = _SIGNS.get(operation.partition("-")[0], ("·", "dim"))
            return Text.assemble((f" {sign} ", colour), event.type, " ", (name, "bold"))
        case ResourceFailed():
            return Text.assemble((" ! ", "bold red"), event.type, " ", (name, "bold"), f" {event.operation} failed")
        case Diagnostic(severity="error" | "warning"):
            return Text.assemble(
                (f"{event.severity}: ", "bold red" if event.severity == "error" else "yellow"), event.message
            )
        case PolicyViolation():
            return Text.assemble((f"{event.level}: ", "bold red"), f"{event.policy} {name}: {event.message}")
        case _:
            return None


def _show(stack: str, outcome: "Outcome") -> None:
    """Print how it ended, and what to do next where it did not end well."""
    from portal.outcomes import Reason, State

    out, err = console.out(), console.err()
    if outcome.state is State.SUCCEEDED:
        counts = ", ".join(f"{count} {word}" for word, count in sorted(outcome.counts.items()) if word != "same")
        kept = outcome.counts.get("same", 0)
        out.print(
            f"{stack}: {counts or 'no change'}{f', {kept} as they were' if kept else ''}; "
            f"{outcome.resources} resources in the state; {outcome.seconds:.0f} s"
        )
        return
    why = f" ({outcome.reason.value})" if outcome.reason else ""
    err.print(Text.assemble((f"{outcome.state.value}{why}: ", "bold red"), outcome.message), soft_wrap=True)
    for pending in outcome.pending:
        err.print(f"  pending: {pending.operation} {pending.urn}", soft_wrap=True)
    for repair in outcome.repairs:
        err.print(f"  repair: {repair.step.value}: {repair.about}", soft_wrap=True)
    if outcome.reason in {Reason.NO_CLI, Reason.NO_PLUGIN}:
        err.print(WITHOUT)
