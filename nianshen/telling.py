"""From what changed to what is said: alerts, and the digests that carry them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time
from typing import Any

from audit.change import Change
from audit.change import Event as Step
from audit.finding import Kind
from nianshen.acknowledging import with_links
from nianshen.calendar import zone
from nianshen.config import Config
from nianshen.config import Organisation as Whom
from nianshen.health import Doubt
from nianshen.status import Status
from nianshen.store import FindingRow, NewAlert, NewMessage, Unit
from notifiers import digest, route
from notifiers.event import AlertItem, Event, Evidence, Organisation, Portal
from notifiers.mute import Facts, Notice, Quiet, Why, quiet_until, why_held

_TOLD = {
    Step.OPENED: Event.OPENED,
    Step.WORSE: Event.WORSE,
    Step.RESOLVED: Event.RESOLVED,
    Step.REOPENED: Event.REOPENED,
}
_LEADS = {
    Event.RESOLVED: {"zh": "已改正：", "en": "resolved: "},
    Event.REMINDER: {"zh": "仍未解决：", "en": "still open: "},
}
_PORTAL_WORDS = {
    "portal_unreachable": ("门户无法访问", "portal unreachable"),
    "blocked": ("门户拒绝访问", "portal refuses access"),
    "robots_denied": ("robots 不允许抓取", "robots.txt denies crawling"),
    "list_incomplete": ("列表未能读全", "list not read whole"),
    "list_empty": ("列表为空", "list is empty"),
    "layout_changed": ("栏目结构变化，无法识别", "layout changed, not recognised"),
    "needs_render": ("页面需要脚本渲染", "page needs a script to render"),
    "report_unreadable": ("报告无法读取", "report unreadable"),
    "not_crawled": ("抓取未完成", "crawl did not finish"),
}


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The stored bytes a finding rests on, when they were captured, and their address."""

    sha256: str
    captured_at: datetime
    url: str


@dataclass(frozen=True, slots=True)
class FindingNews:
    """A change of one finding that an officer should hear of. ``document`` is the finding as ``check`` prints it."""

    organisation: str
    year: int
    event: Event
    fingerprint: str
    document: Mapping[str, Any]
    snapshot: Snapshot | None
    run_id: str
    waived: bool = False


@dataclass(frozen=True, slots=True)
class PortalNews:
    """A portal that cannot be read, or works again (``reason`` None).

    ``before`` was told last; ``doubt`` is why a list that seems whole is not trusted; ``since`` is the day from which
    on it has been so, if it is told once more.
    """

    portal: str
    name: str
    reason: str | None
    before: str | None
    run_id: str
    doubt: Doubt | None = None
    since: date | None = None


News = FindingNews | PortalNews


def news_of(change: Change, known: Mapping[str, Any] | None) -> tuple[Event, str, Mapping[str, Any]] | None:
    """Event, fingerprint and finding of a change worth telling; an open verdict is a work list, not an alert."""
    event = _TOLD.get(change.event)
    document = change.finding.as_json() if change.finding else known
    if event is None or document is None or document["kind"] != Kind.FAIL:
        return None
    return event, change.fingerprint, document


def enqueue(
    unit: Unit,
    config: Config,
    now: datetime,
    news: Sequence[News],
    standing: Sequence[Mapping[str, Any]],
    readable: Callable[[str], bool],
) -> None:
    """Store the alerts and the digests that carry them, in the caller's transaction.

    ``standing`` is every organisation as ``status`` shows it; ``readable`` tells whether evidence can be read back.
    An alert no message carries stays as suppressed or pending, with the reason.
    """
    status_of = {one["id"]: one["status"] for one in standing}
    notices = unit.alerts.notices(one.fingerprint for one in news if isinstance(one, FindingNews))
    organisations = {one.id: one for one in config.organisations}
    items: list[AlertItem] = []
    alerts: dict[str, NewAlert] = {}
    for one in news:
        item = (
            portal_item(one)
            if isinstance(one, PortalNews)
            else _finding_item(one, organisations[one.organisation], status_of)
        )
        why = None if isinstance(one, PortalNews) else why_held(_facts(one, config, readable, notices), now)
        key = f"portal/{one.portal}" if isinstance(one, PortalNews) else one.fingerprint
        alerts[item.alert_id] = NewAlert(
            alert_id=item.alert_id,
            key=key,
            event=item.event,
            organisation=item.organisation.id if item.organisation else None,
            year=item.year,
            rules=(item.rule,),
            state=why.state if why else "pending",
            reason=str(why) if why else None,
            judged_at=now,
        )
        if why is None:
            items.append(item)
    gone = [one.fingerprint for one in news if isinstance(one, FindingNews) and one.event is Event.RESOLVED]
    unit.alerts.drop_held(gone, str(Why.GONE))
    store_items(unit, config, now, items, alerts, counts_of(standing))


