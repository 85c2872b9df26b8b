"""Findings through their life, what people decided about them, and the audits that found them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, func, insert, select, update

from audit.change import Change, Event
from audit.finding import Finding, Kind
from nianshen.store import tables
from nianshen.store.database import Access


@dataclass(frozen=True, slots=True)
class FindingRow:
    """A stored finding; has all that ``audit.change.Known`` has.

    ``state`` (open, resolved) is what the rules say, ``decision`` (dismissed, waived) what a person said.
    """

    fingerprint: str
    organisation: str
    year: int
    rule: str
    subject: str
    severity: str
    kind: str
    state: str
    decision: str | None
    decision_reason: str | None
    decided_at: datetime | None
    state_hash: str
    confirmed: bool
    document: Mapping[str, Any]
    reading_id: int | None
    first_seen: datetime
    last_seen: datetime
    resolved_at: datetime | None
    decided_by: str | None = None
    decided_until: date | None = None

    @property
    def standing(self) -> str:
        """open, dismissed, waived or resolved: the one word a reader needs."""
        return self.decision if self.state == "open" and self.decision else self.state


@dataclass(frozen=True, slots=True)
class AuditRecord:
    """One judgement to store. ``reading_id`` is None when there was no report, ``run_id`` None outside a run.

    ``unread`` names the tables that could not be read; ``waived`` the fingerprints a waiver covers now, ``today`` the
    legal date by which the waivers of people end; ``findings`` all that was found, for a later comparison.
    """

    organisation: str
    year: int
    at: datetime
    ruleset: str
    changes: Sequence[Change]
    outcome: str | None = None
    run_id: str | None = None
    reading_id: int | None = None
    unread: Sequence[str] = ()
    not_judged: Sequence[Mapping[str, Any]] = ()
    waived: Collection[str] = field(default_factory=frozenset)
    today: date | None = None
    findings: Sequence[Finding] = ()


@dataclass(frozen=True, slots=True)
class AuditRow:
    organisation: str
    outcome: str | None
    unread: tuple[str, ...]


class Findings:
    def __init__(self, access: Access) -> None:
        self._access = access

    def of(self, organisation: str, year: int) -> list[FindingRow]:
        """Every finding ever made of the report, resolved ones too, as lifecycle.compare takes them."""
        return self.list(organisation=organisation, year=year)

    def list(
        self,
        *,
        year: int | None = None,
        organisation: str | None = None,
        rule: str | None = None,
        severity: str | None = None,
        standing: str | None = None,
        prefix: str | None = None,
    ) -> list[FindingRow]:
        """Findings that match all that is given, by organisation, year, rule and subject."""
        table = tables.finding
        query = select(table).order_by(table.c.organisation, table.c.year, table.c.rule, table.c.subject)
        wanted = {"year": year, "organisation": organisation, "rule": rule, "severity": severity}
        for name, value in wanted.items():
            if value is not None:
                query = query.where(table.c[name] == value)
        if prefix is not None:
            query = query.where(table.c.fingerprint.startswith(prefix, autoescape=True))
        with self._access.read() as connection:
            rows = [FindingRow(**row) for row in connection.execute(query).mappings()]
        return [row for row in rows if standing is None or row.standing == standing]

    def commit_audit(self, record: AuditRecord) -> int:
        """Stores the audit and what it changed about the findings; returns the audit's id."""
        with self._access.write() as connection:
            values = {
                "reading_id": record.reading_id,
                "run_id": record.run_id,
                "organisation": record.organisation,
                "year": record.year,
                "ruleset": record.ruleset,
                "outcome": record.outcome,
                "unread": [*record.unread],
                "not_judged": [dict(one) for one in record.not_judged],
                "at": record.at,
                "findings": [_brief(finding) for finding in record.findings],
            }
            audit_id: int = connection.execute(
                insert(tables.audit).values(values).returning(tables.audit.c.id)
            ).scalar_one()
            for change in record.changes:
                _apply(connection, record, change)
        return audit_id

    def decide(
        self,
        fingerprint: str,
        decision: str | None,
        *,
        reason: str,
        by: str,
        at: datetime,
        until: date | None = None,
    ) -> None:
        """What a person said: ``dismissed``, ``waived`` (to the end of ``until``), or None to take either back."""
        table = tables.finding
        values = {
            "decision": decision,
            "decision_reason": reason,
            "decided_by": by,
            "decided_at": at,
            "decided_until": until,
        }
        with self._access.write() as connection:
            connection.execute(update(table).where(table.c.fingerprint == fingerprint).values(values))

    def audited(self, ruleset: str, year: int | None = None) -> dict[tuple[str, int], Sequence[Mapping[str, Any]]]:
        """What the last audit of every report by this rule set found; ``ruleset`` is the hash or its beginning."""
        table = tables.audit
        query = (
            select(table.c.organisation, table.c.year, table.c.findings)
            .where(table.c.ruleset.startswith(ruleset, autoescape=True), table.c.findings.is_not(None))
            .order_by(table.c.id)
        )
        if year is not None:
            query = query.where(table.c.year == year)
        with self._access.read() as connection:
            return {(row.organisation, row.year): row.findings for row in connection.execute(query)}

    def rulesets(self) -> Sequence[str]:
        """Every rule set reports were judged by, the one used last first."""
        table = tables.audit
        query = (
            select(table.c.ruleset)
            .where(table.c.ruleset != "")
            .group_by(table.c.ruleset)
            .order_by(func.max(table.c.id).desc())
        )
        with self._access.read() as connection:
            return connection.execute(query).scalars().all()

    def last_audits(self, year: int) -> dict[str, AuditRow]:
        """The last audit of every organisation in the year."""
        table = tables.audit
        query = (
            select(table.c.organisation, table.c.outcome, table.c.unread)
            .where(table.c.year == year)
            .order_by(table.c.id)
        )
        with self._access.read() as connection:
            rows = connection.execute(query)
            return {row.organisation: AuditRow(row.organisation, row.outcome, tuple(row.unread)) for row in rows}


