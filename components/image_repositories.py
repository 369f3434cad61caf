"""`ImageRepositories`: the image repository of each model, in the account from which every environment pulls."""

import json
from collections.abc import Mapping, Sequence
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
    """Those of them that run a tag that moves with every build; such builds lie in one repository of their own."""
    accounts: Sequence[str]
    """Accounts of all environments."""
    data_key_arn: pulumi.Input[str]
    """Key of the images."""
    retain: bool
    """Protect the repositories and keep them when the stack goes."""
    delete_images: bool = False
    """Delete a repository although it holds images. For a stack whose images no other environment runs."""
    keep: int = 100
    """Images kept per model, tagged and untagged each. Versions of models cite images by digest, so that also an image
    that lost its tag to a newer one may be in service."""

    def __post_init__(self) -> None:
        """Refuse another account than image URIs name, a lifecycle that keeps nothing, and to retain what goes."""
        if self.names.account != self.names.image_account:
            raise ValueError(
                f"image repositories lie in account {self.names.image_account}, which every image URI names; this stack"
                f" is of account {self.names.account}: create them in the dev stack only."
            )
        if self.keep < 1:
            raise ValueError(f"keep is {self.keep}: set the number of images to keep, 1 or more.")
        if self.retain and self.delete_images:
            raise ValueError("retain and delete_images contradict each other: set one of them.")


class ImageRepositories(pulumi.ComponentResource):
    """Owns the repositories, who may pull from them, and when images go; not the images.

    A repository that holds images is not deleted: other environments run them, so a destroy stops there and says so.
    With `delete_images` it goes, images and all. Another key or name replaces a repository.
    """

    urls: pulumi.Output[dict[str, str]]
    """URL of each model's repository, to push to."""

    def __init__(self, name: str, args: ImageRepositoriesArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlops:index:ImageRepositories", name, None, opts)
        self._name, self._args = name, args
        names = args.names
        pull = image_repository_policy(names.account, args.accounts, partition=names.partition)
        kept = lifecycle_policy(args.keep)
        released = {
            model: self._repository(f"{model}-images", names.image_repository(model), pull, kept, tags={"model": model})
            for model in args.models
        }
        if args.moving:
            # Apart from the releases: ECR decides per repository whether tags can move.
            self._repository(
                "moving",
                names.moving_image_repository,
                pull,
                lifecycle_policy(args.keep * len(args.moving)),
                mutability="MUTABLE",
            )
        self.urls = pulumi.Output.all(**released)
        self.register_outputs({"urls": self.urls})

    def _repository(
        self,
        role: str,
        repository_name: str,
        pull: str,
        kept: str,
        *,
        tags: Mapping[str, str] | None = None,
        mutability: str = "IMMUTABLE",
    ) -> pulumi.Output[str]:
        args, name = self._args, f"{self._name}-{role}"
        repository = aws.ecr.Repository(
            name,
            name=repository_name,
            image_tag_mutability=mutability,
            image_scanning_configuration=aws.ecr.RepositoryImageScanningConfigurationArgs(scan_on_push=True),
            encryption_configurations=[
                aws.ecr.RepositoryEncryptionConfigurationArgs(encryption_type="KMS", kms_key=args.data_key_arn)
            ],
            force_delete=args.delete_images,
            tags=tags,
            opts=pulumi.ResourceOptions(parent=self, protect=args.retain, retain_on_delete=args.retain),
        )
        aws.ecr.RepositoryPolicy(
            f"{name}-pull",
            repository=repository.name,
            policy=pull,
            opts=pulumi.ResourceOptions(parent=self),
        )
        aws.ecr.LifecyclePolicy(
            f"{name}-lifecycle",
            repository=repository.name,
            policy=kept,
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
