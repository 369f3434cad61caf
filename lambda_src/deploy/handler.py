"""Deploy: record that an approved version of this environment is wanted, and bring the endpoint towards it.

Events: "SageMaker Model Package State Change" of this environment; "Scheduled Batch Transform" of the stack's schedule,
"Model Deployment Requested" of an operator.
"""

from contracts.delivery_events import ApprovalEvent, parse_approval
from contracts.desired_state import request_of
from contracts.operator_events import requested_model
from contracts.version_metadata import APPROVED_BY
from lambda_src.deploy import batch
from lambda_src.shared import configuration, registry, store
from lambda_src.shared.configuration import Served
from lambda_src.shared.errors import PermanentError
from lambda_src.shared.reconcile import reconcile
from lambda_src.shared.registry import Version
from lambda_src.shared.runtime import Answer, Event
from lambda_src.shared.runtime import handler as with_runtime


def deploy(event: Event) -> Answer:
    """Record the request of an approval event and take the next step; return what was decided and done."""
    if batch.is_scheduled(event):
        return batch.run(event)
    asked = requested_model(event)
    if asked is not None:  # an operator's wish is in the table already; the event carries nothing to trust
        return {"outcome": "reconciled", "state": reconcile(configuration.served_by_name(asked))}
    approval = parse_approval(event)
    served = configuration.served_by_group(approval.group)
    own = (served.names.account, served.names.region)
    if (approval.account, approval.region) != own:
        return {"outcome": "ignored", "why": f"{approval.version_arn} is not of account and region {own}"}
    version = _version(approval)
    if version is not None and not version.approved:
        return {"outcome": "ignored", "why": f"{version.arn} is no longer approved"}
    outcome = store.ask(request_of(served.model, approval, approver=_approver(served, version, approval)))
    return {"outcome": outcome.decision.value, "why": outcome.why, "state": reconcile(served)}


def _version(approval: ApprovalEvent) -> Version | None:
    """Return the version, None where it is gone: then the request is recorded, and failed by the reconciliation."""
    try:
        return registry.read(approval.version_arn)
    except PermanentError:
        return None


def _approver(served: Served, version: Version | None, approval: ApprovalEvent) -> str:
    """Return who approved: as the registry says now, else as it was recorded before a later write hid it."""
    if version is None:
        return registry.UNKNOWN
    seen = registry.approver(version, approval, served.names)
    if seen is not None:
        return seen
    desired = store.read(served.model)
    if desired is not None and desired.version_arn == approval.version_arn:
        return desired.requested_by
    return version.metadata.get(APPROVED_BY, registry.UNKNOWN)


handler = with_runtime("deploy", deploy)
