"""``nianshen evidence``: is it what it was, what is it, hand it on, and let go of what is past its time."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from crawler import evidence
from crawler.evidence import BlobStore, check
from crawler.media import HTML, sniff
from nianshen import proof
from nianshen.calendar import zone
from nianshen.cli.config import DEFAULT, ConfigOption
from nianshen.cli.findings import entry as finding_entry
from nianshen.cli.findings import page as finding_page
from nianshen.cli.output import Format, as_json, render, safe
from nianshen.config import Config, load
from nianshen.cycle import alone
from nianshen.errors import EvidenceError, Exit, UsageError
from nianshen.export.target import replacing
from nianshen.store import FindingRow, Store, open_store

SCHEMA = "nianshen.evidence/1"
PROBLEMS = {"code": "代码", "where": "位置", "zh": "说明", "en": "what is wrong"}
CAPTURES = {"sha256": "sha256", "at": "时间", "url": "网址", "status": "状态", "portal": "门户", "run": "运行"}
_SHORTEST = 6
FormatOption = Annotated[Format, typer.Option("--format", help="输出格式 / output")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(help="核对、查看、打包、清理证据 / verify, show, pack, prune evidence", no_args_is_help=True)
    group.command("verify", help="核对全部证据 / check all evidence")(verify)
    group.command("show", help="一份证据是什么、来自何处、支持什么 / what it is, from where, what rests on it")(show)
    group.command("pack", help="打包，第三方仅凭 sha256sum 即可核对 / a zip that sha256sum alone verifies")(pack)
    group.command("prune", help="删除超过保留年限且无问题依据的证据 / remove what is past keep_years")(prune)
    app.add_typer(group, name="evidence")


def verify(config: ConfigOption = DEFAULT, output: FormatOption = Format.TABLE) -> None:
    """Check chain, blobs, WARC records and what readings rest on. Exit 7 with every problem."""
    settings = load(config, os.environ)
    with _store(settings) as store:
        anchors = {last: f"run {run}" for last, run in store.evidence.anchors().items()}
        wanted = ((sha, f"{organisation} {year}") for sha, organisation, year in store.evidence.wanted())
        with _evidence_errors():
            found = check(settings.storage.evidence.directory, anchors=anchors, wanted=wanted)
    problems = [asdict(one) for one in found.problems]
    counts = {name: getattr(found, name) for name in ("lines", "records", "blobs", "pruned", "last")}
    document = {"schema": SCHEMA, "checked": counts, "problems": problems}
    if problems or output is not Format.TABLE:
        sys.stdout.write(render(output, document=document, columns=PROBLEMS, rows=problems))
    sys.stderr.write(
        f"记录 {found.lines} 行，WARC {found.records} 条，文件 {found.blobs} 个，已清理 {found.pruned} 个，"
        f"问题 {len(problems)} 个 / {found.lines} lines, {found.records} records, {found.blobs} blobs, "
        f"{found.pruned} pruned, {len(problems)} problems\n"
    )
    raise typer.Exit(Exit.EVIDENCE if problems else Exit.OK)


def show(
    what: Annotated[str, typer.Argument(help="sha256、指纹或其开头，或告警编号 / sha256, fingerprint or alert id")],
    config: ConfigOption = DEFAULT,
    output: FormatOption = Format.TABLE,
    raw: Annotated[bool, typer.Option("--raw", help="原样输出该字节 / the bytes themselves")] = False,
) -> None:
    """Print what the bytes are, all captures of them, and the findings that rest on them."""
    settings = load(config, os.environ)
    directory = settings.storage.evidence.directory
    with _store(settings) as store, _evidence_errors():
        shas = _meant(store, directory, what)
        if raw:
            _print_raw(BlobStore(directory), shas)
            return
        shown = [_about(store, directory, sha) for sha in shas]
    if output is Format.TABLE:
        sys.stdout.write("\n".join(map(_page, shown)))
        return
    captures = [capture for one in shown for capture in one["captures"]]
    sys.stdout.write(render(output, document={"schema": SCHEMA, "blobs": shown}, columns=CAPTURES, rows=captures))


def pack(
    what: Annotated[list[str], typer.Argument(help="单位编号或问题指纹 / organisation ids or fingerprints")],
    output: Annotated[Path, typer.Option("--output", "-o", help="写入的 zip 文件 / the zip to write")],
    config: ConfigOption = DEFAULT,
    year: Annotated[int | None, typer.Option(help="报告年度，默认上一年 / reported year, by default last year")] = None,
) -> None:
    """Write originals, captures with their chain, WARC records and findings into one zip."""
    settings = load(config, os.environ)
    chosen = year or datetime.now(UTC).astimezone(zone(settings.site.timezone)).year - 1
    directory = settings.storage.evidence.directory
    with _store(settings) as store:
        asked = [_asked(store, settings, one, chosen) for one in what]
        labels = {sha: f"{organisation}-{of}" for organisation, of, shas, _ in asked for sha in shas}
        lists = {pair for organisation, of, _, _ in asked for pair in store.evidence.absent(organisation, of)}
        rows = {row.fingerprint: row for *_, found in asked for row in found}
        pieces = [_piece(store, row) for row in rows.values()]
        with _evidence_errors():
            captures = proof.find(directory, set(labels), lists)
            if not captures:
                raise UsageError("没有可打包的证据", "there is no evidence to pack")
            with replacing(output) as beside:
                proof.pack(beside, directory, captures, labels, pieces)
    typer.echo(
        f"{safe(str(output))}: 抓取记录 {len(captures)} 条，问题 {len(pieces)} 个"
        f" / {len(captures)} captures, {len(pieces)} findings"
    )


def prune(
    config: ConfigOption = DEFAULT,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="只说将删除什么 / only say what would go")] = False,
) -> None:
    """Remove blobs and WARCs older than storage.evidence.keep_years on which no finding of a kept year rests."""
    settings = load(config, os.environ)
    now = datetime.now(UTC)
    years, directory = settings.storage.evidence.keep_years, settings.storage.evidence.directory
    # The 29th of February has no anniversary in most years.
    before = now.replace(year=now.year - years, day=min(now.day, 28))
    with _store(settings) as store, alone(directory), _evidence_errors():
        gone = evidence.prune(directory, before=before, keep=store.evidence.kept(before.year), now=now, dry_run=dry_run)
    for name in (*gone.warcs, *gone.blobs):
        typer.echo(name)
    said = ("将删除", "would remove") if dry_run else ("已删除", "removed")
    sys.stderr.write(
        f"{said[0]} {len(gone.blobs)} 个文件、{len(gone.warcs)} 个 WARC，{gone.size} 字节，早于 {before.date()}"
        f" / {said[1]} {len(gone.blobs)} blobs, {len(gone.warcs)} WARCs, {gone.size} bytes\n"
    )


@contextmanager
def _store(settings: Config) -> Iterator[Store]:
    store = open_store(settings.database_url, create=False)
    try:
        yield store
    finally:
        store.close()


@contextmanager
def _evidence_errors() -> Iterator[None]:
    """An error of the evidence itself ends the command with its exit code."""
    try:
        yield
    except evidence.EvidenceError as error:
        raise EvidenceError("证据读不到或已损坏", f"evidence cannot be read or is damaged: {error}") from error


def _meant(store: Store, directory: Path, what: str) -> list[str]:
    """The blobs meant by a sha256, a finding or an alert. Raises UsageError if there is none, or more than one."""
    keys = {one.key for one in store.alerts.list() if one.id == what}
    if len(what) < _SHORTEST and not keys:
        raise UsageError("请至少写 6 位", "give at least 6 characters")
    shas = [] if keys else proof.blobs_named(directory, what.lower())
    rows = [row for key in keys or {what} for row in store.findings.list(prefix=key)]
    if len(shas) + len(rows) > 1:
        raise UsageError(f"不止一个以 {what} 开头，请多写几位", f"more than one begins with {what}")
    found = shas or [sha for row in rows for sha in _shas(store, row)]
    if not found:
        raise UsageError(f"没有这份证据：{what}", f"no such evidence: {what}")
    return found


def _shas(store: Store, row: FindingRow) -> list[str]:
    """What a finding rests on: the bytes it was read from, else all that was read of its report."""
    reading = store.readings.get(row.reading_id) if row.reading_id is not None else None
    return [reading["sha256"]] if reading else store.evidence.of(row.organisation, row.year)


def _asked(store: Store, settings: Config, what: str, year: int) -> tuple[str, int, list[str], list[FindingRow]]:
    """Organisation, year, blobs and findings of one argument."""
    if what in {one.id for one in settings.organisations}:
        return what, year, store.evidence.of(what, year), store.findings.of(what, year)
    rows = store.findings.list(prefix=what) if len(what) >= _SHORTEST else []
    if len(rows) != 1:
        raise UsageError(
            f"{what} 不是单位编号，也不是唯一的问题指纹",
            f"{what} is neither an organisation nor the start of one fingerprint",
        )
    return rows[0].organisation, rows[0].year, _shas(store, rows[0]), rows


def _piece(store: Store, row: FindingRow) -> proof.Piece:
    document = finding_entry(store, row)
    name = f"{row.organisation}-{row.year}-{row.rule}-{row.fingerprint[:12]}"
    return proof.Piece(as_json(document).encode(), finding_page(document).encode(), name)


def _about(store: Store, directory: Path, sha: str) -> dict[str, Any]:
    blobs = BlobStore(directory)
    size, media = (len(data), sniff(data)) if (data := _read(blobs, sha)) is not None else (None, None)
    captures = [{**one.entry, "line": one.number} for one in proof.find(directory, {sha})]
    rows = (row for fingerprint in store.evidence.resting(sha) for row in store.findings.list(prefix=fingerprint))
    return {
        "sha256": sha,
        "bytes": size,
        "media": media,
        "file": str(blobs.path(sha).relative_to(directory)) if data is not None else None,
        "captures": captures,
        "findings": [{"fingerprint": one.fingerprint, "rule": one.rule, "state": one.standing} for one in rows],
    }


def _read(blobs: BlobStore, sha: str) -> bytes | None:
    """The bytes; None for those that were pruned. Raises the evidence's own error for damaged ones."""
    return blobs.read(sha) if blobs.path(sha).is_file() else None


