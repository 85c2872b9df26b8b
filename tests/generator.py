"""Valid reports in many skins, and the damage that real pages do to them. For properties of reading and judging.

``report_html(rng, form, skin)`` gives a page and the truth it prints. A damage takes ``(html, rng, truth)`` and
gives the damaged page, the truth it still prints (None: no number) and the cells no reader can place any more.
What must hold of any reader: **a cell it claims to have read has the value of the truth.** A lost cell may be
claimed only if the claim happens to be right; cells neither damaged nor lost should be read.

Cells that hold a figure carry ``data-cell`` with their id, so that damage can be aimed; readers know nothing of it.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from html import escape
from itertools import pairwise

from bs4 import BeautifulSoup, Comment, Tag
from hypothesis import strategies as st

from audit import form as forms
from nianshen.demo import figures, pages
from nianshen.demo.layout import Box
from nianshen.demo.narrative import Publication

Truth = dict[str, int | Decimal | None]
Damage = Callable[[str, random.Random, Truth], tuple[str, Truth, set[str]]]

AGENCIES = ("示例市教育局", "示例市水利局", "样例县青石镇人民政府", "示例市人民政府办公室", "样例县交通运输局")
SKINS = ("trs", "old", "word", "th", "wrapper", "headless")


@dataclass(frozen=True, slots=True)
class Generated:
    """A generated page: what it prints, and which damage was done to it."""

    html: str
    truth: Truth
    form: str
    skin: str
    damages: tuple[str, ...] = ()
    lost: frozenset[str] = frozenset()


def publication(rng: random.Random, form: str, activity: int | None = None) -> Publication:
    """A correct report with invented figures; ``activity`` as in ``figures.tables``, None: often 0, seldom many."""
    activity = rng.choice([0, 0, 3, 12, 60, 400, 3000]) if activity is None else activity
    year = rng.choice([2019, 2020] if form == "2019" else [2021, 2023, 2025])
    values = figures.tables(form, rng, activity)
    agency = rng.choice(AGENCIES)
    return Publication(agency, year, form, values, date(year + 1, 1, rng.randint(5, 30)))


def report_html(rng: random.Random, form: str, skin: str) -> tuple[bytes, Truth]:
    """A valid report as UTF-8 bytes in one of ``SKINS``, and its cells."""
    report = publication(rng, form)
    return page(report, skin).encode(), dict(report.figures)


def page(report: Publication, skin: str) -> str:
    """A report in one of ``SKINS``, its cells marked with ``data-cell``."""
    body = pages.body(report, _marked(_STYLES[skin]))
    title, day = escape(report.title), report.published.isoformat()
    if skin == "old":
        return pages.old_page(
            report.title,
            "示例市",
            f"<tr><td align=center><b>{title}</b><br>发布日期：{day}</td></tr><tr><td>{body}</td></tr>",
        ).replace("gb2312", "utf-8")
    if skin == "wrapper":
        body = f'<table class="content"><tr><td>{body}</td></tr></table>'
    html = pages.trs_page(report.title, "示例市", f"<h1>{title}</h1><p>发布时间：{day}</p><div>{body}</div>", day)
    return _without_headers(html) if skin == "headless" else html


def reports() -> st.SearchStrategy[Generated]:
    """Valid reports of both forms in every skin."""

    def build(seed: int, form: str, skin: str) -> Generated:
        data, truth = report_html(random.Random(seed), form, skin)
        return Generated(data.decode(), truth, form, skin)

    return st.builds(build, st.integers(0, 2**32), st.sampled_from(forms.IDS), st.sampled_from(SKINS))


def damaged_reports(most: int = 3) -> st.SearchStrategy[Generated]:
    """Reports with one to ``most`` different damages, done one after the other."""

    def build(report: Generated, names: list[str], seed: int) -> Generated:
        return damage(report, names, random.Random(seed))

    names = st.lists(st.sampled_from(sorted(DAMAGES)), min_size=1, max_size=most, unique=True)
    return st.builds(build, reports(), names, st.integers(0, 2**32))


def damage(report: Generated, names: list[str], rng: random.Random) -> Generated:
    """The report after the named damages, done in the order of ``DAMAGES``."""
    for name in sorted(names, key=list(DAMAGES).index):
        html, truth, lost = DAMAGES[name](report.html, rng, report.truth)
        report = replace(
            report,
            html=html,
            truth=truth,
            lost=report.lost | lost,
            damages=(*report.damages, name),
        )
    return report


# Skins


def _word_cell(box: Box) -> str:
    """A cell as pasted out of a word processor: every run of characters in its own span."""
    half = len(box.text) // 2
    runs = [box.text[:half], box.text[half:]] if box.cell else [box.text]
    spans = "".join(
        f'<span lang="EN-US" style="font-family: 仿宋_GB2312; mso-bidi-font-size: 12.0pt;">{escape(run)}</span>'
        for run in runs
        if run
    )
    return (
        f'<td{pages.spans(box)} valign="center" style="mso-border-alt: solid windowtext .5pt">'
        f'<p class="MsoNormal" align="center" style="line-height: 150%">{spans or "&nbsp;"}<o:p></o:p></p></td>'
    )


def _th_cell(box: Box) -> str:
    tag = "td" if box.cell else "th"
    return f"<{tag}{pages.spans(box)}>{escape(box.text) or '&nbsp;'}</{tag}>"


_WORD = replace(
    pages.TRS,
    heading=lambda text: (
        f'<p class="MsoNormal"><b><span>{escape(text[:3])}</span><span>{escape(text[3:])}</span></b></p>'
    ),
    paragraph=lambda text: f'<p class="MsoNormal"><span style="font-size: 16.0pt">{escape(text)}</span></p>',
    table='<table class="MsoTableGrid" border="1" cellspacing="0" style="mso-yfti-tbllook: 480">',
    cell=_word_cell,
)
_TH = replace(pages.TRS, heading=lambda text: f"<h2>{escape(text)}</h2>", table="<table>", cell=_th_cell)
_STYLES = {
    "trs": pages.TRS,
    "old": pages.OLD,
    "word": _WORD,
    "th": _TH,
    "wrapper": pages.TRS,
    "headless": pages.TRS,
}


def _marked(style: pages.Style) -> pages.Style:
    def cell(box: Box) -> str:
        html = style.cell(box)
        return html.replace("<td", f'<td data-cell="{box.cell}"', 1) if box.cell else html

    return replace(style, cell=cell)


def _without_headers(html: str) -> str:
    soup = _soup(html)
    for name in ("requests", "disputes"):
        for row in _rows(soup, name):
            if not _values(row):
                row.decompose()
    return str(soup)


# Finding one's way in a page


def _soup(html: str) -> BeautifulSoup:
    return BeautifulSoup(html, "lxml")


def _values(scope: Tag, table: str | None = None) -> list[Tag]:
    """Cells that hold a figure, in order; of one table if it is named."""
    return scope.select(f'td[data-cell^="{table}/"]' if table else "td[data-cell]")


def _rows(soup: BeautifulSoup, table: str) -> list[Tag]:
    """All rows of the pieces of a table, headers included, in order."""
    pieces: list[Tag] = []
    for cell in _values(soup, table):
        piece = cell.find_parent("table")
        assert piece is not None
        if not any(piece is known for known in pieces):
            pieces.append(piece)
    return [row for piece in pieces for row in piece.find_all("tr") if row.find_parent("table") is piece]


def _data_rows(soup: BeautifulSoup) -> list[Tag]:
    return [row for row in _rows(soup, "requests") if _values(row)]


def _labels(row: Tag) -> list[Tag]:
    return [cell for cell in row.find_all(["td", "th"], recursive=False) if "data-cell" not in cell.attrs]


def _span(cell: Tag) -> int:
    """The rows a cell spans; 1 where the attribute is missing or nonsense."""
    text = str(cell.get("rowspan", "1"))
    return int(text) if text.isdecimal() else 1


def _ids(cells: list[Tag]) -> set[str]:
    return {str(cell["data-cell"]) for cell in cells}


def _write(cell: Tag, text: str) -> None:
    """Put a text where the text of a cell stood: in its innermost element."""
    inner = cell
    while children := [child for child in inner.children if isinstance(child, Tag) and child.get_text()]:
        for other in children[1:]:
            other.decompose()
        inner = children[0]
    inner.string = text


def _new(soup: BeautifulSoup, markup: str) -> Tag:
    """An element out of its markup."""
    body = BeautifulSoup(f"<table><tbody><tr>{markup}</tr></tbody></table>", "lxml").tr
    assert body is not None
    element = body.find(True)
    assert isinstance(element, Tag)
    return element.extract()


def _some(rng: random.Random, items: list[Tag], share: float) -> Iterator[Tag]:
    return (item for item in items if rng.random() < share)


# Damage to the frame of table 3


def _lost_header(html: str, rng: random.Random, truth: Truth) -> tuple[str, Truth, set[str]]:
    """The header rows of table 3 are gone."""
    soup = _soup(html)
    for row in _rows(soup, "requests"):
        if not _values(row):
            row.decompose()
    return str(soup), truth, set()


def _nested(html: str, rng: random.Random, truth: Truth) -> tuple[str, Truth, set[str]]:
    """Table 3 stands inside a cell of a layout table that has numbers of its own."""
    soup = _soup(html)
    for piece in _pieces(soup, "requests"):
        frame = _soup("<table><tr><td>阅读次数</td><td>318</td></tr><tr><td colspan='2' id='here'></td></tr></table>")
        outer = frame.table
        assert outer is not None
        piece.replace_with(outer)
        outer.select_one("#here").append(piece)  # type: ignore[union-attr]
    return str(soup), truth, set()


def _pieces(soup: BeautifulSoup, table: str) -> list[Tag]:
    found: list[Tag] = []
    for row in _rows(soup, table):
        piece = row.find_parent("table")
        assert piece is not None
        if not any(piece is known for known in found):
            found.append(piece)
    return found


def _rowspan_missing(html: str, rng: random.Random, truth: Truth) -> tuple[str, Truth, set[str]]:
    """The editor dropped every rowspan."""
    soup = _soup(html)
    for row in _rows(soup, "requests"):
        for cell in row.find_all(["td", "th"]):
            cell.attrs.pop("rowspan", None)
    return str(soup), truth, set()


def _rowspan_off(html: str, rng: random.Random, truth: Truth) -> tuple[str, Truth, set[str]]:
    """Group labels span a row too many or too few."""
    soup = _soup(html)
    for row in _data_rows(soup):
        for cell in _labels(row):
            if _span(cell) > 1:
                cell["rowspan"] = str(max(1, _span(cell) + rng.choice([-1, 1])))
    return str(soup), truth, set()


def _wrapped_group(html: str, rng: random.Random, truth: Truth) -> tuple[str, Truth, set[str]]:
    """Group labels were typed over several rows, a piece of the words in each, instead of merging cells."""
    soup = _soup(html)
    rows = _data_rows(soup)
    for index, row in enumerate(rows):
        group = next((cell for cell in _labels(row) if 1 < _span(cell) < 10), None)
        if group is None:
            continue
        count, text = _span(group), group.get_text(strip=True)
        cut = rng.randint(1, len(text) - 1)
        words = [text[:cut], text[cut:]] + [""] * count
        del group["rowspan"]
        _write(group, words[0])
        for other, word in zip(rows[index + 1 : index + count], words[1:], strict=False):
            other.insert(0, _new(soup, f"<td>{word or '&nbsp;'}</td>"))
    return str(soup), truth, set()


def _split(html: str, rng: random.Random, truth: Truth) -> tuple[str, Truth, set[str]]:
    """A page break tore table 3 in two."""
    soup = _soup(html)
    rows = _data_rows(soup)
    if len(rows) < 8:
        return html, truth, set()
    cut = rng.randint(3, len(rows) - 3)
    head = rows[cut].find_parent("table")
    assert head is not None
    tail = soup.new_tag("table", attrs={"border": "1"})
    head.insert_after(tail)
    for row in rows[cut:]:
        if row.find_parent("table") is head:
            tail.append(row.extract())
    return str(soup), truth, set()


def _split_repeating_header(html: str, rng: random.Random, truth: Truth) -> tuple[str, Truth, set[str]]:
    """Torn in two, and the column labels stand above both pieces."""
    names = [column.label for column in forms.load("2021").tables["requests"].columns]
    html, truth, lost = _split(html, rng, truth)
    soup = _soup(html)
    tail = _pieces(soup, "requests")[-1]
    cells = "".join(f"<td>{name}</td>" for name in names)
    header = _soup(f"<table><tr><td colspan='3'></td>{cells}</tr></table>").tr
    assert header is not None
    tail.insert(0, header.extract())
    return str(soup), truth, lost


def _empty_column(html: str, rng: random.Random, truth: Truth) -> tuple[str, Truth, set[str]]:
    """Every row of table 3 has an empty cell more, at its start or at its end."""
    soup = _soup(html)
    at_start = rng.random() < 0.5
    for row in _rows(soup, "requests"):
        empty = _new(soup, "<td>&nbsp;</td>")
        if at_start:
            row.insert(0, empty)
        else:
            row.append(empty)
    return str(soup), truth, set()


def _column_between(html: str, rng: random.Random, truth: Truth) -> tuple[str, Truth, set[str]]:
    """An empty column stands between the labels and the figures."""
    soup = _soup(html)
    for row in _data_rows(soup):
        _values(row)[0].insert_before(_new(soup, "<td></td>"))
    return str(soup), truth, set()


def _remarks_column(html: str, rng: random.Random, truth: Truth) -> tuple[str, Truth, set[str]]:
    """A column 备注 stands behind the figures; some of its cells hold words."""
    soup = _soup(html)
    for row in _data_rows(soup):
        row.append(_new(soup, f"<td>{rng.choice(['', '', '', '已核对', '含网络申请'])}</td>"))
    return str(soup), truth, set()


def _spacer_rows(html: str, rng: random.Random, truth: Truth) -> tuple[str, Truth, set[str]]:
    """Empty rows stand between the rows."""
    soup = _soup(html)
    for row in _some(rng, _data_rows(soup), 0.3):
        cells = "<td>&nbsp;</td>" * rng.choice([1, 7, 10])
        spacer = _soup(f"<table><tr>{cells}</tr></table>").tr
        assert spacer is not None
        row.insert_after(spacer.extract())
    return str(soup), truth, set()


def _expanded_spans(html: str, rng: random.Random, truth: Truth) -> tuple[str, Truth, set[str]]:
    """Merged labels were unmerged and their words repeated in every row, as an export from a sheet does."""
    soup = _soup(html)
    rows = _data_rows(soup)
    for index, row in enumerate(rows):
        for cell in _labels(row):
            count = _span(cell)
            cell.attrs.pop("rowspan", None)
            for position, other in enumerate(rows[index + 1 : index + count]):
                copy = _new(soup, f"<td>{escape(cell.get_text(strip=True))}</td>")
                at = 1 if count < 10 and position >= 0 and len(_labels(other)) > 1 and _is_outer(other) else 0
                other.insert(at, copy)
    return str(soup), truth, set()


def _is_outer(row: Tag) -> bool:
    return "办理结果" in _labels(row)[0].get_text()


def _wild_spans(html: str, rng: random.Random, truth: Truth) -> tuple[str, Truth, set[str]]:
    """Span attributes hold nonsense: zero, words, thousands."""
    soup = _soup(html)
    for row in _data_rows(soup):
        for cell in _some(rng, _labels(row), 0.3):
            cell[rng.choice(["rowspan", "colspan"])] = rng.choice(["0", "abc", "99999", "-2", ""])
    return str(soup), truth, set()


def _total_first(html: str, rng: random.Random, truth: Truth) -> tuple[str, Truth, set[str]]:
    """The column 总计 stands before the applicants, its label with it; the header is flat."""
    soup = _soup(html)
    rows = _rows(soup, "requests")
    columns = [column.label for column in forms.load("2021").tables["requests"].columns]
    for row in rows:
        cells = _values(row)
        if len(cells) == 7:
            cells[0].insert_before(cells[6].extract())
    for row in rows:
        if not _values(row):
            row.decompose()
    labels = "".join(f"<td>{label}</td>" for label in [columns[6], *columns[:6]])
    header = _soup(f"<table><tr><td colspan='3'>办理情况</td>{labels}</tr></table>").tr
    assert header is not None
    _data_rows(soup)[0].insert_before(header.extract())
    return str(soup), truth, set()


def _swapped_rows(html: str, rng: random.Random, truth: Truth) -> tuple[str, Truth, set[str]]:
    """Two neighbouring kinds of refusal changed places, labels and figures together."""
    soup = _soup(html)
    plain = [row for row in _data_rows(soup) if "refused." in str(_values(row)[0]["data-cell"])][1:]
    index = rng.randint(0, len(plain) - 2)
    plain[index].insert_before(plain[index + 1].extract())
    return str(soup), truth, set()


# Damage to labels


def _noisy_labels(html: str, rng: random.Random, truth: Truth) -> tuple[str, Truth, set[str]]:
    """Labels with spaces, other brackets and quotes, lost ordinals."""
    soup = _soup(html)
    for row in _data_rows(soup):
        for cell in _some(rng, _labels(row), 0.6):
            text = cell.get_text(strip=True)
            kind = rng.choice(["space", "narrow", "full stop", "spread", "quotes"])
            if kind == "space":
                cut = rng.randint(0, len(text))
                text = f"{text[:cut]}\u3000\xa0{text[cut:]}"
            elif kind == "narrow":
                text = text.translate(str.maketrans("（），、", "(),、"))
            elif kind == "full stop":
                text = text.replace(".", "．").replace("、", "，")
            elif kind == "spread":
                text = " ".join(text[:6]) + text[6:]
            else:
                text = text.replace("“", '"').replace("”", '"')
            _write(cell, text)
    return str(soup), truth, set()


def _broken_labels(html: str, rng: random.Random, truth: Truth) -> tuple[str, Truth, set[str]]:
    """Line breaks inside labels, of rows and of columns."""
    soup = _soup(html)
    for table in ("requests", "disputes", "disclosure"):
        for row in _rows(soup, table):
            for cell in _some(rng, _labels(row), 0.5):
                text = cell.get_text(strip=True)
                if len(text) > 2:
                    cut = rng.randint(1, len(text) - 1)
                    cell.clear()
                    cell.append(text[:cut])
                    cell.append(soup.new_tag("br"))
                    cell.append(text[cut:])
    return str(soup), truth, set()


def _misspelt_labels(html: str, rng: random.Random, truth: Truth) -> tuple[str, Truth, set[str]]:
    """One character of some long labels is wrong or missing."""
    soup = _soup(html)
    for row in _some(rng, _data_rows(soup), 0.3):
        cell = _labels(row)[-1]
        text = cell.get_text(strip=True)
        if len(text) >= 8:
            at = rng.randint(2, len(text) - 1)
            _write(cell, text[:at] + rng.choice(["", "的"]) + text[at + 1 :])
    return str(soup), truth, set()


def _extra_row(html: str, rng: random.Random, truth: Truth) -> tuple[str, Truth, set[str]]:
    """A local row that the form does not have stands among the rows."""
    soup = _soup(html)
    numbers = "".join(f"<td>{rng.randint(0, 40)}</td>" for _ in range(7))
    label = rng.choice(["其中：通过网络平台提交", "（补充）当面受理数量", "受理后转办"])
    extra = _soup(f"<table><tr><td colspan='3'>{label}</td>{numbers}</tr></table>").tr
    assert extra is not None
    _data_rows(soup)[rng.choice([0, 1, -1])].insert_after(extra.extract())
    return str(soup), truth, set()


# Damage to figures


def _dressed_numbers(html: str, rng: random.Random, truth: Truth) -> tuple[str, Truth, set[str]]:
    """Full-width digits, grouped thousands, white space of every kind around the number."""
    soup = _soup(html)
    for cell in _some(rng, _values(soup), 0.4):
        text = cell.get_text(strip=True)
        if not text.isdecimal():
            continue
        kind = rng.choice(["wide", "grouped", "nbsp", "zero width"])
        if kind == "wide":
            text = text.translate(str.maketrans("0123456789", "０１２３４５６７８９"))
        elif kind == "grouped":
            text = f"{int(text):,}"
        elif kind == "nbsp":
            text = f"\xa0{text}\u3000"
        else:
            text = f"\u200b{text}\ufeff"
        _write(cell, text)
    return str(soup), truth, set()


def _units(html: str, rng: random.Random, truth: Truth) -> tuple[str, Truth, set[str]]:
    """Counts printed with their unit or a remark."""
    soup = _soup(html)
    for table in ("requests", "disputes"):
        for cell in _some(rng, _values(soup, table), 0.3):
            text = cell.get_text(strip=True)
            if text.isdecimal():
                _write(cell, text + rng.choice(["件", " 件", "宗", "（含网络申请）"]))
    return str(soup), truth, set()


def _digits_in_spans(html: str, rng: random.Random, truth: Truth) -> tuple[str, Truth, set[str]]:
    """Every digit in its own span, with comments between."""
    soup = _soup(html)
    for cell in _some(rng, _values(soup), 0.5):
        text = cell.get_text(strip=True)
        cell.clear()
        for character in text:
            span = soup.new_tag("span")
            span.string = character
            cell.append(span)
            cell.append(Comment("EndFragment"))
    return str(soup), truth, set()


def _signs_in_words(html: str, rng: random.Random, truth: Truth) -> tuple[str, Truth, set[str]]:
    """本年增/减 of the 2019 form written 增2, 减4, +3."""
    soup = _soup(html)
    for cell in _values(soup, "disclosure"):
        value = truth.get(str(cell["data-cell"]))
        if str(cell["data-cell"]).endswith("/items_change") and value and cell.get_text(strip=True) == str(value):
            sign = rng.choice(["增", "+", "增加"]) if value > 0 else rng.choice(["减", "-", "－", "减少"])
            _write(cell, f"{sign}{abs(value)}")
    return str(soup), truth, set()


def _blanks(html: str, rng: random.Random, truth: Truth) -> tuple[str, Truth, set[str]]:
    """Some cells are empty or hold a dash."""
    soup, truth = _soup(html), dict(truth)
    for cell in _some(rng, _values(soup), 0.15):
        _write(cell, rng.choice(["", "\xa0", "/", "-", "—", "——", "无"]))
        truth[str(cell["data-cell"])] = None
    return str(soup), truth, set()


def _blank_totals(html: str, rng: random.Random, truth: Truth) -> tuple[str, Truth, set[str]]:
    """The column 总计 of table 3 was never filled in."""
    soup, truth = _soup(html), dict(truth)
    for cell in _values(soup, "requests"):
        if str(cell["data-cell"]).endswith("/total"):
            _write(cell, "")
            truth[str(cell["data-cell"])] = None
    return str(soup), truth, set()


def _words(html: str, rng: random.Random, truth: Truth) -> tuple[str, Truth, set[str]]:
    """Words, ranges and notes where a number belongs."""
    soup, truth = _soup(html), dict(truth)
    for cell in _some(rng, _values(soup, "requests"), 0.05):
        _write(cell, rng.choice(["见附件", "1至3", "12/15", "约20", "3-5", "2025年", "1.2.3", "1,2"]))
        truth[str(cell["data-cell"])] = None
    return str(soup), truth, set()


# Loss: what no reader can know


def _short_rows(html: str, rng: random.Random, truth: Truth) -> tuple[str, Truth, set[str]]:
    """Four rows of table 3 lost one cell each; which one cannot be seen."""
    soup = _soup(html)
    lost: set[str] = set()
    for row in rng.sample(_data_rows(soup), 4):
        cells = _values(row)
        lost |= _ids(cells)
        rng.choice(cells).decompose()
    return str(soup), truth, lost


def _dropped_row(html: str, rng: random.Random, truth: Truth) -> tuple[str, Truth, set[str]]:
    """One row of table 3 is gone. A label that stood only there (a group) goes on in the next row."""
    soup = _soup(html)
    row = rng.choice([row for row in _data_rows(soup) if not any("rowspan" in c.attrs for c in _labels(row))])
    lost = _ids(_values(row))
    row.decompose()
    return str(soup), truth, lost


def _merged_values(html: str, rng: random.Random, truth: Truth) -> tuple[str, Truth, set[str]]:
    """In two rows of table 3, neighbouring figures were merged into one cell that shows the first."""
    soup = _soup(html)
    lost: set[str] = set()
    for row in rng.sample(_data_rows(soup), 2):
        cells = _values(row)
        if len(cells) < 2:
            continue
        index = rng.randint(0, len(cells) - 2)
        lost |= _ids(cells[index : index + 2])
        cells[index + 1].decompose()
        cells[index]["colspan"] = "2"
    return str(soup), truth, lost


def _rows_in_one(html: str, rng: random.Random, truth: Truth) -> tuple[str, Truth, set[str]]:
    """Two rows of table 3 were typed as one, figures above each other in every cell."""
    soup = _soup(html)
    rows = [row for row in _data_rows(soup) if len(_values(row)) == 7]
    pairs = [
        (a, b) for a, b in pairwise(rows) if a.find_parent("table") is b.find_parent("table") and len(_labels(b)) == 1
    ]
    if not pairs:
        return html, truth, set()
    upper, lower = rng.choice(pairs)
    lost = _ids(_values(upper) + _values(lower))
    for above, below in zip([_labels(upper)[-1], *_values(upper)], [*_labels(lower), *_values(lower)], strict=True):
        above.append(soup.new_tag("br"))
        above.append(below.get_text(strip=True))
    lower.decompose()
    return str(soup), truth, lost


def _cut_off(html: str, rng: random.Random, truth: Truth) -> tuple[str, Truth, set[str]]:
    """The page ends in the middle of table 3, as a broken download does."""
    position = html.find('data-cell="requests/refused.')
    cut = html.find("</td>", position + rng.randint(0, 4000))
    cut = cut if cut > 0 else len(html) // 2
    kept = html[:cut]
    gone = _ids(_values(_soup(html))) - _ids(_values(_soup(kept)))
    last = _values(_soup(kept))[-1].find_parent("tr")
    assert last is not None
    return kept, truth, gone | _ids(_values(last)) | {c for c in truth if c.startswith("disputes/")}


# Damage around the tables


def _hidden_copy(html: str, rng: random.Random, truth: Truth) -> tuple[str, Truth, set[str]]:
    """A hidden table 3 with other numbers stands before the one that is shown."""
    return _copied(html, rng, truth, '<div style="display:none"></div>', before=True)


def _last_years_copy(html: str, rng: random.Random, truth: Truth) -> tuple[str, Truth, set[str]]:
    """Last year's table 3 follows this year's, for comparison."""
    return _copied(html, rng, truth, "<div><p>附：上一年度情况（供对照）</p></div>", before=False)


def _copied(html: str, rng: random.Random, truth: Truth, frame: str, *, before: bool) -> tuple[str, Truth, set[str]]:
    soup = _soup(html)
    piece = _pieces(soup, "requests")[0]
    copy = _soup(str(piece)).table
    box = _soup(frame).div
    assert copy is not None
    assert box is not None
    for cell in _values(copy):
        del cell["data-cell"]
        _write(cell, str(rng.randint(0, 90)))
    box.append(copy.extract())
    if before:
        piece.insert_before(box.extract())
    else:
        piece.insert_after(box.extract())
    return str(soup), truth, set()


def _neighbour_table(html: str, rng: random.Random, truth: Truth) -> tuple[str, Truth, set[str]]:
    """A table of other figures with familiar words stands before the report's own."""
    soup = _soup(html)
    rows = "".join(
        f"<tr><td>{label}</td>" + "".join(f"<td>{rng.randint(0, 99)}</td>" for _ in range(7)) + "</tr>"
        for label in ("行政许可", "行政处罚", "重复申请", "予以公开", "总计")
    )
    decoy = _soup(f"<table><tr><td>政务服务事项</td><td colspan='7'>办件量</td></tr>{rows}</table>").table
    assert decoy is not None
    _pieces(soup, "disclosure")[0].insert_before(decoy.extract())
    return str(soup), truth, set()


