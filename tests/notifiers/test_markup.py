"""Foreign text in every form, for whatever text there is."""

from __future__ import annotations

import re
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from notifiers import markup
from notifiers.markup import DINGTALK, HTML, LARK, PLAIN, SLACK, TEAMS, WECOM, Marked, Markup

FORMS = {"plain": PLAIN, "html": HTML, "lark": LARK, "ding": DINGTALK, "wecom": WECOM, "teams": TEAMS, "slack": SLACK}
SPECIAL = {name: set("<>[](){}*_~`#|\\@!&$") for name in ("lark", "ding", "wecom", "teams")} | {
    "plain": set(),
    "html": set("<>\"'"),
    "slack": set("<>*_~`"),
}
ANY = st.text(st.characters(exclude_categories=()), max_size=60)  # half characters too


@settings(deadline=None)
@given(text=ANY, most=st.integers(3, 90), name=st.sampled_from(sorted(FORMS)))
def test_any_text_is_one_harmless_line_within_its_bytes(text: str, most: int, name: str) -> None:
    made = FORMS[name].text(text, most)

    assert len(made.encode()) <= most  # and so it is text: half a character has no bytes
    assert not set(made) & SPECIAL[name]
    assert all(char == " " or unicodedata.category(char)[0] not in "CZ" for char in made)
    assert "://" not in made
    assert name not in {"html", "slack"} or not re.search(r"&(?!(amp|lt|gt|quot|#x27);)", made)


@settings(deadline=None)
@given(url=st.one_of(ANY, ANY.map("https://a.example/{}".format), ANY.map("https://{}.example/".format)))
@pytest.mark.parametrize("name", ["lark", "ding", "wecom", "teams", "slack", "html"])
def test_any_address_is_one_link_or_none(name: str, url: str) -> None:
    made = FORMS[name].anchor("甲]乙", url)

    label = FORMS[name].text("甲]乙")
    shape = FORMS[name].link.format(label="L", url="U")
    pattern = re.escape(shape).replace("L", re.escape(label)).replace("U", r"(?i:https?)://[^\s<>()\[\]\"'|`*@\\^]+")
    assert made == label or re.fullmatch(pattern, made)


@pytest.mark.parametrize(
    "url",
    ["javascript:alert(1)", "data:text/html,x", "//evil.example", "https://a@b.example/", "", "https://", "x" * 999],
)
def test_an_address_that_leads_nowhere_good_is_no_link(url: str) -> None:
    assert LARK.anchor("原文", url) == "原文"


def test_what_is_cut_says_so_and_what_fits_is_whole() -> None:
    assert LARK.text("一二三", 9) == "一二三"
    assert LARK.text("一二三四", 9) == "一二…"
    assert HTML.text("&&&", 9) == "&amp;…"


def test_text_of_ours_is_not_escaped_twice_and_nothing_is_not_printed() -> None:
    form = Markup({ord("*"): "＊"}, ("*", "*"), "{label}")

    assert form.text(form.strong("a*b")) == "*a＊b*"
    assert isinstance(form.strong("a"), Marked)
    with pytest.raises(TypeError):
        form.text(None)
    assert form.text("a" * 10_000) == "a" * (markup.MOST - 3) + "…"
