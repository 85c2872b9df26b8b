"""``nianshen portals``: how they fare, whether they can be read now, and what an unknown one is."""

from __future__ import annotations

import os
import sys
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

import typer

from crawler.evidence import EvidenceError
from nianshen import errors, health, jobs, probing
from nianshen.calendar import zone
from nianshen.cli.config import DEFAULT, ConfigOption
from nianshen.cli.output import Format, render, safe
from nianshen.cli.run import told
from nianshen.cli.status import instant
from nianshen.config import Config, load
from nianshen.errors import Exit, PartialError, UsageError
from nianshen.export.target import replacing
from nianshen.runner import crawl
from nianshen.store import PortalReading, Store, open_store
from nianshen.weighing import weighed

SCHEMA = "nianshen.portals/1"
LISTED = {
    "id": "编号",
    "name": "门户",
    "organisations": "单位",
    "state": "状况",
    "since": "自",
    "read_at": "读取",
    "outcome": "结果",
    "reason": "原因",
    "pages": "页",
    "items": "条目",
    "run": "运行",
    "detail": "说明",
}
CHECKED = {
    "id": "编号",
    "name": "门户",
    "outcome": "结果",
    "reason": "原因",
    "pages": "页",
    "items": "条目",
    "reports": "年报",
    "found": "本年度",
    "organisations": "单位",
    "systems": "系统",
    "detail": "说明",
}
_LIMIT_SECONDS = 3600.0
FormatOption = Annotated[Format, typer.Option("--format", help="输出格式 / output")]
YearOption = Annotated[int | None, typer.Option(help="报告年度，默认上一年 / reported year, by default last year")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(
        help="门户的状况、核对、初次识别 / how portals fare, check and probe them", no_args_is_help=True
    )
    group.command("list", help="各门户的状况 / how every portal fares")(list_portals)
    group.command("check", help="现在能否读全列表，不抓报告 / whether the lists can be read whole now")(check)
    group.command("probe", help="识别系统、寻找年报栏目、给出配置 / find system and column, print YAML")(probe)
    group.command("accept", help="认可变短的列表为常态 / take a smaller list for the new normal")(accept)
    app.add_typer(group, name="portals")


def list_portals(config: ConfigOption = DEFAULT, output: FormatOption = Format.TABLE) -> None:
    """Print every portal of the configuration with its health and its last reading."""
    settings = load(config, os.environ)
    with _store(settings) as store:
        found = [_entry(settings, portal.id, store.portals.last(portal.id)) for portal in settings.portals]
    rows = [{**one, "pages": _pages(one), **_short(one, output)} for one in found]
    sys.stdout.write(render(output, document={"schema": SCHEMA, "portals": found}, columns=LISTED, rows=rows))


def check(
    ids: Annotated[
        list[str] | None, typer.Argument(metavar="[ID…]", help="门户编号，默认全部 / all by default")
    ] = None,
    config: ConfigOption = DEFAULT,
    year: YearOption = None,
    now: Annotated[str | None, typer.Option(help="以此时刻判断 / judge as of this ISO time")] = None,
    output: FormatOption = Format.TABLE,
) -> None:
    """Read the lists as a run does, without reports, and store no verdict. Exit 3 if one is not whole."""
    settings = load(config, os.environ)
    _known(settings, ids or ())
    moment = instant(now, settings)
    season = year or moment.astimezone(zone(settings.site.timezone)).year - 1
    job = jobs.make(settings, f"check-{uuid.uuid4().hex[:12]}", moment, season, portals=ids or (), scope="lists")
    with told() as progress:
        result = crawl(job, limit_seconds=_LIMIT_SECONDS, progress=progress)
    if result["exit"] == Exit.STORAGE:
        raise errors.StorageError("证据写不进", "evidence cannot be kept", where=job["evidence"])
    found = [_checked(settings, row, result, season) for row in _held_against_the_last(settings, season, result)]
    rows = [{**one, "pages": _pages(one), "systems": " ".join(one["systems"])} for one in found]
    document = {"schema": SCHEMA, "year": season, "portals": found}
    sys.stdout.write(render(output, document=document, columns=CHECKED, rows=rows))
    raise typer.Exit(Exit.OK if all(one["complete"] for one in found) else Exit.PARTIAL)


def probe(
    url: Annotated[str | None, typer.Argument(help="门户首页或栏目网址 / home page or column of a portal")] = None,
    config: ConfigOption = DEFAULT,
    folder: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="DIR", help="保存所见的文件夹 / where to keep what was seen"),
    ] = None,
    year: YearOption = None,
    most_pages: Annotated[int, typer.Option(min=1, max=200, help="最多访问几页 / the most pages to ask for")] = 15,
    delay: Annotated[float, typer.Option(min=0, max=60, help="两次请求间的秒数 / seconds between requests")] = 2.0,
    allow_private: Annotated[
        list[str] | None, typer.Option(metavar="CIDR", help="可连接的内网网段 / private range that may be connected to")
    ] = None,
    replay: Annotated[
        Path | None, typer.Option(metavar="DIR", help="不联网，重读保存的文件夹 / read a kept folder again, no network")
    ] = None,
) -> None:
    """Print what belongs into config.yaml. Exit 3 if no column was found, or it could not be read whole."""
    if (url is None) == (replay is None):
        raise UsageError("请给出网址，或 --replay 文件夹（二者取一）", "give a URL or --replay DIR, one of the two")
    if replay is not None:
        _repeat(replay)
        return
    look = _look(str(url), config, folder, year, most_pages, delay, allow_private or [])
    with told() as progress:
        seen = probing.probe(look, progress)
    if seen.column is None:
        raise PartialError(
            f"没有找到年报栏目（{seen.reason or seen.detail}）",
            f"no column of annual reports was found: {safe(seen.detail)}",
            where=safe(look.url),
            next_step=("给出栏目本身的网址再试", "try the address of the column itself"),
        )
    text = "".join(f"{safe(line)}\n" for line in probing.as_yaml(look, seen).splitlines())
    with replacing(look.folder / "portal.yaml") as beside:
        beside.write_text(text, encoding="utf-8")
    sys.stdout.write(text)
    state = "读全 / read whole" if seen.whole else f"未读全 / not read whole: {seen.reason}: {seen.detail}"
    sys.stderr.write(
        f"系统 / system: {seen.system}；年报 / reports: {seen.reports}；{safe(state)}\n"
        f"所见已保存 / kept: {safe(str(look.folder))} (nianshen portals probe --replay)\n"
    )
    raise typer.Exit(Exit.OK if seen.whole else Exit.PARTIAL)