def _unclosed(html: str, rng: random.Random, truth: Truth) -> tuple[str, Truth, set[str]]:
    """The end tags of cells and rows are left out, as HTML allows."""
    for tag in ("</td>", "</th>", "</tr>", "</p>"):
        html = html.replace(tag, "")
    return html, truth, set()


def _stacked_disclosure(html: str, rng: random.Random, truth: Truth) -> tuple[str, Truth, set[str]]:
    """Table 2 stands as one small table a block."""
    soup = _soup(html)
    table = _pieces(soup, "disclosure")[0]
    current: Tag | None = None
    for row in _rows(soup, "disclosure"):
        if "第二十条" in row.get_text():
            current = soup.new_tag("table", attrs={"border": "1"})
            table.insert_before(current)
        if current is not None:
            current.append(row.extract())
    if not _values(table):
        table.decompose()
    return str(soup), truth, set()


def _bare_disputes(html: str, rng: random.Random, truth: Truth) -> tuple[str, Truth, set[str]]:
    """The header of table 4 lost its spans: labels in three plain rows."""
    soup = _soup(html)
    for row in _rows(soup, "disputes"):
        for cell in _labels(row):
            cell.attrs.pop("rowspan", None)
            cell.attrs.pop("colspan", None)
    return str(soup), truth, set()


