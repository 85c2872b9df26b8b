"""``nianshen findings``: what the rules found, and one finding with its evidence."""

from __future__ import annotations

import os
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from nianshen.cli.config import DEFAULT, ConfigOption
from nianshen.cli.output import Format, as_json, render, safe
from nianshen.config import load
from nianshen.errors import UsageError
from nianshen.store import FindingRow, Store, open_store

SCHEMA = "nianshen.findings/1"
COLUMNS = {
    "fingerprint": "指纹",
    "organisation": "单位",
    "year": "年度",
    "rule": "规则",
    "severity": "级别",
    "kind": "结论",
    "state": "状态",
    "subject": "对象",
    "formula": "算式",
    "text": "说明",
}
_SHORT = 12
_ORDER = {"error": 0, "warning": 1, "note": 2}


class Severity(StrEnum):
    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


class Standing(StrEnum):
    OPEN = "open"
    RESOLVED = "resolved"
    DISMISSED = "dismissed"
    WAIVED = "waived"


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(help="查看发现的问题 / what was found", no_args_is_help=True)
    group.command("list", help="列出问题 / list findings")(list_findings)
    group.command("show", help="显示一个问题及其证据 / one finding and its evidence")(show)
    app.add_typer(group, name="findings")


def list_findings(
    config: ConfigOption = DEFAULT,
    year: Annotated[int | None, typer.Option(help="报告年度 / reported year")] = None,
    organisation: Annotated[str | None, typer.Option(help="单位编号 / organisation id")] = None,
    rule: Annotated[str | None, typer.Option(help="规则编号 / rule id")] = None,
    severity: Annotated[Severity | None, typer.Option(help="级别 / severity")] = None,
    state: Annotated[Standing | None, typer.Option(help="状态 / state")] = None,
    output: Annotated[Format, typer.Option("--format", help="输出格式 / output")] = Format.TABLE,
) -> None:
    """Print the findings that match all options, the gravest first."""
    store = _open(config)
    try:
        rows = store.findings.list(
            year=year,
            organisation=organisation,
            rule=rule.upper() if rule else None,
            severity=severity.value if severity else None,
            standing=state.value if state else None,
        )
        found = [entry(store, row) for row in sorted(rows, key=lambda row: _ORDER.get(row.severity, 9))]
    finally:
        store.close()
    short = output is Format.TABLE
    lines = [
        {
            **one,
            "fingerprint": one["fingerprint"][:_SHORT] if short else one["fingerprint"],
            "text": one["message"]["zh"],
        }
        for one in found
    ]
    answer = {"schema": SCHEMA, "findings": found}
    sys.stdout.write(render(output, document=answer, columns=COLUMNS, rows=lines))


def show(
    fingerprint: Annotated[str, typer.Argument(help="指纹或其开头 / the fingerprint or its beginning")],
    config: ConfigOption = DEFAULT,
    output: Annotated[Format, typer.Option("--format", help="输出格式 / output")] = Format.TABLE,
) -> None:
    """Print one finding: sentence, formula, evidence. Exit 2 if none or several begin so."""
    store = _open(config)
    try:
        rows = store.findings.list(prefix=fingerprint)
        if len(rows) != 1:
            raise _not_one(fingerprint, rows)
        one = entry(store, rows[0])
    finally:
        store.close()
    if output is Format.JSON:
        sys.stdout.write(as_json({"schema": SCHEMA, "findings": [one]}))
    elif output is Format.CSV:
        line = {**one, "text": one["message"]["zh"]}
        sys.stdout.write(render(output, document={}, columns=COLUMNS, rows=[line]))
    else:
        sys.stdout.write(_page(one))


def entry(store: Store, row: FindingRow) -> dict[str, Any]:
    """A finding as CONTRACT section 3 has it, with its life and its evidence."""
    reading = store.readings.get(row.reading_id) if row.reading_id is not None else None
    evidence = None
    if reading:
        captured = reading["captured_at"].isoformat(timespec="seconds")
        evidence = {"sha256": reading["sha256"], "captured_at": captured, "url": reading["url"]}
    return {
        **row.document,
        "organisation": row.organisation,
        "year": row.year,
        "state": row.standing,
        "state_reason": row.decision_reason,
        "first_seen": row.first_seen.isoformat(timespec="seconds"),
        "last_seen": row.last_seen.isoformat(timespec="seconds"),
        "resolved_at": row.resolved_at.isoformat(timespec="seconds") if row.resolved_at else None,
        "evidence": evidence,
    }


def _open(config: Path) -> Store:
    return open_store(load(config, os.environ).database_url, create=False)


def _not_one(fingerprint: str, rows: list[FindingRow]) -> UsageError:
    if not rows:
        return UsageError(f"没有这个问题：{fingerprint}", f"no such finding: {fingerprint}")
    return UsageError(
        f"{len(rows)} 个问题以 {fingerprint} 开头，请多写几位", f"{len(rows)} findings begin with {fingerprint}"
    )


def _page(one: dict[str, Any]) -> str:
    evidence = one["evidence"] or {}
    lines = (
        ("规则 rule", f"{one['rule']} {one['title']['zh']} / {one['title']['en']}"),
        ("单位 organisation", f"{one['organisation']} {one['year']}"),
        ("级别 severity", f"{one['severity']} ({one['kind']}, {one['state']})"),
        ("说明", one["message"]["zh"]),
        ("sentence", one["message"]["en"]),
        ("对象 subject", one["subject"]),
        ("单元格 cell", one["cell"]),
        ("应为 expected", one["expected"]),
        ("实为 actual", one["actual"]),
        ("算式 formula", one["formula"]),
        ("相关勾稽 sums", ", ".join(one["sums"])),
        ("首次发现 first seen", one["first_seen"]),
        ("最近发现 last seen", one["last_seen"]),
        ("解决 resolved", one["resolved_at"]),
        ("证据 evidence", evidence.get("sha256")),
        ("抓取时间 captured", evidence.get("captured_at")),
        ("网址 url", evidence.get("url")),
        ("指纹 fingerprint", one["fingerprint"]),
    )
    return "".join(f"{name}: {safe(str(value))}\n" for name, value in lines if value not in (None, ""))
