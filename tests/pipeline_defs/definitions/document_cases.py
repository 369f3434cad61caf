"""Mistakes in the document, its parameters and what surrounds the arguments, each with its finding."""

from pipeline_defs.placeholders import SUBNETS
from tests.pipeline_defs.definitions.sample import Case, add, drop, put

CASES = [
    # the document
    Case("another version", put(None, "Version", "2020-12-02"), None, "value.enum", "'2020-12-02'"),
    Case("no version", drop(None, "Version"), None, "member.missing", "requires Version"),
    Case("an unknown key", put(None, "Step", []), None, "member.unknown", "no member 'Step'"),
    Case("no steps", put(None, "Steps", []), None, "value.length", "0 items"),
    Case("a step that is a text", add(None, "Steps", "Train"), None, "value.type", "'Train' is no step"),
    Case("too large", put("Train", "Description", "x" * 1_048_577), None, "document.size", "takes 1048576"),
    # parameters
    Case("unknown type", put(None, "Parameters[0].Type", "Text"), None, "value.enum", "'Text'"),
    Case("wrong default", put(None, "Parameters[1].DefaultValue", "200"), None, "parameter.default", "'200'"),
    Case("boolean as number", put(None, "Parameters[1].DefaultValue", True), None, "parameter.default", "True"),
    Case("default not allowed", put(None, "Parameters[1].EnumValues", [1]), None, "parameter.enum", "200"),
    Case("empty enum", put(None, "Parameters[1].EnumValues", []), None, "parameter.enum", "[]"),
    Case(
        "declared twice",
        add(None, "Parameters", {"Name": "MaxIterations", "Type": "Integer"}),
        None,
        "parameter.duplicate",
        "'MaxIterations'",
    ),
    # steps
    Case("bad name", put("Train", "Name", "Train model"), "Train model", "value.pattern", "'Train model'"),
    Case("name too long", put("Train", "Name", "T" * 65), "T" * 65, "value.length", "at most 64"),
    Case("nested name twice", put("Fail", "Name", "Train"), "Train", "step.duplicate", "'Train' is used twice"),
    Case("unknown step type", put("Train", "Type", "Trainig"), "Train", "step.type", "'Trainig'"),
    Case("no arguments", drop("Fail", "Arguments"), "Fail", "member.missing", "requires Arguments"),
    Case("unknown step key", put("Train", "Cache", {}), "Train", "member.unknown", "'Cache'"),
    Case("caching a condition", put("CheckAccuracy", "CacheConfig", {}), "CheckAccuracy", "member.unknown", "Cache"),
    # caching and retries
    Case(
        "caching for 30 days in words",
        put("Train", "CacheConfig.ExpireAfter", "30 days"),
        "Train",
        "value.pattern",
        "'30 days'",
    ),
    Case("caching for ever", drop("Train", "CacheConfig.ExpireAfter"), "Train", "cache.expiry", "without ExpireAfter"),
    Case(
        "an exception type that is none",
        put("Train", "RetryPolicies[0].ExceptionType", ["Throttling"]),
        "Train",
        "value.enum",
        "'Throttling'",
    ),
    Case(
        "a negative backoff", put("Train", "RetryPolicies[0].BackoffRate", -0.5), "Train", "value.range", "at least 0"
    ),
    Case(
        "a negative interval",
        put("Train", "RetryPolicies[0].IntervalSeconds", -1),
        "Train",
        "value.range",
        "at least 0",
    ),
    Case("21 attempts", put("Train", "RetryPolicies[0].MaxAttempts", 21), "Train", "value.range", "at most 20"),
    Case("two limits", put("Train", "RetryPolicies[0].ExpireAfterMin", 10), "Train", "retry.limit", "MaxAttempts"),
    # placeholders
    Case(
        "a placeholder as a role",
        put("Train", "Arguments.HyperParameters.x", SUBNETS),
        "Train",
        "placeholder.place",
        SUBNETS,
    ),
    Case(
        "a placeholder beside an id",
        add("Train", "Arguments.VpcConfig.Subnets", "subnet-1"),
        "Train",
        "placeholder.place",
        SUBNETS,
    ),
]
