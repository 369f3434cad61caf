"""What is registered: into the model's group, with the approval status of the settings, for named content types."""

from collections.abc import Iterator

from pipeline_defs.validation.finding import show
from pipeline_defs.validation.rules.context import Broken, Context, Rule


def _approval(context: Context) -> Iterator[Broken]:
    wanted = context.settings.approval_status
    for step in context.outline.of_type("RegisterModel"):
        status = step.get("ModelApprovalStatus")
        if status != wanted:
            message = f"{show(status)} is not the literal {wanted!r} of the settings"
            fix = f"write {wanted!r}: a parameter would let whoever starts a run approve its model"
            yield step, "Arguments.ModelApprovalStatus", message, fix


def _group(context: Context) -> Iterator[Broken]:
    wanted = context.settings.model_package_group
    for step in context.outline.of_type("RegisterModel"):
        group = step.get("ModelPackageGroupName")
        if group != wanted:
            message = f"{show(group)} is not the model's group"
            yield step, "Arguments.ModelPackageGroupName", message, f"register into {wanted!r}"


def _content_types(context: Context) -> Iterator[Broken]:
    for step in context.outline.of_type("RegisterModel"):
        for key in ("SupportedContentTypes", "SupportedResponseMIMETypes"):
            path = f"Arguments.InferenceSpecification.{key}"
            types = step.get("InferenceSpecification", key)
            if not isinstance(types, list) or not types:
                yield step, path, f"{show(types)} names no content type", "list them, application/json"
                continue
            for index, name in enumerate(types):
                if not isinstance(name, str) or "*" in name or "/" not in name:
                    message = f"{show(name)} is no single content type"
                    yield step, f"{path}[{index}]", message, "name the type that the handler reads or writes"


RULES = (
    Rule(id="register.approval", about="The approval status is the settings' literal.", check=_approval),
    Rule(id="register.group", about="Versions go into the model's own group.", check=_group),
    Rule(id="register.content_types", about="Content types are named, without wildcards.", check=_content_types),
)
