"""Plain text, as copied out of a document or a page: tables by tabs, by pipes (Markdown) or by trailing figures."""

from __future__ import annotations

import re
from functools import cache

from audit.form import IDS, TABLES, load
from audit.reading.decode import decode
from audit.reading.document import Document, Grid, RawCell, Text, UnreadableDocument
from audit.reading.number import label, read_cell
from audit.report import Locator, Trouble

MOST_BYTES = 20 * 2**20
MOST_CELLS = 20_000
_LONGEST_LINE = 20_000
_PIPES = re.compile(r"\s*\|(.*)\|\s*")
_RULE = re.compile(r"[\s|:+=-]+")
_PROSE = re.compile(r"[。；;！？]")


def read_text(data: bytes) -> Document:
    """Blocks of a text file; consecutive table lines make a grid.

    Raises UnreadableDocument (too_large) past 20 MiB or 20,000 cells.
    """
    if len(data) > MOST_BYTES:
        raise UnreadableDocument(
            "too_large", "文本超过 20 MB，不像一份年度报告", "the text is over 20 MB, unlike a yearly report"
        )
    text, encoding, lossy = decode(data)
    blocks: list[Text | Grid] = []
    rows: list[tuple[str, ...]] = []
    tables = count = 0

    def close() -> None:
        nonlocal tables
        if rows:
            blocks.append(_grid(rows, tables))
            tables += 1
            rows.clear()

    for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n"):
        cells = _cells(line)
        if cells is not None:
            if cells:
                rows.append(cells)
                count += len(cells)
            if count > MOST_CELLS:
                raise UnreadableDocument(
                    "too_large",
                    f"表格单元格超过 {MOST_CELLS} 个，不像一份年度报告",
                    f"over {MOST_CELLS} table cells, unlike a yearly report",
                )
            continue
        close()
        if line.strip():
            blocks.append(Text(" ".join(line.split()).lstrip("#").strip(), heading=line.lstrip().startswith("#")))
    close()
    troubles = (
        (Trouble("lossy_text", "document", f"{encoding}: {text.count(chr(0xFFFD))} characters lost"),) if lossy else ()
    )
    return Document("text", tuple(blocks), encoding=encoding, troubles=troubles)


def _grid(rows: list[tuple[str, ...]], table: int) -> Grid:
    return Grid(
        tuple(
            tuple(RawCell(text, at=Locator(table=table, row=number, cell=place)) for place, text in enumerate(row))
            for number, row in enumerate(rows)
        ),
        Locator(table=table),
    )


def _cells(line: str) -> tuple[str, ...] | None:
    """The cells of a table line, () for a rule between rows, None for prose."""
    if len(line) > _LONGEST_LINE:
        return None
    if "\t" in line.strip() or (line.startswith("\t") and line.strip()):
        return tuple(cell.strip() for cell in line.rstrip("\n").split("\t"))
    if match := _PIPES.fullmatch(line):
        if _RULE.fullmatch(line):
            return ()
        return tuple(cell.strip().strip("*").replace("<br>", "\n") for cell in match[1].split("|"))
    return _by_figures(line.split())


def _by_figures(words: list[str]) -> tuple[str, ...] | None:
    """``label figure figure …`` or a run of column labels; anything else is prose."""
    if len(words) < 2 or _PROSE.search("".join(words)):
        return None
    figures = 0
    while figures < len(words) and read_cell(words[-1 - figures]).fills:
        figures += 1
    head = words[: len(words) - figures]
    if not head:
        return tuple(words) if figures >= 5 else None
    if figures:
        known = label("".join(head))
        if figures >= 5 or any(known.endswith(name) for name in _row_labels() if len(name) > 1):
            return ("".join(head), *words[len(head) :])
        return None
    return tuple(words) if all(label(word) in _column_labels() for word in words) else None


@cache
def _row_labels() -> frozenset[str]:
    return frozenset(
        label(name)
        for form in IDS
        for table in TABLES
        for row in load(form).tables[table].rows
        for name in (row.label, *row.aliases)
    )


@cache
def _column_labels() -> frozenset[str]:
    names = {
        label(name)
        for form in IDS
        for table in TABLES
        for column in load(form).tables[table].columns
        for name in (column.label, *column.aliases)
    }
    groups = {
        "信息内容",
        "申请人情况",
        "法人或其他组织",
        "行政复议",
        "行政诉讼",
        "未经复议直接起诉",
        "复议后起诉",
    }
    return frozenset(names | groups)
