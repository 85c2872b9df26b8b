"""The store of the hall: every noun's queries over one database, alone or in one transaction."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime

from nianshen.store.alerts import Acknowledgement, AlertRow, Alerts, NewAlert, NewMessage
from nianshen.store.backups import backup, rotate
from nianshen.store.channels import AttemptCount, Channels
from nianshen.store.database import Access, Bound, Database
from nianshen.store.evidence import Evidence
from nianshen.store.exports import Exports
from nianshen.store.findings import AuditRecord, FindingRow, Findings
from nianshen.store.jobs import JobRun, Jobs, Leases
from nianshen.store.outbox import DeadLetter, Outbox
from nianshen.store.portals import Lists, PortalReading, Portals
from nianshen.store.readings import Readings
from nianshen.store.reports import ReportRow, Reports
from nianshen.store.runs import RunRow, Runs
from nianshen.store.schema import ready, upgrade

__all__ = [
    "Acknowledgement",
    "AlertRow",
    "AttemptCount",
    "AuditRecord",
    "DeadLetter",
    "FindingRow",
    "JobRun",
    "Lists",
    "NewAlert",
    "NewMessage",
    "PortalReading",
    "Portals",
    "ReportRow",
    "RunRow",
    "Store",
    "Unit",
    "backup",
    "open_store",
    "rotate",
    "upgrade",
]


class Unit:
    """All nouns over one access. As ``Store.transaction()`` gives it, everything done is stored together or not."""

    def __init__(self, access: Access) -> None:
        self.runs = Runs(access)
        self.portals = Portals(access)
        self.reports = Reports(access)
        self.readings = Readings(access)
        self.findings = Findings(access)
        self.exports = Exports(access)
        self.alerts = Alerts(access)
        self.outbox = Outbox(access)
        self.channels = Channels(access)
        self.jobs = Jobs(access)
        self.leases = Leases(access)
        self.evidence = Evidence(access)
        self._access = access

    def enqueue(self, alerts: Sequence[NewAlert], messages: Sequence[NewMessage], now: datetime) -> None:
        """Stores alerts and their messages."""
        self.alerts.enqueue(alerts, messages, now)

    def commit_audit(
        self,
        record: AuditRecord,
        alerts: Sequence[NewAlert] = (),
        messages: Sequence[NewMessage] = (),
    ) -> int:
        """Stores an audit with its changes, alerts and outbox rows in one transaction; returns the id of the audit."""
        with self._access.write() as connection:
            bound = Bound(connection)
            audit_id = Findings(bound).commit_audit(record)
            Alerts(bound).enqueue(alerts, messages, record.at)
        return audit_id


class Store(Unit):
    """The whole store; each call is its own short transaction. Failures are ``StorageError``."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self._database = database

    @contextmanager
    def transaction(self) -> Iterator[Unit]:
        """One transaction for many calls: committed at the end, undone by any exception. Keep it short."""
        with self._database.write() as connection:
            yield Unit(Bound(connection))

    def close(self) -> None:
        self._database.close()


def open_store(url: str, *, create: bool = True) -> Store:
    """The store at a SQLAlchemy address; a fresh database is made by its migrations if ``create``.

    Raises ``StorageError``: unreachable, unwritable, damaged, or of another version (then ``nianshen db upgrade``).
    """
    return Store(ready(url, create=create))
