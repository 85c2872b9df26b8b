"""Bytes under their own sha256: whoever has the name can check the content."""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import os
import zlib
from collections.abc import Iterator
from pathlib import Path
from secrets import token_hex

from crawler.evidence.errors import EvidenceError
from crawler.opening import opened

_PIECE = 1 << 20
_LEVEL = 1
_WORTH_IT = 0.9
_HEADER = b"\x1f\x8b\x08\x00\x00\x00\x00\x00"


class BlobStore:
    """Bytes under ``<dir>/blobs/<sha[:2]>/<sha>``, or ``<sha>.gz`` where packing saves a tenth.

    The name is the sha256 of the bytes themselves: ``zcat <sha>.gz | sha256sum``. A blob is there whole or not at all.
    """

    def __init__(self, directory: str | Path) -> None:
        self._root = Path(directory) / "blobs"

    def path(self, sha: str) -> Path:
        """The file of a blob; where it would be if there is none."""
        plain = self._root / sha[:2] / sha
        packed = plain.with_name(f"{sha}.gz")
        return packed if not plain.exists() and packed.exists() else plain

    def read(self, sha: str) -> bytes:
        """The bytes; raises ``EvidenceError`` if they are missing or no longer what they were."""
        try:
            data = b"".join(_pieces(self.path(sha)))
        except (OSError, zlib.error) as error:
            raise EvidenceError(f"证据读不到 / evidence cannot be read: {sha}: {error}") from error
        if hashlib.sha256(data).hexdigest() != sha:
            raise EvidenceError(f"证据已损坏 / evidence is damaged: {sha}")
        return data

    def holds(self, sha: str) -> bool:
        """Whether the bytes can be read back as they were."""
        digest = hashlib.sha256()
        try:
            for piece in _pieces(self.path(sha)):
                digest.update(piece)
        except (OSError, zlib.error):
            return False
        return digest.hexdigest() == sha

    def write(self, data: bytes, *, synced: bool = True) -> str:
        """Keep ``data``; returns its sha256. Atomic; raises ``EvidenceError`` if there is no room.

        Without ``synced`` another copy must be on the disk, and who keeps it must see to this one: ``Unsynced``.
        """
        sha = hashlib.sha256(data).hexdigest()
        plain = self._root / sha[:2] / sha
        packed, scratch = plain.with_name(f"{sha}.gz"), plain.with_name(f".new-{token_hex(8)}")
        try:
            held = {path: size for path in (plain, packed) if (size := _length(path)) is not None}
            if next(iter(held.values()), None) == len(data):
                return sha
            short = gzip.compress(data, _LEVEL, mtime=0)
            pays = len(short) < _WORTH_IT * len(data)
            target = packed if pays else plain
            _write(scratch, short if pays else data, synced=synced)
            scratch.replace(target)
            for path in held.keys() - {target}:
                path.unlink(missing_ok=True)  # a damaged one in the other form would be read in its place
            if synced:
                sync_folder(target.parent)
        except OSError as error:
            with contextlib.suppress(OSError):
                scratch.unlink(missing_ok=True)
            raise EvidenceError(f"证据写不进 / evidence cannot be written: {plain}: {error}") from error
        return sha

    def stored(self) -> Iterator[str]:
        """The names of all blobs on the disk."""
        for folder in sorted(self._root.glob("??")):
            yield from sorted({path.name.removesuffix(".gz") for path in folder.glob("[0-9a-f]*")})


def _pieces(path: Path) -> Iterator[bytes]:
    """The content of a blob's file. Raises OSError or ``zlib.error``, also for what is cut or goes on too long."""
    with path.open("rb") as file:
        if path.suffix != ".gz":
            while piece := file.read(_PIECE):
                yield piece
            return
        inflater, packed = zlib.decompressobj(wbits=31), file.read(_PIECE)
        if not opens(packed):
            raise zlib.error("header")
        while packed and not inflater.eof:
            yield inflater.decompress(packed, _PIECE)
            packed = inflater.unconsumed_tail or file.read(_PIECE)
        if not inflater.eof or inflater.unused_data or packed:
            raise zlib.error("incomplete or too long")


def opens(packed: bytes) -> bool:
    """A header as zlib writes it: no time, no name; how hard it tried (RFC 1952), and Unix or unknown.

    Which of these it is differs between versions of Python and of zlib: evidence outlives both.
    """
    return packed.startswith(_HEADER) and packed[8:9] in {b"\0", b"\2", b"\4"} and packed[9:10] in {b"\3", b"\xff"}


def _length(path: Path) -> int | None:
    """The length of the content, None if there is none: gzip says it in its last four bytes."""
    try:
        if path.suffix != ".gz":
            return path.stat().st_size
        with path.open("rb") as file:
            file.seek(-min(4, path.stat().st_size), os.SEEK_END)
            return int.from_bytes(file.read(4), "little")
    except FileNotFoundError:
        return None


def _write(path: Path, data: bytes, *, synced: bool) -> None:
    """A new file, on the disk when this returns if it must be ``synced``."""
    handle = opened(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL)
    try:
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(handle, rest) :]
        if synced:
            os.fsync(handle)
    finally:
        os.close(handle)


def sync_folder(folder: Path) -> None:
    """The names in a folder are on the disk when this returns. Raises OSError."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
