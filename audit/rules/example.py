"""The examples on a rule's page: a small valid report and what is changed in it. They are shown, and they are tests.

An example is a table of TOML. What it says of the report: ``cells`` (a number, or the name of a state), ``inferred``
(cell ids), ``sections`` and ``tables`` (fields to change, by name; ``length`` makes a section so long), any other
field of ``Report``, ``declared`` for its date, ``form`` for the shape of its figures ("": not told);
``report = false`` for none. ``context`` holds fields of ``Context``; reports within it are written in the same way.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from datetime import date
from decimal import Decimal
from functools import cache
from typing import Any

from audit.catalogue import Words, page
from audit.context import Absence, Alike, AttachedFile, Context, Copy, Part, RollUp, Version
from audit.form import TABLES, load
from audit.report import Cell, Dates, How, Report, Section, State, Table, Trouble

VERDICTS = ("fail", "silent", "open", "not_judged")
"""``fail``: the rule names ``subject``. ``open``: undecided on it. ``not_judged``: it lacks its context."""

YEAR = {"2019": 2019, "2021": 2024}


@dataclass(frozen=True, slots=True)
class Example:
    """A report and its context, and what the rule says of them. ``draw`` are the tables, rows or sections to show."""

    rule: str
    verdict: str
    subject: str
    note: Words
    report: Report | None
    context: Context
    draw: tuple[str, ...]


def examples(rule_id: str) -> tuple[Example, ...]:
    """Every example on a rule's page. Raises ValueError, naming the rule, for a word that means nothing."""
    return tuple(_example(rule_id, spec) for spec in page(rule_id).examples)


@cache
def valid(form: str = "2021") -> Report:
    """A small report without fault: every sum holds and the text says what it must."""
    figures = {**_FIGURES, **(_OF_2019 if form == "2019" else _OF_2021)}
    return Report(
        agency="示例市教育局",
        year=YEAR[form],
        title=f"示例市教育局{YEAR[form]}年政府信息公开工作年度报告",
        form=form,
        dates=Dates(declared=date(YEAR[form] + 1, 1, 20)),
        sections={
            part.key: Section(
                part.key,
                present=True,
                heading=f"{part.number}、{part.heading}",
                text=_TEXTS.get(part.key, ""),
                tables=int(part.key in TABLES),
            )
            for part in load(form).sections
        },
        tables={
            name: Table(
                name,
                form,
                {cell: _cell(cell, figures.get(cell, 0)) for cell in load(form).tables[name].cells},
                confidence=1.0,
            )
            for name in TABLES
        },
        preamble=f"本报告所列数据的统计期限自{YEAR[form]}年1月1日起至{YEAR[form]}年12月31日止。",
        media="html",
        meta={
            "articletitle": f"示例市教育局{YEAR[form]}年政府信息公开工作年度报告",
            "pubdate": f"{YEAR[form] + 1}-01-20 10:00",
        },
        breadcrumb=("首页", "政务公开", "政府信息公开年报"),
    )


def _example(rule_id: str, spec: Mapping[str, Any]) -> Example:
    known = {"verdict", "subject", "note", "draw", "context"}
    if spec.get("verdict") not in VERDICTS:
        raise ValueError(f"{rule_id}: verdict is one of {', '.join(VERDICTS)}")
    try:
        report = _report({key: value for key, value in spec.items() if key not in known})
        context = _context(spec.get("context", {}), report)
    except (TypeError, KeyError, ValueError) as error:
        raise ValueError(f"{rule_id}: {error}") from error
    return Example(
        rule_id,
        spec["verdict"],
        spec.get("subject", "report"),
        spec.get("note", {}),
        report,
        context,
        tuple(spec.get("draw", ())),
    )


