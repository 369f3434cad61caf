"""The dev stack as far as publishing goes: a bucket of contents, a local GitHub, and calls of the function."""

import hashlib
from types import SimpleNamespace

from components.function_archive import zip_bytes
from contracts import publication
from contracts.publication import MARK, Publication, publication_input
from lambda_src.publish import handler as module

BUCKET, REGION = "acme-risk-dev-artifacts", "us-east-1"
NAME, SHARED = "risk-template-model-training", "mlops-workflows"
FILES = {"README.md": b"Train\n", ".github/workflows/ci.yml": b"on: pull_request\n", "src/train.py": b"x = 1\n"}
TREES = "POST /repos/*/git/trees"
SECOND = {**FILES, "README.md": b"Second\n"}
SECONDS = 295.0


class Stack:
    """The dev stack as far as publishing goes: a bucket, repositories, and invocations of the function."""

    def __init__(self, world, s3):
        self.world, self.hub, self.s3 = world, world.hub, s3

    def repository(self, name=NAME):
        return self.hub.add_repository(name, {"README.md": b"# made by auto_init\n"}, template=name != SHARED)

    def upload(self, files, *, template="model-training", version="1.0.0"):
        packed = zip_bytes({**files, MARK: publication.mark(template, version)})
        digest = hashlib.sha256(packed).hexdigest()
        key = publication.object_key(template, digest)
        self.s3.put_object(Bucket=BUCKET, Key=key, Body=packed)
        return key, digest

    def event(self, record, files, *, action="create", template="model-training", version="1.0.0", **changes):
        key, digest = self.upload(files, template=template, version=version)
        asked = Publication(
            repository=record["name"],
            repository_id=record["id"],
            template=template,
            version=version,
            key=key,
            sha256=digest,
        )
        return {**publication_input(asked), "tf": {"action": action, "prev_input": None}, **changes}

    def call(self, event):
        return module.handler(event, SimpleNamespace(**CONTEXT))

    def publish(self, record, files=FILES, **options):
        return self.call(self.event(record, files, **options))

    def files(self, name=NAME):
        found = self.hub.files(name)
        found.pop(MARK, None)
        return found

    def commits(self, name=NAME):
        """Commits of main, newest first."""
        sha, found = self.hub.repository(name)["refs"]["refs/heads/main"], []
        while sha:
            found.append(sha)
            sha = next(iter(self.hub.store.objects[sha]["parents"]), None)
        return found

    def tags(self, name=NAME):
        refs = self.hub.repository(name)["refs"]
        return {ref.removeprefix("refs/tags/"): sha for ref, sha in refs.items() if ref.startswith("refs/tags/")}


CONTEXT = {
    "function_name": "publish",
    "memory_limit_in_mb": 256,
    "invoked_function_arn": f"arn:aws:lambda:{REGION}:111111111111:function:publish",
    "aws_request_id": "1",
    "get_remaining_time_in_millis": lambda: 300_000,
}
