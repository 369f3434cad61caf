"""Who said yes or no to which preview."""

from sqlalchemy import RowMapping, select

from portal.fingerprints import Fingerprint
from portal.records import ApprovalRecord
from portal.store.errors import DuplicateError
from portal.store.tables import approvals
from portal.store.transactions import Transaction


class Approvals:
    """The approvals of one unit of work."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def put(self, record: ApprovalRecord) -> None:
        """Keep a decision. Each person decides once: raises DuplicateError; NotThereError for an unknown preview."""
        values = {column.name: getattr(record, column.name) for column in approvals.c}
        self._transaction.insert(
            approvals,
            values | {"fingerprint": record.fingerprint.to_json()},
            taken=f"{record.by_name} has already decided about preview {record.operation!r}",
            refers_to=("operation", record.operation),
        )

    def of(self, operation: str) -> tuple[ApprovalRecord, ...]:
        """Return the decisions about a preview, the oldest first."""
        query = select(approvals).where(approvals.c.operation == operation).order_by(approvals.c.at, approvals.c.by)
        return tuple(_record(row) for row in self._transaction.rows(query))

    def use(self, operation: str, used_by: str) -> int:
        """Bind all approvals of a preview to the operation that carries it out; return how many there were.

        That operation is added before. Raises DuplicateError where another one has used them.
        """
        used = [each.used_by for each in self.of(operation) if each.used_by not in {None, used_by}]
        if used:
            raise DuplicateError(f"the approvals of preview {operation!r} were used by operation {used[0]!r}")
        return self._transaction.change(
            approvals.update().where(approvals.c.operation == operation, approvals.c.approved).values(used_by=used_by)
        )


def _record(row: RowMapping) -> ApprovalRecord:
    return ApprovalRecord(**{**row, "fingerprint": Fingerprint(**row["fingerprint"])})
