"""The process in which apprise runs: a task as JSON on the standard input, one word as the answer.

Words: taken, failed, refused (an address the guard does not permit), unknown (no such kind of address), missing.
"""

from __future__ import annotations

import json
import logging
import sys
from typing import Any

from notifiers.address import AddressGuard, parse

_CONNECTING = frozenset({"socket.connect", "socket.sendto", "socket.sendmsg"})


def main() -> None:
    """Do the task and say how it ended."""
    task = json.load(sys.stdin)
    sys.stdout.write(_send(task["url"], task["title"], task["text"], AddressGuard(task["allow"])))


def _send(url: str, title: str, text: str, guard: AddressGuard) -> str:
    refused: list[str] = []

    def look(event: str, arguments: tuple[Any, ...]) -> None:
        if event in _CONNECTING and not _permitted(arguments[1], guard):
            refused.append(event)
            raise PermissionError(event)

    sys.addaudithook(look)
    try:
        import apprise  # noqa: PLC0415 - an extra
        import requests  # noqa: PLC0415 - with it
    except ImportError:
        return "missing"
    logging.disable()
    # the message and the token would follow a redirect
    requests.Session.get_redirect_target = _nowhere  # type: ignore[method-assign, assignment]
    sender = apprise.Apprise()
    if not sender.add(url):
        return "unknown"
    taken = sender.notify(body=text, title=title, body_format=apprise.NotifyFormat.TEXT)
    if refused:
        return "refused"
    return "taken" if taken else "failed"


def _nowhere(_session: Any, resp: Any) -> None:  # noqa: ARG001 - the signature is that of requests
    return None


def _permitted(address: Any, guard: AddressGuard) -> bool:
    """Only addresses of the internet, as numbers: a local socket or a name still to be resolved is none."""
    try:
        return guard.permits(parse(address[0]))
    except (TypeError, ValueError, IndexError):
        return False


if __name__ == "__main__":
    main()
