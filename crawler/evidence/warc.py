"""Request and response as they went over the wire, in the format of web archives (ISO 28500)."""

from __future__ import annotations

import contextlib
import os
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

from warcio.recordloader import ArcWarcRecord
from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from crawler.evidence.blobs import opens
from crawler.evidence.errors import EvidenceError

_PIECE = 1 << 16
_LARGEST = 64 << 20
_LEVEL = 1
Headers = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Record:
    """One record, read whole: its kind, address, HTTP start line, HTTP headers and body; it ends before ``end``."""

    kind: str
    url: str
    start_line: str
    headers: Headers
    body: bytes
    end: int

    @property
    def status(self) -> int:
        """Of a response."""
        return int(self.start_line.split(" ")[1])


@dataclass(frozen=True, slots=True)
class Exchange:
    """What stands at one offset of a WARC: a response, the request for it, and ``raw``, both as the file has them."""

    response: Record
    request: Record
    raw: bytes


class Warc:
    """``warc/<run>.warc.gz``: request and response as they went over the wire. A file of an earlier try is added to.

    A record that a crash tore is cut off first: no line of the manifest names it.
    """

    def __init__(self, directory: str | Path, run_id: str) -> None:
        self.path = Path(directory) / "warc" / f"{run_id}.warc.gz"
        self._writer = WARCWriter(BytesIO(), gzip=False)
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._file = self.path.open("r+b" if self.path.exists() else "x+b", buffering=0)
            self._end = _whole_records(self._file)
            self._file.truncate(self._end)
        except OSError as error:
            raise self._no_room(error) from error

    def write(
        self,
        url: str,
        *,
        at: datetime,
        request: tuple[str, Sequence[tuple[str, str]]],
        response: tuple[int, Sequence[tuple[str, str]], bytes],
        sent: bytes = b"",
    ) -> int:
        """Add the pair (method and headers; status, headers and body); returns the offset of the response.

        ``sent`` is the body of the request. Both are added or neither; raises ``EvidenceError`` without room.
        """
        pair = _pair(self._writer, url, at, request, response, sent)
        offset = self._end
        try:
            self._file.seek(offset)
            rest = memoryview(pair)
            while rest:
                rest = rest[self._file.write(rest) or 0 :]
        except OSError as error:
            with contextlib.suppress(OSError):
                self._file.truncate(offset)
            raise self._no_room(error) from error
        self._end += len(pair)
        return offset

    def sync(self) -> None:
        """What was added is on the disk when this returns; raises ``EvidenceError``."""
        try:
            os.fsync(self._file.fileno())
        except OSError as error:
            raise self._no_room(error) from error

    def close(self) -> None:
        """Sync and close; raises ``EvidenceError``."""
        self.sync()
        try:
            self._file.close()
        except OSError as error:
            raise self._no_room(error) from error

    def _no_room(self, error: OSError) -> EvidenceError:
        return EvidenceError(f"WARC 写不进 / WARC cannot be written: {self.path}: {error}")


def read_exchange(file: BinaryIO, offset: int) -> Exchange:
    """The response at ``offset`` and the request behind it. Raises ``EvidenceError`` if they are not there whole."""
    try:
        response = _record(file, offset)
        request = _record(file, response.end)
        file.seek(offset)
        raw = file.read(request.end - offset)
    except (OSError, zlib.error, ValueError, IndexError) as error:
        raise EvidenceError(f"WARC 记录不完整 / the WARC record is not whole: {error}") from error
    if (response.kind, request.kind) != ("response", "request"):
        raise EvidenceError(f"WARC 记录不是应答 / no response: {response.kind}, {request.kind}")
    return Exchange(response, request, raw)


def _pair(
    writer: WARCWriter,
    url: str,
    at: datetime,
    request: tuple[str, Sequence[tuple[str, str]]],
    response: tuple[int, Sequence[tuple[str, str]], bytes],
    sent: bytes,
) -> bytes:
    stamp = {"WARC-Date": at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")}
    (status, headers, body), (method, asked_with) = response, request
    answer = writer.create_warc_record(
        url,
        "response",
        payload=BytesIO(body),
        http_headers=_AsSent(str(status), list(headers), protocol="HTTP/1.1"),
        warc_headers_dict=stamp,
    )
    asked = writer.create_warc_record(
        url,
        "request",
        payload=BytesIO(sent),
        http_headers=_AsSent(f"{method} {url} HTTP/1.1", list(asked_with), is_http_request=True),
        warc_headers_dict=stamp | {"WARC-Concurrent-To": answer.rec_headers.get_header("WARC-Record-ID")},
    )
    return _packed(writer, answer) + _packed(writer, asked)


def _packed(writer: WARCWriter, record: ArcWarcRecord) -> bytes:
    """A record as a gzip member. warcio itself packs as hard as it can, which takes thrice the time for little room."""
    writer.out = BytesIO()
    writer.write_record(record)
    return zlib.compress(writer.out.getbuffer(), _LEVEL, wbits=31)


def _whole_records(file: BinaryIO) -> int:
    """The size of a file up to its last record that is there whole."""
    end = 0
    with contextlib.suppress(zlib.error, ValueError, IndexError):
        while True:
            end = _record(file, end).end
    return end


def _record(file: BinaryIO, offset: int) -> Record:
    """The record at ``offset``. Raises ``zlib.error`` or ValueError if what stands there is no whole record."""
    block, end = _member(file, offset)
    head, _, rest = block.partition(b"\r\n\r\n")
    fields = dict(_fields(head.split(b"\r\n")[1:], "utf-8"))
    length = int(fields["Content-Length"]) if "Content-Length" in fields else -1
    if length < 0 or rest[length:] != b"\r\n\r\n":
        raise ValueError("length")
    http, separator, body = rest[:length].partition(b"\r\n\r\n")
    if not separator:
        raise ValueError("HTTP head")
    first, *lines = http.split(b"\r\n")
    start_line = first.decode("latin-1")
    return Record(
        fields.get("WARC-Type", ""), fields.get("WARC-Target-URI", ""), start_line, _fields(lines, "latin-1"), body, end
    )


def _member(file: BinaryIO, offset: int) -> tuple[bytes, int]:
    """The content of the gzip member at ``offset``, and where it ends."""
    file.seek(offset)
    inflater = zlib.decompressobj(wbits=31)
    found, taken = bytearray(), 0
    while not inflater.eof:
        piece = file.read(_PIECE)
        if not piece or not (taken or opens(piece)):
            raise zlib.error("cut" if taken else "no record")
        taken += len(piece)
        found += inflater.decompress(piece, _LARGEST)
        if len(found) > _LARGEST or inflater.unconsumed_tail:
            raise zlib.error("too large")
    return bytes(found), offset + taken - len(inflater.unused_data)


def _fields(lines: Sequence[bytes], encoding: str) -> Headers:
    pairs = (line.decode(encoding).partition(":") for line in lines)
    return tuple((name, value.strip(" ")) for name, _, value in pairs)


class _AsSent(StatusAndHeaders):  # type: ignore[misc]
    """Headers byte for byte; warcio would percent-encode what is not ASCII, and a redirect could not be replayed."""

    def compute_headers_buffer(self, header_filter: object = None) -> None:
        self.headers_buff = self.to_str(header_filter).encode("latin-1", "replace") + b"\r\n"
