"""``organisations: {file: units.csv}``: the same columns, with the same problems at the lines of the CSV file."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

from nianshen.config.problems import Problem, did_you_mean
from nianshen.config.source import MOST_BYTES, Place, Source

COLUMNS = ("id", "name", "aliases", "kind", "region", "portal", "parent")
_REQUIRED = ("id", "name", "portal")
_MOST_ROWS = 100_000


def include(source: Source, directory: Path) -> None:
    """Put the rows of the CSV file in the place of ``organisations: {file: …}``; aliases are parted by ``;``."""
    section = source.data.get("organisations")
    if not isinstance(section, dict):
        return
    source.data["organisations"] = []
    for key in section:
        if key != "file":
            message = f"未知的键 {key} / unknown key {key!r}{did_you_mean(key, ['file'])}"
            source.report(("organisations", key), "CFG010", message, key=True)
    name = section.get("file")
    path = ("organisations", "file")
    if not isinstance(name, str) or not name:
        source.report(path, "CFG011", "缺少 file / file is missing: a list, or {file: units.csv}")
        return
    if path in source.broken:
        return
    try:
        text = _text(directory / name)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        source.report(path, "CFG001", f"无法读取 {name} / cannot read {name}: {reason}")
        return
    _Table(source, name).read(text)


def _text(path: Path) -> str:
    with path.open("rb") as stream:
        data = stream.read(MOST_BYTES + 1)
    if len(data) > MOST_BYTES:
        raise ValueError("过大 / too large")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ValueError("不是 UTF-8（Excel 请另存为“CSV UTF-8”） / not UTF-8") from None


class _Table:
    def __init__(self, source: Source, file: str) -> None:
        self._source = source
        self._file = file

    def read(self, text: str) -> None:
        lines = csv.reader(io.StringIO(text, newline=""), strict=True)
        try:
            header = [cell.strip() for cell in next(lines, [])]
            if not self._accept(header):
                return
            start = lines.line_num + 1
            for cells in lines:
                self._row(header, cells, start)
                start = lines.line_num + 1
        except csv.Error as error:
            self._problem(lines.line_num, 1, "CFG004", f"CSV 有误 / bad CSV: {error}")

    def _accept(self, header: list[str]) -> bool:
        before = len(self._source.problems)
        for column, name in enumerate(header, 1):
            if name not in COLUMNS:
                self._problem(
                    1, column, "CFG010", f"未知的列 {name} / unknown column {name!r}{did_you_mean(name, COLUMNS)}"
                )
            elif name in header[: column - 1]:
                self._problem(1, column, "CFG005", f"列 {name} 重复 / duplicate column {name!r}")
        for name in _REQUIRED:
            if name not in header:
                self._problem(1, 1, "CFG011", f"缺少列 {name} / column {name!r} is missing")
        return len(self._source.problems) == before

    def _row(self, header: list[str], cells: list[str], line: int) -> None:
        if not any(cell.strip() for cell in cells):
            return
        if len(cells) > len(header):
            self._problem(line, len(header) + 1, "CFG012", "列数多于表头 / more cells than columns")
            return
        rows = self._source.data["organisations"]
        if len(rows) >= _MOST_ROWS:
            raise csv.Error("行数过多 / too many rows")
        here = ("organisations", len(rows))
        row: dict[str, Any] = {}
        self._source.values[here] = Place(self._file, line, 1)
        for column, (name, cell) in enumerate(zip(header, cells, strict=False), 1):
            self._source.values[*here, name] = Place(self._file, line, column)
            if text := cell.strip():
                row[name] = _aliases(text) if name == "aliases" else text
        rows.append(row)

    def _problem(self, line: int, column: int, code: str, message: str) -> None:
        self._source.problems.append(Problem(self._file, line, column, code, message))


def _aliases(text: str) -> list[str]:
    parts = text.replace("；", ";").replace("、", ";").split(";")
    return [part.strip() for part in parts if part.strip()]
