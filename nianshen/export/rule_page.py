"""The page of one rule: what it holds, why, its examples drawn as small tables. For a terminal and as Markdown."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from audit.catalogue import Page, Words, page
from audit.engine import CRASHED, RuleSpec, catalogue, judge
from audit.finding import Finding, Severity
from audit.form import SECTIONS, TABLES, load
from audit.report import Report
from audit.rules import names
from audit.rules.example import Example, examples
from nianshen.export.drawing import Look, looks, shape_of, shown

MARKS = {
    "S": {"zh": "已核原文", "en": "seen in its source"},
    "M": {"zh": "凭记忆，待核原文", "en": "from memory, to be checked against its source"},
    "D": {"zh": "推算得出", "en": "derived"},
}
SEVERITIES = {
    Severity.ERROR: {"zh": "错误", "en": "error"},
    Severity.WARNING: {"zh": "警告", "en": "warning"},
    Severity.NOTE: {"zh": "提示", "en": "note"},
}
VERDICTS = {
    "fail": {"zh": "✖ 提出疑似问题", "en": "✖ suspected"},
    "silent": {"zh": "✓ 不提出问题", "en": "✓ nothing to say"},
    "open": {"zh": "？ 无法判断", "en": "？ undecided"},
    "not_judged": {"zh": "– 未判断，缺少依据", "en": "– not judged, its facts are missing"},
}
_HEADINGS = {
    "what": {"zh": "内容", "en": "What it holds"},
    "basis": {"zh": "依据", "en": "Basis"},
    "severity": {"zh": "级别", "en": "Severity"},
    "needs": {"zh": "需要", "en": "Needs"},
    "why": {"zh": "为什么", "en": "Why"},
    "examples": {"zh": "例子", "en": "Examples"},
    "example": {"zh": "例子", "en": "Example"},
    "blind": {"zh": "看不出什么", "en": "What it cannot see"},
    "fix": {"zh": "怎么改", "en": "How to put it right"},
    "waive": {"zh": "怎么豁免", "en": "How to waive it"},
    "facts": {"zh": "已知", "en": "given"},
    "says": {"zh": "提示语", "en": "it says"},
}
_ALONE = {"zh": "只需报告本身", "en": "the report alone"}
_WITHOUT = {"zh": "报告以外的情况；缺少时：", "en": "facts beside the report; without them: "}
_BESIDE = {"zh": "报告本身和采集到的情况", "en": "the report and what is known beside it"}
_WAIVER = """\
rules:
  waivers:
    - organisation: {organisation}
      rule: {rule}
      year: 2025
      until: 2026-12-31
      reason: {reason}
      approved_by: {person}"""
_NOT_FACTS = frozenset({"verdict", "subject", "note", "draw", "cells"})
_LONGEST_FACT = 160


@dataclass(frozen=True, slots=True)
class Grid:
    """A few rows of an official table; the first column are labels."""

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Drawn:
    """An example as it is shown: the rows it names, the texts it names, other facts, what the rule says."""

    verdict: Words
    note: Words
    grids: tuple[Grid, ...]
    texts: tuple[tuple[Words, str], ...]
    facts: tuple[str, ...]
    message: Words | None


def as_text(rule_id: str, lang: str, *, width: int = 100) -> str:
    """The page for a terminal of ``width`` cells, in ``zh`` or ``en``."""
    spec, written = catalogue()[rule_id], page(rule_id)
    lines = [f"{rule_id} {spec.title[lang]}", ""]
    for key, value in _parts(spec, written, lang):
        lines.append(f"{_HEADINGS[key][lang]}: {value}")
    for number, drawn in enumerate(drawings(rule_id), 1):
        lines += ["", f"{_HEADINGS['example'][lang]} {number}: {drawn.verdict[lang]}"]
        lines += _example_lines(drawn, lang, width)
    if rule_id != CRASHED:
        lines += ["", f"{_HEADINGS['waive'][lang]} (config.yaml):", waiver(rule_id, lang)]
    return "\n".join(lines) + "\n"


def as_markdown(rule_id: str) -> str:
    """The page in both languages, Chinese first."""
    spec = catalogue()[rule_id]
    title = f"# {rule_id} {spec.title['zh']} / {spec.title['en']}\n"
    drawn = drawings(rule_id)
    return "\n".join([title, *_markdown(rule_id, drawn, "zh"), "---\n", *_markdown(rule_id, drawn, "en")])


def waiver(rule_id: str, lang: str) -> str:
    """The lines of config.yaml that waive the rule, ready to be filled in."""
    zh = {"organisation": "单位编号", "reason": "已核实的原因", "person": "批准人"}
    en = {"organisation": "organisation-id", "reason": "what was found to be the cause", "person": "who approved"}
    return _WAIVER.format(rule=rule_id, **(en if lang == "en" else zh))


def drawings(rule_id: str) -> tuple[Drawn, ...]:
    """The examples of a rule as they are shown."""
    specs = page(rule_id).examples
    return tuple(_drawn(example, spec) for example, spec in zip(examples(rule_id), specs, strict=True))


def _parts(spec: RuleSpec, written: Page, lang: str) -> Iterator[tuple[str, str]]:
    doc = " ".join(spec.doc.split())
    yield "what", (written.what or doc) if lang == "zh" else doc
    if spec.basis:
        mark = MARKS.get(written.mark)
        told = "" if not mark else f"（{mark['zh']}）" if lang == "zh" else f" ({mark['en']})"
        yield "basis", spec.basis + told
    yield "severity", SEVERITIES[spec.severity][lang]
    yield "needs", _needs(spec.id, written, lang)
    for key, words in (("why", written.why), ("blind", written.blind), ("fix", written.fix)):
        if words:
            yield key, words[lang]


def _needs(rule_id: str, written: Page, lang: str) -> str:
    """What the rule must know: what it says when that is missing tells it best."""
    missing = written.messages.get("not_judged")
    if missing:
        return _WITHOUT[lang] + missing[lang]
    told = any("context" in example for example in written.examples)
    return _BESIDE[lang] if told or rule_id == CRASHED else _ALONE[lang]


def _drawn(example: Example, spec: Mapping[str, Any]) -> Drawn:
    report = example.report
    judgement = judge(report, example.context, select=(example.rule,))
    said = next((finding for finding in judgement.findings if finding.subject == example.subject), None)
    return Drawn(
        verdict=VERDICTS[example.verdict],
        note=example.note,
        grids=tuple(_grids(report, example, judgement.findings)) if report else (),
        texts=tuple(_texts(report, example)) if report else (),
        facts=tuple(_facts(spec)),
        message=said.message if said else None,
    )


def _grids(report: Report, example: Example, findings: Iterable[Finding]) -> Iterator[Grid]:
    """The rows an example names, those with the same columns together."""
    wanted = [row for item in example.draw for row in _rows(report, item)]
    marks = looks(report, findings)
    for (table, shape, columns), rows in groupby(wanted, key=lambda row: (row[0], row[1], row[2])):
        form = load(shape).tables[table]
        header = ("", *(form.column(column).label for column in columns))
        yield Grid(
            header,
            tuple(
                (
                    names.subject(shape, f"{table}/{row}")["zh"].strip("『』"),
                    *(_figure(report, f"{table}/{row}/{column}", marks, example) for column in columns),
                )
                for _, _, _, row in rows
            ),
        )


def _rows(report: Report, item: str) -> Iterator[tuple[str, str, tuple[str, ...], str]]:
    """A row (``requests/received``) or every row of a table (``requests``): table, shape, columns, row."""
    table, _, row = item.partition("/")
    if table not in TABLES:
        return
    shape = shape_of(report, table)
    form = load(shape).tables[table]
    for label in form.rows:
        if not row or label.id == row.split("/", 1)[0]:
            yield table, shape, form.columns_of[label.id], label.id


def _figure(report: Report, cell_id: str, marks: Mapping[str, tuple[Look, ...]], example: Example) -> str:
    found = marks.get(cell_id, ())
    if not found and example.verdict == "open" and _meant(report, cell_id, example.subject):
        found = (Look.OPEN,)
    return " ".join((shown(report.cell(cell_id)), *(look.symbol for look in found)))


def _meant(report: Report, cell_id: str, subject: str) -> bool:
    """Whether a cell is what leaves its subject undecided: it is the subject, or lies in it and holds no number."""
    if cell_id == subject:
        return True
    parts = zip(cell_id.split("/"), subject.split("/"), strict=False)
    return all(theirs in ("*", own) for own, theirs in parts) and report.cell(cell_id).known is None


def _texts(report: Report, example: Example) -> Iterator[tuple[Words, str]]:
    for key in example.draw:
        if key in SECTIONS and key not in TABLES:  # a name that both have means the table
            yield names.section(key), report.sections[key].text


def _facts(spec: Mapping[str, Any]) -> Iterator[str]:
    """What an example tells beside figures and shown texts, as its page writes it."""
    drawn = {f"sections.{item}.text" for item in spec.get("draw", ())}
    for key, value in spec.items():
        if key not in _NOT_FACTS:
            yield from (line for line in _flat(key, value) if line.partition(" = ")[0] not in drawn)


def _flat(key: str, value: Any) -> Iterator[str]:
    if key == "report" and value is False:
        yield "没有找到报告 / no report was found"
    elif isinstance(value, Mapping):
        for inner, one in value.items():
            yield from _flat(f"{key}.{inner}", one)
    elif isinstance(value, list) and value and isinstance(value[0], Mapping):
        for number, one in enumerate(value, 1):
            yield from _flat(f"{key}[{number}]", one)
    else:
        said = "、".join(map(str, value)) if isinstance(value, list) else _word(value)
        short = said if len(said) <= _LONGEST_FACT else said[:_LONGEST_FACT] + "…"
        yield f"{key} = {short}"


def _word(value: object) -> str:
    if isinstance(value, bool):
        return "是 yes" if value else "否 no"
    return "未知 unknown" if value == "" else str(value)


def _example_lines(drawn: Drawn, lang: str, width: int) -> Iterator[str]:
    yield f"  {drawn.note.get(lang, '')}"
    if drawn.facts:
        yield f"  {_HEADINGS['facts'][lang]}:"
        yield from (f"    {fact}" for fact in drawn.facts)
    for grid in drawn.grids:
        yield _boxed(grid, width)
    for name, text in drawn.texts:
        yield f"  {name[lang]}"
        yield from (f"  │ {line}" for line in (text or "—").splitlines())
    if drawn.message:
        yield f"  → {drawn.message[lang]}"


def _boxed(grid: Grid, width: int) -> str:
    # Rich takes 50 ms to import and only tables need it.
    from rich import box  # noqa: PLC0415
    from rich.console import Console  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    table = Table(box=box.SQUARE, show_lines=False)
    for number, title in enumerate(grid.header):
        table.add_column(title, overflow="fold", justify="left" if number == 0 else "right")
    for row in grid.rows:
        table.add_row(*(Text(value) for value in row))
    target = io.StringIO()
    Console(file=target, width=width, color_system=None, markup=False).print(table)
    return "\n".join(line.rstrip() for line in target.getvalue().splitlines())


def _markdown(rule_id: str, drawn: Iterable[Drawn], lang: str) -> Iterator[str]:
    spec, written = catalogue()[rule_id], page(rule_id)
    parts = dict(_parts(spec, written, lang))
    for key in ("basis", "severity", "needs"):
        if key in parts:
            yield f"- **{_HEADINGS[key][lang]}** {_plain(parts[key])}"
    yield ""
    for key in ("what", "why"):
        if key in parts:
            yield f"## {_HEADINGS[key][lang]}\n\n{_plain(parts[key])}\n"
    if drawn:
        yield f"## {_HEADINGS['examples'][lang]}\n"
    for number, one in enumerate(drawn, 1):
        yield from _example_markdown(one, number, lang)
    for key in ("blind", "fix"):
        if key in parts:
            yield f"## {_HEADINGS[key][lang]}\n\n{_plain(parts[key])}\n"
    if rule_id != CRASHED:
        yield f"## {_HEADINGS['waive'][lang]}\n\n```yaml\n{waiver(rule_id, lang)}\n```\n"


def _example_markdown(drawn: Drawn, number: int, lang: str) -> Iterator[str]:
    yield f"### {number}. {drawn.verdict[lang]}\n\n{_plain(drawn.note.get(lang, ''))}\n"
    if drawn.facts:
        yield f"{_HEADINGS['facts'][lang]}：\n"
        yield from (f"- `{fact.replace('`', '')}`" for fact in (" ".join(one.split()) for one in drawn.facts))
        yield ""
    for grid in drawn.grids:
        yield "\n".join(_markdown_rows(grid)) + "\n"
    for name, text in drawn.texts:
        quoted = "\n>\n".join(f"> {_plain(line)}" for line in (text or "—").splitlines())
        yield f"{name[lang]}\n\n{quoted}\n"
    if drawn.message:
        yield f"{_HEADINGS['says'][lang]}：*{_plain(drawn.message[lang])}*\n"


def _markdown_rows(grid: Grid) -> Iterator[str]:
    yield "| " + " | ".join(map(_plain, grid.header)) + " |"
    yield "| --- |" + " --: |" * (len(grid.header) - 1)
    for label, *figures in grid.rows:
        cells = (f"**{value}**" if " " in value else value for value in map(_plain, figures))
        yield "| " + " | ".join((_plain(label), *cells)) + " |"


def _plain(text: str) -> str:
    """Text that Markdown takes for nothing else."""
    for sign in "\\`*_[]<>|":
        text = text.replace(sign, f"\\{sign}")
    return text
