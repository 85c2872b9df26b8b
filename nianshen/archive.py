"""The texts of all stored reports: which are nearly the same, and what organs say in common."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property

from audit.context import Alike
from audit.originality import own_words
from audit.originality.archive import Index, near, signature, template
from audit.report import Report
from audit.serialise import report_from_json
from nianshen.config.model import Organisation
from nianshen.store.readings import Readings


def sign(report: Report, organisation: Organisation | None) -> bytes:
    """The signature that is stored beside a reading; empty for a text too short to be compared."""
    return signature(_words(report, organisation))


class Archive:
    """A search over the latest reading of every report, built when it is first asked."""

    def __init__(self, readings: Readings, organisations: Mapping[str, Organisation], season: int) -> None:
        self._readings = readings
        self._organisations = organisations
        self._season = season
        self._templates: dict[frozenset[int], frozenset[str]] = {}

    def alike(self, organisation_id: str, year: int, report: Report) -> tuple[Alike, ...]:
        """Reports of other organs with nearly the same text, what most organs say in common left out."""
        index, owners = self._index
        found = near(
            _words(report, self._organisations.get(organisation_id)),
            index,
            self._words_of,
            skip=frozenset(key for key, (who, _) in owners.items() if who == organisation_id),
            template=self.template(year),
        )
        return tuple(
            Alike(who, self._name(who), when, one.similarity, one.passage)
            for one in found
            for who, when in [owners[one.key]]
        )

    def template(self, year: int) -> frozenset[str]:
        """Shingles that organs of the archive have in common in that year and the one before, or in the season's."""
        years = frozenset({year, year - 1, self._season, self._season - 1})
        if years not in self._templates:
            self._templates[years] = template(self._spoken(years))
        return self._templates[years]

    def _spoken(self, years: Iterable[int]) -> Iterator[str]:
        """One text per organ: all it said in these years."""
        words: dict[str, list[str]] = defaultdict(list)
        for year in years:
            for row in self._readings.of_year(year):
                who = row["organisation"]
                words[who].append(_words(report_from_json(row["document"]), self._organisations.get(who)))
        return map("\n".join, words.values())

    @cached_property
    def _index(self) -> tuple[Index, dict[int, tuple[str, int]]]:
        index, owners = Index(), dict[int, tuple[str, int]]()
        for key, organisation, year, signed in self._readings.signatures():
            if index.add(key, signed):
                owners[key] = (organisation, year)
        return index, owners

    def _words_of(self, key: int) -> str:
        row = self._readings.get(key)
        if row is None:
            return ""
        return _words(report_from_json(row["document"]), self._organisations.get(row["organisation"]))

    def _name(self, organisation_id: str) -> str:
        known = self._organisations.get(organisation_id)
        return known.name if known else organisation_id


def _words(report: Report, organisation: Organisation | None) -> str:
    return own_words(report, (organisation.name, *organisation.aliases) if organisation else ())
