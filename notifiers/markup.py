"""How each service writes bold and links, and how foreign text is made harmless in it.

Titles and names come from pages that anybody may have written. In a chat the same characters mention everybody, open
links or pretend to be ours. Services document their escapes badly and change them; a full-width character means
nothing to any of them and reads naturally in Chinese. HTML and Slack have escapes that are part of their definition.
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote, urlsplit

MOST: Final = 900
"""Bytes that one piece of foreign text may take. A finding of a megabyte is as readable in 900 bytes."""

_FULL_WIDTH: Final = {ord(plain): chr(ord(plain) + 0xFEE0) for plain in "<>[](){}*_~`#|\\@!&$"}
_SPEAKING_COLON = re.compile(r"(?<!\d):(?=\S)|:(?=[^\s\d])")  # http://…, mailto:…, :emoji:; not 16:00
_SPEAKING_DOT = re.compile(r"(?<=[^\W_])\.(?=[^\W\d_]{2})")  # www.example, example.com: clients make links of them
_SPACE = re.compile(r"\s+")
_URL_KEEPS: Final = "%/:?=&;,+#$"  # none of them ends a link or mentions anybody in any of the forms


class Marked(str):
    """Text that is already in the form of its service."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Markup:
    """A form: the escape of each character that means something, bold, links, and what ends a line."""

    escapes: Mapping[int, str]
    bold: tuple[str, str]
    link: str
    line: str = "\n"

    def text(self, value: Any, most: int = MOST) -> Marked:
        """A value as harmless text of at most ``most`` bytes, cut between characters and marked with ``…``.

        Raises TypeError for None: a template that prints nothing where it meant something is wrong.
        """
        if isinstance(value, Marked):
            return value
        if value is None:
            raise TypeError("None in a template")
        # what is far beyond the limit is not even looked at
        pieces = [char.translate(self.escapes) for char in plain(str(value)[: most * 2])]
        room, kept = most - len("…".encode()), 0
        for count, piece in enumerate(pieces):
            room -= len(piece.encode())
            if room >= 0:
                kept = count + 1
            elif room < -len("…".encode()):
                return Marked("".join(pieces[:kept]) + "…")
        return Marked("".join(pieces))

    def strong(self, value: Any) -> Marked:
        """The value in bold."""
        return Marked(self.bold[0] + self.text(value) + self.bold[1])

    def anchor(self, label: str, url: str) -> Marked:
        """A link; the label alone if the address is none that can be followed."""
        address = _address(url)
        text = self.text(label)
        return text if address is None else Marked(self.link.format(label=text, url=address))


def plain(text: str) -> str:
    """One line without anything invisible, and without what programs take for an address.

    Controls, directions, joiners and half characters would hide or turn what stands beside them.
    """
    shown = "".join(
        " " if char.isspace() else char for char in text if char.isspace() or unicodedata.category(char)[0] != "C"
    )
    dotted = _SPEAKING_DOT.sub("．", _SPEAKING_COLON.sub("：", shown))
    return _SPACE.sub(" ", dotted).strip()


def _address(url: str) -> str | None:
    """The address with everything encoded that could end the link it stands in; None if it is not http(s)."""
    try:
        parts = urlsplit(url)
        fit = parts.scheme in {"http", "https"} and parts.hostname and "@" not in parts.netloc and len(url) <= MOST
        return quote(url, safe=_URL_KEEPS) if fit else None
    except ValueError:  # half a character has no encoding
        return None


_HTML: Final = {ord(char): html.escape(char) for char in "&<>\"'"}

PLAIN = Markup({}, ("", ""), "{label}: {url}")
HTML = Markup(_HTML, ("<b>", "</b>"), '<a href="{url}">{label}</a>', "<br>\n")
LARK = Markup(_FULL_WIDTH, ("**", "**"), "[{label}]({url})")
DINGTALK = Markup(_FULL_WIDTH, ("**", "**"), "[{label}]({url})", "\n\n")
WECOM = Markup(_FULL_WIDTH, ("**", "**"), "[{label}]({url})")
TEAMS = Markup(_FULL_WIDTH, ("**", "**"), "[{label}]({url})", "\n\n")
SLACK = Markup(
    {**{ord(char): _FULL_WIDTH[ord(char)] for char in "*_~`"}, ord("&"): "&amp;", ord("<"): "&lt;", ord(">"): "&gt;"},
    ("*", "*"),
    "<{url}|{label}>",
)