def store_items(
    unit: Unit,
    config: Config,
    now: datetime,
    items: Sequence[AlertItem],
    alerts: Mapping[str, NewAlert],
    counts: digest.Counts | None,
    routes: Sequence[route.Route] | None = None,
) -> None:
    """Store ``alerts`` (by id) and the messages that carry ``items``, by the routes of the configuration or others."""
    plan = route.plan(items, routes_of(config) if routes is None else routes)
    unrouted = {item.alert_id for item in plan.unrouted}
    kept = [
        replace(one, state=Why.NO_ROUTE.state, reason=str(Why.NO_ROUTE)) if one.alert_id in unrouted else one
        for one in alerts.values()
    ]
    # Transport keeps real time, whatever instant the run judges by.
    unit.enqueue(kept, _messages(config, plan, now, counts), datetime.now(UTC))


def release(unit: Unit, config: Config, now: datetime, row: FindingRow, standing: Sequence[Mapping[str, Any]]) -> int:
    """Enqueue the alerts of a finding that are held back; returns how many there were.

    They keep their ids, so that a receiver knows them whenever they come. If nothing of the finding was ever told, the
    last alert that was withdrawn unsent is among them: who calls it right after all must not be left in silence.
    """
    alerts = unit.alerts.list(key=row.fingerprint)
    held = [one for one in alerts if one.state == "pending" and one.message_id is None]
    if not held and not unit.alerts.notices([row.fingerprint]):
        held = [one for one in alerts if one.error == str(Why.DECIDED)][:1]
    if not held:
        return 0
    items = [replace(item_of(unit, config, row, Event(one.event), "", standing), alert_id=one.id) for one in held]
    store_items(unit, config, now, items, {}, counts_of(standing))
    return len(held)


def withdraw_stale(unit: Unit, year: int, standing: Sequence[Mapping[str, Any]]) -> int:
    """Take reminders out of what nobody tried to send yet, where there is nothing to be reminded of any more.

    Returns how many there were. Not to have been seen this time does not make a reminder wrong.
    """
    arrived = {reminder_key(one["id"], year) for one in standing if one["first_seen"]}
    excused = {reminder_key(one["id"], year) for one in standing if one["status"] == Status.WAIVED} - arrived
    return unit.outbox.withdraw(arrived, Why.ARRIVED) + unit.outbox.withdraw(excused, Why.DECIDED)


def item_of(
    unit: Unit, config: Config, row: FindingRow, event: Event, run_id: str, standing: Sequence[Mapping[str, Any]]
) -> AlertItem:
    """The alert of a stored finding, with the evidence of the reading it rests on."""
    reading = unit.readings.get(row.reading_id) if row.reading_id is not None else None
    snapshot = Snapshot(reading["sha256"], reading["captured_at"], reading["url"]) if reading else None
    organisation = next(one for one in config.organisations if one.id == row.organisation)
    return _finding_item(
        FindingNews(row.organisation, row.year, event, row.fingerprint, row.document, snapshot, run_id),
        organisation,
        {one["id"]: one["status"] for one in standing},
    )


def tell_everybody(
    unit: Unit,
    config: Config,
    now: datetime,
    topic: str,
    title: Mapping[str, str],
    message: Mapping[str, str],
    *,
    severity: str = "error",
    counts: digest.Counts | None = None,
) -> None:
    """Enqueue a word about nianshen itself for every channel that a route names, once a day and topic."""
    item = AlertItem(
        alert_id=item_id(topic, config.due_dates.today(now).isoformat()),
        event=Event.SYSTEM,
        organisation=None,
        year=None,
        rule=topic,
        severity=severity,
        status=Status.UNKNOWN.value if severity == "error" else Status.OK.value,
        title=title,
        message=message,
    )
    if unit.alerts.known([item.alert_id]):
        return
    everybody = tuple(dict.fromkeys(name for one in config.routes for name in one.to))
    alert = NewAlert(item.alert_id, f"system/{topic}", item.event, None, None, (topic,), judged_at=now)
    routes = [route.Route(route.Match(), everybody)] if everybody else []
    store_items(unit, config, now, [item], {alert.alert_id: alert}, counts, routes)


def report_job(unit: Unit, config: Config, now: datetime, job: str, own: str | None, said: str) -> None:
    """Tell everybody of a job that failed and is tried no more, unless its ``own`` alert of the day did."""
    if own is not None and unit.alerts.known([item_id(own, config.due_dates.today(now).isoformat())]):
        return
    tell_everybody(
        unit,
        config,
        now,
        f"job_failed.{job}",
        {"zh": f"计划任务 {job} 失败", "en": f"the job {job} failed"},
        {
            "zh": f"不再重试：{said}。见日志和 nianshen schedule list，排除后 nianshen schedule trigger {job}",
            "en": f"not tried again: {said}. See the log and nianshen schedule list; nianshen schedule trigger {job}",
        },
    )


