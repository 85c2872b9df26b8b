"""A dead man's switch: a word to a watcher elsewhere while all is well here; its silence is noticed there."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from typing import Final

from nianshen.config.model import Observe
from notifiers.exchange import Request, TransportFault
from notifiers.secret import Secret
from notifiers.transport import Limits, Transport

PING_SECONDS: Final = 60
ASK_AGAIN_SECONDS: Final = 10
_NAME: Final = "observe.ping"
_LIMITS: Final = Limits(connect=5, read=5, total=10)  # a stop must not wait long for it


def ping(observe: Observe, stop: threading.Event, well: Callable[[], bool], complain: Callable[[str], None]) -> None:
    """Post to the address once a minute while all is well, until ``stop``; a failure is said once and ends nothing."""
    if observe.ping is None:
        return
    url = Secret(observe.ping.get_secret_value())
    said: str | None = None
    transport = Transport({_NAME: observe.allow_private_addresses}, lambda: datetime.now(UTC), limits=_LIMITS)
    with closing(transport):
        while not stop.is_set():
            healthy = well()
            if healthy:
                wrong = _wrong(transport, url)
                if wrong is not None and wrong != said:
                    complain(wrong)
                said = wrong
            stop.wait(PING_SECONDS if healthy else ASK_AGAIN_SECONDS)


def _wrong(transport: Transport, url: Secret) -> str | None:
    """What went wrong with one ping, without its address; None if it was taken."""
    answer = transport.send(_NAME, Request(url, {}, b""))
    if isinstance(answer, TransportFault):
        reason = f"{answer.kind.value}: {answer.detail}"
    elif answer.status // 100 != 2:
        reason = f"HTTP {answer.status}"
    else:
        return None
    return f"心跳信号未送达 / the ping was not taken: {reason}"
