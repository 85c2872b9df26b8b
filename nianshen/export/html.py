"""HTML: the official form drawn with its marks, the findings beside it. One page that opens offline and prints."""

from __future__ import annotations

import base64
import hashlib
import html
from collections.abc import Iterable, Iterator, Mapping
from importlib.resources import files

from audit.engine import ruleset
from audit.finding import Finding, Kind
from audit.form import TABLES, load
from audit.report import Report, State
from audit.rules import names
from nianshen.cli.output import safe
from nianshen.export.document import OPEN, Document, Line
from nianshen.export.drawing import Box, Look, layout, looks, shape_of, shown, touched
from nianshen.export.table import STATUSES

MOST_LINKS = 6
"""Cells a finding links to; the others carry its number."""
OTHER = {"zh": "en", "en": "zh"}
_OUTCOMES = {
    "clean": {"zh": "通过", "en": "clean"},
    "findings": {"zh": "有疑似问题", "en": "findings"},
    "review": {"zh": "需人工核对", "en": "needs a look"},
    "unreadable": {"zh": "无法读取", "en": "unreadable"},
    "not_a_report": {"zh": "不是年度报告", "en": "not a report"},
    **{status: {"zh": label.split(" ")[0], "en": status} for status, label in STATUSES.items()},
}
_LEVELS = {
    "error": {"zh": "错误", "en": "error"},
    "warning": {"zh": "警告", "en": "warning"},
    "note": {"zh": "提示", "en": "note"},
    "open": {"zh": "待核对", "en": "open"},
}
_SIGNS = {"error": "✖", "warning": "▲", "note": "●", "open": "？"}


class Markup(str):
    """Text that is HTML already; everything else is escaped."""

    __slots__ = ()


def html_text(documents: Iterable[Document], lang: str = "zh") -> Iterator[str]:
    """The page in pieces, one report after the other; ``lang`` comes first, the other language beside it."""
    style = (files("nianshen.export") / "page.css").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    title = _phrase({"zh": "年度报告检查结果", "en": "Check of annual reports"}, lang)
    yield "<!DOCTYPE html>\n" + f'<html lang="{_tongue(lang)}">\n<head>\n<meta charset="utf-8">\n'
    yield f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
    yield '<meta name="referrer" content="no-referrer">\n'
    yield f"<title>{_escaped(title)}</title>\n<style>{style}</style>\n</head>\n<body>\n"
    yield _element("header", _element("h1", title), _legend(lang)) + "\n<main>\n"
    for number, document in enumerate(documents, 1):
        yield _article(document, number, lang) + "\n"
    foot = {"zh": f"规则集 {ruleset()[:12]}", "en": f"rule set {ruleset()[:12]}"}
    yield f"</main>\n{_element('footer', _both(foot, lang))}\n</body>\n</html>\n"


def _article(document: Document, number: int, lang: str) -> Markup:
    outcome = _OUTCOMES.get(document.outcome, {"zh": document.outcome, "en": document.outcome})
    head = _element(
        "h2",
        f"{document.agency or document.source} {document.year or ''} ",
        _element("span", _both(outcome, lang), class_=f"outcome {document.outcome}"),
        id=f"d{number}",
    )
    parts = [head, _facts(document, lang)]
    if document.error:
        parts.append(_element("p", _both(document.error["message"], lang), class_="trouble"))
    lines = [line for line in document.lines if line.state == OPEN]
    tables = [_tables(document.report, lines, number, lang)] if document.report else []
    beside = [_findings(document, lines, number, lang)] if document.report or lines else []
    parts.append(_element("div", *tables, *beside, class_="sheet"))
    return _element("article", *parts, aria_labelledby=f"d{number}")


