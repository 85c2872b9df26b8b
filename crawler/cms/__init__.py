"""Publishing systems: one pure module each, with ``NAME``, ``recognise`` 0..1, ``first`` and ``parse``."""

from __future__ import annotations

from typing import Protocol

from crawler.cms import aspx, epoint, gkmlpt, hanweb, hanweb_xxgk, jpaas, static, trs, truecms, ucap
from crawler.cms.page import Link, ListPage, Page, PageLink, clean
from crawler.portal import Portal

__all__ = ["SYSTEMS", "Link", "ListPage", "Page", "PageLink", "System", "clean", "pick"]


class System(Protocol):
    """What a module of this package offers."""

    NAME: str

    def recognise(self, page: Page) -> float: ...
    def first(self, portal: Portal) -> tuple[str, ...]: ...
    def parse(self, page: Page) -> ListPage: ...


SYSTEMS: dict[str, System] = {
    system.NAME: system for system in (static, trs, hanweb, jpaas, hanweb_xxgk, ucap, gkmlpt, epoint, truecms, aspx)
}


def pick(name: str, page: Page | None = None) -> System:
    """The system called ``name``; for ``auto`` the one surest of ``page``. Unknown names raise ``LookupError``."""
    if name != "auto":
        try:
            return SYSTEMS[name]
        except KeyError:
            known = ", ".join(("auto", *SYSTEMS))
            raise LookupError(f"未知的发布系统 / unknown cms {name!r} ({known})") from None
    if page is None:
        return static
    return max(SYSTEMS.values(), key=lambda system: system.recognise(page))
