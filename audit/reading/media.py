"""What kind of file some bytes are: told from the bytes, never from a name or a header."""

from __future__ import annotations

import codecs
import io
import re
import zipfile

from audit.reading.archived import is_archived
from audit.reading.decode import unmarked_utf16

_HTML = re.compile(
    r"<\s*(?:!doctype\s+html|html|head|body|meta|title|table|tbody|tr|td|div|p|span|section|article|ul|h[1-6])\b", re.I
)
# A reply of a publishing system: the page stands in a string of JSON, or escaped in an element of XML.
_ESCAPED = re.compile(r"^\ufeff?\s*(?:[\w.$]+\s*\()?\s*[{\[<].*?(?:\\u003c|&lt;)(?:table|p|div|span)\b", re.I | re.S)
_PICTURES = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF87a", b"GIF89a", b"II*\0", b"MM\0*", b"BM")
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_CONTROL = bytes([*range(0x09), *range(0x0E, 0x1B), *range(0x1C, 0x20)])
_INSIDE = (
    (b"word/document", "docx"),
    (b"xl/workbook", "xlsx"),
    (b"OFD.xml", "ofd"),
    (b"META-INF/manifest.xml", "odt"),
)
_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_HEAD = 64 * 1024


def detect(data: bytes) -> str:
    """``html pdf docx xlsx doc rtf odt ofd image zip text binary empty``.

    A page saved as a single file (.mht) is ``html``.
    ``doc`` is the old Word format (also .wps); an old spreadsheet counts as ``xlsx``, a Word file behind a password as
    ``docx``: its reader says what is wrong with it.
    """
    head = data[:_HEAD]
    if not head.strip(b" \t\r\n\0\xef\xbb\xbf"):
        return "empty"
    if head.startswith(_OLE):
        return _compound(data)
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")):
        return _archive(data)
    return _signed(head) or _written(head)


def _signed(head: bytes) -> str | None:
    """By the mark a format begins with; a PDF may have some rubbish before its own."""
    pdf = head[:1024].find(b"%PDF-")
    if pdf >= 0 and not _HTML.search(head[:pdf].decode("latin-1")):
        return "pdf"
    if head.lstrip().startswith(b"{\\rtf"):
        return "rtf"
    return "image" if _is_picture(head) else None


def _written(head: bytes) -> str:
    if is_archived(head):
        return "html"
    text = _text(head)
    if text is None:
        return "binary"
    return "html" if _HTML.search(text) or _ESCAPED.search(text) else "text"


def _compound(data: bytes) -> str:
    """Which program wrote an OLE file, by the names of its streams (UTF-16 in the directory)."""
    for name, media in (("EncryptedPackage", "docx"), ("WordDocument", "doc"), ("Workbook", "xlsx"), ("Book", "xlsx")):
        if name.encode("utf-16-le") in data:
            return media
    return "binary"


def _archive(data: bytes) -> str:
    """By the names inside; those of a damaged archive are looked for in its bytes."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names = "\n".join(archive.namelist()).encode()
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError):
        names = data
    for name, media in _INSIDE:
        if name in names:
            return media
    return "zip"


def _is_picture(head: bytes) -> bool:
    if head.startswith(b"BM"):
        # Two letters are little proof: a bitmap also has zeros in its reserved field.
        return len(head) > 26 and head[6:10] == bytes(4)
    return head.startswith(_PICTURES) or (head[:4] == b"RIFF" and head[8:12] == b"WEBP")


def _text(head: bytes) -> str | None:
    """The beginning as text, good enough to find tags in; None if it is no text."""
    if head.startswith(_UTF16):
        return head[: len(head) // 2 * 2].decode("utf-16", "replace")
    if encoding := unmarked_utf16(head):
        return head.decode(encoding, "replace")
    if len(head) - len(head.translate(None, _CONTROL)) > len(head) // 500:
        return None
    for encoding in ("utf-8", "gb18030"):
        decoded = codecs.getincrementaldecoder(encoding)("strict")
        try:
            return decoded.decode(head)
        except UnicodeDecodeError:
            continue
    lossy = head.decode("utf-8", "replace")
    return lossy if lossy.count("\ufffd") < len(lossy) // 20 or _HTML.search(lossy) else None