def _facts(document: Document, lang: str) -> Markup:
    report = document.report
    facts: list[tuple[Mapping[str, str], str]] = [({"zh": "来源", "en": "source"}, document.source)]
    if report:
        facts += [
            ({"zh": "标题", "en": "title"}, report.title or "—"),
            ({"zh": "格式", "en": "form"}, report.form or "—"),
            ({"zh": "标注日期", "en": "declared"}, str(report.dates.declared or "—")),
            ({"zh": "部分", "en": "sections"}, _sections(report)),
        ]
    if document.sha256:
        facts.append(({"zh": "指纹", "en": "sha256"}, document.sha256))
    items = (_element("dt", _both(name, lang)) + _element("dd", value) for name, value in facts)
    return _element("dl", *(Markup(item) for item in items))


def _sections(report: Report) -> str:
    return "  ".join(
        f"{'✓' if section.present else '✗'} {names.section(key)['zh']}" for key, section in report.sections.items()
    )


def _tables(report: Report, lines: Iterable[Line], number: int, lang: str) -> Markup:
    findings = [line.finding for line in lines]
    marks = looks(report, findings)
    notes: dict[str, list[str]] = {}
    for place, finding in enumerate(findings, 1):
        for cell_id in touched(finding):
            notes.setdefault(cell_id, []).append(f"f{number}-{place}")
    return _element(
        "div", *(_table(report, name, number, marks, notes, findings, lang) for name in TABLES), class_="tables"
    )


def _table(
    report: Report,
    name: str,
    number: int,
    marks: Mapping[str, tuple[Look, ...]],
    notes: Mapping[str, list[str]],
    findings: list[Finding],
    lang: str,
) -> Markup:
    found = report.tables.get(name)
    missing = found is None or found.shape is None
    gone = {"zh": "：在报告中没有找到这张表", "en": ": this table was not found in the report"}
    said = names.table(name)
    caption = {key: said[key] + (gone[key] if missing else "") for key in said}
    body = [
        _element("tr", *(_box(report, box, number, marks, notes, lang) for box in row))
        for row in layout(shape_of(report, name), name)
    ]
    table = _element("table", _element("caption", _both(caption, lang)), *body, class_=name)
    label = _phrase(caption, lang)
    formulas = [
        _element("li", _element("a", f"{place}", href=f"#f{number}-{place}"), f" {finding.rule} {finding.formula}")
        for place, finding in enumerate(findings, 1)
        if finding.formula and any(cell_id.startswith(f"{name}/") for cell_id in touched(finding))
    ]
    under = [_element("ul", *formulas, class_="formulas")] if formulas else []
    return _element("div", table, *under, class_="scroll", role="region", aria_label=label, tabindex="0")


def _box(
    report: Report,
    box: Box,
    number: int,
    marks: Mapping[str, tuple[Look, ...]],
    notes: Mapping[str, list[str]],
    lang: str,
) -> Markup:
    spans = {
        "rowspan": str(box.rows) if box.rows > 1 else None,
        "colspan": str(box.columns) if box.columns > 1 else None,
    }
    if not box.cell:
        scope = ("colgroup" if box.columns > 1 else "col") if box.over else ("rowgroup" if box.rows > 1 else "row")
        return _element("th", box.text, scope=scope, **spans)
    cell = report.cell(box.cell)
    looked = marks.get(box.cell, ())
    value = shown(cell, lang)
    quiet = cell.state in (State.BLANK, State.UNREADABLE, State.ABSENT)
    words: list[str | Markup] = [_element("span", value, class_="unseen") if quiet else value]
    words += [
        _element("span", look.symbol, class_="mark", role="img", aria_label=_phrase(look.label, lang))
        for look in looked
    ]
    links = notes.get(box.cell, [])
    words += [_element("a", link.rpartition("-")[2], href=f"#{link}", class_="to") for link in links]
    return _element(
        "td",
        *words,
        id=_anchor(number, box.cell),
        class_=" ".join(looked) or None,
        title=box.cell,
        aria_describedby=" ".join(links) or None,
        **spans,
    )


