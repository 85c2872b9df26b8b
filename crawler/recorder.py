"""Keeps evidence off the event loop, many captures under one sync.

A capture is announced, parsed or reported only when its future is done: it is on the disk by then, whatever happens to
the process. The more hosts answer at once, the more captures share a sync; a slow disk makes groups larger, not a queue
longer, for every fetch waits for its own.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from queue import Empty, SimpleQueue
from typing import Any

from crawler.evidence import BlobStore, EvidenceError, Manifest, Unsynced, Warc

_MOST_AT_ONCE = 64
_SYNCS_AT_ONCE = 4


@dataclass(frozen=True, slots=True)
class Exchange:
    """What went over the wire: ``request`` is method and headers, ``response`` status, headers and body.

    ``sent`` is the body of the request.
    """

    url: str
    at: datetime
    request: tuple[str, Sequence[tuple[str, str]]]
    response: tuple[int, Sequence[tuple[str, str]], bytes]
    sent: bytes = b""


@dataclass(frozen=True, slots=True)
class Entry:
    """A line for the manifest, with the bytes it points to and the exchange that brought them, if there are any."""

    line: Mapping[str, Any]
    blob: bytes | None = None
    exchange: Exchange | None = None


@dataclass(frozen=True, slots=True)
class Kept:
    """Where an entry is: sha256 of its blob, WARC file and offset of its response; empty if it has none."""

    sha: str = ""
    warc: str = ""
    offset: int = 0


class Recorder:
    """One writing thread for blobs, WARC and manifest, in this order: a line never points to what is not there."""

    def __init__(self, blobs: BlobStore, warc: Warc, manifest: Manifest, unsynced: Unsynced) -> None:
        self._blobs, self._warc, self._manifest, self._unsynced = blobs, warc, manifest, unsynced
        self._orders: SimpleQueue[tuple[Entry, Future[Kept]] | None] = SimpleQueue()
        self._thread: threading.Thread | None = None
        self._syncing = ThreadPoolExecutor(_SYNCS_AT_ONCE, "sync")
        self._failure: EvidenceError | None = None

    def keep(self, entry: Entry) -> Future[Kept]:
        """Order an entry to be kept. The future fails with ``EvidenceError`` if there is no room."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name="recorder", daemon=True)
            self._thread.start()
        kept: Future[Kept] = Future()
        self._orders.put((entry, kept))
        return kept

    def close(self) -> None:
        """Wait for all that was ordered and close the WARC; raises ``EvidenceError`` if anything could not be kept."""
        if self._thread is not None:
            self._orders.put(None)
            self._thread.join()
        self._syncing.shutdown()
        self._warc.close()
        if self._failure:
            raise self._failure

    def settle(self) -> None:
        """Once closed: the blobs are on the disk as well when this returns, which a slow disk may take long for.

        Raises ``EvidenceError``.
        """
        self._unsynced.end()

    def _work(self) -> None:
        while batch := list(self._batch()):
            try:
                kept = self._write([entry for entry, _ in batch])
            except EvidenceError as error:
                self._failure = self._failure or error
                _settle(batch, error)
            except Exception as error:  # noqa: BLE001 -- a fetch must not wait forever for a thread that died
                self._failure = self._failure or EvidenceError(f"证据写不进 / evidence cannot be written: {error!r}")
                _settle(batch, self._failure)
            else:
                for (_, future), one in zip(batch, kept, strict=True):
                    if future.set_running_or_notify_cancel():
                        future.set_result(one)

    def _batch(self) -> Iterator[tuple[Entry, Future[Kept]]]:
        """Wait for an order, and take along what else is there; nothing once it was asked to end."""
        order = self._orders.get()
        for _ in range(_MOST_AT_ONCE):
            if order is None:
                self._orders.put(None)  # seen again once this batch is written
                return
            yield order
            try:
                order = self._orders.get_nowait()
            except Empty:
                return
        self._orders.put(order)

    def _write(self, entries: Sequence[Entry]) -> list[Kept]:
        self._unsynced.begin()
        # A sync is waited for, and several at once; what needs none is written here.
        each = self._syncing.map if any(map(_needs_sync, entries)) else map
        shas = list(each(self._blob, entries))
        kept = [self._exchange(entry, sha) for entry, sha in zip(entries, shas, strict=True)]
        if any(one.warc for one in kept):
            self._warc.sync()
        self._manifest.extend(_located(entry.line, one) for entry, one in zip(entries, kept, strict=True))
        return kept

    def _blob(self, entry: Entry) -> str:
        return "" if entry.blob is None else self._blobs.write(entry.blob, synced=_needs_sync(entry))

    def _exchange(self, entry: Entry, sha: str) -> Kept:
        if entry.exchange is None:
            return Kept(sha)
        one = entry.exchange
        offset = self._warc.write(one.url, at=one.at, request=one.request, response=one.response, sent=one.sent)
        return Kept(sha, self._warc.path.name, offset)


def _needs_sync(entry: Entry) -> bool:
    """Whether the WARC does not hold the same bytes."""
    return entry.blob is not None and (entry.exchange is None or entry.exchange.response[2] != entry.blob)


def _located(line: Mapping[str, Any], kept: Kept) -> dict[str, Any]:
    located = dict(line)
    if kept.sha:
        located["sha256"] = kept.sha
    if kept.warc:
        located |= {"warc": kept.warc, "offset": kept.offset}
    return located


def _settle(batch: Sequence[tuple[Entry, Future[Kept]]], error: EvidenceError) -> None:
    for _, future in batch:
        if future.set_running_or_notify_cancel():
            future.set_exception(error)
