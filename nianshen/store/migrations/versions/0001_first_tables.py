"""The first tables."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from nianshen.store.tables import Instant, Words

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "alert",
        sa.Column("id", sa.String(length=128), nullable=False),
        sa.Column("key", sa.String(length=256), nullable=False),
        sa.Column("event", sa.String(length=16), nullable=False),
        sa.Column("organisation", sa.String(length=128), nullable=True),
        sa.Column("year", sa.Integer(), nullable=True),
        sa.Column("rules", sa.JSON(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("reason", Words(), nullable=True),
        sa.Column("created", Instant(), nullable=False),
        sa.Column("acked_at", Instant(), nullable=True),
        sa.CheckConstraint(
            "event IN ('opened', 'worse', 'resolved', 'reopened', 'reminder', 'system')", name=op.f("ck_alert_event")
        ),
        sa.CheckConstraint("state IN ('pending', 'suppressed')", name=op.f("ck_alert_state")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alert")),
    )
    op.create_index(op.f("ix_alert_created"), "alert", ["created"])
    op.create_index(op.f("ix_alert_key_created"), "alert", ["key", "created"])
    op.create_table(
        "outbox",
        sa.Column("message_id", sa.String(length=128), nullable=False),
        sa.Column("channel", sa.String(length=64), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("not_before", Instant(), nullable=False),
        sa.Column("lease_until", Instant(), nullable=True),
        sa.Column("last_error", Words(), nullable=True),
        sa.Column("created", Instant(), nullable=False),
        sa.Column("sent_at", Instant(), nullable=True),
        sa.CheckConstraint(
            "state IN ('pending', 'leased', 'sent', 'accepted', 'dead', 'suppressed')", name=op.f("ck_outbox_state")
        ),
        sa.PrimaryKeyConstraint("message_id", name=op.f("pk_outbox")),
    )
    op.create_index(op.f("ix_outbox_channel_state_not_before"), "outbox", ["channel", "state", "not_before"])
    op.create_table(
        "report",
        sa.Column("organisation", sa.String(length=128), nullable=False),
        sa.Column("year", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("url", Words(), nullable=False),
        sa.Column("portal", sa.String(length=128), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("declared", sa.Date(), nullable=True),
        sa.Column("captured_at", Instant(), nullable=False),
        sa.Column("first_seen", Instant(), nullable=False),
        sa.Column("last_seen", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("organisation", "year", name=op.f("pk_report")),
    )
    op.create_table(
        "run",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("judged_at", Instant(), nullable=False),
        sa.Column("started_at", Instant(), nullable=False),
        sa.Column("finished_at", Instant(), nullable=True),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_run")),
    )
    op.create_table(
        "alert_message",
        sa.Column("alert_id", sa.String(length=128), nullable=False),
        sa.Column("message_id", sa.String(length=128), nullable=False),
        sa.ForeignKeyConstraint(["alert_id"], ["alert.id"], name=op.f("fk_alert_message_alert_id")),
        sa.ForeignKeyConstraint(["message_id"], ["outbox.message_id"], name=op.f("fk_alert_message_message_id")),
        sa.PrimaryKeyConstraint("alert_id", "message_id", name=op.f("pk_alert_message")),
    )
    op.create_index(op.f("ix_alert_message_message_id"), "alert_message", ["message_id"])
    op.create_table(
        "portal_reading",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("run_id", sa.String(length=64), nullable=False),
        sa.Column("portal", sa.String(length=128), nullable=False),
        sa.Column("read_at", Instant(), nullable=False),
        sa.Column("outcome", sa.String(length=64), nullable=False),
        sa.Column("reason", sa.String(length=64), nullable=True),
        sa.Column("complete", sa.Boolean(), nullable=False),
        sa.Column("pages_expected", sa.Integer(), nullable=True),
        sa.Column("pages_seen", sa.Integer(), nullable=False),
        sa.Column("items", sa.Integer(), nullable=False),
        sa.Column("detail", Words(), nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name=op.f("fk_portal_reading_run_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_portal_reading")),
        sa.UniqueConstraint("run_id", "portal", name=op.f("uq_portal_reading_run_id_portal")),
    )
    op.create_index(op.f("ix_portal_reading_portal_read_at"), "portal_reading", ["portal", "read_at"])
    op.create_table(
        "reading",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("organisation", sa.String(length=128), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("url", Words(), nullable=False),
        sa.Column("captured_at", Instant(), nullable=False),
        sa.Column("extractor", sa.String(length=64), nullable=False),
        sa.Column("document", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation", "year"], ["report.organisation", "report.year"], name=op.f("fk_reading_organisation_year")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reading")),
        sa.UniqueConstraint(
            "organisation", "year", "sha256", "extractor", name=op.f("uq_reading_organisation_year_sha256_extractor")
        ),
    )
    op.create_table(
        "absence",
        sa.Column("portal_reading_id", sa.Integer(), nullable=False),
        sa.Column("organisation", sa.String(length=128), nullable=False),
        sa.Column("year", sa.Integer(), autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(
            ["portal_reading_id"], ["portal_reading.id"], name=op.f("fk_absence_portal_reading_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("portal_reading_id", "organisation", "year", name=op.f("pk_absence")),
    )
    op.create_index(op.f("ix_absence_organisation_year"), "absence", ["organisation", "year"])
    op.create_table(
        "audit",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("reading_id", sa.Integer(), nullable=True),
        sa.Column("run_id", sa.String(length=64), nullable=True),
        sa.Column("organisation", sa.String(length=128), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("ruleset", sa.String(length=64), nullable=False),
        sa.Column("outcome", sa.String(length=32), nullable=True),
        sa.Column("unread", sa.JSON(), nullable=False),
        sa.Column("not_judged", sa.JSON(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(["reading_id"], ["reading.id"], name=op.f("fk_audit_reading_id")),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name=op.f("fk_audit_run_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit")),
    )
    op.create_index(op.f("ix_audit_organisation_year_id"), "audit", ["organisation", "year", "id"])
    op.create_table(
        "finding",
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("organisation", sa.String(length=128), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("rule", sa.String(length=16), nullable=False),
        sa.Column("subject", sa.String(length=256), nullable=False),
        sa.Column("severity", sa.String(length=16), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("decision", sa.String(length=16), nullable=True),
        sa.Column("decision_reason", Words(), nullable=True),
        sa.Column("decided_at", Instant(), nullable=True),
        sa.Column("state_hash", sa.String(length=64), nullable=False),
        sa.Column("confirmed", sa.Boolean(), nullable=False),
        sa.Column("document", sa.JSON(), nullable=False),
        sa.Column("reading_id", sa.Integer(), nullable=True),
        sa.Column("first_seen", Instant(), nullable=False),
        sa.Column("last_seen", Instant(), nullable=False),
        sa.Column("resolved_at", Instant(), nullable=True),
        sa.CheckConstraint("decision IN ('dismissed', 'waived')", name=op.f("ck_finding_decision")),
        sa.CheckConstraint("state IN ('open', 'resolved')", name=op.f("ck_finding_state")),
        sa.ForeignKeyConstraint(["reading_id"], ["reading.id"], name=op.f("fk_finding_reading_id")),
        sa.PrimaryKeyConstraint("fingerprint", name=op.f("pk_finding")),
    )
    op.create_index(op.f("ix_finding_organisation_year"), "finding", ["organisation", "year"])
    op.create_index(op.f("ix_finding_year_rule"), "finding", ["year", "rule"])