def _findings(document: Document, lines: list[Line], number: int, lang: str) -> Markup:
    head = _element("h3", _both({"zh": f"问题 {len(lines)}", "en": f"{len(lines)} findings"}, lang))
    items = [
        _finding(line.finding, document, f"f{number}-{place}", number, lang) for place, line in enumerate(lines, 1)
    ]
    none = {"zh": "未发现问题", "en": "no findings"}
    listed = _element("ol", *items) if items else _element("p", _both(none, lang))
    parts = [head, listed]
    if document.not_judged:
        told = {"zh": f"未判断的规则 {len(document.not_judged)}", "en": f"{len(document.not_judged)} rules not judged"}
        reasons = [_element("li", _element("b", one.rule), " ", _both(one.reason, lang)) for one in document.not_judged]
        parts.append(_element("details", _element("summary", _both(told, lang)), _element("ul", *reasons)))
    return _element("aside", *parts, aria_label=_phrase({"zh": "问题", "en": "findings"}, lang))


def _finding(finding: Finding, document: Document, anchor: str, number: int, lang: str) -> Markup:
    level = "open" if finding.kind is Kind.OPEN else finding.severity.value
    badge = _element("span", f"{_SIGNS[level]} ", _both(_LEVELS[level], lang), class_=f"level {level}")
    parts = [
        _element("p", badge, " ", _element("b", f"{finding.rule} "), _both(finding.title, lang), class_="head"),
        _element("p", finding.message[lang]),
        _element("p", finding.message[OTHER[lang]], class_="beside", lang=_tongue(OTHER[lang])),
    ]
    if finding.formula:
        parts.append(_element("p", _element("code", finding.formula), class_="formula"))
    if finding.hint:
        parts.append(_element("p", _both(finding.hint, lang), class_="hint"))
    cells = [cell_id for cell_id in touched(finding) if document.report and _drawn(document.report, cell_id)]
    if cells:
        links = [
            _element("a", names.subject(_shape(document.report, cell), cell)["zh"], href=f"#{_anchor(number, cell)}")
            for cell in cells[:MOST_LINKS]
        ]
        more = [f" … +{len(cells) - MOST_LINKS}"] if len(cells) > MOST_LINKS else []
        parts.append(_element("p", *links, *more, class_="cells"))
    return _element("li", *parts, id=anchor)


def _shape(report: Report | None, cell_id: str) -> str | None:
    return shape_of(report, cell_id.split("/", 1)[0]) if report else None


def _drawn(report: Report, cell_id: str) -> bool:
    table = cell_id.split("/", 1)[0]
    return table in TABLES and cell_id in load(shape_of(report, table)).tables[table].cells


def _legend(lang: str) -> Markup:
    items = (_element("li", _element("span", look.symbol, class_=look), " ", _both(look.label, lang)) for look in Look)
    return _element("ul", *items, class_="legend")


def _anchor(number: int, cell_id: str) -> str:
    return f"c{number}-{cell_id.replace('/', '-').replace('.', '_')}"


def _both(words: Mapping[str, str], lang: str) -> Markup:
    other = OTHER[lang]
    return Markup(_escaped(words[lang]) + " " + _element("small", words[other], lang=_tongue(other)))


def _phrase(words: Mapping[str, str], lang: str) -> str:
    return f"{words[lang]} / {words[OTHER[lang]]}"


def _tongue(lang: str) -> str:
    return {"zh": "zh-CN", "en": "en"}[lang]


def _element(name: str, *children: str, **attributes: str | None) -> Markup:
    """An element; children and values are escaped unless they are Markup. ``class_`` and ``aria_x`` as one expects."""
    written = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{_escaped(value)}"'
        for key, value in attributes.items()
        if value is not None
    )
    inside = "".join(child if isinstance(child, Markup) else _escaped(child) for child in children)
    return Markup(f"<{name}{written}>{inside}</{name}>")


def _escaped(text: str) -> str:
    """Foreign text can neither open a tag nor turn the direction of what follows."""
    return html.escape(safe(text), quote=True)
