"""The typed client's part about models, their deployments, and projects."""

from operations.deployments import Asked, ModelDeployments
from operations.models import Comparison, Decided, ModelVersions
from operations.project_inventory import ProjectRow, ProjectView
from operations.versions import Version
from portal.client_http import Transport, part


class ModelCalls:
    """What can be asked about a stack's models and projects."""

    _http: Transport

    def models(self, stack: str) -> tuple[ModelVersions, ...]:
        """Return every model with its newest versions."""
        return self._http.get(tuple[ModelVersions, ...], f"/stacks/{part(stack)}/models")

    def model_version(self, stack: str, model: str, version: int) -> Version:
        """Return everything about a version."""
        return self._http.get(Version, f"{_model(stack, model)}/versions/{version}")

    def compare_versions(self, stack: str, model: str, a: int, b: int) -> Comparison:
        """Return two versions side by side."""
        return self._http.get(Comparison, f"{_model(stack, model)}/diff", {"a": a, "b": b})

    def decide_version(self, stack: str, model: str, version: int, *, approved: bool, reason: str) -> Decided:
        """Approve or reject a version."""
        body = {"approved": approved, "reason": reason}
        return self._http.send(Decided, "POST", f"{_model(stack, model)}/versions/{version}/decision", body)

    def roll_back(self, stack: str, model: str, *, to: int, reason: str) -> Asked:
        """Have an earlier, approved version serve."""
        return self._http.send(Asked, "POST", f"{_model(stack, model)}/rollback", {"to": to, "reason": reason})

    def deployments(self, stack: str) -> tuple[ModelDeployments, ...]:
        """Return what each model should serve, what its endpoint runs, and what was deployed before."""
        return self._http.get(tuple[ModelDeployments, ...], f"/stacks/{part(stack)}/deployments")

    def projects(self, stack: str, *, archived: bool = False) -> tuple[ProjectRow, ...]:
        """Return the projects; those that were archived only where asked for."""
        return self._http.get(tuple[ProjectRow, ...], f"/stacks/{part(stack)}/projects", {"archived": archived or None})

    def project(self, stack: str, project: str) -> ProjectView:
        """Return everything about a project."""
        return self._http.get(ProjectView, f"/stacks/{part(stack)}/projects/{part(project)}")


def _model(stack: str, model: str) -> str:
    return f"/stacks/{part(stack)}/models/{part(model)}"
