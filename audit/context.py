"""What is known of a report beyond its own bytes: whose it is, when it was due, what we saw and when."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from audit.report import Report


@dataclass(frozen=True, slots=True)
class Absence:
    """A report that was looked for and not found. ``proven``: by enough complete readings of the list."""

    proven: bool
    readings: tuple[datetime, ...] = ()
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Context:
    """Facts a rule may use beside the report. None always means "not known", never "no".

    ``organisation`` is the identity that enters fingerprints. ``due`` is inclusive to 24:00 in Asia/Shanghai;
    ``rest_day_until`` is the next working day when ``due`` is a rest day. ``published`` is a declared date
    given from outside. ``absent_before`` is the last complete reading of the list without the report,
    ``first_seen`` the first capture of it (both aware). ``historic``: an earlier season, met on its first crawl.
    """

    organisation: str = ""
    name: str | None = None
    aliases: tuple[str, ...] = ()
    kind: str | None = None
    year: int | None = None
    due: date | None = None
    due_basis: str = ""
    rest_day_until: date | None = None
    published: date | None = None
    today: date | None = None
    absent_before: datetime | None = None
    first_seen: datetime | None = None
    historic: bool = False
    absence: Absence | None = None
    previous: Report | None = None

    def year_of(self, report: Report | None) -> int | None:
        """The reported year: given from outside, else read from the report."""
        if self.year is not None:
            return self.year
        return report.year if report else None
