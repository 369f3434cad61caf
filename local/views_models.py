"""Model versions and traces for people. Every function returns something that rich can print."""

from collections.abc import Sequence

from rich.columns import Columns
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text
from rich.tree import Tree

from local.plain_table import PlainTable
from local.runner.progress import HEADLINE, ordered
from local.views import REGISTRY_METRICS, moment
from local.views import status as _status
from operations.models import Comparison, Decided, Difference, ModelVersions
from operations.trace import Trace, Variant
from operations.versions import Lineage, Version

BASELINE = "_best_constant_classifier"
"""Metrics of SageMaker's format that measure no model; they are in the JSON."""
STATE_STYLE = {
    "InService": "green",
    "Deploying": "cyan",
    "Updating": "cyan",
    "Creating": "cyan",
    "Requested": "cyan",
    "Failed": "red",
    "RolledBack": "red",
    "RollingBack": "red",
    "Superseded": "dim",
    "Removed": "dim",
}
STATE_WORD = {"InService": "in service", "RolledBack": "rolled back", "RollingBack": "rolling back"}


def state(text: str) -> Text:
    """Return a state of delivery, or of an endpoint, in its colour and in words."""
    return Text(STATE_WORD.get(text, text.lower()), STATE_STYLE.get(text, ""))


def who(arn: str | None) -> str:
    """Return a person as short as they can be told apart: the session of an assumed role, the user, else all of it."""
    if not arn:
        return ""
    kind = arn.split(":", 5)[-1] if arn.startswith("arn:") else ""
    if kind == "root":
        return f"account {arn.split(':')[4]}"
    return arn.rsplit("/", 1)[-1] if kind.startswith(("assumed-role/", "user/")) else arn


def listed(stack: str, found: Sequence[ModelVersions], *, local: bool) -> RenderableType:
    """Return the models of a stack with their versions."""
    if not found:
        return Text(f"Stack {stack} has no models.", "dim")
    parts: list[RenderableType] = []
    for model in found:
        parts.append(Text.assemble((model.model, "bold"), (f"  {model.group}", "dim")))
        parts += [_versions(stack, model, local=local), Text()]
    return Group(*parts[:-1])


def _versions(stack: str, model: ModelVersions, *, local: bool) -> RenderableType:
    if not model.exists:
        todo = f"mlops run {stack} {model.model}" if local else f"deploy the stack: pulumi up --stack {stack}"
        return Text(f"  no package group yet; {todo}", "dim")
    if not model.versions:
        return Text("  no versions yet", "dim")
    present = {name for version in model.versions for name in version.metrics}
    names = [name for name in HEADLINE if name in present][:REGISTRY_METRICS]
    table = new_table(">version", "status", "since", "delivery", *(f">{name}" for name in names))
    for version in model.versions:
        table.add_row(
            str(version.version),
            _status(version.status),
            moment(version.created),
            _serving(version),
            *(f"{version.metrics[name]:.3f}" if name in version.metrics else "" for name in names),
        )
    older = [Text(f"  and {model.older} older; --newest shows more", "dim")] if model.older else []
    return Group(table, *older, *notes_of(model.notes))


def _serving(version: Version) -> Text:
    """Return what became of a version, in a word or two."""
    if version.serves:
        return Text("serves", "green")
    if version.verification is None:
        return Text("")
    served_before = version.serves is False and version.verification.state == "InService"
    return Text("served", "dim") if served_before else state(version.verification.state)