def _print_raw(blobs: BlobStore, shas: Sequence[str]) -> None:
    if len(shas) != 1:
        raise UsageError("--raw 须恰好指向一份证据", f"--raw needs exactly one blob: {', '.join(shas)}")
    data = blobs.read(shas[0])
    if not sys.stdout.isatty():
        sys.stdout.buffer.write(data)
    elif sniff(data) == HTML and b"\0" not in data:
        text = data.decode("utf-8", "backslashreplace")
        sys.stdout.write("".join(f"{safe(line)}\n" for line in text.splitlines()))
    else:
        raise UsageError(
            "是二进制内容，不能写到终端；请重定向到文件", "binary does not go to a terminal: redirect it to a file"
        )


def _page(one: dict[str, Any]) -> str:
    size = f"{one['bytes']} {one['media']}" if one["bytes"] is not None else "已清理或缺失 / pruned or missing"
    lines = [f"sha256: {one['sha256']}", f"内容 content: {size}", f"文件 file: {one['file']}"]
    for capture in one["captures"]:
        said = " ".join(str(capture[key]) for key in ("at", "portal", "role", "status", "url", "run") if key in capture)
        lines.append(f"抓取 captured (manifest.jsonl:{capture['line']}): {said}")
    lines += [f"问题 finding: {row['rule']} {row['fingerprint'][:12]} ({row['state']})" for row in one["findings"]]
    return "".join(f"{safe(line)}\n" for line in lines)