def _short_disputes(html: str, rng: random.Random, truth: Truth) -> tuple[str, Truth, set[str]]:
    """Table 4 lost one of its fifteen cells; which one cannot be seen."""
    soup = _soup(html)
    cells = _values(soup, "disputes")
    if not cells:
        return html, truth, set()
    lost = _ids(cells)
    rng.choice(cells).decompose()
    return str(soup), truth, lost


# Other layouts of the same tables


def _total_inside_header(html: str, rng: random.Random, truth: Truth) -> tuple[str, Truth, set[str]]:
    """The column 总计 stands first, under a merged header of three rows that says so."""
    soup = _soup(html)
    for row in _data_rows(soup):
        if cells := _seven(row):
            cells[0].insert_before(cells[6].extract())
    inner = "".join(f"<td>{column.label}</td>" for column in forms.load("2021").tables["requests"].columns[1:6])
    header = (
        "<tr><td colspan='3' rowspan='3'>项目</td><td rowspan='3'>总计</td><td colspan='6'>申请人情况</td></tr>"
        f"<tr><td rowspan='2'>自然人</td><td colspan='5'>法人或其他组织</td></tr><tr>{inner}</tr>"
    )
    return str(_with_header(soup, header)), truth, set()


def _applicants_reordered(html: str, rng: random.Random, truth: Truth) -> tuple[str, Truth, set[str]]:
    """The columns of table 3 stand in another order, label and figures alike."""
    soup = _soup(html)
    order = rng.sample(range(6), 6)
    columns = [column.label for column in forms.load("2021").tables["requests"].columns]
    for row in _data_rows(soup):
        if cells := _seven(row):
            for index in order:
                cells[6].insert_before(cells[index].extract())
    labels = "".join(f"<td>{columns[index]}</td>" for index in [*order, 6])
    return str(_with_header(soup, f"<tr><td colspan='3'>项目</td>{labels}</tr>")), truth, set()


