"""Blobs that are not on the disk yet, and how they come back if the power fails.

Every captured byte is synced once, in the WARC. Its blob says the same under its own name and needs no sync of its own:
until the run ends a marker names the WARC, and whoever finds the marker of a run that is gone makes the blobs anew.
"""

from __future__ import annotations

import ctypes
import fcntl
import hashlib
import os
from pathlib import Path

from crawler.evidence.blobs import BlobStore, sync_folder
from crawler.evidence.errors import EvidenceError
from crawler.evidence.manifest import entries
from crawler.evidence.warc import read_exchange
from crawler.opening import opened


class Unsynced:
    """The marker of one WARC, ``unsynced/<name>``; held by a lock, so that nobody takes a live run for a dead one."""

    def __init__(self, directory: str | Path, warc: str) -> None:
        self._root, self._path = Path(directory), Path(directory) / "unsynced" / warc
        self._held: int | None = None

    def begin(self) -> None:
        """From now on blobs need no sync of their own. Raises ``EvidenceError`` if that cannot be noted."""
        if self._held is not None:
            return
        scratch = self._path.with_name(f".new-{self._path.name}")
        try:
            held = opened(scratch, os.O_RDWR | os.O_CREAT)
            fcntl.flock(held, fcntl.LOCK_EX)
            scratch.replace(self._path)  # in its place only with its lock
            sync_folder(self._path.parent)
            self._held = held
        except OSError as error:
            raise EvidenceError(f"证据写不进 / evidence cannot be written: {self._path}: {error}") from error

    def end(self) -> None:
        """All blobs are on the disk when this returns. Raises ``EvidenceError``."""
        if self._held is None:
            return
        try:
            _sync_all(self._root)
            self._path.unlink(missing_ok=True)
            os.close(self._held)
        except OSError as error:
            raise EvidenceError(f"证据写不进 / evidence cannot be written: {self._root}: {error}") from error
        self._held = None


def recover(directory: str | Path) -> int:
    """Make the blobs anew that runs which are gone did not bring to the disk; returns how many that were.

    What cannot be made anew stays missing, which ``verify`` tells. Raises ``EvidenceError`` if there is no room.
    """
    root, made = Path(directory), 0
    for path in sorted((root / "unsynced").glob("[!.]*")):
        try:
            held = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        except OSError:
            continue
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            made += _made_anew(root, path.name)
            _sync_all(root)
            path.unlink(missing_ok=True)
        except BlockingIOError:
            continue  # that run is alive
        except OSError as error:
            raise EvidenceError(f"证据写不进 / evidence cannot be written: {root}: {error}") from error
        finally:
            os.close(held)
    return made


def _made_anew(root: Path, warc: str) -> int:
    blobs, made = BlobStore(root), 0
    for _, line in entries(root):
        sha = line.get("sha256")
        if line.get("warc") != warc or "not_modified" in line or not isinstance(sha, str) or blobs.holds(sha):
            continue
        try:
            with (root / "warc" / warc).open("rb") as file:
                body = read_exchange(file, int(line["offset"])).response.body
        except (OSError, EvidenceError, ValueError, TypeError, KeyError):
            continue
        if hashlib.sha256(body).hexdigest() == sha:
            blobs.path(sha).unlink(missing_ok=True)
            blobs.write(body)
            made += 1
    return made


def _sync_all(folder: Path) -> None:
    """Bring to the disk whatever was written to the file system of a folder. Raises OSError."""
    syncfs = getattr(ctypes.CDLL(None, use_errno=True), "syncfs", None)
    if syncfs is None:  # not Linux
        os.sync()
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        if syncfs(handle):
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number))
    finally:
        os.close(handle)
