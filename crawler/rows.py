"""Rows of the result on their way to it: on the disk, for a run may find more reports than fit well in memory."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, BinaryIO

from crawler.evidence import EvidenceError
from crawler.result import place_of, text_of


class Spool:
    """A nameless file of rows, each written once."""

    def __init__(self) -> None:
        self._file: BinaryIO | None = None
        self._end = 0

    def add(self, row: Mapping[str, Any]) -> int:
        """Write a row; returns its place. Raises ``EvidenceError`` if there is no room."""
        text = text_of(row).encode("utf-8", "replace") + b"\n"
        place = self._end
        try:
            if self._file is None:
                self._file = tempfile.TemporaryFile(prefix="nianshen-rows-")  # noqa: SIM115 -- it ends with the run
            self._file.write(text)
        except OSError as error:
            raise EvidenceError(f"结果写不进 / the result cannot be written: {error}") from error
        self._end += len(text)
        return place

    def in_order(self, places: Iterable[int]) -> Iterator[str]:
        """The rows at these places as JSON, in the order of the result. Raises ``EvidenceError``."""
        texts = [self._text(place) for place in places]
        yield from sorted(texts, key=lambda text: place_of(json.loads(text)))

    def _text(self, place: int) -> str:
        if self._file is None:
            raise ValueError("no row was added")
        try:
            self._file.seek(place)
            return self._file.readline().decode()[:-1]
        except OSError as error:
            raise EvidenceError(f"结果读不回 / the result cannot be read back: {error}") from error