def _foreign_column(html: str, rng: random.Random, truth: Truth) -> tuple[str, Truth, set[str]]:
    """Table 3 has a column more, of figures, under a label that the form does not have."""
    soup = _soup(html)
    columns = [column.label for column in forms.load("2021").tables["requests"].columns]
    name, place = rng.choice([("小计", 6), ("上年总计", 7), ("合计", 7), ("行次", 0), ("占比", 7), ("新闻媒体", 3)])
    for number, row in enumerate(_data_rows(soup), start=1):
        cells = _seven(row)
        text = (
            str(number) if name == "行次" else f"{rng.randint(0, 100)}%" if name == "占比" else str(rng.randint(0, 99))
        )
        if cells:
            extra = _new(soup, f"<td class='extra'>{text}</td>")
            if place < 7:
                cells[place].insert_before(extra)
            else:
                cells[6].insert_after(extra)
    labels = "".join(f"<td>{label}</td>" for label in [*columns[:place], name, *columns[place:]])
    return str(_with_header(soup, f"<tr><td colspan='3'>项目</td>{labels}</tr>")), truth, set()


def _with_header(soup: BeautifulSoup, header: str) -> BeautifulSoup:
    """Table 3 under another header, blank above the columns that are blank."""
    for row in _rows(soup, "requests"):
        if not _values(row):
            row.decompose()
    first, typical = _data_rows(soup)[0], _data_rows(soup)[-1]
    lines = [row.extract() for row in _soup(f"<table>{header}</table>").find_all("tr")]
    cells = typical.find_all(["td", "th"], recursive=False)
    named = [n for n, cell in enumerate(cells) if "data-cell" in cell.attrs or cell.get_text(strip=True)]
    figures = [n for n, cell in enumerate(cells) if "data-cell" in cell.attrs]
    blank = f"<td rowspan='{len(lines)}'></td>"
    for _ in range(figures[0] - 1 - max((n for n in named if n < figures[0]), default=figures[0] - 1)):
        lines[0].insert(1, _new(soup, blank))
    for _ in [cell for cell in cells[figures[-1] + 1 :] if "class" not in cell.attrs]:
        lines[0].append(_new(soup, blank))
    for line in lines:
        first.insert_before(line)
    return soup


