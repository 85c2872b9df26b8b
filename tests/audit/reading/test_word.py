"""A Word file becomes what it prints: text and tables in the order of its body."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable
from datetime import datetime
from typing import Any

import docx
import pytest
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls
from PIL import Image

from audit.reading import word
from audit.reading.document import Document, Grid, RawCell, Text, UnreadableDocument
from audit.reading.word import read_word


def saved(package: Any) -> bytes:
    target = io.BytesIO()
    package.save(target)
    return target.getvalue()


def written(*fragments: str) -> Document:
    """A file whose body is these pieces of WordprocessingML."""
    package = docx.Document()
    for fragment in fragments:
        head, tail = fragment.split(">", 1) if not fragment.split(">", 1)[0].endswith("/") else (fragment[:-2], "")
        package.element.body.insert(-1, parse_xml(f"{head} {nsdecls('w', 'wp', 'a', 'r')}>{tail}"))
    return read_word(saved(package))


def table(*rows: str) -> str:
    return f"<w:tbl><w:tblPr/><w:tblGrid/>{''.join(rows)}</w:tbl>"


def row(*cells: str, properties: str = "") -> str:
    return f"<w:tr>{properties}{''.join(cells)}</w:tr>"


def cell(text: str, properties: str = "") -> str:
    return f"<w:tc><w:tcPr>{properties}</w:tcPr><w:p><w:r><w:t>{text}</w:t></w:r></w:p></w:tc>"


def texts(document: Document) -> list[str]:
    return [block.text for block in document.blocks if isinstance(block, Text)]


def shape(grid: Any) -> list[list[tuple[str, int, int]]]:
    def facts(found: RawCell) -> tuple[str, int, int]:
        return found.text, found.colspan, found.rowspan

    return [[facts(found) for found in cells] for cells in grid.rows]


def only_grid(document: Document) -> Grid:
    (grid,) = (block for block in document.blocks if isinstance(block, Grid))
    return grid


def reason_of(data: bytes) -> str:
    with pytest.raises(UnreadableDocument) as caught:
        read_word(data)
    assert caught.value.message["zh"]
    assert caught.value.message["en"]
    return caught.value.reason


def test_paragraphs_and_tables_come_in_the_order_of_the_body() -> None:
    package = docx.Document()
    package.add_heading("二、主动公开政府信息情况", 1)
    made = package.add_table(2, 2)
    for place, text in enumerate(("规章", "0", "文件", "5")):
        made.cell(place // 2, place % 2).text = text
    package.add_paragraph("三、其他")

    first, second, third = read_word(saved(package)).blocks

    assert isinstance(first, Text)
    assert isinstance(second, Grid)
    assert (first.text, first.heading) == ("二、主动公开政府信息情况", True)
    assert [[found.text for found in cells] for cells in second.rows] == [["规章", "0"], ["文件", "5"]]
    assert isinstance(third, Text)
    assert (third.text, third.heading) == ("三、其他", False)


def test_cells_merged_in_the_word_processor_are_one_cell_with_its_spans() -> None:
    package = docx.Document()
    made = package.add_table(3, 3)
    made.cell(0, 0).merge(made.cell(2, 0)).text = "不予公开"
    made.cell(0, 1).merge(made.cell(0, 2)).text = "申请人情况"
    for place, text in enumerate(("自然人", "总计", "1", "2")):
        made.cell(1 + place // 2, 1 + place % 2).text = text

    assert shape(only_grid(read_word(saved(package)))) == [
        [("不予公开", 1, 3), ("申请人情况", 2, 1)],
        [("自然人", 1, 1), ("总计", 1, 1)],
        [("1", 1, 1), ("2", 1, 1)],
    ]


def test_two_groups_one_under_the_other_stay_apart() -> None:
    start, goes_on = '<w:vMerge w:val="restart"/>', "<w:vMerge/>"
    document = written(
        table(
            row(cell("甲", start), cell("1")),
            row(cell("", goes_on), cell("2")),
            row(cell("乙", start), cell("3")),
            row(cell("", goes_on), cell("4")),
        )
    )

    assert shape(only_grid(document)) == [
        [("甲", 1, 2), ("1", 1, 1)],
        [("2", 1, 1)],
        [("乙", 1, 2), ("3", 1, 1)],
        [("4", 1, 1)],
    ]


def test_a_merge_that_continues_nothing_is_a_cell_of_its_own() -> None:
    document = written(table(row(cell("甲"), cell("1")), row(cell("乙", "<w:vMerge/>"), cell("2"))))

    assert shape(only_grid(document))[1] == [("乙", 1, 1), ("2", 1, 1)]


def test_columns_left_out_before_a_row_hold_their_place() -> None:
    document = written(
        table(row(cell("甲"), cell("1")), row(cell("2"), properties='<w:trPr><w:gridBefore w:val="1"/></w:trPr>'))
    )

    assert shape(only_grid(document))[1] == [("", 1, 1), ("2", 1, 1)]


def test_lines_of_a_cell_are_kept_apart() -> None:
    paragraphs = "<w:p><w:r><w:t>商业</w:t><w:br/><w:t>企业</w:t></w:r></w:p><w:p><w:r><w:t>甲</w:t></w:r></w:p>"
    broken = f"<w:tc><w:tcPr/>{paragraphs}</w:tc>"

    assert only_grid(written(table(row(broken, cell("1"))))).rows[0][0].text == "商业\n企业\n甲"


def test_a_nested_table_is_a_grid_after_the_one_it_stands_in() -> None:
    inner = table(row(cell("内", ""), cell("1")))
    outer = table(row(cell("外"), f"<w:tc><w:tcPr/>{inner}<w:p/></w:tc>"))

    outside, inside = written(outer).blocks

    assert shape(outside) == [[("外", 1, 1), ("", 1, 1)]]
    assert shape(inside) == [[("内", 1, 1), ("1", 1, 1)]]


def test_a_frame_of_one_cell_is_text() -> None:
    assert texts(written(table(row(cell("一、总体情况"))))) == ["一、总体情况"]


def test_tracked_changes_are_read_as_accepted() -> None:
    deleted, inserted = "<w:del><w:r><w:delText>3</w:delText></w:r></w:del>", "<w:ins><w:r><w:t>5</w:t></w:r></w:ins>"

    assert texts(written(f"<w:p><w:r><w:t>共</w:t></w:r>{deleted}{inserted}<w:r><w:t>件</w:t></w:r></w:p>")) == [
        "共5件"
    ]


def test_a_deleted_row_is_left_out() -> None:
    document = written(
        table(row(cell("甲"), cell("1")), row(cell("乙"), cell("2"), properties="<w:trPr><w:del/></w:trPr>"))
    )

    assert shape(only_grid(document)) == [[("甲", 1, 1), ("1", 1, 1)]]


def test_hidden_text_and_field_instructions_are_not_printed() -> None:
    hidden = "<w:r><w:rPr><w:vanish/></w:rPr><w:t>秘</w:t></w:r>"
    code = "<w:r><w:instrText> PAGE </w:instrText></w:r>"

    assert texts(written(f"<w:p>{hidden}{code}<w:r><w:t>正文</w:t></w:r></w:p>")) == ["正文"]


def test_text_hidden_by_its_style_a_hidden_row_and_a_deleted_cell_are_not_printed() -> None:
    package = docx.Document()
    style = '<w:style w:type="character" w:styleId="H"><w:name w:val="h"/><w:rPr><w:vanish/></w:rPr></w:style>'
    package.styles.element.append(parse_xml(style.replace(">", f" {nsdecls('w')}>", 1)))
    hidden = '<w:p><w:r><w:rPr><w:rStyle w:val="H"/></w:rPr><w:t>秘</w:t></w:r><w:r><w:t>正文</w:t></w:r></w:p>'
    rows = row(cell("甲"), cell("1"), cell("9", "<w:cellDel/>"))
    rows += row(cell("乙"), cell("2"), properties="<w:trPr><w:hidden/></w:trPr>")
    for fragment in (hidden, table(rows)):
        package.element.body.insert(-1, parse_xml(fragment.replace(">", f" {nsdecls('w')}>", 1)))

    document = read_word(saved(package))

    assert texts(document) == ["正文"]
    assert shape(only_grid(document)) == [[("甲", 1, 1), ("1", 1, 1)]]


def test_a_raised_digit_is_the_mark_of_a_note_and_not_of_the_figure() -> None:
    mark = '<w:r><w:rPr><w:vertAlign w:val="superscript"/></w:rPr><w:t>1</w:t></w:r>'

    assert texts(written(f"<w:p><w:r><w:t>12</w:t></w:r>{mark}</w:p>")) == ["12[1]"]


def test_a_text_box_is_read_once_after_its_paragraph() -> None:
    box = "<w:txbxContent><w:p><w:r><w:t>框内</w:t></w:r></w:p></w:txbxContent>"
    alternate = (
        '<mc:AlternateContent xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006">'
        f'<mc:Choice Requires="wps"><w:drawing>{box}</w:drawing></mc:Choice>'
        f"<mc:Fallback><w:pict>{box}</w:pict></mc:Fallback></mc:AlternateContent>"
    )

    assert texts(written(f"<w:p><w:r><w:t>段落</w:t></w:r><w:r>{alternate}</w:r></w:p>")) == ["段落", "框内"]


def test_text_in_a_content_control_is_read() -> None:
    assert texts(written("<w:sdt><w:sdtContent><w:p><w:r><w:t>正文</w:t></w:r></w:p></w:sdtContent></w:sdt>")) == [
        "正文"
    ]


def test_pictures_are_counted_and_a_file_of_pictures_alone_is_named() -> None:
    drawn = io.BytesIO()
    Image.new("RGB", (2, 2)).save(drawn, "PNG")
    package = docx.Document()
    package.add_picture(drawn)
    only_pictures = saved(package)
    package.add_paragraph("正文")

    assert read_word(saved(package)).pictures == 1
    assert reason_of(only_pictures) == "image"


def test_the_dates_of_the_file_are_not_kept() -> None:
    package = docx.Document()
    package.add_paragraph("正文")
    package.core_properties.title = "年报"
    package.core_properties.created = datetime(2024, 1, 1)  # noqa: DTZ001 - the format has no zone

    document = read_word(saved(package))

    assert document.title == "年报"
    assert "2024" not in "".join(document.meta.values())


def test_a_file_without_text_is_empty() -> None:
    assert reason_of(b"") == "empty"
    assert reason_of(saved(docx.Document())) == "empty"


def test_a_file_behind_a_password_says_so() -> None:
    assert reason_of(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le")) == "encrypted"


def test_a_file_cut_off_or_spoilt_anywhere_is_damaged() -> None:
    package = docx.Document()
    package.add_paragraph("正文")
    data = saved(package)

    assert reason_of(data[: len(data) // 2]) == "damaged"
    for start in range(100, len(data), len(data) // 20):
        try:
            read_word(data[:start] + bytes(60) + data[start + 60 :])
        except UnreadableDocument as error:
            assert error.reason in {"damaged", "unsupported", "encrypted", "too_large", "empty"}  # noqa: PT017


def rebuilt(change: Callable[[str, bytes], bytes | None]) -> bytes:
    package, target = docx.Document(), io.BytesIO()
    package.add_paragraph("正文")
    with (
        zipfile.ZipFile(io.BytesIO(saved(package))) as source,
        zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as copy,
    ):
        for name in source.namelist():
            content = change(name, source.read(name))
            if content is not None:
                copy.writestr(name, content)
    return target.getvalue()


def test_a_file_without_its_body_is_damaged() -> None:
    assert reason_of(rebuilt(lambda name, content: None if name == "word/document.xml" else content)) == "damaged"


def test_broken_xml_is_damaged() -> None:
    assert reason_of(rebuilt(lambda name, content: b"<w:p" if name == "word/document.xml" else content)) == "damaged"


def test_the_strict_variant_of_the_format_is_read() -> None:
    def strict(_: str, content: bytes) -> bytes:
        usual = re.compile(rb"http://schemas\.openxmlformats\.org/(wordprocessingml|officeDocument)/2006/")
        return usual.sub(rb"http://purl.oclc.org/ooxml/\1/", content)

    assert texts(read_word(rebuilt(strict))) == ["正文"]


def test_an_embedded_document_is_told_because_text_may_be_missing() -> None:
    document = written("<w:p><w:r><w:t>正文</w:t></w:r></w:p>", '<w:altChunk r:id="rId99"></w:altChunk>')

    assert [trouble.kind for trouble in document.troubles] == ["damaged"]


@pytest.mark.parametrize(
    "entities",
    ['<!ENTITY a SYSTEM "file:///etc/hostname">', '<!ENTITY b "lol"><!ENTITY a "' + "&b;" * 1000 + '">'],
)
def test_entities_are_neither_fetched_nor_unfolded(entities: str) -> None:
    def with_entities(name: str, content: bytes) -> bytes:
        if name != "word/document.xml":
            return content
        head, tail = content.split(b"?>", 1)
        return head + f"?><!DOCTYPE x [{entities}]>".encode() + tail.replace("正文".encode(), b"&a;")

    assert reason_of(rebuilt(with_entities)) == "damaged"


def test_an_archive_that_unpacks_without_end_is_refused_before_unpacking(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(word, "MOST_TEXT", 2**20)
    bomb = rebuilt(lambda name, content: bytes(2**22) if name == "word/document.xml" else content)

    assert len(bomb) < 2**18
    assert reason_of(bomb) == "too_large"


def test_tables_nested_without_end_are_refused() -> None:
    fragment = "<w:p/>"
    for _ in range(60):
        fragment = table(row(cell("甲"), f"<w:tc><w:tcPr/>{fragment}<w:p/></w:tc>"))

    with pytest.raises(UnreadableDocument) as caught:
        written(fragment)
    assert caught.value.reason == "too_large"


def test_too_many_cells_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(word, "MOST_CELLS", 3)

    with pytest.raises(UnreadableDocument) as caught:
        written(table(row(cell("1"), cell("2")), row(cell("3"), cell("4"))))
    assert caught.value.reason == "too_large"


def test_what_is_struck_through_was_withdrawn() -> None:
    struck = "<w:r><w:rPr><w:strike/></w:rPr><w:t>7</w:t></w:r>"
    kept = '<w:r><w:rPr><w:strike w:val="0"/></w:rPr><w:t>14</w:t></w:r>'

    assert texts(written(f"<w:p>{struck}{kept}</w:p>")) == ["14"]


def test_rows_typed_with_tabs_are_a_table() -> None:
    figures = "".join(f"<w:r><w:tab/><w:t>{n}</w:t></w:r>" for n in range(7))

    (found,) = written(f"<w:p><w:r><w:t>（一）予以公开</w:t></w:r>{figures}</w:p>").blocks

    assert isinstance(found, Grid)
    assert [cell.text for cell in found.rows[0]] == ["（一）予以公开", *"0123456"]