def accept(
    portal: Annotated[str, typer.Argument(metavar="ID", help="门户编号 / portal id")],
    by: Annotated[str, typer.Option(help="谁认可 / who accepts it")],
    config: ConfigOption = DEFAULT,
) -> None:
    """Compare later readings with the last one, whose list had become smaller. It proves no absence by itself."""
    settings = load(config, os.environ)
    _known(settings, (portal,))
    if not by.strip():
        raise UsageError("请写明谁认可", "say who accepts it")
    with _store(settings) as store:
        reading = store.portals.last(portal)
        if reading is None or reading.outcome != health.SHRUNK:
            raise UsageError(
                f"门户 {portal} 最近一次读取没有变短的列表", f"the last reading of {portal} shows no smaller list"
            )
        store.portals.accept(reading, by.strip())
    typer.echo(f"已认可 / accepted: {safe(portal)} ({safe(reading.detail)})")


@contextmanager
def _store(settings: Config) -> Iterator[Store]:
    store = open_store(settings.database_url, create=False)
    try:
        yield store
    finally:
        store.close()


def _known(settings: Config, ids: tuple[str, ...] | list[str]) -> None:
    unknown = [one for one in ids if one not in {portal.id for portal in settings.portals}]
    if unknown:
        names = safe(", ".join(unknown))
        raise UsageError(f"配置中没有门户 {names}", f"the configuration has no portal {names}")


