"""The sending of what waits, and what is said of a channel that fails: of its dead letters, and when it is given up."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Final

from nianshen.config import Config
from nianshen.errors import StorageError
from nianshen.given_up import print_of, restore_changed
from nianshen.overhearing import Hear, Overheard
from nianshen.receivers import open_channels, open_transport
from nianshen.status import Status
from nianshen.store import DeadLetter, NewAlert, NewMessage, Store, Unit
from nianshen.telling import item_id
from notifiers import digest
from notifiers.clock import SystemClock
from notifiers.dispatcher import Dispatcher, Tally
from notifiers.event import AlertItem, Event
from notifiers.limits import CROWDED, Pace, State
from notifiers.mute import Why

DELIVERY_FAILED: Final = "delivery_failed"
CHANNEL_DISABLED: Final = "channel_disabled"


def send(store: Store, config: Config, limit: timedelta, rng: Random, hear: Hear | None = None) -> Tally:
    """Send what is due, what failed in an earlier run included, until nothing is or the limit is reached.

    The rest stays in the outbox; ``waiting`` of the tally counts all of it, whichever run it is from. ``hear`` hears of
    every attempt, from the thread of its channel.
    """
    store.outbox.hurry(datetime.now(UTC))
    deadline = datetime.now(UTC) + limit
    with dispatcher(store, config, rng, hear=hear) as sender:
        tally = sender.run_until_idle(deadline)
        with store.transaction() as unit:
            failed = report_failures(unit, config, [name for name, one in config.channels.items() if one.fallback])
        if failed:
            tally += sender.run_until_idle(deadline)
    return replace(tally, waiting=store.outbox.undelivered(datetime.now(UTC)))


@contextmanager
def dispatcher(
    store: Store,
    config: Config,
    rng: Random,
    complain: Callable[[str, Exception], None] | None = None,
    hear: Hear | None = None,
) -> Iterator[Dispatcher]:
    """The dispatcher of all channels of the configuration over the store's outbox.

    A channel that was given up with other settings than those of today is tried anew. With ``complain`` a store that
    is out of reach for a while ends nothing: it is complained of and asked again.
    """
    clock = SystemClock()
    restore_changed(store, config, clock.now())
    transport = open_transport(config, clock.now)
    try:
        yield Dispatcher(
            store.outbox if hear is None else Overheard(store.outbox, hear),
            open_channels(config),
            transport,
            clock,
            rng,
            paces={name: Pace(one.most_per_minute, one.type in CROWDED) for name, one in config.channels.items()},
            passing=(StorageError,) if complain else (),
            complain=complain,
        )
    finally:
        transport.close()


def report_failures(unit: Unit, config: Config, channels: Collection[str] | None = None) -> int:
    """Tell what no person was told of yet, on the fallback of its channel; how many channels there were.

    Only ``channels`` are looked at if they are named: a run that ends says itself what it could not deliver. A message
    that tells of others and was given up itself is told nowhere: ``alerts dead`` shows it.
    """
    lost: dict[str, list[DeadLetter]] = {}
    for letter in unit.outbox.unreported(channels):
        if json.loads(letter.body).get("type") != f"system.{DELIVERY_FAILED}":
            lost.setdefault(letter.channel, []).append(letter)
    for channel, letters in lost.items():
        _tell(unit, config, channel, _dead_item(channel, letters))
    states, given_up = unit.channels.states(), unit.channels.given_up()
    fresh = [one for one, settings in given_up.items() if settings is None and (channels is None or one in channels)]
    for channel in fresh:
        unit.channels.remember(channel, print_of(config, channel, secrets.token_hex(8)))
        if channel in config.channels:
            _tell(unit, config, channel, _given_up_item(channel, states[channel]))
    return len(lost) + len(fresh)


def _tell(unit: Unit, config: Config, channel: str, item: AlertItem) -> None:
    now = datetime.now(UTC)
    settings = config.channels.get(channel)
    fallback = settings.fallback if settings else None
    why = None if fallback else Why.NO_FALLBACK
    alert = NewAlert(
        alert_id=item.alert_id,
        key=f"channel/{channel}",
        event=item.event,
        organisation=None,
        year=None,
        rules=(item.rule,),
        state=why.state if why else "pending",
        reason=str(why) if why else None,
    )
    messages = digest.build([item], now=now, scope=f"{fallback}/{item.rule}") if fallback else []
    unit.enqueue([alert], [NewMessage(one.message_id, fallback or "", one.body, one.alerts) for one in messages], now)


def _dead_item(channel: str, letters: Sequence[DeadLetter]) -> AlertItem:
    count, reason = len(letters), letters[-1].reason
    return _item(
        item_id(DELIVERY_FAILED, *(letter.message_id for letter in letters)),
        DELIVERY_FAILED,
        {"zh": f"通道 {channel} 未能送达", "en": f"channel {channel}: not delivered"},
        {
            "zh": f"{count} 条消息已放弃，最后一条的原因：{reason}。排除后运行 nianshen alerts retry --all",
            "en": f"{count} message(s) given up, the last one for: {reason}. Once mended: nianshen alerts retry --all",
        },
    )


def _given_up_item(channel: str, state: State) -> AlertItem:
    since = state.failing_since.date() if state.failing_since else ""
    return _item(
        item_id(CHANNEL_DISABLED, channel, str(state.disabled_at)),
        CHANNEL_DISABLED,
        {"zh": f"通道 {channel} 已停用", "en": f"channel {channel} is given up"},
        {
            "zh": f"{since} 起一直失败：{state.reason}。消息保留待发；"
            f"修复后运行 nianshen alerts test {channel}，或修改其配置",
            "en": f"failing without a break since {since}: {state.reason}. Its messages wait; once mended: "
            f"nianshen alerts test {channel}, or change its settings",
        },
    )


def _item(alert_id: str, rule: str, title: Mapping[str, str], message: Mapping[str, str]) -> AlertItem:
    return AlertItem(
        alert_id=alert_id,
        event=Event.SYSTEM,
        organisation=None,
        year=None,
        rule=rule,
        severity="error",
        status=Status.UNKNOWN.value,
        title=title,
        message=message,
    )
