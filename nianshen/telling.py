"""From what changed to what is said: alerts, the digests that carry them, and the sending."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from audit.finding import Kind
from audit.lifecycle import Change
from audit.lifecycle import Event as Step
from nianshen.config import Config
from nianshen.errors import StorageError
from nianshen.health import Doubt
from nianshen.receivers import open_channels, open_transport
from nianshen.status import Status
from nianshen.store import FindingRow, NewAlert, NewMessage, Store, Unit
from notifiers import digest, route
from notifiers.clock import SystemClock
from notifiers.dispatcher import Dispatcher, Tally
from notifiers.event import AlertItem, Event, Evidence, Organisation, Portal
from notifiers.limits import Pace

_TOLD = {
    Step.OPENED: Event.OPENED,
    Step.WORSE: Event.WORSE,
    Step.RESOLVED: Event.RESOLVED,
    Step.REOPENED: Event.REOPENED,
}
_RESOLVED = {"zh": "已改正：", "en": "resolved: "}
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

    ``before`` was told last; ``doubt`` is why a list that seems whole is not trusted.
    """

    portal: str
    name: str
    reason: str | None
    before: str | None
    run_id: str
    doubt: Doubt | None = None


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
    told = unit.alerts.told(one.fingerprint for one in news if isinstance(one, FindingNews))
    items: list[AlertItem] = []
    alerts: dict[str, NewAlert] = {}
    for one in news:
        item = _portal_item(one) if isinstance(one, PortalNews) else _finding_item(one, config, status_of)
        held = None if isinstance(one, PortalNews) else _held(one, config, readable, told)
        key = f"portal/{one.portal}" if isinstance(one, PortalNews) else one.fingerprint
        alerts[item.alert_id] = NewAlert(
            alert_id=item.alert_id,
            key=key,
            event=item.event,
            organisation=item.organisation.id if item.organisation else None,
            year=item.year,
            rules=(item.rule,),
            state=held[0] if held else "pending",
            reason=held[1] if held else None,
        )
        if held is None:
            items.append(item)
    plan = route.plan(items, _routes(config))
    messages = _messages(plan, now, _counts(standing))
    for item in plan.unrouted:
        reason = "没有匹配的路由 / no route matches"
        alerts[item.alert_id] = replace(alerts[item.alert_id], state="suppressed", reason=reason)
    # Transport keeps real time, whatever instant the run judges by.
    unit.enqueue(list(alerts.values()), messages, datetime.now(UTC))


def release(unit: Unit, config: Config, now: datetime, row: FindingRow, standing: Sequence[Mapping[str, Any]]) -> int:
    """Enqueue the alerts of a finding that waited for a person; returns how many there were.

    They keep their ids, so that a receiver knows them whenever they come.
    """
    held = [one for one in unit.alerts.list(key=row.fingerprint) if one.state == "pending" and one.message_id is None]
    if not held:
        return 0
    reading = unit.readings.get(row.reading_id) if row.reading_id is not None else None
    snapshot = Snapshot(reading["sha256"], reading["captured_at"], reading["url"]) if reading else None
    status_of = {one["id"]: one["status"] for one in standing}
    items = [
        replace(
            _finding_item(
                FindingNews(row.organisation, row.year, Event(one.event), row.fingerprint, row.document, snapshot, ""),
                config,
                status_of,
            ),
            alert_id=one.id,
        )
        for one in held
    ]
    messages = _messages(route.plan(items, _routes(config)), now, _counts(standing))
    unit.alerts.enqueue((), messages, datetime.now(UTC))
    return len(held)


def send(store: Store, config: Config, limit: timedelta, rng: Random) -> Tally:
    """Send what is due, what failed in an earlier run included, until nothing is or the limit is reached.

    The rest stays in the outbox; ``waiting`` of the tally counts all of it, whichever run it is from.
    """
    store.outbox.hurry(datetime.now(UTC))
    with dispatcher(store, config, rng) as sender:
        tally = sender.run_until_idle(datetime.now(UTC) + limit)
    return replace(tally, waiting=store.outbox.undelivered(datetime.now(UTC)))


@contextmanager
def dispatcher(
    store: Store, config: Config, rng: Random, complain: Callable[[str, Exception], None] | None = None
) -> Iterator[Dispatcher]:
    """The dispatcher of all channels of the configuration over the store's outbox.

    With ``complain`` a store that is out of reach for a while ends nothing: it is complained of and asked again.
    """
    clock = SystemClock()
    transport = open_transport(config, clock.now)
    try:
        yield Dispatcher(
            store.outbox,
            open_channels(config),
            transport,
            clock,
            rng,
            paces={name: Pace(channel.most_per_minute) for name, channel in config.channels.items()},
            passing=(StorageError,) if complain else (),
            complain=complain,
        )
    finally:
        transport.close()


def _messages(plan: route.Plan, now: datetime, counts: digest.Counts) -> list[NewMessage]:
    return [
        NewMessage(message.message_id, parcel.channel, message.body, message.alerts)
        for parcel in plan.parcels
        for message in digest.build(parcel.items, now=now, counts=counts, scope=parcel.scope)
    ]


def _routes(config: Config) -> list[route.Route]:
    return [
        route.Route(
            route.Match.of({name: value for name, value in one.match.model_dump().items() if value}),
            one.to,
            route.GroupBy(one.group_by),
        )
        for one in config.routes
    ]


def _held(
    news: FindingNews, config: Config, readable: Callable[[str], bool], told: Collection[str]
) -> tuple[str, str] | None:
    """Why an alert is not sent: the state it keeps and the reason."""
    if news.waived:
        return "suppressed", "已豁免 / waived"
    if news.snapshot is None or not readable(news.snapshot.sha256):
        return "suppressed", "没有可读的证据 / no readable evidence"
    if news.event is Event.RESOLVED:
        return None if news.fingerprint in told else ("suppressed", "此前未曾告知 / was never told")
    if news.document["severity"] in config.rules.confirm:
        return "pending", "等待人工确认 / waits for a person to confirm"
    return None


def _finding_item(news: FindingNews, config: Config, status_of: Mapping[str, str]) -> AlertItem:
    organisation = next(one for one in config.organisations if one.id == news.organisation)
    document = news.document
    message = dict(document["message"])
    if news.event is Event.RESOLVED:
        message = {language: _RESOLVED[language] + text for language, text in message.items()}
    snapshot = news.snapshot
    return AlertItem(
        # The run is part of it: what comes and goes with the same bytes is told anew each time.
        alert_id=_id(news.fingerprint, news.event, news.run_id),
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


def _portal_item(news: PortalNews) -> AlertItem:
    zh, en = _PORTAL_WORDS.get(news.reason or news.before or "", (news.reason or "", news.reason or ""))
    back = news.reason is None
    if news.doubt:
        zh, en = f"{zh}（{news.doubt.zh}）", f"{en} ({news.doubt.en})"
    return AlertItem(
        alert_id=_id("portal", news.portal, news.reason or "recovered", news.run_id),
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


def _id(*parts: str) -> str:
    return "al_" + hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:24]


def _counts(standing: Sequence[Mapping[str, Any]]) -> digest.Counts:
    unknown = [one for one in standing if one["status"] == Status.UNKNOWN]
    return digest.Counts(
        checked=len(standing) - len(unknown),
        total=len(standing),
        unchecked=tuple(digest.Unchecked(one["id"], one["name"], one["reason"]) for one in unknown),
    )
