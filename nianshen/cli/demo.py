"""``nianshen demo``: the main job on two sample portals, with nothing outside this machine."""

from __future__ import annotations

import shlex
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nianshen.cli.output import safe
from nianshen.errors import DeliveryError, StorageError, UsageError

if TYPE_CHECKING:
    from rich.console import Console

    from nianshen.demo.receiver import Received
    from nianshen.demo.story import Stage
    from nianshen.store import FindingRow

_WIDTH = 110
_COLOURS = {"ok": "green", "missing": "red", "error": "red", "late": "yellow", "unknown": "magenta", "minor": "yellow"}


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("demo", help="在本机演示主流程 / show the main job on sample portals")(run)


def run(
    keep: Annotated[
        Path | None, typer.Option(metavar="DIR", help="保留配置、数据库和证据的目录 / keep everything in this folder")
    ] = None,
    port: Annotated[int, typer.Option(min=0, max=65533, help="起始端口，0 为任选 / first of three ports, 0: any")] = 0,
) -> None:
    """Crawl, read, judge and tell, three times over two simulated days. Exit 6 if an alert did not arrive signed."""
    # The crawler's and the store's libraries take a second to import; only this command needs them all.
    from rich.console import Console  # noqa: PLC0415

    from nianshen.demo import story  # noqa: PLC0415

    out = Console(highlight=False, width=None if sys.stdout.isatty() else _WIDTH)
    err = Console(stderr=True, highlight=False, width=None if sys.stderr.isatty() else _WIDTH)
    with _folder(keep) as folder, story.stage(folder, port) as stage:
        err.print(_opening(stage), soft_wrap=True)
        for number, act in enumerate(story.ACTS, 1):
            err.print(f"[bold]{number}. {act.zh}[/] / {act.en}  [dim]{act.now:%Y-%m-%d %H:%M}[/]", soft_wrap=True)
            before = len(stage.receiver.messages)
            with _Progress(err) as progress:
                result = story.play(act, stage, progress)
            for portal in result.portals:
                err.print(f"   {_portal_line(portal, stage)}", soft_wrap=True)
            err.print(f"   {_told(stage.receiver.messages[before:])}")
        _ending(out, stage, story.ACTS[-1].now, keep)
        if not stage.receiver.valid or len(stage.receiver.valid) < len(stage.receiver.messages):
            raise DeliveryError("有告警未通过签名校验", "an alert did not arrive with a valid signature")


@contextmanager
def _folder(keep: Path | None) -> Iterator[Path]:
    """The folder to keep, which must be empty, or one that goes away."""
    if keep is None:
        folder = Path(tempfile.mkdtemp(prefix="nianshen-demo-"))
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        return
    try:
        keep.mkdir(parents=True, exist_ok=True)
        occupied = any(keep.iterdir())
    except OSError as error:
        raise StorageError("目录不可用", f"cannot use the folder: {error.strerror}", where=str(keep)) from error
    if occupied:
        raise UsageError("目录不是空的，未改动", "the folder is not empty and was left as it is", where=str(keep))
    yield keep


class _Progress:
    """One moving line while a run lasts; silent where nobody watches."""

    def __init__(self, console: Console) -> None:
        self._status = console.status("…")
        self._shown = console.is_terminal
        self._pages = 0

    def __enter__(self) -> _Progress:
        if self._shown:
            self._status.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._status.stop()

    def __call__(self, event: Mapping[str, Any]) -> None:
        if event["event"] == "page":
            self._pages += 1
            self._status.update(f"采集 / crawling: {self._pages} 页 / pages")
        elif event["event"] == "read":
            self._status.update("阅读与审计 / reading and judging")
        elif event["event"] == "sending":
            self._status.update("发送告警 / sending alerts")


def _opening(stage: Stage) -> str:
    return (
        "[bold]年审演示 / nianshen demo[/]  所有内容均为虚构，只使用本机回环地址 / all invented, loopback only\n"
        f"   示例市人民政府  {stage.city.url}  UTF-8, TRS\n"
        f"   样例县人民政府  {stage.county.url}  GBK, PDF\n"
        f"   告警接收端 / receiver  {stage.receiver.url}"
    )


def _portal_line(portal: Mapping[str, Any], stage: Stage) -> str:
    name = next(one.name for one in stage.config.portals if one.id == portal["id"])
    if portal["complete"]:
        return f"[green]✓[/] {name}：列表 {portal['pages_seen']} 页 / list page(s)；{_plain(portal['detail'])}"
    return f"[magenta]![/] {name}：{_plain(portal['detail'])}；不作任何认定 / nothing is claimed"


def _told(messages: Sequence[Received]) -> str:
    if not messages:
        return "[dim]没有需要告知的变化 / nothing to tell[/]"
    events: dict[str, int] = {}
    for message in messages:
        for alert in message.alerts:
            events[alert["event"]] = events.get(alert["event"], 0) + 1
    counted = "，".join(f"{_EVENTS.get(event, event)} {number}" for event, number in events.items())
    return f"→ 告警 {len(messages)} 条消息 / message(s): {counted}"


_EVENTS = {"opened": "新问题 opened", "resolved": "已改正 resolved", "worse": "加重 worse", "system": "系统 system"}


