"""All breaches of the schema at once: counted per column and rule, the first few shown with file, line and value."""

from typing import Dict, List, NamedTuple, Tuple

from job_contract import StepError

SHOWN_EACH = 3
SHOWN_VALUE_CHARACTERS = 40


class _Kind(NamedTuple):
    column: str
    rule: str
    fix: str


class Problems:
    """Collects breaches while the data is read; memory stays bounded however many there are."""

    def __init__(self) -> None:
        self._counts: Dict[_Kind, int] = {}
        self._examples: Dict[_Kind, List[Tuple[str, int, str]]] = {}

    def __len__(self) -> int:
        return sum(self._counts.values())

    def add(self, column: str, rule: str, fix: str, file: str, line: int, value: str) -> None:
        """Note one breach. `line` counts from 1 as an editor does, the header included."""
        kind = _Kind(column, rule, fix)
        self._counts[kind] = self._counts.get(kind, 0) + 1
        examples = self._examples.setdefault(kind, [])
        if len(examples) < SHOWN_EACH:
            examples.append((file, line, value))

    def raise_if_any(self, rows: int) -> None:
        """Raise StepError that summarises everything, the most frequent breach first."""
        if not self._counts:
            return
        order = sorted(self._counts, key=lambda kind: (-self._counts[kind], kind))
        columns = len({kind.column for kind in order})
        head = f"the data breaks the schema: {len(self)} problems in {columns} columns ({rows} rows read)."
        raise StepError("\n".join([head, *(self._describe(kind) for kind in order)]))

    def _describe(self, kind: _Kind) -> str:
        examples = self._examples[kind]
        parts = []
        for file in dict.fromkeys(example[0] for example in examples):
            shown = ", ".join(f"{line} ({_shorten(value)})" for name, line, value in examples if name == file)
            parts.append(f"{file} line {shown}")
        more = ", ..." if self._counts[kind] > len(examples) else ""
        return f"- {kind.column}: {self._counts[kind]} x not '{kind.rule}': {'; '.join(parts)}{more}. Fix: {kind.fix}."


def _shorten(value: str) -> str:
    return repr(value if len(value) <= SHOWN_VALUE_CHARACTERS else value[:SHOWN_VALUE_CHARACTERS] + "...")
