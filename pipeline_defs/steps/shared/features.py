"""The feature encoding as data: learned once on the training rows, applied alike to a batch and to one request.

Both ways go through `Encoding.encode_value`, so the numbers that a model sees in training and in serving cannot differ.
Standard library only, because the serving image's process loads it before anything else.
"""

from collections import Counter
from statistics import median
from typing import Any, Dict, Iterable, List, Mapping, Optional, Sequence, Tuple

from data_schema import Feature, RuleError, Schema, Value
from job_contract import StepError

FORMAT = 1
"""Version of features.json; a reader refuses any other."""

LEAST_ROWS = 10
"""A category seen in fewer training rows than this shares the other bucket: too few rows to learn it by itself."""

OTHER = "(other)"


class RecordError(ValueError):
    """A record breaks the schema; `problems` lists each breach as field, value, rule and fix."""

    def __init__(self, problems: List[Dict[str, Any]]) -> None:
        super().__init__(f"{len(problems)} problems")
        self.problems = problems


class Encoding:
    """Turns checked values into the numeric columns that the model was trained on."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        if document.get("format") != FORMAT:
            raise StepError(
                f"features.json: format {document.get('format')!r} is not {FORMAT}. Train again with these scripts."
            )
        self.document = dict(document)
        self.target: Dict[str, Any] = document["target"]
        self.classes: List[Any] = self.target["classes"]
        self.positive: int = self.classes.index(self.target["positive"])
        self.features: List[Tuple[Feature, Dict[str, Any]]] = [
            (Feature(item["feature"], f"features.json: features[{index}]"), item)
            for index, item in enumerate(document["features"])
        ]
        self.columns = [column for feature, learned in self.features for column in encoded_columns(feature, learned)]

    def encode_value(self, feature: Feature, learned: Mapping[str, Any], value: Optional[Value]) -> List[float]:
        """Encode one checked value. A missing number becomes the training median, a missing category other."""
        if feature.type == "category":
            categories = learned["categories"]
            known = value in categories
            return [1.0 if value == category else 0.0 for category in categories] + [0.0 if known else 1.0]
        return [float(learned["fill"] if value is None else value)]

    def encode_columns(self, columns: Mapping[str, Iterable[Optional[Value]]]) -> List[List[float]]:
        """Rows of numeric columns from checked columns by name (a dict of lists, or a DataFrame)."""
        blocks = []
        for feature, learned in self.features:
            cache: Dict[Optional[Value], List[float]] = {}
            block = []
            for value in columns[feature.name]:
                value = None if value != value else value  # noqa: PLW2901 - NaN: missing
                if value not in cache:
                    cache[value] = self.encode_value(feature, learned, value)
                block.append(cache[value])
            blocks.append(block)
        return [[number for part in parts for number in part] for parts in zip(*blocks)]

    def encode_record(self, record: Mapping[str, Any]) -> List[float]:
        """Numeric columns of one JSON record. Raises RecordError with every breach of the schema."""
        row: List[float] = []
        problems: List[Dict[str, Any]] = []
        for feature, learned in self.features:
            try:
                value = feature.check(record.get(feature.name), closed=False)
            except RuleError as violation:  # noqa: PERF203 - a record has few fields, and all breaches are reported
                shown = record.get(feature.name)
                problems.append({"field": feature.name, "value": shown, "rule": violation.rule, "fix": violation.fix})
            else:
                row.extend(self.encode_value(feature, learned, value))
        expected = {feature.name for feature, _ in self.features}
        unknown = sorted(str(name) for name in set(record) - expected - set(self.document["identifier"]))
        problems.extend(
            {"field": name, "rule": "is a field of the model", "fix": "remove it, or correct its spelling"}
            for name in unknown
        )
        if problems:
            raise RecordError(problems)
        return row


def learn(schema: Schema, columns: Mapping[str, Sequence[Optional[Value]]], least_rows: int = LEAST_ROWS) -> Encoding:
    """Learn the encoding of a schema on checked training columns.

    Raises StepError where a column has no value at all: nothing can be learned from it.
    """
    features = []
    for feature in schema.features:
        values = [
            value for value in columns[feature.name] if value is not None and value == value
        ]  # NaN is not equal to itself
        if not values:
            raise StepError(
                f"column {feature.name!r} has no value in any training row. Fill it, or remove it from the schema."
            )
        item: Dict[str, Any] = {"feature": _as_document(feature)}
        if feature.type == "category":
            counts = Counter(values)
            item["categories"] = sorted(str(value) for value, count in counts.items() if count >= least_rows)
        elif feature.type == "boolean":
            item["fill"] = float(2 * sum(bool(value) for value in values) > len(values))
        else:
            item["fill"] = float(median(float(value) for value in values))
        item["columns"] = encoded_columns(feature, item)
        features.append(item)
    target = {"column": schema.target, "classes": schema.classes, "positive": schema.classes[schema.positive]}
    return Encoding({"format": FORMAT, "target": target, "identifier": schema.identifier, "features": features})


def encoded_columns(feature: Feature, learned: Mapping[str, Any]) -> List[str]:
    """Names of the numeric columns that a feature becomes."""
    if feature.type != "category":
        return [str(feature.name)]
    return [f"{feature.name}={category}" for category in [*learned["categories"], OTHER]]


def _as_document(feature: Feature) -> Dict[str, Any]:
    limits = {"minimum": feature.minimum, "maximum": feature.maximum, "values": feature.values}
    kept = {name: limit for name, limit in limits.items() if limit is not None}
    return {"name": feature.name, "type": feature.type, "required": feature.required, **kept}
