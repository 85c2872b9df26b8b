"""Plain text, as copied out of a document or a page: tables by tabs, by pipes (Markdown) or by trailing figures."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cache
from itertools import groupby

from audit.form import IDS, TABLES, load
from audit.reading.decode import decode
from audit.reading.document import Document, Grid, RawCell, Text, UnreadableDocument
from audit.reading.number import label, read_cell
from audit.report import Locator, Trouble

MOST_BYTES = 20 * 2**20
MOST_CELLS = 20_000
_LONGEST_LINE = 20_000
_LONGEST_LABEL = 40
_PIPES_OF_A_ROW = 3
_FEWEST_FIGURES = 15
_FEWEST_LABELS = 4
_MOST_SHORT_ROWS = 2
_FIGURES_OF_A_ROW = 5
"""Figures at the end of a line that make it a row of a table, whatever stands before them."""
_DRAWN = str.maketrans("│┃║｜¦", "|||||")
_PIPES = re.compile(r"\s*\|(.*)\|\s*")
_RULE = re.compile(r"[\s|:+=\-─━═┄┈┌┐└┘├┤┬┴┼╔╗╚╝╠╣╦╩╬┏┓┗┛┣┫┳┻╋]+")
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
    troubles = (
        (Trouble("lossy_text", "document", f"{encoding}: {text.count(chr(0xFFFD))} characters lost"),) if lossy else ()
    )
    return Document("text", tuple(blocks_of(text)), encoding=encoding, troubles=troubles)


def tabulated(blocks: Sequence[Text | Grid], first_table: int) -> list[Text | Grid]:
    """The blocks of another kind of document; lines of running text that are a table of the form, as its grid.

    Some pages hold the rows as paragraphs, or every cell as a line of its own.
    """
    result: list[Text | Grid] = []
    for kind, group in groupby(blocks, key=lambda block: (isinstance(block, Text), block.hidden)):
        run = list(group)
        lines = [block.text for block in run if isinstance(block, Text)]
        if not kind[0] or not any(len(line) <= _LONGEST_LABEL and _OWN.search(line) for line in lines):
            result += run
            continue
        left = iter(run)
        owner = run[0]
        for found in blocks_of("\n".join(lines), first_table):
            if isinstance(found, Grid):
                result.append(replace(found, hidden=owner.hidden, path=owner.path))
                first_table += 1
                continue
            said = _packed(found.text)
            owner = next((block for block in left if isinstance(block, Text) and _packed(block.text) == said), owner)
            is_own = isinstance(owner, Text) and _packed(owner.text) == said
            result.append(owner if is_own else replace(found, hidden=owner.hidden, path=owner.path))
    return result


_OWN = re.compile("予以公开|信息内容|结果维持|结转下年度|本年新收")
"""Words of the three tables; a short line that holds one may be a cell of theirs."""


def _packed(text: str) -> str:
    return "".join(text.split()).lstrip("#")


def blocks_of(text: str, first_table: int = 0) -> list[Text | Grid]:
    """Blocks of text as it was typed or copied, line by line; also for text that other documents hold preformatted.

    Its tables are counted from ``first_table`` on. Raises UnreadableDocument (too_large) past 20,000 cells.
    """
    blocks: list[Text | Grid] = []
    rows: list[tuple[str, ...]] = []
    held: list[str] = []  # a line inside a table that may be the first half of a label
    tables, count = first_table, 0

    def close() -> None:
        nonlocal tables
        if rows:
            blocks.append(_grid(rows, tables))
            tables += 1
            rows.clear()
        blocks.extend(map(_text, held))
        held.clear()

    for line in _in_rows(_around_figures(text.replace("\r\n", "\n").replace("\r", "\n").split("\n"))):
        cells = _cells(line)
        if cells is None and not line.strip():
            close()
        elif cells is None:
            if held or not rows or len(line) > _LONGEST_LABEL or _PROSE.search(line):
                close()
            held.append(line)
        elif cells:
            if held and (whole := _with_label(held[0], cells)):
                held.clear()
                cells = whole
            if held:
                close()
            rows.append(cells)
            count += len(cells)
            if count > MOST_CELLS:
                raise UnreadableDocument(
                    "too_large",
                    f"表格单元格超过 {MOST_CELLS} 个，不像一份年度报告",
                    f"over {MOST_CELLS} table cells, unlike a yearly report",
                )
    close()
    return blocks


def _text(line: str) -> Text:
    return Text(" ".join(line.split()).lstrip("#").strip(), heading=line.lstrip().startswith("#"))


def _with_label(above: str, cells: tuple[str, ...]) -> tuple[str, ...] | None:
    """A row whose label began on the line above; None unless the two together are a label to the letter."""
    if not read_cell(cells[-1]).fills:
        return None
    if read_cell(cells[0]).fills:
        return (above.strip(), *cells) if cells[0] and label(above) in _row_labels() else None
    whole = above.strip() + cells[0]
    return (whole, *cells[1:]) if label(whole) in _row_labels() and label(cells[0]) not in _row_labels() else None


def _around_figures(lines: list[str]) -> list[str]:
    """Rows whose figures stand level with the middle of a label over two lines, each as one line.

    Beside the figures may stand a scrap of the label of the group; the two lines must be a label to the letter.
    """
    result: list[str] = []
    below = iter(range(len(lines)))
    for n in below:
        words = lines[n].split()
        figures = _trailing_figures(words)
        if figures >= _FIGURES_OF_A_ROW and result and n + 1 < len(lines) and "\t" not in lines[n]:
            beside = "".join(words[: len(words) - figures])
            halves = (result[-1].strip(), lines[n + 1].strip())
            wholes = ("".join(halves), halves[0] + beside + halves[1])
            whole = next((whole for whole in wholes if label(whole) in _row_labels()), None)
            if whole and all(halves) and label(beside) not in _row_labels():
                result[-1] = "\t".join([whole, *words[len(words) - figures :]])
                next(below)
                continue
        result.append(lines[n])
    return result


# --- one cell a line, as a copy out of a PDF leaves them -------------------------------------------------------------


def _in_rows(lines: list[str]) -> Iterator[str]:
    """The lines, those of a table copied cell by cell joined to rows by tabs."""
    run: list[str] = []
    for line in lines:
        if line.strip() and (len(line.strip()) > _LONGEST_LABEL + 10 or _cells(line) is not None or _ends_a_run(line)):
            yield from _rows_of_cells(run)
            run = []
            yield line
        else:
            run.append(line)
    yield from _rows_of_cells(run)


def _ends_a_run(line: str) -> bool:
    return bool(_PROSE.search(line)) or any(pattern.fullmatch(label(line)) for pattern in _headings())


def _rows_of_cells(run: list[str]) -> list[str]:
    """Rows out of lines of one cell each; the lines as they are unless they hold a table.

    A blank cell leaves no line, so a row of six is a row of six. Where many rows are short, a page number may have
    filled one up, and none is taken.
    """
    lines = [line.strip() for line in run if line.strip()]
    known = sum(label(line) in _row_labels() for line in lines)
    if sum(map(_is_figure, lines)) < (_FEWEST_FIGURES if known < _FEWEST_LABELS else _FEWEST_LABELS):
        return run
    rows: list[list[str]] = []
    short = 0
    labels: list[str] = []
    for is_figure, group in groupby(lines, key=_is_figure):
        if not is_figure:
            labels = list(group)
            continue
        figures = list(group)
        short += 4 <= len(figures) < len(load("2021").tables["requests"].columns)
        head = _header_length(labels)
        rows += [labels[:head], [*labels[head:], *figures]]
        labels = []
    rows.append(labels)
    return run if short > _MOST_SHORT_ROWS else ["\t".join(row) if len(row) > 1 else row[0] for row in rows if row]


def _header_length(labels: list[str]) -> int:
    """How many of the labels belong to a header: up to the last name of a column, an ordinal marks one of a row."""
    named = [n for n, text in enumerate(labels) if not text[0].isdigit() and label(text) in _column_labels()]
    named = [n for n in named if "".join(labels[n].split())[0] not in "（(一二三四五六七"]
    return named[-1] + 1 if named else 0


def _is_figure(line: str) -> bool:
    return len(line) <= _LONGEST_LABEL and read_cell(line).fills


@cache
def _headings() -> tuple[re.Pattern[str], ...]:
    return tuple(re.compile(pattern) for form in IDS for section in load(form).sections for pattern in section.accepted)


# --- lines of tables -------------------------------------------------------------------------------------------------


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
    drawn = line.translate(_DRAWN)
    outer = _PIPES.fullmatch(drawn)
    if (outer or drawn.count("|") >= _PIPES_OF_A_ROW or len(drawn.strip()) >= 5) and _RULE.fullmatch(drawn):
        return ()
    if outer or (drawn.count("|") >= _PIPES_OF_A_ROW and not _PROSE.search(drawn)):
        inner = outer[1] if outer else drawn
        return tuple(cell.strip().strip("*").replace("<br>", "\n") for cell in inner.split("|"))
    return _by_figures(line.split())


def _by_figures(words: list[str]) -> tuple[str, ...] | None:
    """``label figure figure …`` or a run of column labels; anything else is prose."""
    if len(words) < 2 or _PROSE.search("".join(words)):
        return None
    figures = _trailing_figures(words)
    head = words[: len(words) - figures]
    if not head:
        return tuple(words) if figures >= _FIGURES_OF_A_ROW else None
    if figures:
        known = label("".join(head))
        if figures >= _FIGURES_OF_A_ROW or any(known.endswith(name) for name in _row_labels() if len(name) > 1):
            return ("".join(head), *words[len(head) :])
        return None
    return tuple(words) if all(label(word) in _column_labels() for word in words) else None


def _trailing_figures(words: list[str]) -> int:
    """How many of the last words can stand in a column of figures."""
    figures = 0
    while figures < len(words) and read_cell(words[-1 - figures]).fills:
        figures += 1
    return figures


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
