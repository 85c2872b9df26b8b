"""When what was not seen may still be there: pictures, attachments, lost text. Then nothing is accused."""

from __future__ import annotations

import re
from functools import cache

from audit.form import IDS, load
from audit.report import Report, Section, Table

_FILE = re.compile(r"\.(pdf|docx?|wps|xlsx?|et|ofd|zip|rar|png|jpe?g|gif|tiff?)\b", re.IGNORECASE)


def of_document(report: Report) -> str | None:
    """Why a part that was not found may still stand in the document; None if it cannot."""
    if report.troubles:
        return "、".join(dict.fromkeys(trouble.kind for trouble in report.troubles))
    return "pictures" if report.pictures else None


def of_attachments(report: Report) -> str | None:
    """Whether an attachment could hold what the page does not."""
    held = any(_FILE.search(address) or _FILE.search(text) for text, address in report.attachments)
    return "attachments" if held else None


def of_section(section: Section, name: str) -> bool:
    """Whether a section shows a table that was not recognised, or labels of its own table as running text."""
    return bool(section.tables) or scraps(section, name)


def scraps(section: Section, name: str) -> bool:
    """Whether the text of a section is, at least in part, its own table that was not recognised as one."""
    text = "".join(section.text.split())
    return sum(word in text for word in _labels(name)) >= 3


@cache
def _labels(name: str) -> frozenset[str]:
    tables = [load(form).tables[name] for form in IDS]
    bare = {_bare(one.label) for table in tables for one in (*table.rows, *table.columns)}
    return frozenset(word for word in bare if len(word) >= 3)


def holds_labels(section: Section, name: str, rows: tuple[str, ...]) -> bool:
    """Whether the text of a section has the label of one of these rows: it may be there, not read as a row."""
    text = "".join(section.text.split())
    return any(_bare(row.label) in text for form in IDS for row in load(form).tables[name].rows if row.id in rows)


def _bare(words: str) -> str:
    return re.sub(r"^[（(]?[一二三四五六七\d]+[）)、.]+|[（(].*", "", words)


def of_table(table: Table) -> bool:
    """Whether the reader had trouble with the geometry of the table."""
    return bool(table.troubles)


def partial(report: Report) -> bool:
    """Characters or a part of the file were lost: words and rows that are not found prove nothing."""
    return any(trouble.kind in {"lossy_text", "damaged", "continued"} for trouble in report.troubles)
