"""Near-duplicates among all reports of an archive: signatures to be stored, an index of them, and exact verification.

A signature is MinHash over the shingles of a text (R-MinHash of the ``rensa`` library), banded for locality-sensitive
hashing. The index holds 514 bytes and 21 numbers of eight bytes a report and nothing else: 100,000 reports are 70 MB.
"""

from __future__ import annotations

import zlib
from array import array
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from math import ceil
from operator import eq

from rensa import RMinHash  # type: ignore[import-untyped]

from audit.originality.words import FEWEST, Shingles, passage, shingles, similarity

SCHEME = bytes((1, RMinHash.ALGORITHM_VERSION))
"""What a signature begins with: those made in another way are compared with nothing and must be made again."""
_PERMUTATIONS, _SEED = 128, 42
_BANDS, _ROWS = 21, 6  # 99.8 of 100 texts with Jaccard 0.8 share a band, and nearly all above
_ERROR = 0.1  # three standard deviations of the estimate at 0.8
_SHIFT = 24  # bits of a position in the index: 16 million reports
_MOST_IN_A_BUCKET = 500  # a text that hundreds share is found by its first neighbours


@dataclass(frozen=True, slots=True)
class Near:
    """A stored report with nearly the same words: its key, Jaccard without the template, the longest common passage."""

    key: int
    similarity: float
    passage: str


class Index:
    """Signatures by key, looked up by likeness. Fill it first, then ask; memory grows by 0.7 KB a report."""

    def __init__(self) -> None:
        self._keys = array("q")
        self._signatures = bytearray()
        self._bands = tuple(array("Q") for _ in range(_BANDS))
        self._sorted = True

    def __len__(self) -> int:
        return len(self._keys)

    def add(self, key: int, signature: bytes) -> bool:
        """Take a stored signature; False for one that is empty or of another scheme, which is left out."""
        if not is_current(signature):
            return False
        position = len(self._keys)
        for band, bucket in zip(self._bands, _buckets(signature), strict=True):
            band.append(bucket << _SHIFT | position)
        self._keys.append(key)
        self._signatures += signature
        self._sorted = False
        return True

    def candidates(self, signature: bytes, least: float, skip: Collection[int] = ()) -> Iterator[tuple[int, float]]:
        """Keys with their estimated Jaccard, the likest first, that may reach ``least``; not those of ``skip``."""
        if not is_current(signature):
            return
        shared: Counter[int] = Counter()
        for band, bucket in zip(self._in_order(), _buckets(signature), strict=True):
            start = bisect_left(band, bucket << _SHIFT)
            for entry in band[start : start + _MOST_IN_A_BUCKET]:
                if entry >> _SHIFT != bucket:
                    break
                shared[entry & (1 << _SHIFT) - 1] += 1
        mine = _numbers(signature)
        found = (
            (sum(map(eq, mine, self._at(position))) / _PERMUTATIONS, self._keys[position])
            for position in shared
            if self._keys[position] not in skip
        )
        yield from ((key, likeness) for likeness, key in sorted(found, reverse=True) if likeness >= least - _ERROR)

    def _in_order(self) -> tuple[array[int], ...]:
        if not self._sorted:
            self._bands = tuple(array("Q", sorted(band)) for band in self._bands)
            self._sorted = True
        return self._bands

    def _at(self, position: int) -> array[int]:
        size = _PERMUTATIONS * 4 + len(SCHEME)
        return _numbers(bytes(self._signatures[position * size : (position + 1) * size]))


def signature(words: str) -> bytes:
    """The signature to be stored beside a reading: 514 bytes; empty for a text too short to be judged."""
    found = shingles(words)
    if len(found) < FEWEST:
        return b""
    sketch = RMinHash(_PERMUTATIONS, _SEED)
    sketch.update(list(found))
    return SCHEME + b"".join(number.to_bytes(4, "little") for number in sketch.digest())


def is_current(stored: bytes) -> bool:
    """Whether a stored signature can be compared; else it is to be made again (or there was none to make)."""
    return stored.startswith(SCHEME)


def near(
    words: str,
    index: Index,
    words_of: Callable[[int], str],
    *,
    skip: Collection[int] = (),
    template: Shingles = frozenset(),
    least: float = 0.8,
    limit: int = 20,
) -> tuple[Near, ...]:
    """Reports of the index with Jaccard of at least ``least`` without the template, the likest first.

    ``words`` and ``words_of(key)`` are ``own_words`` of a reading; ``skip`` the keys of the same organ. At most
    ``limit`` texts are fetched and compared exactly: no accusation rests on an estimate.
    """
    mine = shingles(words, template)
    found = []
    for _, (key, _) in zip(range(limit), index.candidates(signature(words), least, skip), strict=False):
        theirs = shingles(words_of(key), template)
        if (alike := similarity(mine, theirs)) >= least:
            found.append(Near(key, alike, passage(words, theirs)))
    return tuple(sorted(found, key=lambda one: -one.similarity))


def template(texts: Iterable[str], share: float = 0.2) -> Shingles:
    """Shingles that at least ``share`` of the texts, and two of them, contain: what organs of one archive say alike.

    One text per organ. Counts are kept by lossy counting (Manku, Motwani 2002): none that reaches the share is lost,
    and what is rare is forgotten after every window, so that memory does not grow with the archive.
    """
    slack = share / 4
    window = ceil(1 / slack)
    counts: dict[str, int] = {}
    number = 0
    for number, words in enumerate(texts, 1):
        passed = (number - 1) // window
        for shingle in shingles(words):
            # What is new may have been forgotten once in every window passed.
            counts[shingle] = counts.get(shingle, passed) + 1
        if number % window == 0:
            counts = {shingle: count for shingle, count in counts.items() if count > passed + 1}
    return frozenset(shingle for shingle, count in counts.items() if count >= max(2, share * number))


def _numbers(stored: bytes) -> array[int]:
    return array("I", stored[len(SCHEME) :])


def _buckets(stored: bytes) -> Iterator[int]:
    size = 4 * _ROWS
    start = len(SCHEME)
    for band in range(_BANDS):
        yield zlib.crc32(stored[start + band * size : start + (band + 1) * size])
