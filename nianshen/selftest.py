"""Does the judging still judge? A report of the demonstration with one misprinted figure must give its known finding.

A broken parser, a lost form or a rule switched off by mistake would otherwise look like a clean season.
"""

from __future__ import annotations

from typing import Final

from nianshen.checking import Request, check
from nianshen.demo import site

SAMPLE: Final = "/zwgk/zfxxgknb/202601/t20260116_1125.html"
KNOWN: Final = (("A003", "requests/concluded/natural_person", 17, 18),)
"""Rule, cell, the value that balances every sum, and the misprinted one."""


def difference(known: tuple[tuple[str, str | None, object, object], ...] = KNOWN) -> str | None:
    """What the sample gives instead of ``known``; None if it gives just that."""
    document = check(site.city(1)[SAMPLE].data, "selftest.html", Request(kind="department")).as_json()
    found = tuple((one["rule"], one["cell"], one["expected"], one["actual"]) for one in document["findings"])
    if found == known:
        return None
    return f"{document['outcome']}: {_text(found)} ≠ {_text(known)}"


def _text(findings: tuple[tuple[str, str | None, object, object], ...]) -> str:
    return "; ".join(" ".join(map(str, one)) for one in findings) or "—"
