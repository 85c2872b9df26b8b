"""What answers mean: by status for every service, by the code in the body for robots that refuse with HTTP 200."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Final

from notifiers.exchange import OVERLOAD_PENALTY, Response
from notifiers.markup import plain
from notifiers.outcome import Delivered, Outcome, Permanent, Rerender, Retry

# The client errors that say "not now" rather than "not so" (RFC 9110, 4918, 8470, 6585).
_PASSING: Final = frozenset({408, 409, 421, 423, 425, 429})
_LOCKED: Final = frozenset({401, 403, 404, 410})
_QUOTED: Final = 200


def by_status(response: Response) -> Outcome:
    """The common table: 2xx delivered, 3xx refused, 408, 425, 429 and 5xx again later, other 4xx never."""
    status = response.status
    reason = reason_of(response)
    if 200 <= status < 300:
        return Delivered(reason)
    if 300 <= status < 400:
        return Permanent(f"{reason}: 不跟随跳转 / redirects are not followed")
    if status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
        return Rerender(None, reason)
    if 400 <= status < 500 and status not in _PASSING:
        gone = ": 接收方已停用 / the receiver is gone" if status == HTTPStatus.GONE else ""
        return Permanent(reason + gone, hold=status in _LOCKED)
    asked = _retry_after(response)
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return Retry(OVERLOAD_PENALTY if asked is None else asked, reason, hold=True)
    return Retry(asked, reason, hold=asked is not None)


@dataclass(frozen=True, slots=True)
class Reply:
    """The JSON answer of a robot: its code, and what it says."""

    code: int
    said: str


def reply_of(response: Response, codes: Sequence[str], words: Sequence[str]) -> Reply | None:
    """The reply; None for an answer that is none, or whose code is no whole number.

    ``codes`` are the names a code may stand under; if several do, the first that is not zero counts.
    """
    try:
        document = json.loads(response.body)
    except (ValueError, RecursionError):
        return None
    if not isinstance(document, dict):
        return None
    found = [document[name] for name in codes if name in document]
    if not found or not all(type(code) is int for code in found):  # True and 0.0 are no codes
        return None
    said = next((document[name] for name in words if isinstance(document.get(name), str)), "")
    return Reply(next((code for code in found if code), 0), plain(said[:_QUOTED]))


def by_code(response: Response, reply: Reply | None, known: Mapping[int, Outcome]) -> Outcome:
    """Delivered only by a 2xx and the code 0. ``known`` says what the service's other codes mean.

    A page of a gateway, an empty or a broken answer with HTTP 200 leaves open what happened: again later.
    """
    good = 200 <= response.status < 300
    if 300 <= response.status < 400 or (reply is None and not good):
        return by_status(response)
    if reply is None:
        return Retry(None, f"{reason_of(response)}: 应答无法识别 / the answer is none of this service")
    reason = f"HTTP {response.status}, {reply.code} {reply.said}".rstrip()
    if reply.code in known:
        meant = known[reply.code]
        return replace(meant, reason=f"{reason}: {meant.reason}")
    if good:
        return Delivered(reason) if reply.code == 0 else Retry(None, reason)
    return replace(by_status(response), reason=reason)


def reason_of(response: Response) -> str:
    """``HTTP 503 Service Unavailable``."""
    try:
        phrase = HTTPStatus(response.status).phrase
    except ValueError:
        phrase = ""
    return f"HTTP {response.status} {phrase}".rstrip()


def _retry_after(response: Response) -> timedelta | None:
    """RFC 9110 10.2.3: seconds or a date. The date is measured against the receiver's own clock if it shows it."""
    text = response.headers.get("retry-after", "").strip()
    if text.isascii() and text.isdigit():
        # nine digits are thirty years: more would overflow, and the cap of the backoff comes far earlier
        return timedelta(seconds=int(text[:9]))
    until = _date(text)
    if until is None:
        return None
    return max(until - (_date(response.headers.get("date", "")) or response.received), timedelta())


def _date(text: str) -> datetime | None:
    try:
        parsed = parsedate_to_datetime(text)
    except ValueError:
        return None
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)


def said_in(response: Response) -> str:
    """The body as text for a reason: one line, cut."""
    return plain(response.body[: _QUOTED * 4].decode("utf-8", "replace")[:_QUOTED])
