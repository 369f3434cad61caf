"""`ImageRepositories`: the image repositories of each model, in the account from which every environment pulls."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.delivery_policies import image_repository_policy
from contracts.names import Names


@dataclass(frozen=True, kw_only=True, slots=True)
class ImageRepositoriesArgs:
    """Settings of `ImageRepositories`."""

    names: Names
    """The stack's names; its account is the images' account."""
    models: Sequence[str]
    """The models that have an image."""
    moving: Sequence[str]
    """Those of them that run a tag that moves with every build; they get a second repository for such builds."""
    accounts: Sequence[str]
    """Accounts of all environments."""
    data_key_arn: pulumi.Input[str]
    """Key of the images."""
    retain: bool
    """Protect the repositories and keep them when the stack goes."""
    keep: int = 100
    """Images kept, tagged and untagged each. Versions of models cite images by digest, so that also an image that lost
    its tag to a newer one may be in service."""

    def __post_init__(self) -> None:
        """Refuse another account than the one that image URIs name, and a lifecycle that keeps nothing."""
        if self.names.account != self.names.image_account:
            raise ValueError(
                f"image repositories lie in account {self.names.image_account}, which every image URI names; this stack"
                f" is of account {self.names.account}: create them in the dev stack only."
            )
        if self.keep < 1:
            raise ValueError(f"keep is {self.keep}: set the number of images to keep, 1 or more.")


class ImageRepositories(pulumi.ComponentResource):
    """Owns the repositories, who may pull from them, and when images go; not the images.

    A repository that holds images is never deleted: other environments run them, so a destroy stops there and says so.
    Another key or name replaces a repository.
    """

    urls: pulumi.Output[dict[str, str]]
    """URL of each model's repository of releases, to push to."""

    def __init__(self, name: str, args: ImageRepositoriesArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlops:index:ImageRepositories", name, None, opts)
        self._name, self._args = name, args
        names = args.names
        released = {model: self._repository(model, "images", names.image_repository(model)) for model in args.models}
        for model in args.moving:
            self._repository(model, "moving", names.moving_image_repository(model))
        self.urls = pulumi.Output.all(**released)
        self.register_outputs({"urls": self.urls})

    def _repository(self, model: str, role: str, repository_name: str) -> pulumi.Output[str]:
        args, name = self._args, f"{self._name}-{model}-{role}"
        repository = aws.ecr.Repository(
            name,
            name=repository_name,
            image_tag_mutability="IMMUTABLE" if role == "images" else "MUTABLE",
            image_scanning_configuration=aws.ecr.RepositoryImageScanningConfigurationArgs(scan_on_push=True),
            encryption_configurations=[
                aws.ecr.RepositoryEncryptionConfigurationArgs(encryption_type="KMS", kms_key=args.data_key_arn)
            ],
            force_delete=False,
            tags={"model": model},
            opts=pulumi.ResourceOptions(parent=self, protect=args.retain, retain_on_delete=args.retain),
        )
        aws.ecr.RepositoryPolicy(
            f"{name}-pull",
            repository=repository.name,
            policy=image_repository_policy(args.names.account, args.accounts, partition=args.names.partition),
            opts=pulumi.ResourceOptions(parent=self),
        )
        aws.ecr.LifecyclePolicy(
            f"{name}-lifecycle",
            repository=repository.name,
            policy=lifecycle_policy(args.keep),
            opts=pulumi.ResourceOptions(parent=self),
        )
        return repository.repository_url


def lifecycle_policy(keep: int) -> str:
    """Return the rules: of tagged and of untagged images the newest `keep` stay each."""
    selections: dict[str, dict[str, object]] = {
        "tagged": {"tagStatus": "tagged", "tagPatternList": ["*"]},
        "untagged": {"tagStatus": "untagged"},
    }
    rules = [
        {
            "rulePriority": priority,
            "description": f"Keep the newest {keep} {kind} images",
            "selection": {**selection, "countType": "imageCountMoreThan", "countNumber": keep},
            "action": {"type": "expire"},
        }
        for priority, (kind, selection) in enumerate(selections.items(), start=1)
    ]
    return json.dumps({"rules": rules}, sort_keys=True)
