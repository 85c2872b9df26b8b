"""Of all that a crawl brought for one organisation and year: which document is the report, and what does it say?

A document that calls itself another organ's is never taken for ours, whatever the list says of it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from audit.publisher import Publisher, publisher
from audit.reading import NotAReport, UnreadableDocument, read
from audit.report import Report, State
from crawler.evidence import EvidenceError
from nianshen.converting import readable


@dataclass(frozen=True, slots=True)
class Candidate:
    """A captured page or file that may be the report. ``attachment_of`` is the page it hangs on.

    ``list_date`` is the day the list prints beside the link.
    """

    portal: str
    organisation: str
    year: int
    url: str
    title: str
    sha256: str
    captured_at: datetime
    headers: Mapping[str, str]
    attachment_of: str | None
    list_date: date | None = None
    column: str | None = None

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Candidate:
        """Out of the crawler's result document."""
        return cls(
            portal=data["portal"],
            organisation=data["organisation"],
            year=data["year"],
            url=data["url"],
            title=data["title"],
            sha256=data["sha256"],
            captured_at=datetime.fromisoformat(data["captured_at"]),
            headers={name.lower(): value for name, value in data["headers"].items()},
            attachment_of=data.get("attachment_of"),
            list_date=date.fromisoformat(data["list_date"]) if data.get("list_date") else None,
            column=data.get("column"),
        )


@dataclass(frozen=True, slots=True)
class Organ:
    """Whose report is looked for: its names, and those of organs known to be others."""

    names: tuple[str, ...]
    others: Collection[str] = ()


@dataclass(frozen=True, slots=True)
class Found:
    """The document taken for the report; ``report`` is None where none could be read, and ``why`` says so.

    ``reason`` is the reader's short code (``image``); ``copies`` are other documents that read as the same report;
    ``stranger`` is what stands in the report's place and is another organ's.
    """

    candidate: Candidate
    report: Report | None
    why: str = ""
    reason: str = ""
    copies: tuple[tuple[Candidate, Report], ...] = ()
    stranger: Report | None = None

    @property
    def published_as(self) -> str | None:
        """``page``, ``attachment`` or ``image``; None where that is not known."""
        if self.report is None:
            return "image" if self.reason == "image" else None
        held = [(self.candidate, self.report), *self.copies]
        on_page = any(report.media == "html" and one.attachment_of is None for one, report in held)
        return "page" if on_page else "attachment"


def choose(candidates: Sequence[Candidate], blob: Callable[[str], bytes], organ: Organ) -> Found:
    """Read the candidates and take the one that reads best: most cells, then the page before its attachments.

    Raises ValueError for an empty sequence.
    """
    found = [_ours(_read(candidate, blob), organ) for candidate in _distinct(candidates)]
    if not found:
        raise ValueError("no candidate")
    best = max(found, key=_quality)
    others = tuple((one.candidate, one.report) for one in found if one is not best and one.report)
    return replace(best, copies=others)


def _distinct(candidates: Sequence[Candidate]) -> list[Candidate]:
    """The same bytes under several addresses are one document."""
    return list({candidate.sha256: candidate for candidate in reversed(candidates)}.values())[::-1]


def _read(candidate: Candidate, blob: Callable[[str], bytes]) -> Found:
    try:
        report = read(readable(blob(candidate.sha256)), url=candidate.url, headers=candidate.headers)
    except UnreadableDocument as error:
        return Found(candidate, None, f"{error.message['zh']} / {error.message['en']}", error.reason)
    except NotAReport as error:
        return Found(candidate, None, f"{error.message['zh']} / {error.message['en']}")
    except EvidenceError as error:
        return Found(candidate, None, str(error))
    except Exception as error:  # noqa: BLE001 - one page that breaks the reader must not stop all others
        return Found(candidate, None, f"读取程序出错 / the reader failed: {type(error).__name__}")
    if report.year not in {None, candidate.year} and report.sources.get("year") != "text":
        # The list names one year, the document's own title another: whose report it is, a person must say.
        return Found(
            candidate, None, f"列表写 {candidate.year}，文件写 {report.year} / the document says {report.year}"
        )
    return Found(candidate, report)


def _ours(found: Found, organ: Organ) -> Found:
    """The same, unless the document says that it is another organ's report."""
    if found.report is None or publisher(found.report, organ.names, organ.others) is not Publisher.ANOTHER:
        return found
    named = found.report.agency
    return Found(found.candidate, None, f"文件写的机关是 {named} / the document names {named}", stranger=found.report)


def _quality(found: Found) -> tuple[bool, int, bool]:
    if found.report is None:  # of several that are no report of ours, one that says whose it is tells most
        return (False, int(found.stranger is not None), found.candidate.attachment_of is None)
    read_cells = sum(cell.state not in {State.UNREADABLE, State.ABSENT} for cell in found.report.cells.values())
    return (True, read_cells, found.candidate.attachment_of is None)
