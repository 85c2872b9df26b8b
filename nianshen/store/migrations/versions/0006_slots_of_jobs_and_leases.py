"""When jobs were to run and what became of it; who runs them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from nianshen.store.tables import Instant, Words

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.create_table(
        "job_run",
        sa.Column("job", sa.String(128), nullable=False),
        sa.Column("slot", Instant(), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("late", sa.Boolean(), nullable=False),
        sa.Column("due", Instant(), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=True),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("started_at", Instant(), nullable=True),
        sa.Column("finished_at", Instant(), nullable=True),
        sa.Column("said", Words(), nullable=True),
        sa.CheckConstraint(
            "state IN ('known', 'due', 'running', 'done', 'failed', 'skipped')", name=op.f("ck_job_run_state")
        ),
        sa.PrimaryKeyConstraint("job", "slot", name=op.f("pk_job_run")),
    )
    op.create_index(op.f("ix_job_run_state_due"), "job_run", ["state", "due"])
    op.create_table(
        "lease",
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("owner", sa.String(128), nullable=False),
        sa.Column("until", Instant(), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_lease")),
    )