def _seven(row: Tag) -> list[Tag]:
    """The figures of a whole row of table 3, put in the order of the form; [] for a row that lost some."""
    cells = _values(row)
    if len(cells) != 7:
        return []
    order = [column.id for column in forms.load("2021").tables["requests"].columns]
    ordered = sorted(cells, key=lambda cell: order.index(str(cell["data-cell"]).rsplit("/", 1)[1]))
    mark = Tag(name="td")
    cells[0].insert_before(mark)
    for cell in ordered:
        mark.insert_before(cell.extract())
    mark.decompose()
    return ordered


def _blank_column_beside_totals(html: str, rng: random.Random, truth: Truth) -> tuple[str, Truth, set[str]]:
    """The column 总计 is blank, and beside it stands another blank one."""
    html, truth, lost = _blank_totals(html, rng, truth)
    soup = _soup(html)
    before = rng.random() < 0.5
    for row in _data_rows(soup):
        total, empty = _values(row)[-1], _new(soup, "<td></td>")
        if before:
            total.insert_before(empty)
        else:
            total.insert_after(empty)
    # Between two blank columns nothing tells which is which, but neither holds a figure.
    return str(soup), truth, lost


def _ordinal_column(html: str, rng: random.Random, truth: Truth) -> tuple[str, Truth, set[str]]:
    """A column of running numbers stands before the labels of all three tables."""
    soup = _soup(html)
    for name in ("disclosure", "requests"):
        for number, row in enumerate(_rows(soup, name)):
            row.insert(0, _new(soup, f"<td>{number or '序号'}</td>"))
    return str(soup), truth, set()


