"""The tables, for SQLite and PostgreSQL alike. Times are UTC; JSON columns hold what was redacted before.

They change together with a new revision in `migrations/versions`: a test compares the two.
"""

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Table,
    false,
    text,
)

from portal.store.types import Moment, Name, Words

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(column_0_label)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

SEQUENCE = BigInteger().with_variant(Integer, "sqlite")
"""SQLite finds a row by its number only in a column that is INTEGER PRIMARY KEY."""

_WRITER_RUNS = text("progress = 'running' and kind in ('up', 'refresh', 'destroy', 'repair')")
_OF_A_PREVIEW = text("preview is not null")

operations = Table(
    "operations",
    metadata,
    Column("id", Name(64), primary_key=True),
    Column("stack", Name(100), nullable=False),
    Column("kind", Name(20), nullable=False),
    Column("by", Words, nullable=False),
    Column("by_name", Words, nullable=False),
    Column("why", Words, nullable=False, server_default=""),
    Column("created", Moment, nullable=False),
    Column("started", Moment),
    Column("ended", Moment),
    Column("progress", Name(10), nullable=False),
    Column("state", Name(10)),  # of the outcome, for the history's filter
    Column("outcome", JSON(none_as_null=True)),
    Column("preview", Name(64), ForeignKey("operations.id")),
    Column("draft", Boolean, nullable=False, server_default=false()),
    Column("arguments", JSON, nullable=False),  # what the engine's method gets besides: settings, step, remove
    Column("cancel_asked_by", Words),
    Column("events_recorded", Integer, nullable=False, server_default="0"),  # the greatest sequence, pruned or not
    CheckConstraint("progress in ('queued', 'running', 'ended')", name="progress"),
    CheckConstraint("(progress = 'ended') = (outcome is not null)", name="ended_with_outcome"),
    CheckConstraint("(state is null) = (outcome is null)", name="state_of_outcome"),
    Index("ix_operations_stack_created", "stack", "created", "id"),
    Index("ix_operations_created", "created", "id"),
    # The database itself lets one writing operation at a time run on a stack, whoever asks.
    Index("uq_operations_one_writer", "stack", unique=True, sqlite_where=_WRITER_RUNS, postgresql_where=_WRITER_RUNS),
    # And one `up` per preview: an approval is used once.
    Index("uq_operations_one_up", "preview", unique=True, sqlite_where=_OF_A_PREVIEW, postgresql_where=_OF_A_PREVIEW),
    # The few that are not ended are looked for all the time, among very many that are.
    Index(
        "ix_operations_unfinished",
        "created",
        sqlite_where=text("progress <> 'ended'"),
        postgresql_where=text("progress <> 'ended'"),
    ),
)

events = Table(
    "events",
    metadata,
    Column("operation", Name(64), ForeignKey("operations.id"), primary_key=True),
    Column("sequence", Integer, primary_key=True, autoincrement=False),
    Column("content", JSON, nullable=False),  # portal.events.to_json
)

approvals = Table(
    "approvals",
    metadata,
    Column("operation", Name(64), ForeignKey("operations.id"), primary_key=True),
    Column("by", Words, primary_key=True),
    Column("by_name", Words, nullable=False),
    Column("at", Moment, nullable=False),
    Column("approved", Boolean, nullable=False),
    Column("comment", Words, nullable=False, server_default=""),
    Column("fingerprint", JSON, nullable=False),
    Column("used_by", Name(64), ForeignKey("operations.id")),
)

reviews = Table(
    "reviews",
    metadata,
    Column("name", Name(40), primary_key=True),
    Column("branch", Words, nullable=False),
    Column("commit", Name(64), nullable=False),
    Column("by", Words, nullable=False),
    Column("by_name", Words, nullable=False),
    Column("created", Moment, nullable=False),
    Column("expires", Moment, nullable=False),
    Column("state", Name(10), nullable=False),
    Column("operation", Name(64), ForeignKey("operations.id")),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("retry_at", Moment),
    Column("problem", Words, nullable=False, server_default=""),
    CheckConstraint("state in ('creating', 'up', 'failed', 'reaping', 'gone')", name="state"),
)

sessions = Table(
    "sessions",
    metadata,
    Column("hash", Name(64), primary_key=True),  # SHA-256 of what the cookie holds
    Column("by", Words, nullable=False, index=True),
    Column("actor", JSON, nullable=False),
    Column("created", Moment, nullable=False),
    Column("last_seen", Moment, nullable=False),
    Column("expires", Moment, nullable=False, index=True),
    Column("id_token_hint", Words),  # none of the issuer's tokens is kept but where a logout needs it
)

login_attempts = Table(
    "login_attempts",
    metadata,
    Column("hash", Name(64), primary_key=True),  # SHA-256 of the attempt's state
    Column("content", JSON, nullable=False),
    Column("expires", Moment, nullable=False, index=True),
)

tokens = Table(
    "tokens",
    metadata,
    Column("id", Name(32), primary_key=True),
    Column("hash", Name(64), nullable=False, unique=True),
    Column("name", Words, nullable=False),
    Column("owner", Words, nullable=False, index=True),
    Column("owner_name", Words, nullable=False),
    Column("roles", JSON, nullable=False),
    Column("scopes", JSON, nullable=False),
    Column("created", Moment, nullable=False),
    Column("expires", Moment, nullable=False),
    Column("last_used", Moment),
    Column("revoked", Moment),
)

audit = Table(
    "audit",
    metadata,
    Column("sequence", SEQUENCE, primary_key=True, autoincrement=False),
    Column("at", Name(32), nullable=False),  # as text of one length, because it is hashed and compared
    Column("by", Words, nullable=False, index=True),
    Column("by_name", Words, nullable=False),
    Column("action", Words, nullable=False),
    Column("subject", Words, nullable=False, index=True),
    Column("details", Words, nullable=False),  # canonical JSON, as it was hashed
    Column("previous", Name(64), nullable=False),
    Column("hash", Name(64), nullable=False, unique=True),
)

leases = Table(
    "leases",
    metadata,
    Column("name", Name(160), primary_key=True),  # "service", "drift:<stack>"
    Column("holder", Words, nullable=False),
    Column("until", Moment, nullable=False),
)