def _entry(settings: Config, portal_id: str, reading: PortalReading | None) -> dict[str, Any]:
    portal = settings.portal(portal_id)
    local = zone(settings.site.timezone)
    entry: dict[str, Any] = {
        "id": portal.id,
        "name": portal.name,
        "group": portal.group,
        "cms": portal.cms,
        "start_urls": list(portal.start_urls),
        "organisations": sum(one.portal == portal.id for one in settings.organisations),
    }
    names = ("state", "since", "read_at", "outcome", "reason", "complete", "pages_expected", "pages_seen", "items")
    for name in (*names, "accepted_by", "detail"):
        value = getattr(reading, name) if reading else None
        entry[name] = value.astimezone(local).isoformat(timespec="seconds") if isinstance(value, datetime) else value
    return entry | {"run": reading.run_id if reading else None}


def _short(one: Mapping[str, Any], output: Format) -> dict[str, Any]:
    """What a table has room for: days, and states by their Chinese name too."""
    if output is not Format.TABLE:
        return {}
    state = f"{health.State(one['state']).label} {one['state']}" if one["state"] else "未读取 never read"
    return {"state": state, **{name: one[name] and one[name][:16] for name in ("since", "read_at")}}


def _pages(one: Mapping[str, Any]) -> str:
    expected = one["pages_expected"]
    return "" if one["pages_seen"] is None else f"{one['pages_seen']}/{'?' if expected is None else expected}"


def _held_against_the_last(settings: Config, season: int, result: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The verdicts as a run would give them: before the first run there is nothing to compare with."""
    try:
        with _store(settings) as store:
            rows: list[Mapping[str, Any]] = weighed(settings, store.portals, season, result)["portals"]
            return rows
    except errors.StorageError:
        return list(result["portals"])


def _checked(settings: Config, row: Mapping[str, Any], result: Mapping[str, Any], season: int) -> dict[str, Any]:
    listed = [one for one in result.get("listed", ()) if one["portal"] == row["id"] and one["organisation"]]
    years = {
        one.id: sorted({link["year"] for link in listed if link["organisation"] == one.id and link["year"]})
        for one in settings.organisations
        if one.portal == row["id"]
    }
    doubtful = {one["organisation"] for one in row["lists"] if not one["complete"]}
    plain = ("id", "outcome", "reason", "complete", "pages_expected", "pages_seen", "items", "detail")
    return {
        **{name: row[name] for name in plain},
        "name": settings.portal(row["id"]).name,
        "reports": row.get("reports"),
        "systems": list(row.get("systems", ())),
        "organisations": len(years),
        "found": sum(season in found for found in years.values()),
        "lists": [
            {"organisation": one, "years": found, "certain": one not in doubtful} for one, found in years.items()
        ],
    }


def _look(
    url: str, config: Path, folder: Path | None, year: int | None, pages: int, delay: float, private: list[str]
) -> probing.Look:
    """How to look; where there is a configuration, its contact and its manners are kept."""
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.username or parts.password:
        raise UsageError(f"不是 http(s) 网址：{safe(url)}", f"no http(s) address: {safe(url)}")
    for one in private:
        try:
            ip_network(one)
        except ValueError:
            raise UsageError(f"{safe(one)} 不是 CIDR 网段", f"{safe(one)} is no CIDR range") from None
    settings = load(config, os.environ) if config.is_file() else None
    local = zone(settings.site.timezone if settings else "Asia/Shanghai")
    return probing.Look(
        url,
        folder or Path(f"probe-{parts.hostname}"),
        year or datetime.now(UTC).astimezone(local).year - 1,
        settings.site.base_url if settings else "",
        delay,
        pages,
        tuple(private),
        settings.storage.evidence.directory / "manners" if settings else None,
    )


def _repeat(folder: Path) -> None:
    same: list[bool] = []
    with told() as progress:
        try:
            for name, equal in probing.repeat(folder, progress):
                same.append(equal)
                typer.echo(f"{name}: {'相同 / the same' if equal else '不同 / different'}")
        except EvidenceError as error:
            raise errors.EvidenceError(
                "证据读不到或已损坏", f"evidence cannot be read or is damaged: {error}"
            ) from error
    if not same:
        raise UsageError("文件夹里没有保存的识别", "the folder keeps no probe", where=str(folder))
    raise typer.Exit(Exit.OK if all(same) else Exit.PARTIAL)
