"""A receiver that is down for days costs nothing but time: what is not delivered in the end is dead, with a reason."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from random import Random

from nianshen.store import NewMessage, open_store
from notifiers.channels.settings import Settings
from notifiers.channels.webhook import Webhook
from notifiers.dispatcher import Dispatcher
from notifiers.exchange import FaultKind, Outgoing, Request, Response, TransportFault
from notifiers.limits import Pace
from notifiers.secret import Secret
from tests.notifiers.making import NOW, FakeClock
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


def test_four_days_of_outage_lose_nothing_without_a_word(tmp_path: Path) -> None:
    store = open_store(f"sqlite:///{tmp_path / 'n.sqlite3'}")
    clock = FakeClock()
    line = Outage(clock)
    hook = Webhook(Settings(Secret("https://hooks.example/T0PS3CRET"), (Secret(SECRET),)))
    dispatcher = Dispatcher(store.outbox, {"ops": hook}, line, clock, Random(3), paces={"ops": Pace(600)})
    for half_hour in range(9 * 24 * 2):
        if half_hour % 12 == 0 and clock.now() < NOW + DOWN:  # a run every six hours
            message = NewMessage(f"msg_{half_hour // 12:02}", "ops", b"{}", [])
            store.enqueue([], [message], clock.now())
        dispatcher.run_once()
        clock.advance(timedelta(minutes=30))

    letters = store.outbox.unreported()
    assert len(set(line.delivered)) == len(line.delivered)
    assert sorted(line.delivered + [letter.message_id for letter in letters]) == [f"msg_{n:02}" for n in range(16)]
    assert all("11" in letter.reason and "refused" in letter.reason for letter in letters)
    assert len(line.delivered) > 10
    assert line.tries < 16 * 11
    store.close()