def _messages(config: Config, plan: route.Plan, now: datetime, counts: digest.Counts | None) -> list[NewMessage]:
    """What is about organisations waits for the end of quiet hours; what is about the system never does."""
    real = datetime.now(UTC)
    later = _quiet_until(config, real)
    return [
        NewMessage(
            message.message_id,
            parcel.channel,
            message.body,
            message.alerts,
            not_before=later if message.type.startswith("audit.") else None,
            scope=parcel.scope if message.type.startswith("audit.") else None,
            rest=message.rest,
        )
        for parcel in plan.parcels
        for message in digest.build(
            with_links(config, parcel.items, parcel.channel, later or real), now=now, counts=counts, scope=parcel.scope
        )
    ]


def _quiet_until(config: Config, now: datetime) -> datetime | None:
    policy, calendar = config.policy, config.due_dates
    start, end = map(time.fromisoformat, policy.quiet.split("-")) if policy.quiet else (None, None)
    quiet = Quiet(start, end, calendar.rests if policy.rest_days == "hold" else None)
    return quiet_until(now.astimezone(zone(config.site.timezone)), quiet)


def routes_of(config: Config) -> list[route.Route]:
    return [
        route.Route(
            route.Match.of({name: value for name, value in one.match.model_dump().items() if value}),
            one.to,
            route.GroupBy(one.group_by),
        )
        for one in config.routes
    ]


def _facts(
    news: FindingNews, config: Config, readable: Callable[[str], bool], notices: Mapping[str, Sequence[Notice]]
) -> Facts:
    return Facts(
        event=news.event,
        waived=news.waived,
        evident=news.snapshot is not None and readable(news.snapshot.sha256),
        unconfirmed=news.document["severity"] in config.rules.confirm,
        notices=notices.get(news.fingerprint, ()),
    )


def _finding_item(news: FindingNews, organisation: Whom, status_of: Mapping[str, str]) -> AlertItem:
    document = news.document
    message = dict(document["message"])
    if lead := _LEADS.get(news.event):
        message = {language: lead[language] + text for language, text in message.items()}
    snapshot = news.snapshot
    return AlertItem(
        # The run is part of it: what comes and goes with the same bytes is told anew each time.
        alert_id=item_id(news.fingerprint, news.event, news.run_id),
        event=news.event,
        organisation=Organisation(
            organisation.id, organisation.name, organisation.region or None, organisation.kind, organisation.portal
        ),
        year=news.year,
        rule=document["rule"],
        severity=document["severity"],
        status=status_of[organisation.id],
        title=document["title"],
        message=message,
        cell=document["cell"],
        formula=document["formula"],
        url=snapshot.url if snapshot else None,
        evidence=Evidence(snapshot.sha256, snapshot.captured_at) if snapshot else None,
    )


def portal_item(news: PortalNews) -> AlertItem:
    """The alert about a portal."""
    zh, en = _PORTAL_WORDS.get(news.reason or news.before or "", (news.reason or "", news.reason or ""))
    back = news.reason is None
    if news.doubt:
        zh, en = f"{zh}（{news.doubt.zh}）", f"{en} ({news.doubt.en})"
    if news.since:
        zh, en = f"{zh}，{news.since} 起未恢复", f"{en}, not back since {news.since}"
    return AlertItem(
        alert_id=item_id("portal", news.portal, news.reason or "recovered", news.run_id),
        event=Event.SYSTEM,
        organisation=None,
        year=None,
        rule="portal_recovered" if back else news.reason or "",
        severity="error",
        status="ok" if back else Status.UNKNOWN.value,
        title={"zh": f"{news.name}：{'恢复' if back else zh}", "en": f"{news.name}: {'recovered' if back else en}"},
        message={
            "zh": f"此前“{zh}”，现已恢复" if back else f"{zh}；该门户的单位记为“未能核查”，不作任何认定",
            "en": f"was: {en}; works again"
            if back
            else f"{en}; its organisations count as not verified, nothing is claimed",
        },
        portal=Portal(news.portal, news.name),
    )


def reminder_key(organisation: str, year: int) -> str:
    """What the reminders of an organisation and year are about."""
    return f"reminder/{organisation}/{year}"


def item_id(*parts: str) -> str:
    return "al_" + hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:24]


def counts_of(standing: Sequence[Mapping[str, Any]]) -> digest.Counts:
    """How many organisations could be checked, of those ``status`` shows."""
    unknown = [one for one in standing if one["status"] == Status.UNKNOWN]
    return digest.Counts(
        checked=len(standing) - len(unknown),
        total=len(standing),
        unchecked=tuple(digest.Unchecked(one["id"], one["name"], one["reason"]) for one in unknown),
    )
