"""Removes what is past its time and supports nothing any more; the chain says what was removed, and stays whole."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from crawler.evidence.blobs import BlobStore
from crawler.evidence.errors import EvidenceError
from crawler.evidence.manifest import Manifest, entries

_NAMES_A_LINE = 1000
_SHA = re.compile("[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Pruned:
    """What was removed, or would be."""

    blobs: tuple[str, ...]
    warcs: tuple[str, ...]
    size: int


def prune(directory: str | Path, *, before: datetime, keep: Iterable[str], now: datetime, dry_run: bool) -> Pruned:
    """Remove blobs and WARCs of which every capture is older than ``before`` (aware) and that ``keep`` does not name.

    A WARC stays as long as one of its records is kept. The line that tells of it is written before anything goes.
    Raises ``EvidenceError``.
    """
    root = Path(directory)
    kept = _kept(root, before, set(keep))
    blobs = {sha for _, entry in entries(root) for sha in _shas(entry) if sha not in kept}
    warcs = {name for _, entry in entries(root) for name in _warcs(entry) if name not in kept}
    files = {BlobStore(root).path(sha): sha for sha in blobs} | {root / "warc" / name: name for name in warcs}
    there = {path: name for path, name in files.items() if path.is_file()}
    found = Pruned(
        tuple(sorted(name for name in there.values() if name in blobs)),
        tuple(sorted(name for name in there.values() if name in warcs)),
        sum(path.stat().st_size for path in there),
    )
    if there and not dry_run:
        Manifest(root).extend(_lines(found, before, now))
        try:
            for path in there:
                path.unlink(missing_ok=True)
        except OSError as error:
            raise EvidenceError(f"证据删不掉 / evidence cannot be removed: {error}") from error
    return found


def _kept(root: Path, before: datetime, keep: set[str]) -> set[str]:
    """The blobs and WARCs that stay: young ones, those named, and what either was unpacked from or refers to."""
    kept, moment = set(keep), ""
    for _, entry in entries(root):
        moment = str(entry.get("at") or moment)  # a line without a time is of the same moment as the one before
        if (moment and datetime.fromisoformat(moment) >= before) or any(sha in keep for sha in _shas(entry)):
            kept.update(_shas(entry), _warcs(entry))
    # An unpacked report is tied to the bytes of the wire, whose line stands before its own.
    sources = {str(entry["decoded_from"]) for _, entry in entries(root) if entry.get("decoded_from") in kept}
    for _, entry in entries(root):
        if sources & set(_shas(entry)):
            kept.update(_warcs(entry))
    return kept


def _shas(entry: Mapping[str, Any]) -> Iterator[str]:
    names = (str(entry.get(key)) for key in ("sha256", "decoded_from"))
    yield from (name for name in names if _SHA.fullmatch(name))  # a forged line removes nothing outside


def _warcs(entry: Mapping[str, Any]) -> Iterator[str]:
    yield from (Path(str(one["warc"])).name for one in (entry, entry.get("not_modified") or {}) if one.get("warc"))


def _lines(found: Pruned, before: datetime, now: datetime) -> Iterator[dict[str, Any]]:
    for blobs, warcs in ((found.blobs, ()), ((), found.warcs)):
        names: Sequence[str] = blobs or warcs
        for start in range(0, len(names), _NAMES_A_LINE):
            some = list(names[start : start + _NAMES_A_LINE])
            yield {
                "role": "pruned",
                "at": now.isoformat(),
                "before": before.isoformat(),
                "why": "storage.evidence.keep_years",
                "blobs" if blobs else "warcs": some,
            }
