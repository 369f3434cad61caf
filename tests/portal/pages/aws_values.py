"""Models and projects as `operations` would have read them from AWS, and who asked for what."""

from operations.documents import Manifest
from operations.models import Comparison, Decided, Difference, ModelVersions
from operations.project_inventory import EndpointRow, ModelVersion, ProjectRow, ProjectView, RepositoryRow
from operations.runs import Run
from operations.versions import Lineage, Version
from portal.access.roles import Action

ARN = "arn:aws:sagemaker:us-east-1:333333333333:model-package/acme-risk-prod-fraud-detector"


def version(number, status="Approved", accuracy=0.93, **more):
    run = Run(
        arn="arn:aws:sagemaker:us-east-1:333333333333:pipeline/p/execution/x1y2",
        execution="x1y2",
        status="Succeeded",
        started="2026-03-01T02:00:00Z",
        parameters={"MaxIterations": "200"},
        hyperparameters={"learning_rate": "0.1"},
    )
    lineage = Lineage(
        run=run, code_hash="ab" * 32, manifest=Manifest(uri="s3://d/m.json", rows=120000, objects=3, digest="0f" * 8)
    )
    return Version(
        model="fraud-detector",
        version=number,
        arn=f"{ARN}/{number}",
        status=status,
        created="2026-03-01T02:40:00Z",
        created_by="pipeline",
        decided_by=None if status.startswith("Pending") else "kate",
        reason=None if status.startswith("Pending") else "good on the holdout",
        description=None,
        image="acme/train:1.4.0",
        metrics={"accuracy": accuracy, "recall": 0.71, "f1": 0.78},
        lineage=lineage,
        notes=(),
        **more,
    )


class Models:
    """In place of `portal.models`."""

    def __init__(self):
        self.asked = []
        self.versions = [
            version(7, "PendingManualApproval", 0.94, serves=False),
            version(6, serves=True),
            version(5, serves=False),
        ]

    def listed(self, actor, stack, newest=10):
        actor.require(Action.VIEW, stack)
        return (
            ModelVersions(
                model="fraud-detector",
                group="acme-risk-prod-fraud-detector",
                exists=True,
                versions=tuple(self.versions),
                older=4,
            ),
        )

    def deployments(self, actor, stack, model=None, newest=10):
        return ()

    def show(self, actor, stack, model, number=None):
        actor.require(Action.VIEW, stack)
        return next((each for each in self.versions if each.version == number), self.versions[-1])

    def diff(self, actor, stack, model, a, b):
        actor.require(Action.VIEW, stack)
        rows = (
            Difference(section="metrics", name="accuracy", a=0.93, b=0.94, differs=True),
            Difference(section="metrics", name="recall", a=0.71, b=0.71, differs=False),
            Difference(section="image", name="digest", a=None, b=None, differs=True),
        )
        return Comparison(a=self.show(actor, stack, model, a), b=self.show(actor, stack, model, b), differences=rows)

    def _decide(self, verb):
        def decide(actor, stack, model, number, reason):
            actor.require(Action.DECIDE_MODELS, stack)
            self.asked.append((verb, stack, model, number, reason))
            return Decided(version=self.show(actor, stack, model, number), before="PendingManualApproval", changed=True)

        return decide

    def __getattr__(self, verb):
        if verb in {"approve", "reject", "rollback"}:
            return self._decide(verb)
        raise AttributeError(verb)


class Projects:
    """In place of `portal.projects`."""

    def listed(self, actor, stack, archived=False):
        actor.require(Action.VIEW, stack)
        return (
            ProjectRow(
                project="churn",
                product="model-training-and-deployment",
                status="Ready",
                owner="ada",
                team="risk-ds",
                created_at="2026-02-11T10:00:00Z",
                template_version="1.2.0",
                newest=ModelVersion(version=3, status="Approved", created=None),
                repositories=("https://github.com/acme-ml/churn-training",),
            ),
        )

    def show(self, actor, stack, name):
        actor.require(Action.VIEW, stack)
        return ProjectView(
            project=name,
            product="model-training",
            status="Ready",
            reason="",
            owner="ada",
            team="risk-ds",
            group="acme-risk-dev-churn",
            created_at="2026-02-11T10:00:00Z",
            created_by="cli/ada/1",
            template_version="1.2.0",
            roles={"dev/training": "arn:aws:iam::1:role/r"},
            repositories=(
                RepositoryRow(
                    name="churn-training",
                    url="https://github.com/acme-ml/churn-training",
                    id=1,
                    template="training",
                    template_version="1.2.0",
                    environments=("dev",),
                    state="ready",
                    unprotected=("environment prod",),
                ),
                RepositoryRow(
                    name="bad",
                    url="javascript:alert(1)",
                    id=2,
                    template="training",
                    template_version="1",
                    environments=(),
                    state="ready",
                    unprotected=(),
                ),
            ),
            versions=(ModelVersion(version=3, status="Approved", created="2026-03-01T02:40:00Z"),),
            endpoints=(EndpointRow(environment="dev", account="111111111111", name="acme-churn", status="InService"),),
            data_uri="s3://acme-risk-dev-data/churn/",
        )
