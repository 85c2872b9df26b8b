"""Who acknowledged an alert, when and how: a log that is only ever added to."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from nianshen.store.tables import Instant, Words

revision = "0009"
down_revision = "0008"

_SQLITE = "CREATE TRIGGER alert_log_stays_{what} BEFORE {what} ON alert_log BEGIN SELECT RAISE(ABORT, '{said}'); END"
_FUNCTION = (
    "CREATE FUNCTION alert_log_stays() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION '{said}'; END $$"
)
_TRIGGER = (
    "CREATE TRIGGER alert_log_stays BEFORE UPDATE OR DELETE ON alert_log "
    "FOR EACH ROW EXECUTE FUNCTION alert_log_stays()"
)
_SAID = "alert_log is only added to"


def upgrade() -> None:
    op.create_table(
        "alert_log",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("alert_id", sa.String(128), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("action", sa.String(16), nullable=False),
        sa.Column("how", sa.String(16), nullable=False),
        sa.Column("channel", sa.String(128), nullable=True),
        sa.Column("who", Words(), nullable=True),
        sa.CheckConstraint("action IN ('acknowledged')", name=op.f("ck_alert_log_action")),
        sa.CheckConstraint("how IN ('command', 'link')", name=op.f("ck_alert_log_how")),
        sa.ForeignKeyConstraint(["alert_id"], ["alert.id"], name=op.f("fk_alert_log_alert_id_alert")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alert_log")),
    )
    op.create_index(op.f("ix_alert_log_alert_id"), "alert_log", ["alert_id"])
    if op.get_bind().dialect.name == "postgresql":
        op.execute(_FUNCTION.format(said=_SAID))
        op.execute(_TRIGGER)
    else:
        for what in ("UPDATE", "DELETE"):
            op.execute(_SQLITE.format(what=what, said=_SAID))
