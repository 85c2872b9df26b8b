"""What a report's publication is judged by, what people decided, and what each audit found."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from nianshen.store.tables import Words

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.add_column("report", sa.Column("facts", sa.JSON(), nullable=True))
    op.add_column("reading", sa.Column("signature", sa.LargeBinary(), nullable=True))
    op.add_column("audit", sa.Column("findings", sa.JSON(), nullable=True))
    op.add_column("finding", sa.Column("decided_by", Words(), nullable=True))
    op.add_column("finding", sa.Column("decided_until", sa.Date(), nullable=True))
