"""A page saved as a single file (.mht, .mhtml): the page out of the archive around it. Source: RFC 2557."""

from __future__ import annotations

import email
import re
from email.message import Message

_HEAD = 4096
_RELATED = re.compile(rb"\A\s*(?:[\w-]+:[^\n]*\n(?:[ \t][^\n]*\n)*)*?content-type:\s*multipart/(?:related|mixed)", re.I)


def is_archived(data: bytes) -> bool:
    """Whether some bytes are a message that holds a page with what belongs to it."""
    return bool(_RELATED.match(data[:_HEAD].replace(b"\r\n", b"\n")))


def archived_page(data: bytes) -> tuple[bytes, str | None]:
    """The first page of the archive and the character set it declares; no bytes if there is none."""
    for part in email.message_from_bytes(data).walk():
        if part.get_content_type() == "text/html":
            return _content(part), part.get_content_charset()
    return b"", None


def _content(part: Message) -> bytes:
    content = part.get_payload(decode=True)
    return content if isinstance(content, bytes) else b""
