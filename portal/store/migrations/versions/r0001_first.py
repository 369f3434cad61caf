"""The first schema."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
NUMBER = sa.BigInteger().with_variant(sa.Integer, "sqlite")
WRITER_RUNS = sa.text("progress = 'running' and kind in ('up', 'refresh', 'destroy', 'repair')")
OF_A_PREVIEW = sa.text("preview is not null")
UNFINISHED = sa.text("progress <> 'ended'")

SQLITE_TRIGGERS = (
    """
    CREATE TRIGGER audit_no_update BEFORE UPDATE ON audit
    BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END
    """,
    """
    CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit
    BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END
    """,
    # INSERT OR REPLACE deletes without the trigger above, so what may be inserted is bound here.
    """
    CREATE TRIGGER audit_next_only BEFORE INSERT ON audit
    WHEN NEW.sequence <> (SELECT coalesce(max(sequence), 0) + 1 FROM audit)
        OR NEW.previous <> coalesce((SELECT hash FROM audit ORDER BY sequence DESC LIMIT 1), hex(zeroblob(32)))
        OR EXISTS (SELECT 1 FROM audit WHERE hash = NEW.hash)
    BEGIN SELECT RAISE(ABORT, 'the audit log takes only the entry that follows its last one'); END
    """,
)
POSTGRESQL_TRIGGERS = (
    """
    CREATE FUNCTION audit_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION 'the audit log is append-only' USING ERRCODE = 'integrity_constraint_violation';
    END $$
    """,
    """
    CREATE TRIGGER audit_no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON audit
    FOR EACH STATEMENT EXECUTE FUNCTION audit_append_only()
    """,
    """
    CREATE FUNCTION audit_next_only() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE last record;
    BEGIN
        SELECT sequence, hash INTO last FROM audit ORDER BY sequence DESC LIMIT 1;
        IF NEW.sequence <> coalesce(last.sequence, 0) + 1 OR NEW.previous <> coalesce(last.hash, repeat('0', 64)) THEN
            RAISE EXCEPTION 'the audit log takes only the entry that follows its last one'
                USING ERRCODE = 'integrity_constraint_violation';
        END IF;
        RETURN NEW;
    END $$
    """,
    "CREATE TRIGGER audit_next_only BEFORE INSERT ON audit FOR EACH ROW EXECUTE FUNCTION audit_next_only()",
)


def upgrade() -> None:
    """Make all tables, and the triggers that keep the audit log append-only."""
    _operations()
    _about_operations()
    _access()
    _audit()
    op.create_table(
        "leases",
        sa.Column("name", sa.String(160), nullable=False),
        sa.Column("holder", sa.Text, nullable=False),
        sa.Column("until", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_leases"),
    )


def _operations() -> None:
    op.create_table(
        "operations",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("stack", sa.String(100), nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("by", sa.Text, nullable=False),
        sa.Column("by_name", sa.Text, nullable=False),
        sa.Column("why", sa.Text, nullable=False, server_default=""),
        sa.Column("created", MOMENT, nullable=False),
        sa.Column("started", MOMENT),
        sa.Column("ended", MOMENT),
        sa.Column("progress", sa.String(10), nullable=False),
        sa.Column("state", sa.String(10)),
        sa.Column("outcome", sa.JSON),
        sa.Column("preview", sa.String(64)),
        sa.Column("draft", sa.Boolean, nullable=False, server_default=sa.false()),
        sa.Column("arguments", sa.JSON, nullable=False),
        sa.Column("cancel_asked_by", sa.Text),
        sa.Column("events_recorded", sa.Integer, nullable=False, server_default="0"),
        sa.PrimaryKeyConstraint("id", name="pk_operations"),
        sa.ForeignKeyConstraint(["preview"], ["operations.id"], name="fk_operations_preview_operations"),
        sa.CheckConstraint("progress in ('queued', 'running', 'ended')", name="ck_operations_progress"),
        sa.CheckConstraint("(progress = 'ended') = (outcome is not null)", name="ck_operations_ended_with_outcome"),
        sa.CheckConstraint("(state is null) = (outcome is null)", name="ck_operations_state_of_outcome"),
    )
    op.create_index("ix_operations_stack_created", "operations", ["stack", "created", "id"])
    op.create_index("ix_operations_created", "operations", ["created", "id"])
    partial = {"ix_operations_unfinished": ("created", UNFINISHED, False)}
    partial |= {"uq_operations_one_writer": ("stack", WRITER_RUNS, True)}
    partial |= {"uq_operations_one_up": ("preview", OF_A_PREVIEW, True)}
    for name, (column, where, unique) in partial.items():
        op.create_index(name, "operations", [column], unique=unique, sqlite_where=where, postgresql_where=where)


def _about_operations() -> None:
    op.create_table(
        "events",
        sa.Column("operation", sa.String(64), nullable=False),
        sa.Column("sequence", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("content", sa.JSON, nullable=False),
        sa.PrimaryKeyConstraint("operation", "sequence", name="pk_events"),
        sa.ForeignKeyConstraint(["operation"], ["operations.id"], name="fk_events_operation_operations"),
    )
    op.create_table(
        "approvals",
        sa.Column("operation", sa.String(64), nullable=False),
        sa.Column("by", sa.Text, nullable=False),
        sa.Column("by_name", sa.Text, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("approved", sa.Boolean, nullable=False),
        sa.Column("comment", sa.Text, nullable=False, server_default=""),
        sa.Column("fingerprint", sa.JSON, nullable=False),
        sa.Column("used_by", sa.String(64)),
        sa.PrimaryKeyConstraint("operation", "by", name="pk_approvals"),
        sa.ForeignKeyConstraint(["operation"], ["operations.id"], name="fk_approvals_operation_operations"),
        sa.ForeignKeyConstraint(["used_by"], ["operations.id"], name="fk_approvals_used_by_operations"),
    )
    op.create_table(
        "reviews",
        sa.Column("name", sa.String(40), nullable=False),
        sa.Column("branch", sa.Text, nullable=False),
        sa.Column("commit", sa.String(64), nullable=False),
        sa.Column("by", sa.Text, nullable=False),
        sa.Column("by_name", sa.Text, nullable=False),
        sa.Column("created", MOMENT, nullable=False),
        sa.Column("expires", MOMENT, nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("operation", sa.String(64)),
        sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
        sa.Column("retry_at", MOMENT),
        sa.Column("problem", sa.Text, nullable=False, server_default=""),
        sa.PrimaryKeyConstraint("name", name="pk_reviews"),
        sa.ForeignKeyConstraint(["operation"], ["operations.id"], name="fk_reviews_operation_operations"),
        sa.CheckConstraint("state in ('creating', 'up', 'failed', 'reaping', 'gone')", name="ck_reviews_state"),
    )


def _access() -> None:
    op.create_table(
        "sessions",
        sa.Column("hash", sa.String(64), nullable=False),
        sa.Column("by", sa.Text, nullable=False),
        sa.Column("actor", sa.JSON, nullable=False),
        sa.Column("created", MOMENT, nullable=False),
        sa.Column("last_seen", MOMENT, nullable=False),
        sa.Column("expires", MOMENT, nullable=False),
        sa.Column("id_token_hint", sa.Text),
        sa.PrimaryKeyConstraint("hash", name="pk_sessions"),
    )
    op.create_index("ix_sessions_by", "sessions", ["by"])
    op.create_index("ix_sessions_expires", "sessions", ["expires"])
    op.create_table(
        "login_attempts",
        sa.Column("hash", sa.String(64), nullable=False),
        sa.Column("content", sa.JSON, nullable=False),
        sa.Column("expires", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("hash", name="pk_login_attempts"),
    )
    op.create_index("ix_login_attempts_expires", "login_attempts", ["expires"])
    op.create_table(
        "tokens",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("owner", sa.Text, nullable=False),
        sa.Column("owner_name", sa.Text, nullable=False),
        sa.Column("roles", sa.JSON, nullable=False),
        sa.Column("scopes", sa.JSON, nullable=False),
        sa.Column("created", MOMENT, nullable=False),
        sa.Column("expires", MOMENT, nullable=False),
        sa.Column("last_used", MOMENT),
        sa.Column("revoked", MOMENT),
        sa.PrimaryKeyConstraint("id", name="pk_tokens"),
        sa.UniqueConstraint("hash", name="uq_tokens_hash"),
    )
    op.create_index("ix_tokens_owner", "tokens", ["owner"])


def _audit() -> None:
    op.create_table(
        "audit",
        sa.Column("sequence", NUMBER, nullable=False, autoincrement=False),
        sa.Column("at", sa.String(32), nullable=False),
        sa.Column("by", sa.Text, nullable=False),
        sa.Column("by_name", sa.Text, nullable=False),
        sa.Column("action", sa.Text, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("details", sa.Text, nullable=False),
        sa.Column("previous", sa.String(64), nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("sequence", name="pk_audit"),
        sa.UniqueConstraint("hash", name="uq_audit_hash"),
    )
    op.create_index("ix_audit_by", "audit", ["by"])
    op.create_index("ix_audit_subject", "audit", ["subject"])
    postgresql = op.get_bind().dialect.name == "postgresql"
    for statement in POSTGRESQL_TRIGGERS if postgresql else SQLITE_TRIGGERS:
        op.execute(statement)
