"""How fast each channel may go and when it rests; which claim of a message an outcome belongs to.

A leased message is due again when its lease ends: one column tells when a message is due, and one index finds it.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from nianshen.store.tables import Instant, Words

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.execute("UPDATE outbox SET not_before = lease_until WHERE state = 'leased'")
    op.drop_index(op.f("ix_outbox_channel_state_not_before"), "outbox")
    op.drop_column("outbox", "lease_until")
    waiting = sa.text("state IN ('pending', 'leased')")
    op.create_index(
        "ix_outbox_waiting",
        "outbox",
        ["channel", "not_before", "message_id"],
        sqlite_where=waiting,
        postgresql_where=waiting,
    )
    op.add_column("outbox", sa.Column("claims", sa.Integer(), nullable=False, server_default="0"))
    op.create_table(
        "channel_state",
        sa.Column("channel", sa.String(128), nullable=False),
        sa.Column("tokens", sa.Float(), nullable=False),
        sa.Column("counted_at", Instant(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("failing_since", Instant(), nullable=True),
        sa.Column("held_until", Instant(), nullable=True),
        sa.Column("asked", sa.Boolean(), nullable=False),
        sa.Column("reason", Words(), nullable=True),
        sa.PrimaryKeyConstraint("channel", name=op.f("pk_channel_state")),
    )
