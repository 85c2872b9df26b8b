"""The long tail: the apprise library in a process of its own, where every connection it makes is looked at first.

The library opens its connections itself, follows redirects and reads proxy variables. In a process of its own it has
no variables, a time to live, and a hook of the interpreter (PEP 578) that sees each connection before it is made.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from typing import Final

from notifiers.exchange import FaultKind, Notice
from notifiers.lines.dial import Fault

TAKEN, NOT_TAKEN = 200, 502
_START: Final = 10.0  # seconds to load the library on a busy machine, beside the time for the exchange
_KEPT: Final = ("PATH", "LANG", "TZ", "SYSTEMROOT")


class AppriseLine:
    """Sends one notice per process. ``ranges`` are the CIDRs of private addresses that are allowed."""

    def __init__(self, ranges: Sequence[str], seconds: float, ca_bundle: str | None) -> None:
        self._ranges = list(ranges)
        self._seconds = seconds
        self._ca_bundle = ca_bundle

    def send(self, notice: Notice) -> tuple[int, dict[str, str], bytes, Sequence[str]]:
        """200 if the library says that it sent, 502 if it says that it did not. Raises Fault."""
        task = {"url": notice.url.reveal(), "title": notice.title, "text": notice.text, "allow": self._ranges}
        environment = {name: os.environ[name] for name in _KEPT if name in os.environ}
        if self._ca_bundle is not None:
            environment |= {"REQUESTS_CA_BUNDLE": self._ca_bundle, "SSL_CERT_FILE": self._ca_bundle}
        try:
            # by a pipe: every user of the machine could read an argument; -I: imports nothing from the folder it is in
            done = subprocess.run(
                [sys.executable, "-I", "-m", "notifiers.lines.apprise_process"],
                input=json.dumps(task).encode(),
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,  # its messages hold the address
                env=environment,
                timeout=self._seconds + _START,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise Fault(FaultKind.TIMEOUT, "总时限已到 / the exchange took too long") from None
        match done.stdout.strip():
            case b"taken":
                return TAKEN, {}, b"", ()
            case b"refused":
                raise Fault(
                    FaultKind.REFUSED,
                    "地址不是公网地址，也不在 allow_private_addresses 之内 / "
                    "the address is neither public nor inside allow_private_addresses",
                )
            case b"unknown":
                raise Fault(FaultKind.REFUSED, "apprise 不认识这个地址 / apprise does not know this kind of address")
            case b"missing":
                raise Fault(FaultKind.REFUSED, "apprise 未安装 / not installed: pip install nianshen[apprise]")
        return NOT_TAKEN, {}, b"", ()

    def close(self) -> None:
        """Nothing is kept."""
