"""Reports that a page carries without showing them: in scripts, replies, frames, templates and hidden fields."""

from __future__ import annotations

import json
import re
from html import escape
from urllib.parse import quote

import pytest

from audit.reading import UnreadableDocument, read
from audit.reading.html import read_html
from tests.audit.reading.handmade import REPORT, differences
from tests.audit.reading.shells import content

BODY = content(REPORT)
ESCAPED = escape(BODY)
DOUBLE = json.dumps(BODY)
SINGLE = BODY.replace("'", "\\'").replace("\n", "\\n")


def page(inside: str, title: str = REPORT.title) -> bytes:
    """A page whose only visible table is that of its catalogue."""
    return (
        f"<html><head><title>{title}</title></head><body><h1>{title}</h1>"
        f"<table><tr><td>索引号</td><td>0001</td></tr></table>{inside}</body></html>"
    ).encode()


def percent(text: str) -> str:
    """As the script function ``escape`` writes it."""
    codes = ((character, ord(character)) for character in text)
    return "".join(
        character if character.isalnum() and code < 128 else f"%u{code:04X}" if code > 255 else f"%{code:02X}"
        for character, code in codes
    )


ADDED = "' +\n '".join(re.findall(r"(?s).{1,500}", BODY.replace("\n", "")))
CARRIERS = {
    "double quotes": f"<script>var c = {DOUBLE};</script>",
    "line breaks in quotes": '<script>var c = "{}";</script>'.format(BODY.replace('"', '\\"')),
    "single quotes": f"<script>// it's\nvar c = '{SINGLE}';</script>",
    "a stray quote in the same line": f"<script>var quote = /'/; var c = {DOUBLE};</script>",
    "back quotes": f"<script>let c = `{BODY}`;</script>",
    "strings added up": f"<script>c = '{ADDED}';</script>",
    "code points": "<script>c = {}</script>".format(DOUBLE.replace("<", "\\u003c").replace(">", "\\x3e")),
    "escaped in quotes": f"<script>c = {json.dumps(ESCAPED)}</script>",
    "JSON in a string": f"<script>JSON.parse({json.dumps(json.dumps({'content': BODY}))})</script>",
    "percent signs": f"<script>document.write(decodeURIComponent('{quote(BODY)}'))</script>",
    "percent signs and code points": f"<script>document.write(unescape('{percent(BODY)}'))</script>",
    "CDATA around the script": f"<script>//<![CDATA[\nvar c = {DOUBLE};\n//]]></script>",
    "script of HTML": f'<script type="text/html">{BODY}</script>',
    "text area": f"<textarea>{ESCAPED}</textarea>",
    "text area escaped twice": f"<textarea>{escape(ESCAPED)}</textarea>",
    "template": f"<template>{BODY}</template>",
    "template escaped": f"<template>{ESCAPED}</template>",
    "xmp": f"<xmp>{ESCAPED}</xmp>",
    "hidden field": f'<input type="hidden" value="{ESCAPED}">',
    "frame": f'<iframe srcdoc="{ESCAPED}"></iframe>',
    "noscript": f"<noscript>{BODY}</noscript>",
    "source shown to the reader": f"<div>{ESCAPED}</div>",
    "the same twice": f"<script>var pc = {DOUBLE}, mobile = {DOUBLE};</script>",
    "hidden and shown": f"<div style='display: none'>{BODY}</div><div>{BODY}</div>",
}
TITLED = f"<h1>{REPORT.title}</h1>{BODY}"
RECORD = "<datastore><recordset><record><![CDATA[{}]]></record></recordset></datastore>"
REPLIES = {
    "JSON": json.dumps({"data": {"title": REPORT.title, "content": BODY}}),
    "JSON in Chinese, escaped": json.dumps([{"title": REPORT.title, "content": ESCAPED}], ensure_ascii=False),
    "JSONP": f"callback({json.dumps({'title': REPORT.title, 'content': BODY})});",
    "a JSON string": json.dumps(TITLED),
    "JPAGE": "<?xml version='1.0'?>" + RECORD.format(TITLED),
    "XML": f"<?xml version='1.0'?><root><content>{escape(TITLED)}</content></root>",
}


@pytest.mark.filterwarnings("ignore:It looks like")
@pytest.mark.parametrize(
    "data", [*map(page, CARRIERS.values()), *(reply.encode() for reply in REPLIES.values())], ids=[*CARRIERS, *REPLIES]
)
def test_a_report_that_is_carried_is_read(data: bytes) -> None:
    found = read(data)

    assert differences(found) == ([], [])
    assert (found.agency, found.year) == (REPORT.agency, REPORT.year)
    assert all(section.present for section in found.sections.values())
    assert read_html(data) == read_html(data, whole=True)


def other_figures() -> str:
    return re.sub(r"<p>(\d+)</p>", lambda match: f"<p>{int(match[1]) + 1}</p>", BODY, count=30)


def test_of_two_reports_with_other_figures_none_is_chosen_by_chance() -> None:
    with pytest.raises(UnreadableDocument) as caught:
        read(page(f"<script>var c = [{DOUBLE}, {json.dumps(other_figures())}];</script>"))

    assert caught.value.reason == "several"


def test_of_several_reports_the_one_the_page_names_is_read() -> None:
    last_year = {"title": "示例市上一年度政府信息公开工作年度报告", "content": other_figures()}
    articles = json.dumps([last_year, {"title": REPORT.title, "content": BODY}])

    assert differences(read(page(f"<script>var list = {articles};</script>"))) == ([], [])


def test_what_a_script_carries_beside_a_report_that_is_shown_is_left_alone() -> None:
    found = read(page(BODY + f"<script>var draft = {json.dumps(other_figures())};</script>"))

    assert differences(found) == ([], [])


def test_a_report_in_a_comment_is_not_published() -> None:
    found = read(page(f"{BODY}<!-- {other_figures()} -->"))

    assert differences(found) == ([], [])