def _report(spec: Mapping[str, Any]) -> Report | None:
    rest = dict(spec)
    if rest.pop("report", True) is False:
        return None
    form = rest.pop("form", "2021")
    base = valid(form) if form else replace(valid(), form=None)
    for cell_id, value in rest.pop("cells", {}).items():
        base = _with_table(base, cell_id, value)
    for cell_id in rest.pop("inferred", ()):
        cell = replace(base.cell(cell_id), how=How.INFERRED)
        name = cell_id.split("/", 1)[0]
        base = _changed(base, "tables", name, cells={**base.tables[name].cells, cell_id: cell})
    for name, changes in rest.pop("tables", {}).items():
        base = _changed(base, "tables", name, **_table_changes(base, name, changes))
    for key, changes in rest.pop("sections", {}).items():
        base = _changed(base, "sections", key, **_section_changes(base, key, changes))
    if "declared" in rest:
        base = replace(base, dates=replace(base.dates, declared=rest.pop("declared") or None))
    if "troubles" in rest:
        rest["troubles"] = tuple(Trouble(**one) for one in rest["troubles"])
    for name in ("agency", "year", "title"):
        if rest.get(name) == "":
            rest[name] = None
    return replace(base, **{key: _frozen(value) for key, value in rest.items()})


def _with_table(base: Report, cell_id: str, value: Any) -> Report:
    name = cell_id.split("/", 1)[0]
    if cell_id not in base.tables[name].cells:
        raise ValueError(f"no cell {cell_id}")
    return _changed(base, "tables", name, cells={**base.tables[name].cells, cell_id: _cell(cell_id, value)})


def _table_changes(base: Report, name: str, changes: Mapping[str, Any]) -> dict[str, Any]:
    """Fields of a table; ``missing`` rows lose their cells, ``shape = ""`` is a table that was not found."""
    found = {key: _frozen(value) for key, value in changes.items()}
    if "troubles" in found:
        found["troubles"] = tuple(Trouble(**one) for one in found["troubles"])
    lost = tuple(f"{name}/{row}/" for row in found.get("missing", ()))
    if found.get("shape") == "":
        found["shape"], lost = None, (f"{name}/",)
    if lost:
        cells = base.tables[name].cells
        found["cells"] = {key: Cell(key, State.ABSENT) if key.startswith(lost) else cell for key, cell in cells.items()}
    return found


