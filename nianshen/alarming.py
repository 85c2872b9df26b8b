"""The last word: a store that cannot be written has no outbox to carry it, so it goes to a receiver at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import closing
from datetime import UTC, datetime
from typing import Final

from nianshen.config import Config
from nianshen.errors import StorageError
from nianshen.receivers import open_channels, open_transport
from nianshen.status import Status
from nianshen.store import NewAlert, Unit
from nianshen.telling import item_id, store_items
from notifiers import digest, route
from notifiers.event import AlertItem, Event
from notifiers.exchange import CannotBuildError, TransportFault, outcome_of_fault
from notifiers.outbox import Delivery
from notifiers.outcome import Delivered
from notifiers.secret import redact

FAILED: Final = "storage_failed"
RECOVERED: Final = "storage_recovered"
ALARM_AFTER_SECONDS: Final = 60
TRY_AGAIN_SECONDS: Final = 60
TELL_AGAIN_SECONDS: Final = 86_400

Complain = Callable[[str], None]


class Alarm:
    """Tell ``failing`` of every failure of the store and ``well`` of every success; ``monotonic`` gives seconds.

    The alarm goes to the fallbacks of all channels, or to all channels if none has one; one receiver that took it is
    enough. It is told once a day while the trouble lasts.
    """

    def __init__(self, config: Config, monotonic: Callable[[], float], complain: Complain) -> None:
        self._config = config
        self._monotonic = monotonic
        self._complain = complain
        self._since: float | None = None
        self._next = 0.0
        self._told: list[str] = []

    def failing(self, error: StorageError) -> None:
        """The store failed once more. May take as long as an exchange with every receiver."""
        now = self._monotonic()
        if self._since is None:
            self._since, self._next = now, now + ALARM_AFTER_SECONDS
        if now < self._next:
            return
        took = next((name for name in last_resorts(self._config) if self._send(name, error)), None)
        self._next = now + (TRY_AGAIN_SECONDS if took is None else TELL_AGAIN_SECONDS)
        if took is not None and took not in self._told:
            self._told.append(took)

    def well(self, unit: Unit) -> None:
        """The store can be written: who heard the alarm is told so, by the outbox. To be called in a transaction."""
        if self._told:
            now = datetime.now(UTC)
            item = _item(RECOVERED, now, "数据库恢复可写", "the database can be written again", Status.OK)
            alert = NewAlert(item.alert_id, f"system/{FAILED}", item.event, None, None, (item.rule,), judged_at=now)
            routes = [route.Route(route.Match(), tuple(self._told))]
            store_items(unit, self._config, now, [item], {alert.alert_id: alert}, None, routes)

    def forget(self) -> None:
        """What ``well`` enqueued is stored: the trouble is over."""
        self._since, self._told = None, []

    def _send(self, name: str, error: StorageError) -> bool:
        now = datetime.now(UTC)
        item = _item(FAILED, now, f"数据库不可写，监测停滞：{error.zh}", f"the database cannot be written: {error.en}")
        (message,) = digest.build([item], now=now, scope=f"{name}/{FAILED}")
        channel = open_channels(self._config)[name]
        try:
            built = channel.build(Delivery(message.message_id, name, message.body, 0, now), now)
        except CannotBuildError as broken:
            self._complain(f"{name}: {redact(str(broken), channel.secrets)}")
            return False
        with closing(open_transport(self._config, lambda: datetime.now(UTC))) as transport:
            answer = transport.send(name, built)
        outcome = outcome_of_fault(answer) if isinstance(answer, TransportFault) else channel.classify(answer)
        took = isinstance(outcome, Delivered)
        said = "已直接告警 / alarmed directly" if took else "直接告警未送达 / the direct alarm was not delivered"
        self._complain(f"{name}: {said}: {redact(outcome.reason, channel.secrets)}")
        return took


def last_resorts(config: Config) -> Sequence[str]:
    """The channels that hear what no outbox carries: those that stand in for others, or all if none does."""
    fallbacks = [one.fallback for one in config.channels.values() if one.fallback is not None]
    return tuple(dict.fromkeys(fallbacks or config.channels))


def _item(rule: str, now: datetime, zh: str, en: str, status: Status = Status.UNKNOWN) -> AlertItem:
    return AlertItem(
        alert_id=item_id(rule, now.isoformat()),
        event=Event.SYSTEM,
        organisation=None,
        year=None,
        rule=rule,
        severity="error",
        status=status.value,
        title={"zh": zh, "en": en},
        message={"zh": zh, "en": en},
    )
