"""The portal's database: tables, migrations, and the only code that speaks SQL.

store = Store("sqlite:////folder/portal.db")
with store.writing() as unit:       # one transaction: wholly or not at all
    unit.operations.add(record, {})
    unit.audit.append(now, actor.id, actor.name, "operation.preview", "stack:dev", {"operation": record.id})
with store.reading() as unit:       # one state of the database throughout
    record = unit.operations.get(record.id)
"""

from portal.store.database import Store
from portal.store.errors import CursorError, DuplicateError, NotThereError, SchemaError, StoreDownError, StoreError
from portal.store.units import Unit

__all__ = [
    "CursorError",
    "DuplicateError",
    "NotThereError",
    "SchemaError",
    "Store",
    "StoreDownError",
    "StoreError",
    "Unit",
]
