"""``nianshen findings``: what the rules found, and one finding with its evidence."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from nianshen.cli.config import DEFAULT, ConfigOption
from nianshen.cli.output import Format, as_json, render, safe
from nianshen.config import Config, load
from nianshen.errors import UsageError
from nianshen.standing import survey
from nianshen.store import FindingRow, Store, open_store
from nianshen.telling import release
from notifiers.mute import Why

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
LONGEST_WAIVER = timedelta(days=400)
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
    group.command("confirm", help="确认属实，放行等待的告警 / it is so: let its alert go")(confirm)
    group.command("dismiss", help="判定为误报或无关 / not a problem, until its figures change")(dismiss)
    group.command("waive", help="豁免到某日 / live with it until a day")(waive)
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
    with _the_finding(load(config, os.environ), fingerprint) as (store, row):
        one = entry(store, row)
    if output is Format.JSON:
        sys.stdout.write(as_json({"schema": SCHEMA, "findings": [one]}))
    elif output is Format.CSV:
        line = {**one, "text": one["message"]["zh"]}
        sys.stdout.write(render(output, document={}, columns=COLUMNS, rows=[line]))
    else:
        sys.stdout.write(page(one))


Fingerprint = Annotated[str, typer.Argument(help="指纹或其开头 / the fingerprint or its beginning")]
Person = Annotated[str, typer.Option("--by", help="决定的人 / who decided")]


def confirm(fingerprint: Fingerprint, by: Person, config: ConfigOption = DEFAULT) -> None:
    """Release the alerts that wait for a person (rules.confirm). The next run or watch sends them."""
    settings = load(config, os.environ)
    with _the_finding(settings, fingerprint) as (store, row), store.transaction() as unit:
        now = datetime.now(UTC)
        unit.findings.decide(row.fingerprint, None, reason="属实 / confirmed", by=by, at=now)
        count = release(unit, settings, now, row, survey(unit, settings, row.year, now))
    typer.echo(f"已确认属实，放行 {count} 条告警 / confirmed, {count} alert(s) released")


def dismiss(
    fingerprint: Fingerprint,
    by: Person,
    reason: Annotated[str, typer.Option(help="理由 / reason")],
    config: ConfigOption = DEFAULT,
) -> None:
    """Call it no problem. It comes back if the figures it compared change."""
    with _the_finding(load(config, os.environ), fingerprint) as (store, row), store.transaction() as unit:
        unit.findings.decide(row.fingerprint, "dismissed", reason=reason, by=by, at=datetime.now(UTC))
        count = unit.outbox.withdraw([row.fingerprint], Why.DECIDED)
    typer.echo(f"已排除 / dismissed: {row.fingerprint[:_SHORT]}{_withdrawn(count)}")


def waive(
    fingerprint: Fingerprint,
    by: Person,
    reason: Annotated[str, typer.Option(help="理由 / reason")],
    until: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="到期日（含当日） / last day it holds")],
    config: ConfigOption = DEFAULT,
) -> None:
    """Live with it to the end of a day, at most 400 days ahead; then it comes back by itself."""
    settings = load(config, os.environ)
    now = datetime.now(UTC)
    today = settings.due_dates.today(now)
    if not today <= until.date() <= today + LONGEST_WAIVER:
        raise UsageError(
            f"--until 须在今天到 {today + LONGEST_WAIVER} 之间",
            f"--until must be from today to {today + LONGEST_WAIVER}",
        )
    with _the_finding(settings, fingerprint) as (store, row), store.transaction() as unit:
        unit.findings.decide(row.fingerprint, "waived", reason=reason, by=by, at=now, until=until.date())
        count = unit.outbox.withdraw([row.fingerprint], Why.DECIDED)
    typer.echo(f"已豁免到 / waived until {until.date()}: {row.fingerprint[:_SHORT]}{_withdrawn(count)}")


def _withdrawn(count: int) -> str:
    return f"；撤回 {count} 条待发告警 / {count} alert(s) not sent yet withdrawn" if count else ""


@contextmanager
def _the_finding(settings: Config, fingerprint: str) -> Iterator[tuple[Store, FindingRow]]:
    """The store and the one finding that begins so. Raises UsageError if none or several do."""
    store = open_store(settings.database_url, create=False)
    try:
        rows = store.findings.list(prefix=fingerprint)
        if len(rows) != 1:
            raise _not_one(fingerprint, rows)
        yield store, rows[0]
    finally:
        store.close()


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
        "decided_by": row.decided_by,
        "decided_until": row.decided_until.isoformat() if row.decided_until else None,
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


def _decided(one: dict[str, Any]) -> str | None:
    """Who decided what of it, why and until when."""
    said = (one["decided_by"], one["state_reason"], one["decided_until"] and f"→ {one['decided_until']}")
    return " · ".join(part for part in said if part) or None


def page(one: dict[str, Any]) -> str:
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
        ("决定 decided", _decided(one)),
        ("首次发现 first seen", one["first_seen"]),
        ("最近发现 last seen", one["last_seen"]),
        ("解决 resolved", one["resolved_at"]),
        ("证据 evidence", evidence.get("sha256")),
        ("抓取时间 captured", evidence.get("captured_at")),
        ("网址 url", evidence.get("url")),
        ("指纹 fingerprint", one["fingerprint"]),
    )
    return "".join(f"{name}: {safe(str(value))}\n" for name, value in lines if value not in (None, ""))
