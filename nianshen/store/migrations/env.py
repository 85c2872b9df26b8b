"""Alembic runs inside the transaction that nianshen.store.schema opened: all of an upgrade happens or nothing."""

from __future__ import annotations

from alembic import context

from nianshen.store.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
context.run_migrations()
