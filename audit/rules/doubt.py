"""When what was not seen may still be there: pictures, attachments, lost text. Then nothing is accused."""

from __future__ import annotations

import re

from audit.report import Report, Table

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


def of_table(table: Table) -> bool:
    """Whether the reader had trouble with the geometry of the table."""
    return bool(table.troubles)


def lossy(report: Report) -> bool:
    """Characters were lost in decoding: words that are not found prove nothing."""
    return any(trouble.kind == "lossy_text" for trouble in report.troubles)
