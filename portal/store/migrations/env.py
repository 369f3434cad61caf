"""Alembic's entry: runs revisions in the transaction that `portal.store.schema` has open."""

from alembic import context

context.configure(connection=context.config.attributes["connection"], transaction_per_migration=False)
context.run_migrations()
