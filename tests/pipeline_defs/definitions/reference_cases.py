"""Mistakes in references, functions and conditions, each with the finding that it must give."""

from tests.pipeline_defs.definitions.sample import Case, add, both, drop, put, step

TRAIN_TYPE = "Arguments.ResourceConfig.InstanceType"
OUTPUT = "Steps.Preprocess.ProcessingOutputConfig.Outputs"
JSON_GET = "Arguments.Conditions[0].LeftValue.Std:JsonGet"
CHANNEL = "Arguments.InputDataConfig[0].DataSource.S3DataSource.S3Uri"
LAMBDA = {
    "Name": "Notify",
    "Type": "Lambda",
    "Arguments": {"uri": {"Get": "Parameters.InputDataUri"}},
    "FunctionArn": "arn:aws:lambda:us-east-1:333333333333:function:notify",
    "OutputParameters": [{"OutputName": "status", "OutputType": "String"}],
}


def loop(document):
    """Preprocess waits for Evaluate, which reads what Preprocess writes."""
    step(document, "Preprocess")["DependsOn"] = ["Evaluate"]


CASES = [
    # references
    Case("no parameter", put("Train", CHANNEL, {"Get": "Parameters.X"}), "Train", "reference.parameter", "X"),
    Case("no step", put("Train", CHANNEL, {"Get": "Steps.Prep.X"}), "Train", "reference.step", "Prep"),
    Case("no such root", put("Train", CHANNEL, {"Get": "Stages.Prep"}), "Train", "reference.form", "Stages"),
    Case("no variable", put("Train", CHANNEL, {"Get": "Execution.Id"}), "Train", "reference.execution", "Execution.Id"),
    Case(
        "an output that is not declared",
        put("Train", CHANNEL, {"Get": f"{OUTPUT}['trian'].S3Output.S3Uri"}),
        "Train",
        "reference.output",
        "'trian'",
    ),
    Case(
        "an output by number",
        put("Train", CHANNEL, {"Get": f"{OUTPUT}[0].S3Output.S3Uri"}),
        "Train",
        "reference.path",
        "[0]",
    ),
    Case(
        "a path the response lacks",
        put("Train", CHANNEL, {"Get": f"{OUTPUT}['train'].S3Output.Uri"}),
        "Train",
        "reference.path",
        "no member 'Uri'",
    ),
    Case(
        "a property of a Fail step", put("Train", CHANNEL, {"Get": "Steps.Fail.X"}), "Train", "reference.path", "Fail"
    ),
    Case("an unknown dependency", put("Train", "DependsOn", ["Prep"]), "Train", "reference.step", "'Prep'"),
    Case(
        "an unknown trigger",
        put("Train", "DependsOn", [{"Step": "Preprocess", "Trigger": "No"}]),
        "Train",
        "value.enum",
        "'No'",
    ),
    Case("a cycle", loop, "Preprocess", "reference.cycle", "Preprocess -> Evaluate -> Preprocess"),
    Case(
        "a step that waits for itself",
        put("Train", "DependsOn", ["Train"]),
        "Train",
        "reference.cycle",
        "Train -> Train",
    ),
    Case(
        "a dependency into a branch",
        put("Train", "DependsOn", ["RegisterModel"]),
        "Train",
        "reference.branch",
        "may run without",
    ),
    Case(
        "a dependency on the other branch",
        put("Fail", "DependsOn", ["RegisterModel"]),
        "Fail",
        "reference.branch",
        "never runs together",
    ),
    Case(
        "a property file that is not declared",
        put("CheckAccuracy", f"{JSON_GET}.PropertyFile.Get", "Steps.Evaluate.PropertyFiles.Report"),
        "CheckAccuracy",
        "reference.property_file",
        "Report",
    ),
    Case(
        "a property file outside JsonGet",
        put("Train", CHANNEL, {"Get": "Steps.Evaluate.PropertyFiles.Evaluation"}),
        "Train",
        "reference.property_file",
        "a property file",
    ),
    Case(
        "a property file of no output",
        put("Evaluate", "PropertyFiles[0].OutputName", "report"),
        "Evaluate",
        "reference.output",
        "'report'",
    ),
    Case(
        "an output parameter that is not declared",
        both(add(None, "Steps", LAMBDA), put("Train", CHANNEL, {"Get": "Steps.Notify.OutputParameters['uri']"})),
        "Train",
        "reference.output",
        "Notify does not declare",
    ),
    # functions
    Case(
        "an integer where a text is due",
        put("Train", "Arguments.HyperParameters.x", {"Get": "Parameters.MaxIterations"}),
        "Train",
        "expression.type",
        "is integer",
    ),
    Case(
        "a default that the member refuses",
        put("Train", TRAIN_TYPE, {"Get": "Parameters.InputDataUri"}),
        "Train",
        "value.enum",
        "TrainingInstanceType",
    ),
    Case(
        "a reference to an object",
        put("Train", CHANNEL, {"Get": "Steps.Preprocess.NetworkConfig"}),
        "Train",
        "expression.type",
        "is structure",
    ),
    Case(
        "a reference for an object",
        put("Train", "Arguments.VpcConfig", {"Get": "Parameters.InputDataUri"}),
        "Train",
        "expression.place",
        "an object",
    ),
    Case(
        "a function with a stray key",
        put("Train", CHANNEL, {"Get": "Parameters.InputDataUri", "X": 1}),
        "Train",
        "member.unknown",
        "'X'",
    ),
    Case(
        "a join without values", put("Train", CHANNEL, {"Std:Join": {"On": "/"}}), "Train", "member.missing", "Values"
    ),
    Case(
        "a joined text that is no URI",
        put("Train", CHANNEL, {"Std:Join": {"On": "/", "Values": ["bucket", {"Get": "Execution.PipelineName"}]}}),
        "Train",
        "value.pattern",
        "'bucket/pipeline'",
    ),
    Case(
        "JsonGet of nothing",
        drop("CheckAccuracy", f"{JSON_GET}.PropertyFile"),
        "CheckAccuracy",
        "expression.form",
        "Path",
    ),
    Case(
        "JsonGet of a text",
        put("CheckAccuracy", f"{JSON_GET}.PropertyFile", "Evaluation"),
        "CheckAccuracy",
        "expression.form",
        "no reference",
    ),
    # conditions
    Case(
        "unknown operator",
        put("CheckAccuracy", "Arguments.Conditions[0].Type", "AtLeast"),
        "CheckAccuracy",
        "condition.type",
        "AtLeast",
    ),
    Case(
        "missing operand",
        drop("CheckAccuracy", "Arguments.Conditions[0].RightValue"),
        "CheckAccuracy",
        "member.missing",
        "RightValue",
    ),
    Case(
        "operand of another operator",
        put("CheckAccuracy", "Arguments.Conditions[0].Values", [1]),
        "CheckAccuracy",
        "member.unknown",
        "Values",
    ),
    Case(
        "a text in an ordering",
        put("CheckAccuracy", "Arguments.Conditions[0].RightValue", "0.9"),
        "CheckAccuracy",
        "condition.operand",
        "'0.9'",
    ),
    Case("no condition", put("CheckAccuracy", "Arguments.Conditions", []), "CheckAccuracy", "value.length", "0 items"),
    Case(
        "a mistake inside Not and Or",
        put(
            "CheckAccuracy",
            "Arguments.Conditions[0]",
            {"Type": "Not", "Condition": {"Type": "Or", "Conditions": [{"Type": "X"}]}},
        ),
        "CheckAccuracy",
        "condition.type",
        "'X'",
    ),
]
