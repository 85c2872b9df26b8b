"""``nianshen status``: how every organisation stands."""

from __future__ import annotations

import os
import sys
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from nianshen.calendar import zone
from nianshen.cli.config import DEFAULT, ConfigOption
from nianshen.cli.output import Format, render, safe
from nianshen.config import Config, load
from nianshen.config.model import Portal
from nianshen.errors import UsageError
from nianshen.given_up import as_json, lines_on
from nianshen.health import State
from nianshen.standing import survey
from nianshen.status import Status, document
from nianshen.store import PortalReading, open_store

COLUMNS = {
    "id": "编号",
    "name": "单位",
    "status": "状态",
    "due": "期限",
    "declared": "标注日期",
    "first_seen": "首次发现",
    "days_late": "逾期天数",
    "error": "错误",
    "warning": "警告",
    "note": "提示",
    "open": "待核",
    "reason": "原因",
    "url": "网址",
}


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("status", help="各单位的状态 / how every organisation stands")(run)


def run(
    config: ConfigOption = DEFAULT,
    year: Annotated[int | None, typer.Option(help="报告年度，默认上一年 / reported year, by default last year")] = None,
    now: Annotated[str | None, typer.Option(help="以此时刻判断 / judge as of this ISO time")] = None,
    output: Annotated[Format, typer.Option("--format", help="输出格式 / output")] = Format.TABLE,
) -> None:
    """Print the status of every organisation in the configuration."""
    settings = load(config, os.environ)
    moment = instant(now, settings)
    chosen = year or moment.astimezone(zone(settings.site.timezone)).year - 1
    store = open_store(settings.database_url, create=False)
    try:
        channels = store.channels.states()
        given_up = as_json(channels, zone(settings.site.timezone))
        answer = document(chosen, survey(store, settings, chosen, moment), given_up)
        readings = [(portal, store.portals.last(portal.id)) for portal in settings.portals]
    finally:
        store.close()
    rows = [_row(one, output) for one in answer["organisations"]]
    sys.stdout.write(render(output, document=answer, columns=COLUMNS, rows=rows))
    if output is Format.TABLE:
        coverage = answer["coverage"]
        counts = (coverage["checked"], coverage["total"])
        sys.stdout.write(f"\n{chosen} 年度：已核查 {counts[0]} / {counts[1]} / checked {counts[0]} of {counts[1]}\n")
        sys.stdout.write("".join(_ill(portal, reading, settings) for portal, reading in readings if reading))
        sys.stdout.write("".join(f"{safe(line)}\n" for line in lines_on(channels)))


def instant(text: str | None, settings: Config) -> datetime:
    """The time to judge by: now, or the given ISO time (in the site's zone if it names none). Raises ``UsageError``."""
    if text is None:
        return datetime.now(UTC)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise UsageError(f"--now 不是 ISO 时间：{text}", f"--now is no ISO time: {text}") from error
    return moment if moment.tzinfo else moment.replace(tzinfo=zone(settings.site.timezone))


def _ill(portal: Portal, reading: PortalReading, settings: Config) -> str:
    """A line on a portal that is not well; nothing on one that is."""
    state = State(reading.state) if reading.state else State.HEALTHY
    if state is State.HEALTHY:
        return ""
    since = reading.since.astimezone(zone(settings.site.timezone)).date() if reading.since else ""
    return f"门户 / portal {portal.id} {safe(portal.name)}: {state.label} {state} ({reading.reason}, {since})\n"


def _row(entry: dict[str, Any], output: Format) -> dict[str, object]:
    if output is Format.CSV:
        return {**entry, **entry["findings"]}
    first_seen = entry["first_seen"][:10] if entry["first_seen"] else None  # a table has room for the day
    return {
        **entry,
        **entry["findings"],
        "status": f"{Status(entry['status']).label} {entry['status']}",
        "first_seen": first_seen,
    }
