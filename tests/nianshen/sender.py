"""A process that sends what waits until it is stopped or killed: ``python -m tests.nianshen.sender DATABASE HOOK``."""

from __future__ import annotations

import signal
import sys
from datetime import timedelta
from random import Random

from nianshen.errors import StorageError
from nianshen.store import open_store
from notifiers.channels.settings import Settings
from notifiers.channels.webhook import Webhook
from notifiers.clock import SystemClock
from notifiers.dispatcher import Dispatcher
from notifiers.limits import Pace
from notifiers.secret import Secret
from notifiers.transport import Transport
from tests.notifiers.receiver import SECRET


def main(database: str, hook: str) -> None:
    store = open_store(database, create=False)
    clock = SystemClock()
    dispatcher = Dispatcher(
        store.outbox,
        {"ops": Webhook(Settings(Secret(hook), (Secret(SECRET),)))},
        Transport({"ops": ["127.0.0.0/8"]}, clock.now),
        clock,
        Random(),
        paces={"ops": Pace(1_000_000)},
        passing=(StorageError,),
    )
    signal.signal(signal.SIGTERM, lambda *_: dispatcher.stop())
    dispatcher.run_until_stopped(timedelta(milliseconds=20))


if __name__ == "__main__":
    main(*sys.argv[1:])