def _apply(connection: Connection, record: AuditRecord, change: Change) -> None:
    table = tables.finding
    this = table.c.fingerprint == change.fingerprint
    if change.finding is None:
        if change.event is Event.RESOLVED:
            closed = {"state": "resolved", "resolved_at": record.at}
            connection.execute(update(table).where(this).values(closed))
        return
    known = connection.execute(
        select(table.c.kind, table.c.state, table.c.decision, table.c.decided_until).where(this)
    ).one_or_none()
    if known is None:
        first = _values(record, change.finding) | {
            "fingerprint": change.fingerprint,
            "first_seen": record.at,
            "decision": "waived" if change.fingerprint in record.waived else None,
        }
        connection.execute(insert(table), first)
        return
    decision = known.decision
    lasting = known.decided_until and record.today and known.decided_until >= record.today
    if change.fingerprint in record.waived or (decision == "waived" and lasting):
        decision = "waived"
    elif decision == "waived" or change.event is not Event.UNCHANGED:
        # A waiver that ended no longer covers it; a dismissal spoke of the figures it saw.
        decision = None
    undone = known.kind == Kind.FAIL and change.finding.kind is Kind.OPEN and known.state == "open"
    # A fail that cannot be read today keeps the figures it was found with, or it would seem worse tomorrow.
    values = {"last_seen": record.at} if undone else _values(record, change.finding)
    connection.execute(update(table).where(this).values(values | {"decision": decision}))


def _brief(finding: Finding) -> dict[str, str]:
    """As much of a finding as tells two rule sets apart."""
    return {
        "fingerprint": finding.fingerprint,
        "rule": finding.rule,
        "subject": finding.subject,
        "severity": finding.severity.value,
        "kind": finding.kind.value,
        "state_hash": finding.state_hash,
    }


def _values(record: AuditRecord, finding: Finding) -> dict[str, Any]:
    return {
        "organisation": record.organisation,
        "year": record.year,
        "rule": finding.rule,
        "subject": finding.subject,
        "severity": finding.severity.value,
        "kind": finding.kind.value,
        "state": "open",
        "state_hash": finding.state_hash,
        "confirmed": finding.confirmed,
        "document": finding.as_json(),
        "reading_id": record.reading_id,
        "last_seen": record.at,
        "resolved_at": None,
    }
