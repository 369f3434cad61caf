"""The tables, for SQLite and PostgreSQL alike. Times are UTC; JSON columns hold what was redacted before."""

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    text,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(column_0_label)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

Moment = DateTime(timezone=True)
SEQUENCE = BigInteger().with_variant(Integer, "sqlite")
"""SQLite counts by itself in INTEGER columns only."""

operations = Table(
    "operations",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("stack", String(100), nullable=False),
    Column("kind", String(20), nullable=False),
    Column("by", String(300), nullable=False),
    Column("by_name", String(300), nullable=False),
    Column("why", Text, nullable=False, server_default=""),
    Column("created", Moment, nullable=False),
    Column("started", Moment),
    Column("ended", Moment),
    Column("progress", String(10), nullable=False),
    Column("outcome", JSON),
    Column("preview", String(64), ForeignKey("operations.id")),
    Column("draft", Boolean, nullable=False, server_default=text("false")),
    Column("arguments", JSON, nullable=False),  # what the engine's method gets besides: settings, step, remove
    Column("cancel_asked_by", String(300)),
    Column("events_recorded", Integer, nullable=False, server_default="0"),
    CheckConstraint("progress in ('queued', 'running', 'ended')", name="progress"),
    CheckConstraint("(progress = 'ended') = (outcome is not null)", name="ended_with_outcome"),
    Index("ix_operations_stack_created", "stack", "created"),
    # The database itself lets one writing operation at a time run on a stack, whoever asks.
    Index(
        "uq_operations_one_writer",
        "stack",
        unique=True,
        sqlite_where=text("progress = 'running' and kind in ('up', 'refresh', 'destroy', 'repair')"),
        postgresql_where=text("progress = 'running' and kind in ('up', 'refresh', 'destroy', 'repair')"),
    ),
    # And one `up` per preview: an approval is used once.
    Index(
        "uq_operations_one_up",
        "preview",
        unique=True,
        sqlite_where=text("preview is not null"),
        postgresql_where=text("preview is not null"),
    ),
)

events = Table(
    "events",
    metadata,
    Column("operation", String(64), ForeignKey("operations.id"), primary_key=True),
    Column("sequence", Integer, primary_key=True, autoincrement=False),
    Column("content", JSON, nullable=False),  # portal.events.to_json
)

approvals = Table(
    "approvals",
    metadata,
    Column("operation", String(64), ForeignKey("operations.id"), primary_key=True),
    Column("by", String(300), primary_key=True),
    Column("by_name", String(300), nullable=False),
    Column("at", Moment, nullable=False),
    Column("approved", Boolean, nullable=False),
    Column("comment", Text, nullable=False, server_default=""),
    Column("fingerprint", JSON, nullable=False),
    Column("used_by", String(64), ForeignKey("operations.id")),
)

reviews = Table(
    "reviews",
    metadata,
    Column("name", String(40), primary_key=True),
    Column("branch", String(250), nullable=False),
    Column("commit", String(64), nullable=False),
    Column("by", String(300), nullable=False),
    Column("by_name", String(300), nullable=False),
    Column("created", Moment, nullable=False),
    Column("expires", Moment, nullable=False),
    Column("state", String(10), nullable=False),
    Column("operation", String(64), ForeignKey("operations.id")),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("problem", Text, nullable=False, server_default=""),
)

sessions = Table(
    "sessions",
    metadata,
    Column("hash", String(64), primary_key=True),  # SHA-256 of what the cookie holds
    Column("actor", JSON, nullable=False),
    Column("created", Moment, nullable=False),
    Column("last_seen", Moment, nullable=False),
    Column("expires", Moment, nullable=False),
    Column("id_token_hint", Text),  # none of the issuer's tokens is kept but where a logout needs it
)

login_attempts = Table(
    "login_attempts",
    metadata,
    Column("hash", String(64), primary_key=True),
    Column("content", JSON, nullable=False),
    Column("expires", Moment, nullable=False),
)

tokens = Table(
    "tokens",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("hash", String(64), nullable=False),
    Column("name", String(100), nullable=False),
    Column("owner", String(300), nullable=False),
    Column("owner_name", String(300), nullable=False),
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
    Column("at", String(40), nullable=False),  # as text, because it is hashed
    Column("by", String(300), nullable=False),
    Column("by_name", String(300), nullable=False),
    Column("action", String(60), nullable=False),
    Column("subject", String(300), nullable=False),
    Column("details", Text, nullable=False),  # canonical JSON, as it was hashed
    Column("previous", String(64), nullable=False),
    Column("hash", String(64), nullable=False, unique=True),
)

leases = Table(
    "leases",
    metadata,
    Column("name", String(60), primary_key=True),  # "service", "drift:<stack>"
    Column("holder", String(100), nullable=False),
    Column("until", Moment, nullable=False),
)
