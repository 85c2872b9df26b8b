"""The signals by which a long-running process is told to stop."""

from __future__ import annotations

import signal
from collections.abc import Callable
from types import FrameType
from typing import Final

_SIGNALS: Final = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


def on_stop(stop: Callable[[], None]) -> None:
    """Call ``stop`` on SIGTERM, Ctrl-C, and when the terminal goes away; ``nohup`` still keeps that last one out."""

    def heard(_number: int, _frame: FrameType | None) -> None:
        stop()

    for number in _SIGNALS:
        if number is not signal.SIGHUP or signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, heard)
