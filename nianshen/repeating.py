"""What stays as it was told is told again: findings that nobody mends, portals that stay away.

Only what was read again since counts: what nobody could verify is not said a second time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime

from audit.finding import Kind
from nianshen import telling
from nianshen.calendar import Calendar
from nianshen.config import Config
from nianshen.config.model import Portal
from nianshen.standing import survey
from nianshen.store import FindingRow, NewAlert, PortalReading, Unit
from notifiers.event import AlertItem, Event
from notifiers.mute import Notice, flapping
from notifiers.repeat import Facts, Repeat, acknowledged, why_repeated

_Told = Mapping[str, Sequence[Notice]]


def repeat(unit: Unit, config: Config, year: int, now: datetime) -> int:
    """Enqueue once more what was told and still stands, if its time has come; how many alerts there were."""
    items = [*_portals(unit, config, now)]
    if not config.due_dates.rests(config.due_dates.today(now)):
        items += _findings(unit, config, year, now)
    known = unit.alerts.known([item.alert_id for item, _ in items])
    fresh = [(item, key) for item, key in items if item.alert_id not in known]
    if fresh:
        alerts = {item.alert_id: _alert(item, key, now) for item, key in fresh}
        counts = telling.counts_of(survey(unit, config, year, now))
        telling.store_items(unit, config, now, [item for item, _ in fresh], alerts, counts)
    return len(fresh)


def why(unit: Unit, config: Config, row: FindingRow, now: datetime) -> Repeat:
    """Why a finding is told again now, or is not."""
    return _why(config, row, unit.alerts.notices(_keys(row)), now)


def _findings(unit: Unit, config: Config, year: int, now: datetime) -> list[tuple[AlertItem, str]]:
    known = {one.id for one in config.organisations}
    rows = [
        row
        for row in unit.findings.list(year=year, standing="open")
        if row.kind == Kind.FAIL and row.organisation in known
    ]
    told = unit.alerts.notices(key for row in rows for key in _keys(row))
    due = [row for row in rows if _why(config, row, told, now).told]
    standing = survey(unit, config, year, now) if due else []
    day = config.due_dates.today(now).isoformat()
    return [
        (telling.item_of(unit, config, row, Event.REMINDER, f"repeat/{day}", standing), row.fingerprint) for row in due
    ]


def _why(config: Config, row: FindingRow, told: _Told, now: datetime) -> Repeat:
    calendar = config.due_dates
    organisation = next(one for one in config.organisations if one.id == row.organisation)
    due = calendar.due(organisation.kind, row.year, organisation.region)
    today = calendar.today(now)
    mine = told.get(row.fingerprint, ())
    standing = bool(mine) and mine[-1].event is not Event.RESOLVED
    last = max((notice.at for key in _keys(row) for notice in told.get(key, ())), default=None)
    return why_repeated(
        Facts(
            days=_days(calendar, last, today) if standing else None,
            seen_again=last is not None and row.last_seen > last,
            acknowledged=acknowledged(mine),
            decided=row.standing != "open",
            flapping=flapping(mine, now),
            due_in=calendar.working_days_until(due.last_day, today) if due and today <= due.last_day else None,
        ),
        config.policy.repeat,
    )


def _portals(unit: Unit, config: Config, now: datetime) -> list[tuple[AlertItem, str]]:
    told = unit.alerts.notices(f"portal/{portal.id}" for portal in config.portals)
    found = []
    for portal in config.portals:
        reading = unit.portals.last(portal.id)
        key = f"portal/{portal.id}"
        if reading is not None and _why_portal(config, reading, told.get(key, ()), now).told:
            found.append((_portal_item(config, portal, reading, now), key))
    return found


def _why_portal(config: Config, reading: PortalReading, notices: Sequence[Notice], now: datetime) -> Repeat:
    """Only this illness counts, and only if it was told when it began."""
    mine = [notice for notice in notices if reading.since is not None and notice.at >= reading.since]
    ill = reading.reason is not None and bool(reading.told) and bool(mine)
    last = mine[-1].at if mine else None
    return why_repeated(
        Facts(
            days=_days(config.due_dates, last, config.due_dates.today(now)) if ill else None,
            seen_again=last is not None and reading.read_at > last,
            acknowledged=acknowledged(mine),
        ),
        config.policy.repeat_portal,
    )


def _portal_item(config: Config, portal: Portal, reading: PortalReading, now: datetime) -> AlertItem:
    calendar = config.due_dates
    since = calendar.today(reading.since or reading.read_at)
    day = calendar.today(now).isoformat()
    return telling.portal_item(
        telling.PortalNews(portal.id, portal.name, reading.reason, None, f"repeat/{day}", since=since)
    )


def _keys(row: FindingRow) -> tuple[str, ...]:
    """A report that is missing is told of by its finding and by the reminders: it must not be said twice a day."""
    missing = (telling.reminder_key(row.organisation, row.year),) if row.rule == "F001" else ()
    return (row.fingerprint, *missing)


def _days(calendar: Calendar, last: datetime | None, today: date) -> int | None:
    return None if last is None else (today - calendar.today(last)).days


def _alert(item: AlertItem, key: str, now: datetime) -> NewAlert:
    organisation = item.organisation.id if item.organisation else None
    return NewAlert(item.alert_id, key, item.event, organisation, item.year, (item.rule,), judged_at=now)
