"""The model registry of a stack: list, show, compare, approve, reject."""

from dataclasses import dataclass, replace

from operations import versions
from operations.errors import MisuseError, NotFoundError, told
from operations.project_table import makes_projects, projects_with_group
from operations.serving import Serving, serving
from operations.session import Access
from operations.versions import Version

Value = float | int | str | None
APPROVED, REJECTED = "Approved", "Rejected"
REASON_LENGTH = 1024
"""UpdateModelPackage, ApprovalDescription."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ModelVersions:
    """A model with its newest versions."""

    model: str
    group: str
    exists: bool
    """Whether the stack's package group is there; it is not before the stack is deployed."""
    versions: tuple[Version, ...]
    """Newest first, without what is read only for one version."""
    older: int
    """How many more there are."""
    notes: tuple[str, ...] = ()
    """What could not be found out about the model, and why."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Decided:
    """What approving or rejecting changed."""

    version: Version
    """As it is now."""
    before: str
    """Status before."""
    changed: bool
    """False where the version had this status already; then nothing was written and no event follows."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Difference:
    """One property of two versions."""

    section: str
    """metrics, parameters, hyperparameters, image, data or code."""
    name: str
    a: Value
    """None where the version has no such property, or where it is not known; then the version's notes say why."""
    b: Value
    differs: bool
    """Whether the two values differ. Unknown ones are taken to differ."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Comparison:
    """Two versions side by side."""

    a: Version
    b: Version
    differences: tuple[Difference, ...]
    """Every property, equal ones too, by section."""


def listed(access: Access, *, newest: int = 10) -> tuple[ModelVersions, ...]:
    """Return every model and project of the stack with its `newest` versions, newest first."""
    return tuple(_listed(access, model, newest) for model in [*sorted(access.settings.models), *_projects(access)])


def _projects(access: Access) -> list[str]:
    if not makes_projects(access):
        return []
    try:
        return sorted(projects_with_group(access))
    except NotFoundError:  # no table: the stack is not deployed, or made no project yet
        return []


def _listed(access: Access, model: str, newest: int) -> ModelVersions:
    group = access.names.model_package_group(model)
    try:
        found = versions.numbers(access, model)
    except NotFoundError:
        return ModelVersions(model=model, group=group, exists=False, versions=(), older=0)
    read = []
    for number in found[:newest]:
        try:
            read.append(versions.read(access, model, number, deep=False))
        except NotFoundError:  # deleted between listing and reading
            continue
    served = serving(access, model)
    return ModelVersions(
        model=model,
        group=group,
        exists=True,
        versions=tuple(_serving(version, served) for version in read),
        older=max(0, len(found) - newest),
        notes=(f"what serves: {served.unknown}",) if served.unknown else (),
    )


def _serving(version: Version, served: Serving) -> Version:
    return replace(version, serves=None if served.unknown else version.version == served.version)


def show(access: Access, model: str, version: int | None = None) -> Version:
    """Return everything about a version, of the newest where none is named."""
    found = versions.read(access, model, newest(access, model) if version is None else version)
    served = serving(access, model)
    notes = (*found.notes, f"whether it serves: {served.unknown}") if served.unknown else found.notes
    return replace(_serving(found, served), notes=notes)


def newest(access: Access, model: str) -> int:
    """Return the number of a model's newest version. Raises NotFoundError where there is none."""
    found = versions.numbers(access, model)
    if not found:
        raise NotFoundError(f"{model} has no version yet in {access.settings.environment.value}; a run registers one")
    return found[0]


def approve(access: Access, model: str, version: int, *, reason: str) -> Decided:
    """Approve a version. What listens to approvals deploys it; AWS decides whether the caller may."""
    return _decide(access, model, version, APPROVED, reason)


def reject(access: Access, model: str, version: int, *, reason: str) -> Decided:
    """Reject a version. It is not deployed any more; one that serves goes on serving."""
    return _decide(access, model, version, REJECTED, reason)


def clean_reason(reason: str) -> str:
    """Return a reason in one line. Raises MisuseError for an empty or too long one."""
    text = " ".join(reason.split())
    if not text:
        raise MisuseError("the reason is empty; who looks later wants to know why. Write a sentence: --reason TEXT")
    if len(text) > REASON_LENGTH:
        raise MisuseError(f"the reason has {len(text)} characters; AWS keeps {REASON_LENGTH}. Shorten it.")
    return text


def _decide(access: Access, model: str, version: int, status: str, reason: str) -> Decided:
    text = clean_reason(reason)
    read = versions.read(access, model, version, deep=False)
    if read.status == status:
        return Decided(version=read, before=status, changed=False)
    verb = "approve" if status == APPROVED else "reject"
    with told(f"{verb} version {version} of {model}", hint=who_may(access, read.arn)):
        access.client("sagemaker").update_model_package(
            ModelPackageArn=read.arn, ModelApprovalStatus=status, ApprovalDescription=text
        )
    return Decided(version=versions.read(access, model, version, deep=False), before=read.status, changed=True)


def who_may(access: Access, arn: str) -> str:
    """Return who may decide about versions, for somebody whom AWS refused."""
    return (
        f"You are {access.caller}. Approvers of {access.settings.environment.value} may: the lead data scientist's or"
        f" approver's role, with sagemaker:UpdateModelPackage on {arn.rsplit('/', 1)[0]}/*. Roles of pipelines, jobs"
        " and delivery functions are always denied it."
    )


def diff(access: Access, model: str, a: int, b: int) -> Comparison:
    """Return two versions of a model side by side."""
    left, right = versions.read(access, model, a), versions.read(access, model, b)
    before, after = _properties(left), _properties(right)
    names = dict.fromkeys([*before, *after])
    order = {section: place for place, section in enumerate(dict.fromkeys(section for section, _ in names))}
    return Comparison(
        a=left,
        b=right,
        differences=tuple(
            _difference(section, name, before.get((section, name)), after.get((section, name)))
            for section, name in sorted(names, key=lambda key: order[key[0]])
        ),
    )


def _difference(section: str, name: str, a: Value, b: Value) -> Difference:
    return Difference(section=section, name=name, a=a, b=b, differs=a != b or a is None)


def _properties(version: Version) -> dict[tuple[str, str], Value]:
    run, data = version.lineage.run, version.lineage.manifest
    found: dict[tuple[str, str], Value] = {("metrics", name): value for name, value in version.metrics.items()}
    if run is not None:
        found |= {("parameters", name): value for name, value in run.parameters.items()}
        found |= {("hyperparameters", name): value for name, value in run.hyperparameters.items()}
    found[("image", "image")] = version.image
    found[("image", "digest")] = version.image_digest
    # The manifest's address holds the run's id; what it lists is what may be equal.
    found[("data", "content")] = data.digest if data else None
    found[("data", "rows")] = data.rows if data else None
    found[("data", "objects")] = data.objects if data else None
    found[("code", "hash")] = version.lineage.code_hash
    return found