def _section_changes(base: Report, key: str, changes: Mapping[str, Any]) -> dict[str, Any]:
    """Fields of a section; ``length`` repeats its text until it has so many characters."""
    found = dict(changes)
    if "length" in found:
        text = "".join(base.sections[key].text.split())
        found["text"] = (text * (found["length"] // len(text) + 1))[: found.pop("length")]
    return found


def _changed(base: Report, part: str, key: str, **changes: Any) -> Report:
    parts = getattr(base, part)
    whole: dict[str, Any] = {part: {**parts, key: replace(parts[key], **changes)}}
    return replace(base, **whole)


def _cell(cell_id: str, value: Any) -> Cell:
    """A number as it stands; a word that is the name of a state; any other word is a text in the cell."""
    if isinstance(value, str):
        state = State(value) if value in set(State) - {State.VALUE} else State.TEXT
        printed = {State.DASH: "/", State.TEXT: value}.get(state, "")
        return Cell(cell_id, state, raw=printed)
    number = Decimal(str(value)) if isinstance(value, float) else value
    return Cell(cell_id, State.VALUE, number, str(number))


def _context(spec: Mapping[str, Any], report: Report | None) -> Context:
    """Usual facts of a report in season, and those the example changes; an empty text or date means "not known"."""
    year = report.year if report and report.year else YEAR["2021"]
    usual = Context(
        organisation="edu",
        name="示例市教育局",
        kind="department",
        region="示例市",
        year=year,
        due=date(year + 1, 1, 31),
        due_basis="条例第四十九条",
        today=date(year + 1, 2, 10),
    )
    made: dict[str, Any] = {
        key: _MAKERS[key](value) if key in _MAKERS else _frozen(value) for key, value in spec.items()
    }
    names = {field.name for field in fields(Context)}
    if unknown := set(made) - names:
        raise ValueError(f"no such fact: {', '.join(sorted(unknown))}")
    known: dict[str, Any] = {key: None if value == "" else value for key, value in made.items()}
    return replace(usual, **known)


def _held(spec: Mapping[str, Any], *own: str) -> Report:
    report = _report({key: value for key, value in spec.items() if key not in own})
    if report is None:
        raise ValueError("a report is needed here")
    return report


_MAKERS: Mapping[str, Callable[[Any], Any]] = {
    "absence": lambda spec: Absence(spec["proven"], tuple(spec.get("readings", ())), spec.get("reason")),
    "versions": lambda specs: tuple(
        Version(one["captured_at"], one.get("sha256", ""), _held(one, "captured_at", "sha256")) for one in specs
    ),
    "copies": lambda specs: tuple(Copy(one["label"], one["url"], _held(one, "label", "url")) for one in specs),
    "files": lambda specs: tuple(AttachedFile(**one) for one in specs),
    "stranger": _held,
    "previous": lambda spec: _held({"year": YEAR["2021"] - 1, **spec}),
    "roll_up": lambda spec: RollUp(
        tuple(
            Part(one["organisation"], one["name"], _held(one, "organisation", "name")) for one in spec.get("parts", ())
        ),
        spec["expected"],
    ),
    "alike": lambda specs: tuple(Alike(**one) for one in specs),
    "peers": lambda spec: {cell: tuple(values) for cell, values in spec.items()},
    "years_found": frozenset,
    "other_names": frozenset,
}


def _frozen(value: Any) -> Any:
    return tuple(_frozen(one) for one in value) if isinstance(value, list) else value


_TEXTS = {
    "overview": "2024年，示例市教育局认真落实政府信息公开工作要求。\n"
    "（一）主动公开。全年通过门户网站主动公开政府信息320条，其中政策解读12条。\n"
    "（二）依申请公开。全年新收政府信息公开申请12件，上年结转1件，办结12件，结转下年度继续办理1件。\n"
    "（三）政府信息管理。严格执行保密审查制度，制发行政规范性文件3件，废止1件，均已公开。\n"
    "（四）平台建设。优化政府网站信息公开专栏，维护政务新媒体账号2个。\n"
    "（五）监督保障。将政务公开纳入年度考核，组织业务培训2次，开展社会评议1次，未发生责任追究情形。",
    "problems": "存在的问题：一是政策解读形式比较单一，图解、视频较少；二是基层公开队伍业务能力不足，"
    "答复文书质量有待提高。\n改进情况：一是制定政策解读清单，每季度发布图解不少于3期；二是举办依申请公开专题培训2期，印发答复文书范本，"
    "由专人复核；三是建立公开台账，每月通报更新情况，上年提出的检索不便问题已通过栏目改版解决。",
    "other_matters": "依据政府信息公开信息处理费管理办法，本年度收取信息处理费0元。没有其他需要报告的事项。",
}

_FIGURES: Mapping[str, int] = {
    "requests/received/natural_person": 10,
    "requests/received/business": 2,
    "requests/received/total": 12,
    "requests/carried_in/natural_person": 1,
    "requests/carried_in/total": 1,
    "requests/granted/natural_person": 5,
    "requests/granted/business": 1,
    "requests/granted/total": 6,
    "requests/partly_granted/natural_person": 2,
    "requests/partly_granted/total": 2,
    "requests/refused.state_secret/natural_person": 1,
    "requests/refused.state_secret/total": 1,
    "requests/unavailable.not_held/natural_person": 1,
    "requests/unavailable.not_held/business": 1,
    "requests/unavailable.not_held/total": 2,
    "requests/rejected.petition/natural_person": 1,
    "requests/rejected.petition/total": 1,
    "requests/concluded/natural_person": 10,
    "requests/concluded/business": 2,
    "requests/concluded/total": 12,
    "requests/carried_forward/natural_person": 1,
    "requests/carried_forward/total": 1,
    "disputes/review/upheld": 1,
    "disputes/review/total": 1,
    "disclosure/licences/decisions": 25,
    "disclosure/penalties/decisions": 4,
}
_OF_2021: Mapping[str, int] = {
    "disclosure/normative_documents/issued": 3,
    "disclosure/normative_documents/repealed": 1,
    "disclosure/normative_documents/in_force": 12,
}
_OF_2019: Mapping[str, int] = {
    "disclosure/normative_documents/created": 3,
    "disclosure/normative_documents/disclosed": 3,
    "disclosure/normative_documents/disclosed_total": 12,
    "disclosure/licences/items_last_year": 8,
    "disclosure/licences/items_change": -1,
    "disclosure/penalties/items_last_year": 2,
}
