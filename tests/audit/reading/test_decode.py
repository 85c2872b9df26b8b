"""Bytes become the text that was written, or the loss is said."""

from __future__ import annotations

import pytest

from audit.reading.decode import decode

SHELL = "<html><head><meta charset=utf-8></head><body><p>示例市人民政府门户网站，政府信息公开年报</p>"
PART = "<table><tr><td>本年新收政府信息公开申请数量</td><td>12</td></tr></table><p>其他需要报告的事项</p>"


@pytest.mark.parametrize(("first", "second"), [("utf-8", "gb18030"), ("gb18030", "utf-8")])
def test_a_page_put_together_in_two_encodings_is_read_whole(first: str, second: str) -> None:
    data = (SHELL * 3).encode(first) + PART.encode(second)

    text, encoding, lossy = decode(data)

    assert text == SHELL * 3 + PART
    assert (set(encoding.split("+")), lossy) == ({"utf-8", "gb18030"}, False)


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
def test_torn_bytes_cost_the_run_they_stand_in_and_no_more(encoding: str) -> None:
    data = (SHELL + PART).encode(encoding).replace("事项".encode(encoding), "事项".encode(encoding)[:1] + b"\xff")

    text, _, lossy = decode(data)

    assert lossy
    assert text.startswith(SHELL + PART[: PART.index("<p>")])


@pytest.mark.parametrize("declared", ["gb2312", "gbk", "iso-8859-1", "no-such-encoding"])
def test_a_lying_header_changes_nothing(declared: str) -> None:
    assert decode(SHELL.encode(), declared)[0] == SHELL


@pytest.mark.parametrize("declared", ["utf-8", "iso-8859-1"])
def test_a_page_in_gb18030_that_calls_itself_otherwise_is_read(declared: str) -> None:
    assert decode(SHELL.encode("gb18030"), declared) == (SHELL, "gb18030", False)


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf16_without_a_mark_is_read(encoding: str) -> None:
    assert decode(SHELL.encode(encoding)) == (SHELL, encoding, False)


def test_zeros_in_a_page_of_single_bytes_are_dropped() -> None:
    assert decode(SHELL.replace("年报", "年\0报").encode())[0] == SHELL
