"""Promote: register an approved version of the previous environment in this one.

Event: "SageMaker Model Package State Change", forwarded by the previous environment's bus.
"""

from botocore.exceptions import ClientError

from contracts.delivery_config import Source
from contracts.delivery_events import parse_approval
from lambda_src.promote import registration
from lambda_src.shared import artifacts, configuration, gate, images, promotions, registry, results
from lambda_src.shared.clients import client
from lambda_src.shared.configuration import Served
from lambda_src.shared.errors import PermanentError, is_not_found
from lambda_src.shared.promotions import Promotion, Stage
from lambda_src.shared.registry import Version
from lambda_src.shared.results import Result, What
from lambda_src.shared.runtime import Answer, Event
from lambda_src.shared.runtime import handler as with_runtime


def promote(event: Event) -> Answer:
    """Register the version that an approval event names, once; return what was done."""
    approval = parse_approval(event)
    group = f"{approval.version_arn.rpartition('/')[0]}".replace(":model-package/", ":model-package-group/")
    served = configuration.served_by_source(group)
    if served.config.delivery.source is not Source.PROMOTE:
        return {"outcome": "ignored", "why": f"{served.model} is trained in this environment"}
    try:
        version = registry.read(approval.version_arn)
    except PermanentError as error:
        return _refuse(served, promotions.begin(served.model, approval, None)[0], str(error))
    approved_by = registry.approver(version, approval, served.names)
    promotion, resumed = promotions.begin(served.model, approval, approved_by)
    if promotion.state is not Stage.STARTED:
        return {"outcome": promotion.state.value, "why": f"recorded at {promotion.updated_at}"}
    try:
        copied = registration.find(served.config.group, version.arn, since=promotion.approved_at) if resumed else None
        target = copied or _register(served, version, promotion)
    except PermanentError as error:
        return _refuse(served, promotion, str(error))
    _publish(served, promotion, What.PROMOTED, target)
    promotions.end(promotion, Stage.REGISTERED, target_arn=target)
    return {"outcome": Stage.REGISTERED.value, "version": target}


def _register(served: Served, version: Version, promotion: Promotion) -> str:
    """Measure, copy and register; each step may be done again. Raises PermanentError where it must not be promoted."""
    if not version.approved:
        raise PermanentError(f"{version.arn} is {version.described.get('ModelApprovalStatus')} now")
    config = served.config
    gate.check(version, config.gate)
    image = images.by_digest(version.container["Image"], version.container.get("ImageDigest"))
    prefix = f"promoted/{config.model}/"
    copies = {
        uri: artifacts.copy(uri, bucket=config.artifact_bucket, prefix=prefix, key_arn=config.key_arn)
        for uri in registration.files_of(version)
    }
    wanted = registration.request(version, config=config, promotion=promotion, image=image, copies=copies)
    try:
        created = client("sagemaker").create_model_package(**wanted)
    except ClientError as error:
        if is_not_found(error):
            raise PermanentError(f"the group {config.group} is gone; deploy the stack again") from error
        raise
    return str(created["ModelPackageArn"])


def _refuse(served: Served, promotion: Promotion, why: str) -> Answer:
    if promotion.state is Stage.STARTED:
        _publish(served, promotion, What.PROMOTION_REFUSED, promotion.source_arn, why)
        promotions.end(promotion, Stage.REFUSED, detail=why)
    return {"outcome": Stage.REFUSED.value, "why": why}


def _publish(served: Served, promotion: Promotion, what: What, version_arn: str, detail: str = "") -> None:
    detail = detail or f"from {promotion.source_arn}"
    results.publish(
        Result(
            what=what,
            model=served.model,
            version_arn=version_arn,
            detail=detail,
            approved_by=promotion.approved_by,
        )
    )


handler = with_runtime("promote", promote)