def _ending(out: Console, stage: Stage, now: datetime, keep: Path | None) -> None:
    from nianshen.demo.story import YEAR  # noqa: PLC0415
    from nianshen.standing import survey  # noqa: PLC0415
    from nianshen.store import open_store  # noqa: PLC0415

    store = open_store(stage.config.database_url, create=False)
    try:
        entries = survey(store, stage.config, YEAR, now)
        findings = store.findings.list(year=YEAR)
    finally:
        store.close()
    out.print()
    out.print(_table(entries, findings, YEAR))
    worked = next((one for one in findings if one.document["cell"] and one.document["formula"]), None)
    if worked:
        out.print(_worked(worked, stage, entries), soft_wrap=True)
    valid = len(stage.receiver.valid)
    alerts = sum(len(message.alerts) for message in stage.receiver.valid)
    out.print(
        f"[bold]接收端[/]收到 {len(stage.receiver.messages)} 条消息、{alerts} 项告警，签名有效 {valid} 条"
        f" / the receiver got {len(stage.receiver.messages)} messages with {alerts} alerts, {valid} signatures valid",
        soft_wrap=True,
    )
    out.print(_next_steps(keep), soft_wrap=True)


def _plain(text: str) -> str:
    """Foreign text that can neither drive the terminal nor be taken for markup."""
    from rich.markup import escape  # noqa: PLC0415

    return escape(safe(text))


def _table(entries: Sequence[Mapping[str, Any]], findings: Sequence[FindingRow], year: int) -> Any:
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    from nianshen.status import Status  # noqa: PLC0415

    table = Table(title=f"{year} 年度报告 / reports on {year}", title_justify="left", title_style="bold")
    for column in ("单位 / organisation", "状态 / status", "期限 / due", "发布 / declared", "问题 / findings"):
        table.add_column(column, overflow="fold")
    for entry in entries:
        status = Status(entry["status"])
        own = [one for one in findings if one.organisation == entry["id"]]
        lines = [f"{one.rule} {one.document['title']['zh']}{_mark(one)}" for one in own]
        reason = [f"门户停机 {entry['reason']}"] if entry["reason"] else []
        table.add_row(
            Text(safe(entry["name"])),
            Text(f"{status.label} {status.value}", style=_COLOURS.get(status.value, "")),
            entry["due"] or "",
            entry["declared"] or "—",
            Text("\n".join(safe(line) for line in (*reason, *lines))),
        )
    return table


def _mark(finding: FindingRow) -> str:
    if finding.standing == "resolved":
        return "（已销号 resolved）"
    return "（待核 open）" if finding.kind == "open" else ""


def _worked(finding: FindingRow, stage: Stage, entries: Sequence[Mapping[str, Any]]) -> str:
    """One finding from the formula to the evidence, as the office gets it."""
    document = finding.document
    name = next(entry["name"] for entry in entries if entry["id"] == finding.organisation)
    alert = next(
        (
            alert
            for message in stage.receiver.valid
            for alert in message.alerts
            if (alert["organisation"] or {}).get("id") == finding.organisation and alert["rule"] == finding.rule
        ),
        None,
    )
    lines = [
        f"[bold]一项发现 / one finding[/]  {_plain(name)}  {finding.rule} {_plain(document['title']['zh'])}"
        f" / {_plain(document['title']['en'])}",
        f"   {_plain(document['message']['zh'])}",
        f"   {_plain(document['message']['en'])}",
        f"   算式 / formula    {_plain(document['formula'])}",
        f"   单元格 / cell     {document['cell']}：印为 / printed {document['actual']}，"
        f"应为 / should be {document['expected']}",
        f"   涉及 / sums       {', '.join(document['sums'])}",
    ]
    if alert and alert["evidence"]:
        lines.append(f"   证据 / evidence   {_plain(alert['url'])}")
        lines.append(f"                     sha256 {alert['evidence']['sha256']}")
    if finding.resolved_at:
        lines.append("   结果 / outcome    第二天页面更正后自动销号 / closed by itself after the page was corrected")
    return "\n".join(lines) + "\n"


def _next_steps(keep: Path | None) -> str:
    command = _command()
    kept = (
        f"{command} status --year 2025 --config {shlex.quote(str(keep / 'config.yaml'))}"
        if keep
        else f"{command} demo --keep DIR"
    )
    steps = (
        (f"{command} check FILE", "检查手头的一份年报 / check a report you have"),
        (f"{command} init", "为自己的门户写配置 / write a configuration for your portals"),
        (kept, "再看结果 / see the result again" if keep else "保留配置、数据库和证据 / keep settings and evidence"),
        ("docs/tutorial.md", "从演示到第一个门户 / from here to your first portal"),
    )
    width = max(len(step) for step, _ in steps)
    lines = "\n".join(f"   {_plain(step):{width}}  {why}" for step, why in steps)
    return f"\n[bold]下一步 / next[/]\n{lines}"


def _command() -> str:
    """How this user reaches the command: by its name, or by the path it was called with."""
    called = Path(sys.argv[0])
    if shutil.which("nianshen") or called.name != "nianshen":
        return "nianshen"
    try:
        return str(called.relative_to(Path.cwd()))
    except ValueError:
        return str(called)
