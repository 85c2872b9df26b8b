"""The soup that is cut while it is parsed reads like the soup of the whole page, on every page."""

from __future__ import annotations

import random
from functools import cache

import pytest
from bs4 import XMLParsedAsHTMLWarning

from audit import form as forms
from audit.reading.html import read_html
from tests import generator
from tests.generator import Generated

SEEDS = 100
pytestmark = pytest.mark.filterwarnings(f"ignore::{XMLParsedAsHTMLWarning.__module__}.XMLParsedAsHTMLWarning")

_FRAGMENTS = (
    "<table><tr><td><span style='display: none'>9</span>1<b>2</b> <i>3</i></td><td>a<br>b<p>c</p>d</td></tr></table>",
    "<table><tr><td>1<sup><b>2</b> 3</sup></td><td><ruby>汉<rt>han</rt></ruby></td><td><o:p>&nbsp;</o:p></td></table>",
    "<table>loose<td>1<td>2<caption>c</caption><tr hidden><td>3</tr><tr><th>4<td><table><td>5</table></table>",
    "<p>one <a href='x.pdf'>the <b>file</b></a> <a href='/x'>no <u>file</u></a><iframe src=b.docx></iframe></p>",
    "<div>a<span>b</span> <!-- no --> <span hidden>c</span>\n<font>d</font><img width=300><img width=20px></div>",
    "<pre> kept\n  as <b>it</b> is </pre><textarea>&lt;table&gt;</textarea><script>var a = '<b>1</b>';</script>",
    "<tr><td> <b>1</b> <sup>2</sup> <b>3</b> </td></tr><td>stray</td><li>x<li>y<p>z<p><time datetime=2022>t</time>",
    "<svg><title>not this</title><text>1</text></svg><noscript><p>2</p></noscript><template><p>3</p></template>",
    "<noscript><table><tr><td colspan=2><b>1</b> <i>2</i></td><td hidden>3</td></tr></table></noscript>",
    "<iframe srcdoc='<p>总体情况 <b>1</b></p><table><td>2</table>'></iframe><textarea>&lt;table>&lt;td>3</textarea>",
    "<table><tr><td>" + "长" * 300 + "<span> </span>\n" * 200 + "</td><td>1</td></tr></table>",
    "<table><tr><td>" + "长<b>文</b>" * 201 + "</td><td>1</td></tr></table>",
    "<?xml:namespace prefix = o /><![CDATA[ x ]]><center>1</center></div></td></span><b><p>2</b>3</p><unknown-x>4",
    "<template><table><tr><td><b>予以</b>公开 <i>1</i></td></tr></table></template><xmp>&lt;table>&lt;td>4</xmp>",
    "<input type=hidden value='&lt;p>1&lt;/p>&lt;table>&lt;td>信息内容'><input value=2><li value=3>4</li>",
    "<time pubdate>2022<b>-01</b></time><time itemprop='x datePublished'>2023</time><founder-date>2<i>0</i>",
    "<script>var a = ['<p>1 <b>2</b></p>' + '', \"<table><td>结果维持<td><span>3</span></table>\"]</script>",
    "<meta http-equiv=date content=2022><meta itemprop=datePublished content=2023>当前位置：<a>一</a>&gt;<a>二</a>",
    "<p><ucaptitle>a <b>b</b></ucaptitle></p><o:p><table><td>&amp;lt;table&amp;gt;</td></table></o:p>",
    "<meta name=PubDate content=2022><title>t <b>u</b></title><h2>二、<span>主</span>动<!--[if mso]>x<![endif]--></h2>",
)


@cache
def _pages() -> list[Generated]:
    pages = []
    for seed in range(SEEDS):
        rng = random.Random(seed)
        form, skin = rng.choice(forms.IDS), generator.SKINS[seed % len(generator.SKINS)]
        data, truth = generator.report_html(rng, form, skin)
        page = Generated(data.decode(), truth, form, skin)
        pages.append(generator.damage(page, rng.sample(sorted(generator.DAMAGES), rng.randint(0, 3)), rng))
    return pages


def _torn(html: str, rng: random.Random) -> str:
    """The page with tags of its middle lost, doubled or put elsewhere, as careless editing leaves it."""
    parts = html.split("<")
    for _ in range(6):
        place, other = rng.randrange(1, len(parts)), rng.randrange(1, len(parts))
        parts[place] = rng.choice(["", parts[other], parts[place].partition(">")[2]])
    return "<".join(parts)


def test_generated_and_damaged_pages_read_the_same_on_both_paths() -> None:
    for page in _pages():
        data = page.html.encode()

        assert read_html(data) == read_html(data, whole=True), (page.skin, page.damages)


def test_torn_markup_reads_the_same_on_both_paths() -> None:
    rng = random.Random(7)
    for page in _pages()[::3]:
        data = _torn(page.html, rng).encode()

        assert read_html(data) == read_html(data, whole=True), (page.skin, page.damages)


@pytest.mark.parametrize("fragment", _FRAGMENTS)
def test_every_quirk_of_markup_reads_the_same_on_both_paths(fragment: str) -> None:
    data = f"<html><body><div>{fragment}</div></body></html>".encode()

    assert read_html(data) == read_html(data, whole=True)


def test_quirks_next_to_each_other_read_the_same_on_both_paths() -> None:
    rng = random.Random(11)
    for _ in range(200):
        data = "".join(rng.choices(_FRAGMENTS, k=3))
        data = data[: rng.randint(len(data) // 2, len(data))]

        assert read_html(data.encode()) == read_html(data.encode(), whole=True)