def version(stack: str, found: Version) -> RenderableType:
    """Return everything about a version."""
    lineage = found.lineage
    parts: list[RenderableType] = [
        Text.assemble((f"{found.model} version {found.version}", "bold"), (f"  in {stack}", "dim")),
        Text(),
        facts(
            ("status", _decision(found)),
            ("reason", found.reason),
            ("created", Text(" ".join(part for part in (moment(found.created), who(found.created_by)) if part))),
            ("about", found.description),
            ("delivery", _delivery(found)),
        ),
    ]
    if found.metrics:
        shown = {name: value for name, value in ordered(found.metrics).items() if not name.endswith(BASELINE)}
        numbers = [Text.assemble((f"{name} ", "dim"), f"{value:.4g}") for name, value in shown.items()]
        parts += [Text(), Columns(numbers, padding=(0, 3), equal=True)]
    parts += [Text(), facts(*_origin(lineage), ("image", _repository(found.image)), ("digest", found.image_digest),
                             ("model data", found.model_data))]  # fmt: skip
    if lineage.run and lineage.run.parameters:
        parts += [Text(), facts(*[(f"  {n}", v) for n, v in lineage.run.parameters.items()], title="parameters")]
    if lineage.run and lineage.run.hyperparameters:
        parts += [
            Text(),
            facts(*[(f"  {n}", v) for n, v in lineage.run.hyperparameters.items()], title="hyperparameters"),
        ]
    if found.metadata:
        parts += [Text(), facts(*[(f"  {n}", v) for n, v in found.metadata.items()], title="metadata")]
    parts += [Text(), Text(found.arn, "dim", overflow="fold")]
    return Group(*parts, *notes_of(found.notes))


def _origin(lineage: Lineage) -> list[tuple[str, str | Text | None]]:
    data = lineage.manifest
    about = f"{data.rows or '?'} rows in {data.objects} object(s), content {data.digest}" if data else None
    run = lineage.run
    ran = (
        " ".join(part for part in (run.execution, (run.status or "").lower(), moment(run.started)) if part)
        if run
        else None
    )
    return [
        ("promoted", lineage.source_version and f"from {version_of(lineage.source_version)}"),
        ("approved by", who(lineage.source_approved_by) + " there" if lineage.source_approved_by else None),
        ("run", ran),
        ("data", about),
        ("manifest", lineage.manifest_uri),
        ("code", lineage.code_hash),
    ]


def _decision(found: Version) -> Text:
    text = _status(found.status)
    if found.decided_by:
        text.append(f" by {who(found.decided_by)}", "default")
    elif found.status != "PendingManualApproval":
        text.append(" by somebody whom AWS does not name any more", "dim")
    return text


def _delivery(found: Version) -> Text:
    if found.verification is None:
        return Text("serves, not verified yet" if found.serves else "never deployed", "dim")
    text = _serving(found)
    return text.append(f", {found.verification.detail}" if found.verification.detail else "", "default")


