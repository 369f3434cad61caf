"""Broken rules of the gate, the way out and the registration, each with the finding that it must give."""

from tests.pipeline_defs.definitions.sample import Case, add, both, drop, put, step

CONDITIONS = "Arguments.Conditions"
CONTENT_TYPES = "Arguments.InferenceSpecification.SupportedContentTypes"
THRESHOLD = {"Name": "Threshold", "Type": "Float", "DefaultValue": 0.9}
DATA = {"Get": "Parameters.InputDataUri"}


def register_at_the_top(document):
    """Take the registration out of the gate."""
    branch = step(document, "CheckAccuracy")["Arguments"]["IfSteps"]
    document["Steps"].append(branch.pop())


def swap_branches(document):
    """Register what does not pass."""
    arguments = step(document, "CheckAccuracy")["Arguments"]
    arguments["IfSteps"], arguments["ElseSteps"] = arguments["ElseSteps"], arguments["IfSteps"]


def either_metric(document):
    """One metric above its threshold is enough."""
    arguments = step(document, "CheckAccuracy")["Arguments"]
    arguments["Conditions"] = [{"Type": "Or", "Conditions": arguments["Conditions"]}]


CASES = [
    # the gate
    Case("registration outside", register_at_the_top, "RegisterModel", "gate.present", "no condition has measured"),
    Case("registration in else", swap_branches, "RegisterModel", "gate.present", "no condition has measured"),
    Case("one metric is enough", either_metric, "RegisterModel", "gate.metric", "metrics.accuracy >= 0.9"),
    Case("a metric less", drop("CheckAccuracy", f"{CONDITIONS}[1]"), "RegisterModel", "gate.metric", "metrics.recall"),
    Case(
        "a lower threshold",
        put("CheckAccuracy", f"{CONDITIONS}[0].RightValue", 0.8),
        "RegisterModel",
        "gate.metric",
        "GreaterThanOrEqualTo 0.8",
    ),
    Case(
        "another comparison",
        put("CheckAccuracy", f"{CONDITIONS}[0].Type", "LessThanOrEqualTo"),
        "RegisterModel",
        "gate.metric",
        "LessThanOrEqualTo 0.9",
    ),
    Case(
        "a threshold by parameter",
        both(
            add(None, "Parameters", THRESHOLD),
            put("CheckAccuracy", f"{CONDITIONS}[0].RightValue", {"Get": "Parameters.Threshold"}),
        ),
        "CheckAccuracy",
        "gate.literal",
        "Parameters.Threshold decides",
    ),
    Case(
        "a metric by parameter",
        put("CheckAccuracy", f"{CONDITIONS}[0].LeftValue.Std:JsonGet.Path", DATA),
        "CheckAccuracy",
        "gate.literal",
        "Parameters.InputDataUri decides",
    ),
    Case(
        "a threshold that the evaluation writes",
        put(
            "CheckAccuracy",
            f"{CONDITIONS}[0].RightValue",
            {"Std:JsonGet": {"PropertyFile": {"Get": "Steps.Evaluate.PropertyFiles.Evaluation"}, "Path": "limit"}},
        ),
        "CheckAccuracy",
        "gate.literal",
        "computed by the run",
    ),
    Case(
        "another model registered",
        put("RegisterModel", "Arguments.InferenceSpecification.Containers[0].ModelDataUrl", "s3://bucket/model.tar.gz"),
        "RegisterModel",
        "gate.measured",
        "a fixed URI",
    ),
    Case(
        "a job that registers",
        put("Train", "Arguments.ModelPackageConfig", {"ModelPackageGroupArn": "x"}),
        "Train",
        "gate.bypass",
        "registers a version by itself",
    ),
    Case(
        "an evaluation by parameter",
        put("Evaluate", "Arguments.AppSpecification.ContainerArguments", ["--test", DATA]),
        "Evaluate",
        "gate.literal",
        "steers the evaluation",
    ),
    # the way out
    Case("no fail step", put("CheckAccuracy", "Arguments.ElseSteps", []), "CheckAccuracy", "fail.present", "no Fail"),
    Case(
        "a message without environment",
        put("Fail", "Arguments.ErrorMessage", "the product is too weak"),
        "Fail",
        "fail.message",
        "happened in prod",
    ),
    # registration
    Case(
        "approved at once",
        put("RegisterModel", "Arguments.ModelApprovalStatus", "Approved"),
        "RegisterModel",
        "register.approval",
        "'Approved' is not the literal 'PendingManualApproval'",
    ),
    Case(
        "approval by parameter",
        put("RegisterModel", "Arguments.ModelApprovalStatus", DATA),
        "RegisterModel",
        "register.approval",
        "Parameters.InputDataUri",
    ),
    Case(
        "another group",
        put("RegisterModel", "Arguments.ModelPackageGroupName", "other"),
        "RegisterModel",
        "register.group",
        "'other'",
    ),
    Case("any content", put("RegisterModel", CONTENT_TYPES, ["*/*"]), "RegisterModel", "register.content_types", "*"),
    Case("no content", drop("RegisterModel", CONTENT_TYPES), "RegisterModel", "register.content_types", "None"),
]
