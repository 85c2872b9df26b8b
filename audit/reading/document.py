"""What a file holds before anyone knows the form: running text and raw tables, in reading order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from audit.report import Locator, Trouble


class UnreadableDocument(Exception):
    """The bytes cannot be read as a document. ``reason`` is a short code, ``hint`` says what to do next."""

    def __init__(self, reason: str, message_zh: str, message_en: str) -> None:
        super().__init__(f"{reason}: {message_en}")
        self.reason = reason
        self.message = {"zh": message_zh, "en": message_en}


@dataclass(frozen=True, slots=True)
class Text:
    """A block of running text (paragraph, heading, plain cell). ``heading``: the markup says so (h1-h6, title style).

    ``path`` numbers the containers the block stands in, outermost first: blocks of one article share a beginning.
    """

    text: str
    heading: bool = False
    at: Locator | None = None
    hidden: bool = False
    path: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class RawCell:
    """A physical cell. Text as printed, inline parts joined without a space, line breaks as ``\\n``; spans clamped."""

    text: str
    colspan: int = 1
    rowspan: int = 1
    at: Locator | None = None


@dataclass(frozen=True, slots=True)
class Grid:
    """A raw table: physical rows as in the source, nested tables taken out. ``hidden``: not shown on the page."""

    rows: tuple[tuple[RawCell, ...], ...]
    at: Locator | None = None
    hidden: bool = False
    path: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Document:
    """The blocks of a file. ``meta`` by lower-case name; ``attachments`` as (text, address); ``pictures`` counted.

    ``picture_paths`` are the containers of each picture, as in ``Text.path``; () where the kind of file knows none.
    ``breadcrumb`` is the place on the portal that a page names.
    """

    media: str
    blocks: tuple[Text | Grid, ...]
    meta: Mapping[str, str] = field(default_factory=dict)
    title: str | None = None
    attachments: tuple[tuple[str, str], ...] = ()
    pictures: int = 0
    picture_paths: tuple[tuple[int, ...], ...] = ()
    encoding: str | None = None
    breadcrumb: tuple[str, ...] = ()
    troubles: tuple[Trouble, ...] = ()
