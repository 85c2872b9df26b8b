"""Waivers: findings an office has decided to live with for a while, by whom and until when. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from audit.finding import Finding


@dataclass(frozen=True, slots=True)
class Waiver:
    """Covers one rule for one organisation, in one reported year or in all, to the end of ``until``."""

    organisation: str
    rule: str
    year: int | None
    until: date | None
    reason: str
    approved_by: str

    def covers(self, organisation: str, year: int, rule: str) -> bool:
        """Whether it speaks of this finding, its end aside."""
        return self.organisation == organisation and self.rule == rule and self.year in (None, year)

    def ended(self, today: date) -> bool:
        return self.until is not None and self.until < today

    @property
    def words(self) -> dict[str, str]:
        """That it has ended, for the finding that is back."""
        return {
            "zh": f"豁免已于 {self.until} 到期（理由：{self.reason}；批准：{self.approved_by}）",
            "en": f"the waiver ended on {self.until} (reason: {self.reason}; approved by {self.approved_by})",
        }


@dataclass(frozen=True, slots=True)
class Waived:
    """What waivers do to the findings of one report, by fingerprint; ``used`` are those that matched, ended or not."""

    covered: Mapping[str, Waiver]
    ended: Mapping[str, Waiver]

    @property
    def used(self) -> frozenset[Waiver]:
        return frozenset((*self.covered.values(), *self.ended.values()))


def apply(waivers: Sequence[Waiver], organisation: str, year: int, findings: Iterable[Finding], today: date) -> Waived:
    """Sort findings into covered ones and ones whose waiver has ended; a waiver in force goes before an ended one."""
    covered: dict[str, Waiver] = {}
    ended: dict[str, Waiver] = {}
    for finding in findings:
        matching = [one for one in waivers if one.covers(organisation, year, finding.rule)]
        in_force = [one for one in matching if not one.ended(today)]
        if in_force:
            covered[finding.fingerprint] = in_force[0]
        elif matching:
            ended[finding.fingerprint] = max(matching, key=lambda one: one.until or date.max)
    return Waived(covered, ended)
