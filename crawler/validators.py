"""What the last full capture of an address was, so that the next fetch may ask whether it changed.

It is an optimisation and never the truth: lost, torn or out of date, it costs a full fetch, for a note is used only
together with the very bytes that it names.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any, Self
from urllib.parse import quote

from crawler.notes import Notes

LONGEST = timedelta(days=7)
"""An address is fetched in full at least this often: portals' validators cannot be trusted for ever."""
_SURE = timedelta(seconds=60)
_FORGOTTEN = frozenset({"set-cookie"})


@dataclass(frozen=True, slots=True)
class Known:
    """A full answer of an address: its blob, its WARC record, when it was fetched, and its headers."""

    sha: str
    warc: str
    offset: int
    at: datetime
    headers: tuple[tuple[str, str], ...]

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        """Raises ``KeyError``, ``TypeError`` or ``ValueError`` on anything else than what ``as_json`` gives."""
        at = datetime.fromisoformat(data["at"])
        if at.tzinfo is None:
            raise ValueError("naive")
        headers = tuple((str(name), str(value)) for name, value in data["headers"])
        return cls(str(data["sha256"]), str(data["warc"]), int(data["offset"]), at, headers)

    def as_json(self) -> dict[str, Any]:
        return {
            "sha256": self.sha,
            "warc": self.warc,
            "offset": self.offset,
            "at": self.at.isoformat(),
            "headers": [list(pair) for pair in self.headers if pair[0].lower() not in _FORGOTTEN],
        }

    def holds(self, now: datetime) -> bool:
        """Whether it is young enough to be asked about instead of fetched again."""
        return timedelta() <= now - self.at < LONGEST

    def conditions(self) -> dict[str, str]:
        """The headers of a conditional request (RFC 9110 13.1); empty if the answer named nothing to compare."""
        found: dict[str, str] = {}
        if etag := self._header("etag"):
            found["If-None-Match"] = etag
        if (changed := self._header("last-modified")) and (etag or self._changed_long_before()):
            found["If-Modified-Since"] = changed
        return found

    def _changed_long_before(self) -> bool:
        """A second change in the same second goes unseen; RFC 9110 8.8.2.2 asks for a minute between them."""
        try:
            dates = [parsedate_to_datetime(self._header(name)) for name in ("date", "last-modified")]
            answered, changed = (one if one.tzinfo else one.replace(tzinfo=UTC) for one in dates)
        except ValueError:
            return False
        return answered - changed >= _SURE

    def _header(self, name: str) -> str:
        return next((value for key, value in self.headers if key.lower() == name), "")


class Validators:
    """The known answers of the portals of a run. ``fresh``: portals of which everything is fetched in full.

    Without a ``folder`` nothing is known and nothing learned.
    """

    def __init__(self, folder: Path | None, fresh: Sequence[str] = ()) -> None:
        self._folder = folder
        self._fresh = frozenset(fresh)
        self._notes: dict[str, Notes] = {}

    def known(self, portal: str, url: str, now: datetime) -> Known | None:
        """The last full answer if it may be asked about: young enough, with validators, the portal not ``fresh``."""
        try:
            one = Known.from_json(json.loads(self._of(portal).get(url)))
        except (KeyError, TypeError, ValueError):
            return None
        return one if portal not in self._fresh and one.holds(now) and one.conditions() else None

    def learn(self, portal: str, url: str, known: Known) -> None:
        """A full answer came. One without validators replaces what was known all the same."""
        self._of(portal).put(url, json.dumps(known.as_json()).encode() if known.conditions() else b"")

    def close(self) -> None:
        """Let go of answers that nobody asked for. Raises OSError."""
        for notes in self._notes.values():
            notes.close()

    def _of(self, portal: str) -> Notes:
        if portal not in self._notes:
            self._notes[portal] = Notes(self._folder and self._folder / f"{quote(portal, safe='')}.notes")
        return self._notes[portal]
