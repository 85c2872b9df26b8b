"""Since when a channel is given up and with which settings, and how its attempts ended and how long they took."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from nianshen.store.tables import Instant

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    op.add_column("channel_state", sa.Column("disabled_at", Instant(), nullable=True))
    op.add_column("channel_state", sa.Column("disabled_with", sa.String(128), nullable=True))
    op.create_table(
        "attempt_count",
        sa.Column("channel", sa.String(128), nullable=False),
        sa.Column("outcome", sa.String(16), nullable=False),
        sa.Column("within", sa.Float(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("seconds", sa.Float(), nullable=False),
        sa.CheckConstraint(
            "outcome IN ('delivered', 'accepted', 'retry', 'dead')", name=op.f("ck_attempt_count_outcome")
        ),
        sa.PrimaryKeyConstraint("channel", "outcome", "within", name=op.f("pk_attempt_count")),
    )
