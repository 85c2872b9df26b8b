"""By which clock an alert was judged, and which dead letters a person was told of."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from nianshen.store.tables import Instant

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.add_column("alert", sa.Column("judged_at", Instant(), nullable=True))
    op.execute("UPDATE alert SET judged_at = created")
    op.add_column("outbox", sa.Column("reported", sa.Boolean(), nullable=False, server_default=sa.false()))
