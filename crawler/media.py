"""What bytes are, by their first signs: portals' Content-Type headers are often wrong."""

from __future__ import annotations

import re
from urllib.parse import parse_qsl, urlsplit

HTML = "text/html"
DOCUMENT = re.compile(r"\.(?:pdf|docx?|wps)$", re.IGNORECASE)
"""The end of a path that promises a document file."""


def names_document(url: str) -> bool:
    """Whether an address promises a document, in its path or in a parameter (``downfile.jsp?filename=a.pdf``)."""
    parts = urlsplit(url)
    return bool(DOCUMENT.search(parts.path)) or any(DOCUMENT.search(value) for _, value in parse_qsl(parts.query))


_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


def sniff(data: bytes) -> str:
    """The media type: PDF, Word (both kinds), zip, image, or HTML for anything that may be text."""
    head = data[:1024].lstrip()
    if head.startswith(b"%PDF"):
        return "application/pdf"
    if head.startswith(b"PK\x03\x04"):
        return _WORD if b"word/" in data[:65536] else "application/zip"
    if head.startswith(_OLE):
        return "application/msword"
    if head.startswith((b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"BM")):
        return "image/*"
    return "application/octet-stream" if b"\x00" in head and not head.startswith((b"\xff\xfe", b"\xfe\xff")) else HTML
