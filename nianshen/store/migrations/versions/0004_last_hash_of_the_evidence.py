"""Where the chain of the evidence stood when a run ended."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.add_column("run", sa.Column("last_hash", sa.String(64), nullable=True))
