"""Revisions of the schema, run by `portal.store.schema` through alembic."""
