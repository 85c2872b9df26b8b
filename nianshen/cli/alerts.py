"""``nianshen alerts``: what was told, to whom, and what still waits."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from nianshen.calendar import zone
from nianshen.cli import receivers
from nianshen.cli.config import DEFAULT, ConfigOption
from nianshen.cli.output import Format, render, safe
from nianshen.cli.status import instant
from nianshen.config import Config, load
from nianshen.errors import UsageError
from nianshen.given_up import lines_on
from nianshen.recounting import story
from nianshen.reminding import all_well, release_steady, remind
from nianshen.repeating import repeat
from nianshen.store import Store, Unit, open_store

SCHEMA = "nianshen.alerts/1"
COLUMNS = {
    "id": "编号",
    "event": "事件",
    "organisation": "单位",
    "year": "年度",
    "rules": "规则",
    "channel": "通道",
    "state": "状态",
    "attempts": "次数",
    "created": "产生",
    "sent": "送达",
    "error": "原因",
}


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(help="查看、重发告警 / see alerts and send them again", no_args_is_help=True)
    group.command("list", help="列出告警及送达情况 / alerts and their delivery")(list_alerts)
    group.command("dead", help="列出放弃的消息及原因 / messages that were given up, and why")(list_dead)
    group.command("explain", help="说明为何发往或未发往各处 / why an alert went where it went")(explain)
    group.command("remind", help="排入到期的提醒 / enqueue the reminders that are due")(send_reminders)
    group.command("weekly", help="一周无变化时排入平安消息 / enqueue an all-well if a week brought no news")(
        send_weekly
    )
    group.command("retry", help="立即重发等待和失败的告警 / make waiting and dead alerts due at once")(retry)
    group.command("ack", help="确认已知悉 / acknowledge an alert")(ack)
    receivers.add(group)
    app.add_typer(group, name="alerts")


def list_alerts(
    config: ConfigOption = DEFAULT,
    output: Annotated[Format, typer.Option("--format", help="输出格式 / output")] = Format.TABLE,
) -> None:
    """Print every alert once per channel, the newest first."""
    _print(config, output, None)


def list_dead(
    config: ConfigOption = DEFAULT,
    output: Annotated[Format, typer.Option("--format", help="输出格式 / output")] = Format.TABLE,
) -> None:
    """Print the alerts whose message was given up; ``alerts retry`` sends them again."""
    _print(config, output, "dead")


def _print(config: Path, output: Format, state: str | None) -> None:
    store = _open(config)
    try:
        found = [row.as_json() for row in store.alerts.list() if state in {None, row.state}]
        given_up = list(lines_on(store.channels.states()))
    finally:
        store.close()
    lines = [{**one, "rules": " ".join(one["rules"])} for one in found]
    answer = {"schema": SCHEMA, "alerts": found}
    sys.stdout.write(render(output, document=answer, columns=COLUMNS, rows=lines))
    if output is Format.TABLE:
        sys.stdout.write("".join(f"{safe(line)}\n" for line in given_up))


def explain(
    alert_id: Annotated[str, typer.Argument(metavar="ID", help="告警编号 / alert id")],
    config: ConfigOption = DEFAULT,
) -> None:
    """Say what became of an alert: its reason, each route with the conditions it misses, and its channels."""
    settings = load(config, os.environ)
    store = open_store(settings.database_url, create=False)
    try:
        lines = story(store, settings, alert_id)
    finally:
        store.close()
    if not lines:
        raise UsageError(f"没有这个告警：{safe(alert_id)}", f"no such alert: {safe(alert_id)}")
    sys.stdout.write("".join(f"{safe(line)}\n" for line in lines))


def send_reminders(
    config: ConfigOption = DEFAULT,
    now: Annotated[str | None, typer.Option(help="以此时刻判断 / judge as of this ISO time")] = None,
) -> None:
    """Put what is due into the outbox: reminders, what was held back and stayed, and what is told once more.

    The next ``run`` or ``watch`` sends it.
    """
    with _season(config, now) as (unit, settings, year, moment):
        count = sum(step(unit, settings, year, moment) for step in (remind, release_steady, repeat))
    typer.echo(f"{count} 条提醒 / {count} reminder(s)")


def send_weekly(
    config: ConfigOption = DEFAULT,
    now: Annotated[str | None, typer.Option(help="以此时刻判断 / judge as of this ISO time")] = None,
) -> None:
    """Put a word that all is well into the outbox, unless something was told within the last seven days."""
    with _season(config, now) as (unit, settings, year, moment):
        quiet = all_well(unit, settings, year, moment)
    typer.echo(
        "已排入平安消息 / all-well enqueued" if quiet else "本周有消息，不发 / there was news this week: none sent"
    )


@contextmanager
def _season(config: Path, now: str | None) -> Iterator[tuple[Unit, Config, int, datetime]]:
    """A transaction, and the year that is reported on at the moment."""
    settings = load(config, os.environ)
    moment = instant(now, settings)
    year = moment.astimezone(zone(settings.site.timezone)).year - 1
    store = open_store(settings.database_url, create=False)
    try:
        with store.transaction() as unit:
            yield unit, settings, year, moment
    finally:
        store.close()


def retry(
    ids: Annotated[
        list[str] | None, typer.Argument(metavar="[ID…]", help="告警或消息编号 / alert or message ids")
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="全部 / all of them")] = False,
    config: ConfigOption = DEFAULT,
) -> None:
    """Make them due at once; the next ``run`` or ``watch`` sends them. Exit 2 for an unknown id."""
    if bool(ids) == everything:
        raise UsageError("请给出告警编号，或 --all（二者取一）", "give alert ids or --all, one of the two")
    store = _open(config)
    try:
        count, unknown = store.outbox.retry(None if everything else ids, datetime.now(UTC))
        given_up = list(lines_on(store.channels.states()))
    finally:
        store.close()
    typer.echo(f"{count} 条消息将立即重发 / {count} message(s) due at once")
    for line in given_up:
        typer.echo(safe(line), err=True)
    if unknown:
        names = ", ".join(sorted(unknown))
        raise UsageError(f"没有这些告警：{safe(names)}", f"no such alerts: {safe(names)}")


def ack(
    alert_id: Annotated[str, typer.Argument(metavar="ID", help="告警编号 / alert id")],
    by: Annotated[str | None, typer.Option("--by", help="确认的人 / who acknowledges")] = None,
    config: ConfigOption = DEFAULT,
) -> None:
    """Remember that a person has seen the alert. Exit 2 for an unknown id."""
    store = _open(config)
    try:
        known = store.alerts.ack(alert_id, datetime.now(UTC), who=by)
    finally:
        store.close()
    if not known:
        raise UsageError(f"没有这个告警：{safe(alert_id)}", f"no such alert: {safe(alert_id)}")
    typer.echo(f"已确认 / acknowledged: {safe(alert_id)}")


def _open(config: Path) -> Store:
    return open_store(load(config, os.environ).database_url, create=False)