def _same_row_twice(html: str, rng: random.Random, truth: Truth) -> tuple[str, Truth, set[str]]:
    """Rows of tables 2 and 3 stand twice, to the letter."""
    soup = _soup(html)
    rows = [row for name in ("disclosure", "requests") for row in _rows(soup, name) if _values(row)]
    for row in rng.sample([row for row in rows if not any(_span(cell) > 1 for cell in _labels(row))], 3):
        copy = _soup(f"<table>{row}</table>").tr
        assert copy is not None
        for cell in _values(copy):
            del cell["data-cell"]
        row.insert_after(copy.extract())
    return str(soup), truth, set()


def _comparison_between(html: str, rng: random.Random, truth: Truth) -> tuple[str, Truth, set[str]]:
    """A page break in table 3 is filled by a small table of this year's and last year's figures."""
    html, truth, lost = _split(html, rng, truth)
    soup = _soup(html)
    rows = "".join(
        f"<tr><td>{label}</td><td>{rng.randint(0, 99)}</td><td>{rng.randint(0, 99)}</td></tr>"
        for label in ("本年新收政府信息公开申请数量", "予以公开", "重复申请", "结转下年度继续办理")
    )
    small = _soup(f"<table><tr><td>项目</td><td>上年</td><td>本年</td></tr>{rows}</table>").table
    assert small is not None
    _pieces(soup, "requests")[0].insert_after(small.extract())
    return str(soup), truth, lost


