"""The story of one alert, told line by line: what it is, which routes it takes, what became of it on each channel."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from nianshen.config import Config
from nianshen.given_up import lines_on
from nianshen.repeating import why
from nianshen.store import Acknowledgement, AlertRow, Store
from nianshen.telling import routes_of
from notifiers.event import AlertItem, Event, Organisation
from notifiers.limits import State


def story(store: Store, config: Config, alert_id: str) -> list[str]:
    """The lines, Chinese and English; none if there is no such alert."""
    rows = store.alerts.list(alert_id=alert_id)
    if not rows:
        return []
    first, states = rows[0], store.channels.states()
    lines = [_head(first)]
    if acknowledged := store.alerts.acknowledgement(alert_id):
        lines.append(f"已确认知悉 / acknowledged: {_time(acknowledged.at)}{_how(acknowledged)}")
    if first.message_id is None:
        lines.append(f"未发送 / not sent: {first.error or '等待 / waits'}")
    lines += _routes(store, config, first)
    lines += _repeats(store, config, first)
    for row in rows:
        if row.channel:
            lines += _channel(row, states.get(row.channel))
    return lines


def _head(row: AlertRow) -> str:
    about = f"{row.organisation} {row.year}" if row.organisation else row.key
    return f"{row.id}: {row.event} {' '.join(row.rules)}, {about}, {_time(row.created)}"


def _how(acknowledged: Acknowledgement) -> str:
    ways = {
        "command": "，命令行 / by command",
        "link": f"，{acknowledged.channel} 的链接 / by the link of that channel",
    }
    who = f"，{acknowledged.who}" if acknowledged.who else ""
    return ways.get(acknowledged.how or "", "") + who


def _routes(store: Store, config: Config, row: AlertRow) -> Iterator[str]:
    """Which routes of today's configuration match, and what the others miss; nothing for what has no finding."""
    item = _item(store, config, row)
    if item is None:
        return
    for number, one in enumerate(routes_of(config), start=1):
        missed = one.match.missed(item)
        said = f"不符合 / misses: {', '.join(missed)}" if missed else f"匹配 / matches → {', '.join(one.to)}"
        yield f"路由 / route {number}: {said}"


def _repeats(store: Store, config: Config, row: AlertRow) -> Iterator[str]:
    """Whether the finding of the alert is told once more, for what reason; nothing for what has no finding."""
    if _item(store, config, row) is not None:
        finding = store.findings.list(prefix=row.key)[0]
        yield f"再次告知 / told again: {why(store, config, finding, datetime.now(UTC))}"


def _item(store: Store, config: Config, row: AlertRow) -> AlertItem | None:
    organisation = next((one for one in config.organisations if one.id == row.organisation), None)
    finding = next(iter(store.findings.list(prefix=row.key)), None) if row.organisation else None
    if organisation is None or finding is None:
        return None
    return AlertItem(
        alert_id=row.id,
        event=Event(row.event),
        organisation=Organisation(
            organisation.id, organisation.name, organisation.region or None, organisation.kind, organisation.portal
        ),
        year=row.year,
        rule=finding.rule,
        severity=finding.severity,
        status="",
        title={},
        message={},
    )


def _channel(row: AlertRow, state: State | None) -> Iterator[str]:
    said = f": {row.error}" if row.error else ""
    yield f"通道 / channel {row.channel}: {row.state}, {row.attempts} 次 / tries, {row.message_id}{said}"
    if row.due is not None and row.due > datetime.now(UTC):
        reason = "下次再试 / tried again" if row.attempts else "静默到 / held by the quiet hours or rest days until"
        yield f"{reason} {_time(row.due)}"
    if state is not None and state.disabled_at is not None:
        yield from lines_on({row.channel or "": state})
    elif state is not None and state.held_until is not None and state.held_until > datetime.now(UTC):
        yield (
            f"通道暂停至 / channel {row.channel} rests until {_time(state.held_until)}, "
            f"连续失败 / failures in a row {state.failures}: {state.reason}"
        )


def _time(instant: datetime) -> str:
    return instant.isoformat(timespec="seconds")
