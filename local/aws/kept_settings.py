"""Settings that services keep and moto 5.2.5 takes and forgets: a provider would see them change at its next look.

- Lambda: where a function writes its log, and its dead-letter queue.
- S3: that a bucket sends its events to EventBridge.
"""

from typing import Any

from moto.awslambda.models import LambdaFunction
from moto.core.responses import ActionResult
from moto.s3.responses import S3Response

KEPT = ("DeadLetterConfig", "LoggingConfig")
_init = LambdaFunction.__init__
_configuration = LambdaFunction.get_configuration
_update_configuration = LambdaFunction.update_configuration
_serialized = S3Response.serialized


def _create(self: Any, account_id: str, spec: dict[str, Any], region: str, version: str | int = 1) -> None:
    _init(self, account_id, spec, region, version)
    self.kept_settings = {name: spec[name] for name in KEPT if spec.get(name)}


def _get(self: Any, on_create: bool = False) -> dict[str, Any]:  # moto's own signature
    return {**_configuration(self, on_create), **_shown(self)}


def _update(self: Any, config_updates: dict[str, Any]) -> dict[str, Any]:
    self.kept_settings = {
        **self.kept_settings,
        **{name: config_updates[name] for name in KEPT if name in config_updates},
    }
    _update_configuration(self, config_updates)
    return self.get_configuration()  # type: ignore[no-any-return]  # moto's own class


def _kept(function: Any) -> dict[str, Any]:
    # A function of a state that was stored before this file was there has none.
    kept: dict[str, Any] = getattr(function, "kept_settings", {})
    return kept


def _shown(function: Any) -> dict[str, Any]:
    # An empty target takes the queue away, and is not shown then.
    return {
        name: value for name, value in _kept(function).items() if name != "DeadLetterConfig" or value.get("TargetArn")
    }


def get_bucket_notification(self: S3Response) -> Any:
    """GetBucketNotificationConfiguration, with EventBridge's part."""
    found = self.backend.get_bucket_notification_configuration(self.bucket_name)
    if found is None or found.event_bridge is None:
        return _get_bucket_notification(self)

    def with_events(result: ActionResult) -> Any:
        content: Any = result.result
        return _serialized(self, ActionResult({**content, "EventBridgeConfiguration": {}}))

    setattr(self, "serialized", with_events)  # noqa: B010  # of this one request's object
    return _get_bucket_notification(self)


_get_bucket_notification = S3Response.get_bucket_notification


def install() -> None:
    """Put the methods in moto's place."""
    for name, method in (("__init__", _create), ("get_configuration", _get), ("update_configuration", _update)):
        setattr(LambdaFunction, name, method)
    setattr(S3Response, "get_bucket_notification", get_bucket_notification)  # noqa: B010  # a method of moto's
