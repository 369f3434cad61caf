"""CSV files into checked columns. Python's csv module reads them, because it knows each row's true line number."""

import csv
from array import array
from pathlib import Path
from typing import Any, Dict, Iterator, List, Mapping, NamedTuple, Optional, Sequence, Tuple

from data_schema import RuleError, Schema, Value, parse_and_check
from job_contract import StepError, log
from problems import Problems

FIELD_SEPARATOR = "\x1f"
"""ASCII unit separator: joins the values of a row into one text that no CSV value can imitate."""


class Table(NamedTuple):
    """Checked data: features by column, class index and split key by row, in the order of files and lines."""

    columns: Dict[str, List[Optional[Value]]]
    labels: Sequence[int]
    keys: List[str]


def read_tables(files: Mapping[str, Path], schema: Schema) -> Table:
    """Read files (shown name to path) that share the schema. Raises StepError with all breaches of all files."""
    table = Table({feature.name: [] for feature in schema.features}, array("l"), [])
    problems = Problems()
    seen: Dict[str, Tuple[str, int]] = {}
    rows = 0
    for name, path in files.items():
        for line, row in _read(name, path, schema, problems):
            rows += 1
            _take(row, table, schema, problems, name, line)
            if schema.identifier:
                _note_identifier(row, schema, problems, seen, name, line)
    problems.raise_if_any(rows)
    if not rows:
        raise StepError(f"{', '.join(files)}: no data rows. Upload files that hold a header and rows.")
    return table


def _read(name: str, path: Path, schema: Schema, problems: Problems) -> Iterator[Tuple[int, Dict[str, str]]]:
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:  # -sig: Excel writes a byte order mark
            yield from _rows(name, csv.reader(file, strict=True), schema, problems)
    except UnicodeDecodeError as error:
        raise StepError(f"{name}: not UTF-8 text ({error.reason} at byte {error.start}). Save it as UTF-8.") from None
    except csv.Error as error:
        raise StepError(f"{name}: not readable as CSV: {error}. Save it with commas and double quotes.") from None


def _rows(name: str, reader: Any, schema: Schema, problems: Problems) -> Iterator[Tuple[int, Dict[str, str]]]:
    header = [column.strip() for column in next(reader, [])]
    if not _header_is_good(name, header, schema, problems):
        return
    line = reader.line_num + 1
    for row in reader:
        if len(row) == len(header):
            yield line, dict(zip(header, row))
        elif row:  # an empty line is no row
            rule = f"has {len(header)} fields as the header does"
            problems.add("(row)", rule, "quote values that hold commas", name, line, f"{len(row)} fields")
        line = reader.line_num + 1


def _header_is_good(name: str, header: List[str], schema: Schema, problems: Problems) -> bool:
    optional = {feature.name for feature in schema.features if not feature.required}
    found = ", ".join(header) or "an empty file"
    missing = [column for column in schema.columns if column not in header and column not in optional]
    for column in missing:
        problems.add(column, "is a column of the file", "add the column or correct the header", name, 1, found)
    repeated = [column for column in schema.columns if header.count(column) > 1]
    for column in repeated:
        problems.add(column, "is in the header once", "remove or rename the others", name, 1, found)
    ignored = [column for column in header if column not in schema.columns]
    if ignored and not missing:
        log(f"{name}: columns that the schema does not name are ignored: {', '.join(ignored)}")
    return not missing and not repeated


def _take(row: Dict[str, str], table: Table, schema: Schema, problems: Problems, name: str, line: int) -> None:
    for feature in schema.features:
        text = row.get(feature.name, "")
        value, breach = parse_and_check(feature, text)
        if breach is not None:
            problems.add(feature.name, breach.rule, breach.fix, name, line, text)
        table.columns[feature.name].append(value)
    try:
        table.labels.append(schema.label(row[schema.target]))
    except RuleError as breach:
        problems.add(schema.target, breach.rule, breach.fix, name, line, row[schema.target])
    # Without an identifier the features are the key (not the target): equal rows never sit on both sides of the split.
    key_columns = schema.identifier or [feature.name for feature in schema.features]
    table.keys.append(FIELD_SEPARATOR.join(row.get(column, "").strip() for column in key_columns))


def _note_identifier(
    row: Dict[str, str], schema: Schema, problems: Problems, seen: Dict[str, Tuple[str, int]], name: str, line: int
) -> None:
    values = [row[column].strip() for column in schema.identifier]
    shown = ", ".join(values)
    column = "+".join(schema.identifier)
    if not all(values):
        problems.add(column, "is filled in", "give every row its identifier", name, line, shown)
        return
    first = seen.setdefault(FIELD_SEPARATOR.join(values), (name, line))
    if first != (name, line):
        where = f"{shown} as line {first[1]}" + ("" if first[0] == name else " of " + first[0].rpartition("/")[2])
        problems.add(column, "is unique", "remove the repeated row or file", name, line, where)
