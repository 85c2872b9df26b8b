"""A receiver that never answers keeps nobody waiting but itself."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime
from pathlib import Path
from random import Random

from nianshen.store import NewMessage, open_store
from notifiers.channels.settings import Settings
from notifiers.channels.webhook import Webhook
from notifiers.clock import SystemClock
from notifiers.dispatcher import Dispatcher
from notifiers.limits import Pace
from notifiers.secret import Secret
from notifiers.transport import Limits, Transport
from tests.nianshen.test_watching import until
from tests.notifiers.receiver import SECRET, Answer, Received, Receiver

MESSAGES = 200


class Timed(Receiver):
    """Knows when each message came."""

    def __init__(self) -> None:
        super().__init__()
        self.times: dict[str, float] = {}

    def answer(self, received: Received) -> Answer:
        self.times[str(received.message_id)] = time.monotonic()
        return super().answer(received)


def test_two_hundred_messages_pass_while_another_channel_hangs_on_its_first(tmp_path: Path) -> None:
    store = open_store(f"sqlite:///{tmp_path / 'n.sqlite3'}")
    clock, pause, put = SystemClock(), threading.Event(), dict[str, float]()
    with Receiver([Answer(hang=True)] * 9) as hole, Timed() as office:
        hooks = {"hole": hole.url, "office": office.url}
        # Far longer than the test takes: not one exchange of the other channel ends while this one is at work.
        patient = Transport({name: ["127.0.0.0/8"] for name in hooks}, clock.now, limits=Limits(5, 300, 300))
        dispatcher = Dispatcher(
            store.outbox,
            {name: Webhook(Settings(Secret(url), (Secret(SECRET),))) for name, url in hooks.items()},
            patient,
            clock,
            Random(1),
            paces=dict.fromkeys(hooks, Pace(100_000)),
        )
        sending = threading.Thread(target=dispatcher.run_until_stopped)
        sending.start()
        store.enqueue([], [NewMessage(f"lost_{one}", "hole", b"{}", []) for one in range(9)], datetime.now(UTC))
        until(lambda: len(hole.received) == 1)
        for number in range(MESSAGES):
            name = f"msg_{number:03}"
            put[name] = time.monotonic()
            store.enqueue([], [NewMessage(name, "office", b"{}", [])], datetime.now(UTC))
            pause.wait(0.01)
        until(lambda: len(office.received) == MESSAGES)
        until(lambda: store.outbox.counts().get(("office", "sent")) == MESSAGES)
        hanging = (len(hole.received), store.outbox.counts()["hole", "leased"])
        dispatcher.stop()
    sending.join(60)
    waits = sorted(office.times[name] - put[name] for name in put)
    patient.close()
    store.close()

    print(f"{MESSAGES} messages beside a hanging channel: median {waits[100]:.3f} s, p99 {waits[197]:.3f} s")
    assert not sending.is_alive()
    assert hanging == (1, 1)
    assert office.ids == sorted(put)
