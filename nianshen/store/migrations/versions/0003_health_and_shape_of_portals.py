"""How a portal fares, what its list looked like, and who took a smaller list for the new normal."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from nianshen.store.tables import Instant, Words

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.add_column("portal_reading", sa.Column("state", sa.String(16), nullable=True))
    op.add_column("portal_reading", sa.Column("since", Instant(), nullable=True))
    op.add_column("portal_reading", sa.Column("told", sa.JSON(), nullable=True))
    op.add_column("portal_reading", sa.Column("shape", sa.JSON(), nullable=True))
    op.add_column("portal_reading", sa.Column("accepted_by", Words(), nullable=True))
