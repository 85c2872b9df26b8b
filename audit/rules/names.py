"""Names of cells, rows, columns, tables and sections for people, out of the official labels."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from audit.form import SECTIONS, TABLES, FormTable, load

Name = Mapping[str, str]

_SECTION_EN = {
    "overview": "I. Overview",
    "disclosure": "II. Proactive disclosure",
    "requests": "III. Requests",
    "disputes": "IV. Reviews and lawsuits",
    "problems": "V. Problems and improvement",
    "other_matters": "VI. Other matters",
}
_TABLE_ZH = {
    "disclosure": "表二（主动公开政府信息情况）",
    "requests": "表三（收到和处理政府信息公开申请情况）",
    "disputes": "表四（行政复议、行政诉讼情况）",
}
_TABLE_EN = {
    "disclosure": "table 2 (proactive disclosure)",
    "requests": "table 3 (requests)",
    "disputes": "table 4 (reviews and lawsuits)",
}


def section(key: str) -> Name:
    """The section's number and heading."""
    if key not in SECTIONS:
        return {"zh": key, "en": key}
    official = next(part for part in load("2021").sections if part.key == key)
    return {"zh": f"{official.number}、{official.heading}", "en": _SECTION_EN[key]}


def table(name: str) -> Name:
    """The table as people call it."""
    return {"zh": _TABLE_ZH.get(name, name), "en": _TABLE_EN.get(name, name)}


def subject(shape: str | None, subject_id: str) -> Name:
    """A cell, ``table/row``, ``table/*/column``, a table or a section; anything else stands as it is."""
    parts = subject_id.split("/")
    if parts[0] not in TABLES or shape not in ("2019", "2021"):
        return table(subject_id) if subject_id in TABLES else {"zh": subject_id, "en": subject_id}
    form = load(shape).tables[parts[0]]
    if len(parts) == 1:
        return table(subject_id)
    labels = [] if parts[1] == "*" else [_row(form, parts[1])]
    if len(parts) > 2:
        labels.append(_column(form, parts[2]))
    return {
        "zh": "『" + "／".join(labels) + "』",
        "en": f"{' / '.join(part for part in parts[1:] if part != '*')} ({'／'.join(labels)})",
    }


def listing(shape: str | None, subject_ids: Iterable[str], *, limit: int = 8) -> Name:
    """Several subjects in one line; what is cut is counted."""
    ids = tuple(subject_ids)
    named = [subject(shape, subject_id) for subject_id in ids[:limit]]
    rest = len(ids) - len(named)
    return {
        "zh": "、".join(name["zh"] for name in named) + (f"等 {len(ids)} 处" if rest else ""),
        "en": ", ".join(name["en"] for name in named) + (f" and {rest} more" if rest else ""),
    }


def equation(shape: str | None, sum_id: str) -> Name:
    """A sum ``A003/natural_person`` by its rule and the row or column it runs over."""
    rule, _, part = sum_id.partition("/")
    table = "disputes" if rule == "A004" else "requests"
    own = subject(shape or "2021", f"{table}/{part}" if rule in ("A001", "A004") else f"{table}/*/{part}")
    return {"zh": f"{rule} {own['zh']}", "en": f"{rule} {own['en']}"}


def _row(form: FormTable, row_id: str) -> str:
    for row in form.rows:
        if row.id == row_id:
            return f"{row.group}·{row.label}" if row.group.startswith("（") else row.label
    return row_id


def _column(form: FormTable, column_id: str) -> str:
    return next((column.label for column in form.columns if column.id == column_id), column_id)
