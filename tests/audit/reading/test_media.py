"""The kind of a file is told from its bytes alone."""

from __future__ import annotations

import base64
import io
import zipfile

import docx
import pytest
from PIL import Image

from audit.reading.media import detect
from tests.audit.reading.handmade import page, whole
from tests.audit.reading.pdf_writer import Sheet, write_pdf

OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600)


def packed(*names: str) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for name in names:
            archive.writestr(name, "x")
    return target.getvalue()


def picture(kind: str) -> bytes:
    target = io.BytesIO()
    Image.new("RGB", (2, 2)).save(target, kind)
    return target.getvalue()


def word() -> bytes:
    target = io.BytesIO()
    docx.Document().save(target)
    return target.getvalue()


@pytest.mark.parametrize("data", [b"", b" \r\n\t", b"\xef\xbb\xbf", bytes(100)])
def test_nothing_but_blanks_is_empty(data: bytes) -> None:
    assert detect(data) == "empty"


@pytest.mark.parametrize(
    "data",
    [
        b"<!DOCTYPE html><html></html>",
        b"\xef\xbb\xbf\n\n<HTML lang=zh>",
        "<table><tr><td>规章</td></tr></table>".encode("gb18030"),
        "<p>一、总体情况</p>".encode("utf-16"),
        "\ufeff<div>总计</div>".encode(),
        b"<p>%PDF-1.7</p>",
    ],
)
def test_tags_make_a_web_page(data: bytes) -> None:
    assert detect(data) == "html"


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030", "utf-16"])
def test_words_without_tags_are_text(encoding: str) -> None:
    assert detect(("一、总体情况\n今年收到申请 3 件 < 去年 5 件。\n" * 4000).encode(encoding)) == "text"


def test_a_pdf_may_have_rubbish_before_its_mark() -> None:
    assert detect(b"\r\n\0\0" + write_pdf(Sheet().text(80, 60, "正文"))) == "pdf"


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "TIFF", "BMP", "WEBP"])
def test_pictures_are_told_by_their_marks(kind: str) -> None:
    assert detect(picture(kind)) == "image"


def test_archives_are_told_by_what_is_inside() -> None:
    assert detect(word()) == "docx"
    assert detect(packed("xl/workbook.xml")) == "xlsx"
    assert detect(packed("mimetype", "content.xml", "META-INF/manifest.xml")) == "odt"
    assert detect(packed("OFD.xml", "Doc_0/Document.xml")) == "ofd"
    assert detect(packed("年报.txt")) == "zip"


def test_half_a_word_file_is_still_one() -> None:
    data = packed("word/document.xml", "word/styles.xml")

    assert detect(data[: len(data) // 2]) == "docx"


@pytest.mark.parametrize(
    ("stream", "media"),
    [("WordDocument", "doc"), ("Workbook", "xlsx"), ("EncryptedPackage", "docx"), ("Other", "binary")],
)
def test_compound_files_are_told_by_their_streams(stream: str, media: str) -> None:
    assert detect(OLE + stream.encode("utf-16-le")) == media


def test_rich_text_is_not_text() -> None:
    assert detect(rb"{\rtf1\ansi hello}") == "rtf"


@pytest.mark.parametrize(
    "data", [b"\x7fELF" + bytes(range(256)) * 4, b"BM" + bytes(range(1, 200)), bytes(range(256)) * 40]
)
def test_other_bytes_are_binary(data: bytes) -> None:
    assert detect(data) == "binary"


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf16_without_a_mark_is_told_by_its_zeros(encoding: str) -> None:
    assert detect("<html><p>一、总体情况</p></html>\n".encode(encoding)) == "html"
    assert detect("一、总体情况\n今年收到申请 3 件。\n".encode(encoding) * 9) == "text"


@pytest.mark.parametrize(
    "data",
    [
        b'{"data": {"content": "\\u003ctable border=\\"1\\"\\u003e"}}',
        b'callback({"content": "<p>1</p>"});',
        b'<?xml version="1.0"?><content>&lt;div&gt;1&lt;/div&gt;</content>',
    ],
)
def test_a_reply_that_carries_a_page_is_one(data: bytes) -> None:
    assert detect(data) == "html"


def test_a_page_saved_as_one_file_is_read_as_that_page() -> None:
    head = b'From: <Saved>\r\nMIME-Version: 1.0\r\nContent-Type: multipart/related;\r\n\tboundary="x"\r\n\r\n'
    part = b'--x\r\nContent-Type: text/html; charset="gb2312"\r\nContent-Transfer-Encoding: base64\r\n\r\n'
    saved = head + part + base64.encodebytes(page().decode().encode("gb18030")) + b"\r\n--x--\r\n"

    assert detect(saved) == "html"
    assert whole(saved)