def _turned_requests(html: str, rng: random.Random, truth: Truth) -> tuple[str, Truth, set[str]]:
    """Table 3 with rows and columns exchanged."""
    soup = _soup(html)
    rows = [row for row in _data_rows(soup) if _seven(row)]
    columns = [column.label for column in forms.load("2021").tables["requests"].columns]
    kept = {cell for row in rows for cell in _ids(_values(row))}
    lines = ["".join(f"<td>{escape(_last_label(row))}</td>" for row in rows)]
    lines += ["".join(str(_values(row)[n]) for row in rows) for n in range(7)]
    heads = ["项目", *columns]
    body = "".join(f"<tr><td>{head}</td>{line}</tr>" for head, line in zip(heads, lines, strict=True))
    _put(soup, "requests", f"<table>{body}</table>")
    return str(soup), truth, {cell for cell in truth if cell.startswith("requests/")} - kept


def _last_label(row: Tag) -> str:
    return [text for cell in _labels(row) if (text := cell.get_text(strip=True))][-1]


_RESULTS = ("结果维持", "结果纠正", "其他结果", "尚未审结", "总计")
_SUITS = ("行政复议", "未经复议直接起诉", "复议后起诉")


def _disputes_in(layout: Callable[[list[list[Tag]], random.Random], str]) -> Damage:
    """A damage that lays table 4 out anew; without effect where it has not its fifteen cells."""

    def lay_out(html: str, rng: random.Random, truth: Truth) -> tuple[str, Truth, set[str]]:
        soup = _soup(html)
        cells = _values(soup, "disputes")
        if len(cells) != 15:
            return html, truth, set()
        cells.sort(key=lambda cell: forms.load("2021").tables["disputes"].cells.index(str(cell["data-cell"])))
        _put(soup, "disputes", layout([cells[n : n + 5] for n in (0, 5, 10)], rng))
        return str(soup), truth, set()

    lay_out.__doc__ = layout.__doc__
    return lay_out


def _put(soup: BeautifulSoup, name: str, markup: str) -> None:
    """Tables in the place of the pieces of one."""
    first, *others = _pieces(soup, name)
    for table in _soup(markup).find_all("table"):
        first.insert_before(table.extract())
    for piece in (first, *others):
        piece.decompose()


def _upright(groups: list[list[Tag]], rng: random.Random) -> str:
    """Table 4 with a line for each result, in one table or one for each group."""
    blocks = [
        "".join(f"<tr><td>{label}</td>{cell}</tr>" for label, cell in zip(_RESULTS, cells, strict=True))
        for cells in groups
    ]
    parts = [f"<tr><td colspan='2'>{name}</td></tr>{block}" for name, block in zip(_SUITS, blocks, strict=True)]
    if rng.random() < 0.5:
        return f"<table>{''.join(parts)}</table>"
    return "".join(f"<table>{part}</table>" for part in parts)


def _turned(groups: list[list[Tag]], rng: random.Random) -> str:
    """Table 4 with the results below each other and the groups side by side."""
    head = "<tr><td>结果</td>" + "".join(f"<td>{name}</td>" for name in _SUITS) + "</tr>"
    rows = (
        f"<tr><td>{label}</td>{''.join(str(cells[n]) for cells in groups)}</tr>" for n, label in enumerate(_RESULTS)
    )
    return f"<table>{head}{''.join(rows)}</table>"


