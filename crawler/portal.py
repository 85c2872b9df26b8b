"""What is crawled and for whom: portals, their manners, and the organisations that publish on them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import time
from enum import StrEnum
from typing import Any, Self


class Certificates(StrEnum):
    """What a broken TLS certificate means: no connection, or a connection with a note on the record."""

    VERIFY = "verify"
    IGNORE = "ignore"


@dataclass(frozen=True, slots=True)
class Politeness:
    """Manners towards one group of servers. ``delay`` in seconds; ``robots`` is ``obey`` or ``ignore``.

    ``window``: the hours of the day, ``HH:MM-HH:MM`` local time, in which the portal may be asked; its end excluded.
    """

    delay: float = 2.0
    concurrency: int = 1
    robots: str = "obey"
    window: str | None = None

    def __post_init__(self) -> None:
        if self.delay < 0 or self.concurrency < 1 or self.robots not in {"obey", "ignore"}:
            raise ValueError(
                f"抓取礼仪设置无效 / bad politeness: delay={self.delay}, "
                f"concurrency={self.concurrency}, robots={self.robots!r}"
            )
        if self.window is not None:
            _hours(self.window)

    def open_at(self, moment: time) -> bool:
        """Whether the portal may be asked at this local time of day; a window may span midnight."""
        if self.window is None:
            return True
        begin, end = _hours(self.window)
        return begin <= moment < end if begin < end else moment >= begin or moment < end

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        return cls(
            delay=float(data.get("delay", 2.0)),
            concurrency=int(data.get("concurrency", 1)),
            robots=str(data.get("robots", "obey")),
            window=data.get("window"),
        )


def _hours(window: str) -> tuple[time, time]:
    begin, _, end = window.partition("-")
    try:
        return time.fromisoformat(begin), time.fromisoformat(end)
    except ValueError as error:
        raise ValueError(f"抓取时段无效 / bad window, wanted HH:MM-HH:MM: {window!r}") from error


@dataclass(frozen=True, slots=True)
class Expectation:
    """What a healthy reading of the portal shows at the least: ``min_reports`` links to reports, of any year."""

    min_reports: int = 1

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        return cls(min_reports=int(data.get("min_reports", 1)))


@dataclass(frozen=True, slots=True)
class Portal:
    """One portal out of the configuration. ``group`` is the politeness unit; ``cms`` a system's name or ``auto``."""

    id: str
    name: str
    group: str
    start_urls: tuple[str, ...]
    cms: str = "auto"
    expect: Expectation = field(default_factory=Expectation)
    politeness: Politeness = field(default_factory=Politeness)
    allow_private_addresses: tuple[str, ...] = ()
    certificates: Certificates = Certificates.VERIFY

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        return cls(
            id=str(data["id"]),
            name=str(data.get("name") or data["id"]),
            group=str(data.get("group") or data["id"]),
            start_urls=tuple(data["start_urls"]),
            cms=str(data.get("cms") or "auto"),
            expect=Expectation.from_json(data.get("expect") or {}),
            politeness=Politeness.from_json(data.get("politeness") or {}),
            allow_private_addresses=tuple(data.get("allow_private_addresses") or ()),
            certificates=Certificates(data.get("certificates") or Certificates.VERIFY),
        )

    def as_json(self) -> dict[str, Any]:
        listed = {"start_urls": list(self.start_urls)}
        return asdict(self) | listed | {"allow_private_addresses": list(self.allow_private_addresses)}


@dataclass(frozen=True, slots=True)
class Organisation:
    """Who owes a report, and the portal on which it should stand."""

    id: str
    name: str
    aliases: tuple[str, ...] = ()
    kind: str = "department"
    region: str = ""
    portal: str = ""

    @property
    def names(self) -> tuple[str, ...]:
        return (self.name, *self.aliases)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        return cls(
            id=str(data["id"]),
            name=str(data["name"]),
            aliases=tuple(data.get("aliases") or ()),
            kind=str(data.get("kind") or "department"),
            region=str(data.get("region") or ""),
            portal=str(data.get("portal") or ""),
        )

    def as_json(self) -> dict[str, Any]:
        return asdict(self) | {"aliases": list(self.aliases)}
