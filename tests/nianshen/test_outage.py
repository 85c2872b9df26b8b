"""A receiver that is down for days costs nothing but time: what waited comes as few messages, the dead have reasons."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from random import Random

from nianshen.store import NewAlert, NewMessage, Store, open_store
from notifiers import digest
from notifiers.channels.settings import Settings
from notifiers.channels.webhook import Webhook
from notifiers.dispatcher import Dispatcher
from notifiers.exchange import FaultKind, Outgoing, Request, Response, TransportFault
from notifiers.limits import Pace
from notifiers.secret import Secret
from tests.notifiers.making import NOW, FakeClock, item
from tests.notifiers.receiver import SECRET

DOWN = timedelta(days=4)


class Outage:
    """No connection for four days, then 204."""

    def __init__(self, clock: FakeClock) -> None:
        self._clock = clock
        self.tries = 0
        self.delivered: list[str] = []

    def send(self, _channel: str, request: Outgoing) -> Response | TransportFault:
        assert isinstance(request, Request)
        self.tries += 1
        if self._clock.now() < NOW + DOWN:
            return TransportFault(FaultKind.CONNECT, "refused")
        self.delivered.append(request.headers["webhook-id"])
        return Response(204, {}, b"", self._clock.now())


def test_four_days_of_outage_lose_nothing_and_arrive_as_few_messages(tmp_path: Path) -> None:
    store = open_store(f"sqlite:///{tmp_path / 'n.sqlite3'}")
    clock = FakeClock()
    line = Outage(clock)
    hook = Webhook(Settings(Secret("https://hooks.example/T0PS3CRET"), (Secret(SECRET),)))
    dispatcher = Dispatcher(store.outbox, {"office": hook}, line, clock, Random(3), paces={"office": Pace(600)})
    for half_hour in range(9 * 24 * 2):
        if half_hour % 12 == 0 and clock.now() < NOW + DOWN:  # a run every six hours finds one thing
            enqueue(store, half_hour // 12, clock.now())
        dispatcher.run_once()
        clock.advance(timedelta(minutes=30))

    letters = store.outbox.unreported()
    alerts = store.alerts.list()
    store.close()
    assert {one.state for one in alerts} == {"sent", "dead"}
    assert {one.message_id for one in alerts} == {*line.delivered, *(letter.message_id for letter in letters)}
    assert len(alerts) == 16
    assert all("11" in letter.reason and "refused" in letter.reason for letter in letters)
    assert len(line.delivered) == len(set(line.delivered)) <= 5
    assert sum(one.state == "dead" for one in alerts) == 1  # what was tried for 75 hours before the receiver came back


def enqueue(store: Store, number: int, now: datetime) -> None:
    """What a run says about one organisation, due at the clock of the test."""
    (message,) = digest.build([item(f"al_{number}")], now=now, scope="office/channel/")
    alert = NewAlert(f"al_{number}", f"print-{number}", "opened", "edu", 2025, ("A003",))
    row = NewMessage(message.message_id, "office", message.body, message.alerts, scope="office/channel/")
    store.enqueue([alert], [row], now)