def _in_one_cell(groups: list[list[Tag]], rng: random.Random) -> str:
    """Table 4 with label and figure in one cell."""
    lines = []
    for name, cells in zip(_SUITS, groups, strict=True):
        for label, cell in zip(_RESULTS, cells, strict=True):
            _write(cell, f"{label} {cell.get_text(strip=True)}")
        lines.append(f"<tr><td>{name}</td>{''.join(map(str, cells))}</tr>")
    return f"<table>{''.join(lines)}</table>"


def _suits_first(groups: list[list[Tag]], rng: random.Random) -> str:
    """Table 4 with the lawsuits before the reviews, as its merged header says."""
    results = "".join(f"<td>{label}</td>" for label in _RESULTS)
    upright = "".join(f"<td rowspan='2'>{label}</td>" for label in _RESULTS)
    head = (
        "<tr><td colspan='10'>行政诉讼</td><td colspan='5'>行政复议</td></tr>"
        f"<tr><td colspan='5'>{_SUITS[1]}</td><td colspan='5'>{_SUITS[2]}</td>{upright}</tr><tr>{results}{results}</tr>"
    )
    figures = "".join(str(cell) for n in (1, 2, 0) for cell in groups[n])
    return f"<table>{head}<tr>{figures}</tr></table>"


def _grand_total(groups: list[list[Tag]], rng: random.Random) -> str:
    """Table 4 with a column 合计 behind, over all three groups."""
    head = "".join(f"<td colspan='5'>{name}</td>" for name in _SUITS) + "<td rowspan='2'>合计</td>"
    figures = "".join(str(cell) for cells in groups for cell in cells) + f"<td>{rng.randint(0, 99)}</td>"
    results = "".join(f"<td>{label}</td>" for label in _RESULTS * 3)
    return f"<table><tr>{head}</tr><tr>{results}</tr><tr>{figures}</tr></table>"


def _last_year_beside(html: str, rng: random.Random, truth: Truth) -> tuple[str, Truth, set[str]]:
    """Blocks of table 2 with a single figure show last year's before this year's."""
    soup = _soup(html)
    rows = _rows(soup, "disclosure")
    for index, row in enumerate(rows):
        cells, labels = _values(row), _labels(row)
        below = rows[index + 1] if index + 1 < len(rows) else None
        if len(cells) == 1 and len(labels) == 1:
            cells[0].insert_before(_new(soup, f"<td>{rng.randint(0, 99)}</td>"))
        elif len(labels) == 2 and below is not None and len(_values(below)) == 1:
            labels[1].insert_before(_new(soup, "<td>上年数量</td>"))
    return str(soup), truth, set()


def _padded_rows(html: str, rng: random.Random, truth: Truth) -> tuple[str, Truth, set[str]]:
    """Merged labels became blanks, as text with tabs has them, and two rows lost a figure."""
    soup = _soup(html)
    rows = _data_rows(soup)
    for row in rows:
        for label in reversed(_labels(row)):
            width = str(label.attrs.pop("colspan", "1"))
            for _ in range(min(int(width), 3) - 1 if width.isdecimal() else 0):
                label.insert_after(_new(soup, "<td></td>"))
    lost: set[str] = set()
    for row in rng.sample([row for row in rows if len(_values(row)) == 7], min(2, len(rows))):
        lost |= _ids(_values(row))
        rng.choice(_values(row)).decompose()
    return str(soup), truth, lost


DAMAGES: dict[str, Damage] = {
    "lost_header": _lost_header,
    "nested": _nested,
    "rowspan_missing": _rowspan_missing,
    "rowspan_off": _rowspan_off,
    "wrapped_group": _wrapped_group,
    "split": _split,
    "split_repeating_header": _split_repeating_header,
    "empty_column": _empty_column,
    "column_between": _column_between,
    "remarks_column": _remarks_column,
    "spacer_rows": _spacer_rows,
    "expanded_spans": _expanded_spans,
    "wild_spans": _wild_spans,
    "total_first": _total_first,
    "swapped_rows": _swapped_rows,
    "noisy_labels": _noisy_labels,
    "broken_labels": _broken_labels,
    "misspelt_labels": _misspelt_labels,
    "extra_row": _extra_row,
    "dressed_numbers": _dressed_numbers,
    "units": _units,
    "digits_in_spans": _digits_in_spans,
    "signs_in_words": _signs_in_words,
    "blanks": _blanks,
    "blank_totals": _blank_totals,
    "words": _words,
    "short_rows": _short_rows,
    "dropped_row": _dropped_row,
    "merged_values": _merged_values,
    "rows_in_one": _rows_in_one,
    "hidden_copy": _hidden_copy,
    "last_years_copy": _last_years_copy,
    "neighbour_table": _neighbour_table,
    "unclosed": _unclosed,
    "stacked_disclosure": _stacked_disclosure,
    "bare_disputes": _bare_disputes,
    "short_disputes": _short_disputes,
    "last_year_beside": _last_year_beside,
    "ordinal_column": _ordinal_column,
    "padded_rows": _padded_rows,
    "blank_column_beside_totals": _blank_column_beside_totals,
    "comparison_between": _comparison_between,
    "foreign_column": _foreign_column,
    "applicants_reordered": _applicants_reordered,
    "total_inside_header": _total_inside_header,
    "same_row_twice": _same_row_twice,
    "turned_requests": _turned_requests,
    "upright_disputes": _disputes_in(_upright),
    "turned_disputes": _disputes_in(_turned),
    "figures_beside_labels": _disputes_in(_in_one_cell),
    "suits_first": _disputes_in(_suits_first),
    "grand_total": _disputes_in(_grand_total),
    "cut_off": _cut_off,
}
