"""Reminders: before the due date to whoever has not published, after it to whoever is proven not to have.

An organisation that could not be checked is reminded of nothing: not to have been seen is not to be missing.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from nianshen import telling
from nianshen.calendar import Calendar, Due
from nianshen.config import Config, Organisation
from nianshen.config.model import Policy
from nianshen.standing import survey
from nianshen.status import Status
from nianshen.store import NewAlert, Unit
from notifiers import route
from notifiers.event import AlertItem, Event
from notifiers.event import Organisation as Whom
from notifiers.mute import Why, flapping


def remind(unit: Unit, config: Config, year: int, now: datetime) -> int:
    """Enqueue the reminders that are due at ``now`` and were not told yet; how many there were.

    An acknowledged reminder ends those of its organisation and year.
    """
    calendar = config.due_dates
    today = calendar.today(now)
    if calendar.rests(today):
        return 0
    standing = survey(unit, config, year, now)
    status_of = {one["id"]: Status(one["status"]) for one in standing}
    ended = unit.alerts.acknowledged("reminder/")
    candidates: dict[str, tuple[AlertItem, int]] = {}
    for one in config.organisations:
        due = calendar.due(one.kind, year, one.region)
        step = reached(config.policy, calendar, due, today, status_of[one.id]) if due else None
        if due is not None and step is not None and telling.reminder_key(one.id, year) not in ended:
            item = _item(one, year, due, step, calendar.working_days_until(due.last_day, today), status_of[one.id])
            candidates[item.alert_id] = (item, step)
    known = unit.alerts.known(candidates)
    fresh = {name: pair for name, pair in candidates.items() if name not in known}
    counts = telling.counts_of(standing)
    by_step: dict[int, list[AlertItem]] = {}
    for item, step in fresh.values():
        by_step.setdefault(step, []).append(item)
    for step, items in sorted(by_step.items()):
        alerts = {item.alert_id: _alert(item, year, now) for item in items}
        telling.store_items(unit, config, now, items, alerts, counts, _routes(config, step))
    return len(fresh)


def release_steady(unit: Unit, config: Config, year: int, now: datetime) -> int:
    """Enqueue what was held back for coming and going and has stayed; returns how many there were."""
    held = {one.key for one in unit.alerts.list() if one.error == str(Why.FLAPPING) and one.state == "pending"}
    if not held:
        return 0
    notices = unit.alerts.notices(held)
    steady = [
        row
        for row in unit.findings.list(year=year, standing="open")
        if row.fingerprint in held and not flapping(notices.get(row.fingerprint, ()), now)
    ]
    standing = survey(unit, config, year, now) if steady else []
    return sum(telling.release(unit, config, now, row, standing) for row in steady)


def all_well(unit: Unit, config: Config, year: int, now: datetime) -> bool:
    """Enqueue a word that nothing changed for a week, so that silence means something; False if something did."""
    if unit.alerts.told_since(now - timedelta(days=7)):
        return False
    standing = survey(unit, config, year, now)
    counts = telling.counts_of(standing)
    open_findings = {level: sum(one["findings"][level] for one in standing) for level in ("error", "warning")}
    telling.tell_everybody(
        unit,
        config,
        now,
        "all_well",
        {"zh": "一周无变化", "en": "a week without news"},
        {
            "zh": f"{year} 年度：已核查 {counts.checked}/{counts.total} 家，未能核查 {len(counts.unchecked)} 家；"
            f"未解决错误 {open_findings['error']}、警告 {open_findings['warning']}",
            "en": f"season {year}: {counts.checked} of {counts.total} checked, {len(counts.unchecked)} not verified; "
            f"open errors {open_findings['error']}, warnings {open_findings['warning']}",
        },
        severity="note",
        counts=counts,
    )
    return True


def reached(policy: Policy, calendar: Calendar, due: Due, today: date, status: Status) -> int | None:
    """The last step reached: -3 is three working days before the due date, 7 is seven after it; None if none is.

    Days are counted to the last one on which publication is in time. A day on which nobody watched is made good.
    """
    left = calendar.working_days_until(due.last_day, today)
    if status is Status.PENDING and today <= due.last_day:
        return max((-step for step in policy.reminders if left <= step), default=None)
    if status is Status.MISSING:
        return max((step for step in policy.overdue if -left >= step), default=None)
    return None


def _routes(config: Config, step: int) -> Sequence[route.Route]:
    """The routes of the configuration, and the channels to which an overdue report is escalated by now."""
    further = tuple(channel for one in config.policy.escalate if step >= one.after for channel in one.to)
    routes = telling.routes_of(config)
    return [*routes, route.Route(route.Match(), further)] if further else routes


def _item(one: Organisation, year: int, due: Due, step: int, left: int, status: Status) -> AlertItem:
    late = step > 0
    zh = f"逾期 {-left} 个工作日，仍未发现" if late else f"距截止还有 {left} 个工作日，尚未发现"
    en = (
        f"overdue by {-left} working day(s), still not found"
        if late
        else f"due in {left} working day(s), not found yet"
    )
    return AlertItem(
        alert_id=telling.item_id("reminder", one.id, str(year), str(step)),
        event=Event.REMINDER,
        organisation=Whom(one.id, one.name, one.region or None, one.kind, one.portal),
        year=year,
        rule="F001",
        severity="error" if late else "warning",
        status=status.value,
        title={"zh": f"{year} 年度报告{zh}", "en": f"report on {year}: {en}"},
        message={
            "zh": f"截止日 {due.date}（{due.basis}），{zh} {year} 年政府信息公开工作年度报告",
            "en": f"due {due.date}: the report on {year} is {en}",
        },
    )


def _alert(item: AlertItem, year: int, now: datetime) -> NewAlert:
    organisation = item.organisation.id if item.organisation else ""
    return NewAlert(
        alert_id=item.alert_id,
        key=telling.reminder_key(organisation, year),
        event=item.event,
        organisation=organisation,
        year=year,
        rules=(item.rule,),
        judged_at=now,
    )