def comparison(found: Comparison) -> RenderableType:
    """Return two versions side by side; what is equal is only counted."""
    table = PlainTable(box=None, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column("", overflow="fold", style="dim", max_width=24)
    for each in (found.a, found.b):
        table.add_column(f"version {each.version}", overflow="fold", ratio=1)
    table.add_column("", justify="right", no_wrap=True)
    section = ""
    for difference in (d for d in found.differences if d.differs and not d.name.endswith(BASELINE)):
        if difference.section != section:
            section = difference.section
            table.add_row(Text(section, "bold"), "", "", "")
        table.add_row(f"  {difference.name}", _value(difference.a), _value(difference.b), _change(difference))
    equal = [d for d in found.differences if not d.differs]
    same = f"equal: {', '.join(f'{d.section} {d.name}' for d in equal)}" if equal else ""
    title = Text(f"{found.a.model} versions {found.a.version} and {found.b.version}", "bold")
    notes = [f"version {each.version}: {note}" for each in (found.a, found.b) for note in each.notes]
    return Group(title, Text(), table, Text(), Text(same, "dim"), *notes_of(notes))


def _value(value: float | str | None) -> Text:
    if value is None:
        return Text("unknown", "dim")
    return Text(f"{value:.4g}" if isinstance(value, float) else str(value))


def _change(difference: Difference) -> Text:
    a, b = difference.a, difference.b
    if not isinstance(a, float | int) or not isinstance(b, float | int):
        return Text("")
    return Text(f"{b - a:+.4g}", "dim")


def decided(stack: str, found: Decided, *, local: bool, heard: Sequence[str], unheard: Sequence[str]) -> RenderableType:
    """Return what approving or rejecting changed and what followed."""
    each = found.version
    name = f"{each.model} version {each.version} in {stack}"
    if not found.changed:
        parts: list[RenderableType] = [
            Text.assemble(f"{name} is ", _decision(each), " already; nothing was written, so nothing is deployed."),
        ]
        if each.status == "Approved":
            parts.append(Text(f"To deploy it again: mlops rollback {stack} {each.model} --to {each.version}", "dim"))
        return Group(*parts)
    parts = [Text.assemble(f"{name}: ", _status(found.before), " → ", _decision(each)), Text(each.reason or "", "dim")]
    if local and each.status == "Approved":
        return Group(*parts, *followed(heard, unheard))
    if each.status == "Approved":
        parts.append(Text(f"What listens deploys it now: mlops deployments list {stack}", "dim"))
    return Group(*parts)


def followed(heard: Sequence[str], unheard: Sequence[str]) -> list[RenderableType]:
    """Return what this machine's functions did after a change, and what nothing listened to."""
    done = [Text(sentence) for sentence in heard]
    lost = [Text(f"nothing listens: {sentence}", "yellow") for sentence in dict.fromkeys(unheard)]
    return [Padding(line, (0, 0, 0, 2)) for line in [*done, *lost] or [Text("nothing listens", "yellow")]]


def trace(found: Trace) -> RenderableType:
    """Return an endpoint as a tree of what it is made of."""
    tree = Tree(Text.assemble((found.endpoint.name, "bold"), "  ", state(found.endpoint.status)))
    deployment = found.deployment
    config = tree.add(_leaf("config", found.endpoint.config))
    if deployment is not None:
        config.add(_leaf("asked for", f"{moment(deployment.opened_at)} by {who(deployment.requested_by)}"))
        config.add(_leaf("why", deployment.reason))
    for variant in found.variants:
        _variant(config, variant)
    return Group(tree, *notes_of(found.notes))


def _variant(parent: Tree, variant: Variant) -> None:
    role = ", gets copies of requests only" if variant.shadow else ""
    model = parent.add(_leaf("model", f"{variant.sagemaker_model}  (variant {variant.name}{role})"))
    model.add(_leaf("image", _repository(variant.image)))
    model.add(_leaf("image digest", variant.image_digest))
    model.add(_leaf("model data", variant.model_data))
    each = variant.version
    shown = version_of(variant.version_arn) if variant.version_arn else None
    branch = model.add(_leaf("version", shown))
    if each is None:
        return
    branch.add(Text.assemble(("status  ", "dim"), _decision(each)))
    if each.reason:
        branch.add(_leaf("reason", each.reason))
    branch.add(Text.assemble(("verified  ", "dim"), _delivery(each)))
    for name, value in _origin(each.lineage):
        if value:
            branch.add(Text.assemble((f"{name}  ", "dim"), value))
    for missing in [n for n, v in (("run", each.lineage.run), ("code", each.lineage.code_hash)) if not v]:
        branch.add(_leaf(missing, None))


def _repository(image: str | None) -> str | None:
    """Return an image without its digest, which has a line of its own."""
    return image and image.partition("@")[0]


def _leaf(name: str, value: str | None) -> Text:
    return Text.assemble((f"{name}  ", "dim"), value or ("unknown", "yellow"))


def version_of(arn: str) -> str:
    """Return `group/version` of a version's ARN; what is none, as it is."""
    return "/".join(arn.split("/")[-2:]) if ":model-package/" in arn else arn


def new_table(*columns: str) -> Table:
    """Return a table without lines; a column whose name begins with `>` is set right."""
    table = PlainTable(box=None, padding=(0, 2, 0, 0), header_style="dim")
    for column in columns:
        table.add_column(column.removeprefix(">"), no_wrap=True, justify="right" if column[:1] == ">" else "left")
    return table


def facts(*pairs: tuple[str, str | Text | None], title: str = "") -> RenderableType:
    """Return names with their values; what is empty is left out."""
    table = PlainTable(box=None, show_header=False, padding=(0, 2, 0, 0))
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in pairs:
        if value:
            table.add_row(name, value)
    return Group(Text(title, "dim"), table) if title else table


def notes_of(notes: Sequence[str]) -> list[RenderableType]:
    """Return what could not be found out, after an empty line; nothing where all is known."""
    return [Text(), *(Text(f"not known: {note}", "yellow", overflow="fold") for note in notes)] if notes else []
