"""A report of several pages while they arrive, one by one and in any order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from crawler.article import MOST_PAGES, Part, in_order, joined, place_in
from crawler.cms.page import PageLink
from crawler.ledger import Visit


@dataclass(slots=True)
class Gathered:
    """All but ``parts`` is of the first page; ``awaited`` counts the further ones that did not arrive or fail yet.

    ``asked``: the number of every further page, where the pager says it.
    """

    visit: Visit
    url: str
    captured_at: str
    headers: Sequence[tuple[str, str]]
    parts: list[Part] = field(default_factory=list)
    asked: dict[str, int | None] = field(default_factory=dict)
    awaited: int = 0
    cut: bool = False

    def add(self, url: str, text: str, sha: str, title: str, *, begins: bool) -> None:
        """A page arrived."""
        place = place_in(self.url, url, loosely=True) if url != self.url else 0
        self.parts.append(Part(place or 0, url, text, sha, title, begins))

    def wanted(self, links: Iterable[PageLink]) -> Iterator[tuple[PageLink, Visit]]:
        """The further pages among these links that were not asked for yet, with the visit that each is."""
        for link in links:
            if link.url in self.asked or link.url == self.url:
                continue
            if len(self.asked) + 1 >= MOST_PAGES:
                self.cut = True
                return
            self.asked[link.url] = link.number
            yield link, replace(self.visit, role="part", part_of=self.url, alternate=link.alternate, hops=0)

    def document(self) -> tuple[bytes, list[Part]]:
        """The report in one document, and the pages that it is made of."""
        parts, one_report = in_order(self.parts)
        # The text of another page at the address of this one: page 1 may have two addresses, page 2 was not given then.
        left = {part.url for part in self.parts} - {part.url for part in parts}
        replaced = any((self.asked.get(url) or 0) > 1 for url in left)
        whole = one_report and not replaced and not self.cut and len(self.parts) == 1 + len(self.asked)
        return joined(parts, whole=whole).encode(), parts
