"""What is known of a report beyond its own bytes: whose it is, when it was due, what we saw and when."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal

from audit.report import Report


@dataclass(frozen=True, slots=True)
class Absence:
    """A report that was looked for and not found. ``proven``: by enough complete readings of the list."""

    proven: bool
    readings: tuple[datetime, ...] = ()
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Version:
    """How the same report read at an earlier capture; the earliest comes first."""

    captured_at: datetime
    sha256: str
    report: Report


@dataclass(frozen=True, slots=True)
class Copy:
    """The same report somewhere else: an attachment, another portal. ``label`` names the place in both languages."""

    label: Mapping[str, str]
    url: str
    report: Report


@dataclass(frozen=True, slots=True)
class AttachedFile:
    """A file offered beside the report.

    ``outcome``: ``ok``, ``gone``, ``empty``, ``damaged``, or ``unknown`` if our own request failed.
    """

    name: str
    url: str
    outcome: str


@dataclass(frozen=True, slots=True)
class Part:
    """One organ whose figures a government's report sums up."""

    organisation: str
    name: str
    report: Report


@dataclass(frozen=True, slots=True)
class RollUp:
    """The reports a government's own report has to contain: those we hold, and how many there should be.

    ``expected`` None: nobody knows all of them.
    """

    parts: tuple[Part, ...]
    expected: int | None

    @property
    def complete(self) -> bool:
        """Every organ's report is at hand, so that equality and not only a lower bound can be asked for."""
        return self.expected is not None and len(self.parts) >= self.expected


@dataclass(frozen=True, slots=True)
class Alike:
    """Another organ's report of the archive with nearly the same text; ``similarity`` is Jaccard of shingles, 0-1."""

    organisation: str
    name: str
    year: int
    similarity: float
    excerpt: str = ""


@dataclass(frozen=True, slots=True)
class Context:
    """Facts a rule may use beside the report. None always means "not known", never "no".

    ``organisation`` is the identity that enters fingerprints. ``due`` is the legal day, inclusive to 24:00 in
    Asia/Shanghai; ``local_due`` an earlier one set by a local notice; ``rest_day_until`` and ``local_rest_day_until``
    are the next working day when the day is a rest day. ``published`` is a declared date given from outside.

    ``absent_before`` is the last complete reading of the list without the report, ``first_seen`` the first capture of
    it (both aware). ``gone`` are the looks since that found it on no list read whole and its page gone, ``versions``
    how it read before. ``historic``: an earlier season, met on its first crawl.

    ``years_found`` are all reported years of this organ on a list read whole; ``column`` is the title of that list.
    ``published_as`` is ``page`` if the page itself holds the report, ``attachment`` or ``image`` if only a file or a
    picture does; ``files`` are those offered beside it. ``previous`` is last year's report. ``alike`` are near-copies
    in the archive, () if it was searched in vain; ``template`` are the shingles that organs of it have in common.
    ``peers`` are the known values of a cell by its id among organs of the same kind and year. ``other_names`` are
    names of organs that are not this one, above it or below it. ``stranger`` is what stands in the place of the report
    and is another organ's, if there is no other.
    """

    organisation: str = ""
    name: str | None = None
    aliases: tuple[str, ...] = ()
    kind: str | None = None
    region: str | None = None
    year: int | None = None
    due: date | None = None
    due_basis: str = ""
    local_due: date | None = None
    local_basis: str = ""
    local_rest_day_until: date | None = None
    rest_day_until: date | None = None
    published: date | None = None
    today: date | None = None
    absent_before: datetime | None = None
    first_seen: datetime | None = None
    historic: bool = False
    absence: Absence | None = None
    gone: tuple[datetime, ...] = ()
    versions: tuple[Version, ...] = ()
    years_found: frozenset[int] | None = None
    column: str | None = None
    published_as: str | None = None
    files: tuple[AttachedFile, ...] | None = None
    copies: tuple[Copy, ...] = ()
    previous: Report | None = None
    roll_up: RollUp | None = None
    alike: tuple[Alike, ...] | None = None
    template: frozenset[str] = field(default_factory=frozenset)
    peers: Mapping[str, tuple[int | Decimal, ...]] | None = None
    other_names: frozenset[str] = field(default_factory=frozenset)
    stranger: Report | None = None

    def year_of(self, report: Report | None) -> int | None:
        """The reported year: given from outside, else read from the report."""
        if self.year is not None:
            return self.year
        return report.year if report else None
