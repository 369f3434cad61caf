"""What a person reads first: deletions and replacements that lose data, stop a service, or meet a protection."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from portal.plan.resources import Planned, short_type

LOST: Mapping[str, str] = {
    "aws:s3/bucket:Bucket": "the objects in it are gone, with all their versions",
    "aws:dynamodb/table:Table": "the records in it are gone",
    "aws:kms/key:Key": "what is encrypted with it can no longer be read once its waiting period is over",
    "aws:sagemaker/domain:Domain": "Studio is gone, and its home folders unless they are retained",
    "aws:sagemaker/userProfile:UserProfile": "this person's Studio is gone, with its apps",
    "aws:sagemaker/space:Space": "the volume of this Studio space is gone, with the work on it",
    "aws:sagemaker/endpoint:Endpoint": "who asks this endpoint gets no answer",
    "aws:sagemaker/modelPackageGroup:ModelPackageGroup": "the registered versions of this model are gone",
    "aws:sagemaker/mlflowTrackingServer:MlflowTrackingServer": "the recorded experiments are gone",
    "aws:sagemaker/mlflowApp:MlflowApp": "the recorded experiments are gone",
    "aws:efs/fileSystem:FileSystem": "the files in it are gone",
    "aws:ecr/repository:Repository": "the images in it are gone, and what runs them cannot start again",
    "aws:secretsmanager/secret:Secret": "the secret is gone once its waiting period is over",
    "aws:cloudwatch/logGroup:LogGroup": "the logs in it are gone",
    "aws:cloudtrail/trail:Trail": "what is done in the account is no longer recorded",
    "aws:rds/cluster:Cluster": "the database is gone",
    "aws:rds/instance:Instance": "the database is gone",
    "aws:backup/vault:Vault": "the backups in it are gone",
    "aws:sqs/queue:Queue": "the messages that wait in it are gone",
    "github:index/repository:Repository": "the repository is gone, with its history and issues",
}
"""What goes with a resource of a type that holds data, or that somebody depends on."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Danger:
    """One deletion or replacement to think about."""

    urn: str
    name: str
    type: str
    operation: str
    """delete, replace; the resource's own where only a leftover copy goes"""
    protected: bool
    sentence: str


def dangers(planned: Iterable[Planned]) -> tuple[Danger, ...]:
    """Return the dangers, protected resources first, then deletions before replacements."""
    found = [danger for each in planned for danger in _of(each)]
    return tuple(
        sorted(found, key=lambda one: (not one.protected, one.operation != "delete", one.type, one.name, one.urn))
    )


def _of(one: Planned) -> Iterator[Danger]:
    lost = LOST.get(one.type)
    if not one.protected and lost is None:
        return
    if one.operation in {"delete", "replace"} or one.leftover:
        yield Danger(
            urn=one.urn,
            name=one.name,
            type=short_type(one.type),
            operation=one.operation,
            protected=one.protected,
            sentence=_sentence(one, lost),
        )


def _sentence(one: Planned, lost: str | None) -> str:
    who = f"{short_type(one.type)} {one.name}"
    said = f": {lost}" if lost else ""
    if one.retained and not one.leftover:
        text = f"{who} leaves the stack and stays in the cloud, where nobody looks after it and it goes on costing"
        return f"{text}; a new one is made." if one.operation == "replace" else f"{text}."
    if one.operation == "replace":
        why = f" because {', '.join(one.replacing)} cannot change in place" if one.replacing else ""
        text = f"{who} is replaced by a new one{why}; the old one is deleted{said}."
    elif one.operation == "delete":
        text = f"{who} is deleted{said}."
    else:
        return f"An older copy of {who}, left by a replacement that did not end, is deleted{said}."
    return f"{text} It is protected, so the engine will refuse." if one.protected else text
