"""The place of a page on its portal, however it is marked up."""

from __future__ import annotations

import pytest

from audit.reading import read_document

LINKS = ("<a href=/>首页</a>", "<a href=/a/>政务公开</a>", "<a href=/a/b/>政府信息公开年报</a>")
PATH = ("首页", "政务公开", "政府信息公开年报")


@pytest.mark.parametrize(
    "html",
    [
        f"<div>当前位置：{' &gt; '.join(LINKS)}</div>",
        f"<div>您现在的位置： {'＞'.join(LINKS)}</div>",
        f"<div>所在位置 {' » '.join(LINKS)}</div>",
        f"<div><span>您的位置</span>：{''.join(LINKS)}</div>",
        f"<div><b>当前位置</b></div><ul><li>{'</li><li>'.join(LINKS)}</li></ul>",
        "<p>当前位置：首页&gt;政务公开&gt;政府信息公开年报</p>",
        "<td>首页 &gt; 政务公开 &gt; 政府信息公开年报</td>",
        f"<ol class='breadcrumb'><li>{'</li><li>'.join(LINKS)}</li></ol>",
        f"<div id=location>{'<i>/</i>'.join(LINKS)}</div>",
        f"<div>当前位置：<!-- {LINKS[1]} -->{'/'.join(LINKS)}</div><div>相关链接</div>",
    ],
)
def test_the_words_of_the_path_are_read_in_order(html: str) -> None:
    assert read_document(f"<html><body>{html}<p>正文。</p></body></html>".encode()).breadcrumb == PATH


@pytest.mark.parametrize(
    "html",
    [
        "<p>地理位置：示例市北京路1号</p>",
        "<div class='position-relative'><p>通知</p><p>公告</p></div>",
        "<ul><li><a>首页</a></li><li><a>政务公开</a></li></ul>",
        "<p>从第一位置 &gt; 第二位置</p>",
    ],
)
def test_other_lists_of_words_are_no_path(html: str) -> None:
    assert read_document(f"<html><body>{html}</body></html>".encode()).breadcrumb == ()
