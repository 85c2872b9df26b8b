"""The tables of the hall. One JSON document per reading is the truth; beside it stands only what queries need."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    Dialect,
    Float,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    false,
    literal_column,
)
from sqlalchemy.types import TypeDecorator

SCHEMA_REVISION = "0010"
"""The migration these tables stand for; revisions are numbered, so that older and newer can be told apart."""


class Instant(TypeDecorator[datetime]):
    """An aware instant, stored in UTC. A naive time is refused: it could mean two instants."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"naive time {value.isoformat()}: an instant needs its time zone")
        moment = value.astimezone(UTC)
        return moment.replace(tzinfo=None) if dialect.name == "sqlite" else moment

    def process_result_value(self, value: Any | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        if value is None:
            return None
        moment: datetime = value
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


class Words(TypeDecorator[str]):
    """Text from outside: what PostgreSQL or UTF-8 cannot hold (NUL, lone surrogates) becomes U+FFFD or ``?``."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        return None if value is None else storable(value)


def storable(text: str) -> str:
    """The text without what a database cannot hold."""
    return text.replace("\x00", "\ufffd").encode("utf-8", "replace").decode()


metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    }
)


def one_of(name: str, column: str, *values: str) -> CheckConstraint:
    """A check that the column holds one of the values."""
    listed = ", ".join(f"'{value}'" for value in values)
    return CheckConstraint(f"{column} IN ({listed})", name=name)


run = Table(
    "run",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("year", Integer, nullable=False),
    Column("judged_at", Instant, nullable=False),
    Column("started_at", Instant, nullable=False),
    Column("finished_at", Instant),
    Column("state", String(32), nullable=False),
    Column("last_hash", String(64)),
)

portal_reading = Table(
    "portal_reading",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("run_id", ForeignKey("run.id"), nullable=False),
    Column("portal", String(128), nullable=False),
    Column("read_at", Instant, nullable=False),
    Column("outcome", String(64), nullable=False),
    Column("reason", String(64)),
    Column("complete", Boolean, nullable=False),
    Column("pages_expected", Integer),
    Column("pages_seen", Integer, nullable=False),
    Column("items", Integer, nullable=False),
    Column("detail", Words, nullable=False),
    Column("state", String(16)),
    Column("since", Instant),
    Column("told", JSON(none_as_null=True)),
    Column("shape", JSON(none_as_null=True)),
    Column("accepted_by", Words),
    UniqueConstraint("run_id", "portal"),
    Index(None, "portal", "read_at"),
)

absence = Table(
    "absence",
    metadata,
    Column("portal_reading_id", ForeignKey("portal_reading.id", ondelete="CASCADE"), primary_key=True),
    Column("organisation", String(128), primary_key=True),
    Column("year", Integer, primary_key=True, autoincrement=False),
    Index(None, "organisation", "year"),
)

report = Table(
    "report",
    metadata,
    Column("organisation", String(128), primary_key=True),
    Column("year", Integer, primary_key=True, autoincrement=False),
    Column("url", Words, nullable=False),
    Column("portal", String(128), nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("declared", Date),
    Column("captured_at", Instant, nullable=False),
    Column("first_seen", Instant, nullable=False),
    Column("last_seen", Instant, nullable=False),
    Column("facts", JSON),
)

reading = Table(
    "reading",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("organisation", String(128), nullable=False),
    Column("year", Integer, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("url", Words, nullable=False),
    Column("captured_at", Instant, nullable=False),
    Column("extractor", String(64), nullable=False),
    Column("document", JSON, nullable=False),
    Column("signature", LargeBinary),
    ForeignKeyConstraint(["organisation", "year"], ["report.organisation", "report.year"]),
    UniqueConstraint("organisation", "year", "sha256", "extractor"),
)

audit = Table(
    "audit",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("reading_id", ForeignKey("reading.id")),
    Column("run_id", ForeignKey("run.id")),
    Column("organisation", String(128), nullable=False),
    Column("year", Integer, nullable=False),
    Column("ruleset", String(64), nullable=False),
    Column("outcome", String(32)),
    Column("unread", JSON, nullable=False),
    Column("not_judged", JSON, nullable=False),
    Column("at", Instant, nullable=False),
    Column("findings", JSON),
    Index(None, "organisation", "year", "id"),
)

finding = Table(
    "finding",
    metadata,
    Column("fingerprint", String(64), primary_key=True),
    Column("organisation", String(128), nullable=False),
    Column("year", Integer, nullable=False),
    Column("rule", String(16), nullable=False),
    Column("subject", String(256), nullable=False),
    Column("severity", String(16), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("state", String(16), nullable=False),
    Column("decision", String(16)),
    Column("decision_reason", Words),
    Column("decided_at", Instant),
    Column("state_hash", String(64), nullable=False),
    Column("confirmed", Boolean, nullable=False),
    Column("document", JSON, nullable=False),
    Column("reading_id", ForeignKey("reading.id")),
    Column("first_seen", Instant, nullable=False),
    Column("last_seen", Instant, nullable=False),
    Column("resolved_at", Instant),
    Column("decided_by", Words),
    Column("decided_until", Date),
    one_of("state", "state", "open", "resolved"),
    one_of("decision", "decision", "dismissed", "waived"),
    Index(None, "organisation", "year"),
    Index(None, "year", "rule"),
)

alert = Table(
    "alert",
    metadata,
    Column("id", String(128), primary_key=True),
    Column("key", String(256), nullable=False),
    Column("event", String(16), nullable=False),
    Column("organisation", String(128)),
    Column("year", Integer),
    Column("rules", JSON, nullable=False),
    Column("state", String(16), nullable=False),
    Column("reason", Words),
    Column("created", Instant, nullable=False),
    Column("acked_at", Instant),
    Column("judged_at", Instant),
    one_of("event", "event", "opened", "worse", "resolved", "reopened", "reminder", "system"),
    one_of("state", "state", "pending", "suppressed"),
    Index(None, "key", "created"),
    Index(None, "created"),
)

outbox = Table(
    "outbox",
    metadata,
    Column("message_id", String(128), primary_key=True),
    Column("channel", String(64), nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("state", String(16), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("not_before", Instant, nullable=False),
    Column("last_error", Words),
    Column("created", Instant, nullable=False),
    Column("sent_at", Instant),
    Column("claims", Integer, nullable=False, server_default="0"),
    Column("reported", Boolean, nullable=False, server_default=false()),
    Column("scope", Words),
    Column("rest", LargeBinary),
    one_of("state", "state", "pending", "leased", "sent", "accepted", "dead", "suppressed"),
)
# Senders ask for the first due message of their channel again and again: the index holds what waits, in that order.
WAITING = outbox.c.state.in_([literal_column("'pending'"), literal_column("'leased'")])
Index(
    "ix_outbox_waiting",
    outbox.c.channel,
    outbox.c.not_before,
    outbox.c.message_id,
    sqlite_where=WAITING,
    postgresql_where=WAITING,
)


alert_message = Table(
    "alert_message",
    metadata,
    Column("alert_id", ForeignKey("alert.id"), primary_key=True),
    Column("message_id", ForeignKey("outbox.message_id"), primary_key=True),
    Column("reason", Words),
    Index(None, "message_id"),
)

# Nothing in it is ever changed or taken away: triggers of the database see to it.
alert_log = Table(
    "alert_log",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("alert_id", ForeignKey("alert.id"), nullable=False),
    Column("at", Instant, nullable=False),
    Column("action", String(16), nullable=False),
    Column("how", String(16), nullable=False),
    Column("channel", String(128)),
    Column("who", Words),
    one_of("action", "action", "acknowledged"),
    one_of("how", "how", "command", "link"),
    Index(None, "alert_id"),
)

channel_state = Table(
    "channel_state",
    metadata,
    Column("channel", String(128), primary_key=True),
    Column("tokens", Float, nullable=False),
    Column("counted_at", Instant, nullable=False),
    Column("failures", Integer, nullable=False),
    Column("failing_since", Instant),
    Column("held_until", Instant),
    Column("asked", Boolean, nullable=False),
    Column("reason", Words),
    Column("disabled_at", Instant),
    Column("disabled_with", String(128)),
)

# How often attempts on a channel ended so and took at most ``within`` seconds but more than the next lower bound.
attempt_count = Table(
    "attempt_count",
    metadata,
    Column("channel", String(128), primary_key=True),
    Column("outcome", String(16), primary_key=True),
    Column("within", Float, primary_key=True),
    Column("count", Integer, nullable=False),
    Column("seconds", Float, nullable=False),
    one_of("outcome", "outcome", "delivered", "accepted", "retry", "dead"),
)

job_run = Table(
    "job_run",
    metadata,
    Column("job", String(128), primary_key=True),
    Column("slot", Instant, primary_key=True),
    Column("state", String(16), nullable=False),
    Column("late", Boolean, nullable=False),
    Column("due", Instant, nullable=False),
    Column("epoch", Integer),
    Column("tries", Integer, nullable=False),
    Column("started_at", Instant),
    Column("finished_at", Instant),
    Column("said", Words),
    one_of("state", "state", "known", "due", "running", "done", "failed", "skipped"),
    Index(None, "state", "due"),
)

lease = Table(
    "lease",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("owner", String(128), nullable=False),
    Column("until", Instant, nullable=False),
    Column("epoch", Integer, nullable=False),
)
