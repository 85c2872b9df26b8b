"""Which channel and group a message is for, and the alerts it does not show: what is held back goes as one."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.add_column("outbox", sa.Column("scope", sa.Text(), nullable=True))
    op.add_column("outbox", sa.Column("rest", sa.LargeBinary(), nullable=True))
    op.add_column("alert_message", sa.Column("reason", sa.Text(), nullable=True))
