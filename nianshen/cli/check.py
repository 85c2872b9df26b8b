"""``nianshen check``: judge files without any set-up."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from datetime import UTC, date, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from audit.engine import catalogue
from audit.finding import Finding, Kind, NotJudged, Severity
from audit.reading import NotAReport, UnreadableDocument, read
from audit.report import Report, State
from audit.rules import names
from nianshen.calendar import Calendar
from nianshen.checking import MOST_BYTES, SCHEMA, Checked, Request, check, unreadable
from nianshen.cli.output import safe
from nianshen.cli.progress import Progress
from nianshen.converting import readable
from nianshen.errors import Exit, UsageError, gravest
from nianshen.explaining import explain_lines
from nianshen.export.target import needs_file, replacing, write_text

if TYPE_CHECKING:
    from nianshen.pool import Lost

FOLDER_SUFFIXES = frozenset(
    {
        ".html",
        ".htm",
        ".shtml",
        ".jhtml",
        ".xhtml",
        ".mht",
        ".mhtml",
        ".txt",
        ".md",
        ".pdf",
        ".docx",
        ".doc",
        ".wps",
        "",
    }
)


class Format(StrEnum):
    TEXT = "text"
    JSON = "json"
    SARIF = "sarif"
    HTML = "html"
    CSV = "csv"
    XLSX = "xlsx"


class OrganKind(StrEnum):
    DEPARTMENT = "department"
    GOVERNMENT = "government"
    TOWNSHIP = "township"
    ZONE = "zone"
    PARTY = "party"
    AUTHORISED = "authorised"


class FailOn(StrEnum):
    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"
    NEVER = "never"


class Language(StrEnum):
    ZH = "zh"
    EN = "en"


OutputOption = Annotated[
    Path | None,
    typer.Option("--output", "-o", help="写入文件，完整写好才出现 / write to a file, there only when whole"),
]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("check", help="检查报告文件 / check reports (HTML, PDF, DOCX, text; - reads standard input)")(run)


def run(
    paths: Annotated[
        list[str], typer.Argument(metavar="PATH…", help="文件、文件夹、网址或 - / files, folders, addresses or -")
    ],
    year: Annotated[int | None, typer.Option(min=2008, max=2100, help="报告年度 / reported year")] = None,
    agency: Annotated[str | None, typer.Option(help="机关名称 / name of the agency")] = None,
    published: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="发布日期 / date of publication")
    ] = None,
    kind: Annotated[
        OrganKind | None, typer.Option(help="机关类别，决定时限 / kind of organ, sets the due date")
    ] = None,
    previous: Annotated[Path | None, typer.Option(help="上一年度报告 / last year's report")] = None,
    select: Annotated[str, typer.Option(help="只用这些规则 / only these rules, by comma")] = "",
    ignore: Annotated[str, typer.Option(help="不用这些规则 / not these rules, by comma")] = "",
    allow_private: Annotated[
        list[str] | None,
        typer.Option(metavar="CIDR", help="网址可指向的内网网段 / private range that an address may lie in"),
    ] = None,
    lang: Annotated[Language, typer.Option(help="文字输出的语言 / language of the text")] = Language.ZH,
    fail_on: Annotated[FailOn, typer.Option(help="从哪一级起退出码为 1 / exit 1 from this severity on")] = FailOn.ERROR,
    format: Annotated[Format, typer.Option(help="输出格式 / format")] = Format.TEXT,  # noqa: A002 - the option's name
    explain: Annotated[
        bool,
        typer.Option("--explain", help="说明各行、各列、日期如何识别 / say how every row, column and date was found"),
    ] = False,
    output: OutputOption = None,
) -> None:
    """Check each file and print the result; see CONTRACT section 4 for the exit codes."""
    if format is Format.XLSX and output is None:
        raise needs_file("xlsx")
    request = Request(
        year=year,
        agency=agency,
        published=_day(published),
        kind=kind.value if kind else None,
        previous=_previous(previous) if previous else None,
        today=Calendar().today(datetime.now(UTC)),
        select=_rules(select, "--select"),
        ignore=_rules(ignore, "--ignore"),
        allow_private=_ranges(allow_private or ()),
    )
    codes: set[Exit] = set()
    with closing(_checked(paths, request)) as results:
        counted = _counted(results, codes, fail_on)
        if format is Format.XLSX and output is not None:
            _write_workbook(counted, output)
        else:
            write_text(_pieces(format, counted, codes, lang.value, explain=explain), output)
    raise typer.Exit(gravest(codes))


def exit_code(checked: Checked, fail_on: FailOn) -> Exit:
    """0, 1 for a finding at or above ``fail_on``, 3 for a file that could not be checked."""
    if checked.judgement is None:
        return Exit.PARTIAL
    if fail_on is FailOn.NEVER:
        return Exit.OK
    least = Severity(fail_on.value).rank
    graver = any(f.kind is Kind.FAIL and f.severity.rank >= least for f in checked.judgement.findings)
    return Exit.FINDINGS if graver else Exit.OK


def _counted(results: Iterable[Checked], codes: set[Exit], fail_on: FailOn) -> Iterator[Checked]:
    """The results as they come; their exit codes are gathered in ``codes``."""
    for checked in results:
        codes.add(exit_code(checked, fail_on))
        yield checked


def _pieces(
    format: Format,  # noqa: A002 - the option's name
    results: Iterable[Checked],
    codes: set[Exit],
    lang: str,
    *,
    explain: bool,
) -> Iterator[str]:
    """The text of a format, part by part as the results come. Formats are loaded only where they are wanted."""
    if format is Format.TEXT:
        return (render(checked, lang, explain=explain) + "\n" for checked in results)
    if format is Format.JSON:
        return _json(checked.as_json(explain=explain) for checked in results)
    from nianshen.export.document import of_checks  # noqa: PLC0415

    documents = of_checks(results)
    if format is Format.SARIF:
        from nianshen.export.sarif import sarif_text  # noqa: PLC0415

        return sarif_text(documents, lambda: gravest(codes))
    if format is Format.HTML:
        from nianshen.export.html import html_text  # noqa: PLC0415

        return html_text(documents, lang)
    from nianshen.export.csv import csv_text  # noqa: PLC0415

    return csv_text(documents)


def _write_workbook(results: Iterable[Checked], output: Path) -> None:
    from nianshen.export.document import of_checks  # noqa: PLC0415
    from nianshen.export.xlsx import write_xlsx  # noqa: PLC0415

    with replacing(output) as beside:
        write_xlsx(of_checks(results), beside)


def _json(documents: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """One document, written part by part as the results come. If interrupted it stays open: it must not look whole."""
    yield f'{{\n "schema": "{SCHEMA}",\n "documents": ['
    for number, document in enumerate(documents):
        text = json.dumps(document, ensure_ascii=False, indent=1).replace("\n", "\n  ")
        yield (",\n  " if number else "\n  ") + text
    yield "\n ]\n}\n"


def _day(moment: datetime | None) -> date | None:
    return moment.date() if moment else None


def _rules(text: str, option: str) -> tuple[str, ...]:
    """Rule ids or families (A, A00) by comma; an unknown one is a usage error."""
    wanted = [word.strip().upper() for word in text.split(",") if word.strip()]
    known = list(catalogue())
    chosen: list[str] = []
    for word in wanted:
        found = [rule for rule in known if rule.startswith(word)]
        if not found:
            raise UsageError(f"{option}: 没有规则 {word}", f"{option}: no such rule {word}; known: {', '.join(known)}")
        chosen += found
    return tuple(chosen)


def _ranges(texts: Iterable[str]) -> tuple[str, ...]:
    from notifiers.address import AddressGuard, AllowListError  # noqa: PLC0415 - only where an address is fetched

    try:
        AddressGuard(texts)
    except AllowListError as error:
        zh, _, en = str(error).partition(" / ")
        raise UsageError(f"--allow-private: {zh}", f"--allow-private: {en}") from error
    return tuple(texts)


def _previous(path: Path) -> Report:
    try:
        return read(readable(path.read_bytes()))
    except OSError as error:
        raise UsageError(f"--previous: 无法读取 {path}", f"--previous: cannot read {path}: {error.strerror}") from error
    except (UnreadableDocument, NotAReport) as error:
        raise UsageError(f"--previous: {error.message['zh']}", f"--previous: {error.message['en']}") from error


def _files(paths: list[str]) -> Iterator[tuple[str, Path | None]]:
    """Sources with their paths (none for standard input and URLs); a folder gives every file below it, in order."""
    for name in paths:
        path = Path(name)
        if name == "-":
            yield "-", None
        elif path.is_dir():
            inside = sorted(_inside(path))
            yield from ((_shown(str(file)), file) for file in inside)
            if not inside:
                yield _shown(name), path
        elif name.lower().startswith(("http://", "https://")):
            yield name, None
        else:
            yield _shown(name), path


def _inside(folder: Path) -> Iterator[Path]:
    for file in folder.rglob("*"):
        hidden = any(part.startswith(".") for part in file.relative_to(folder).parts)
        if file.is_file() and not hidden and file.suffix.lower() in FOLDER_SUFFIXES:
            yield file


def _shown(name: str) -> str:
    """A path as text that can be written: bytes that are no UTF-8 become ``\\xNN``."""
    return os.fsencode(name).decode("utf-8", "backslashreplace")


def _checked(paths: list[str], request: Request) -> Generator[Checked]:
    """Every source in order. Files of a folder or among others are read in processes of their own: one that kills or
    bloats the reader costs only itself. Addresses are fetched one after the other, out of politeness.
    """
    files = list(_files(paths))
    if len(files) == 1 and not Path(paths[0]).is_dir():
        yield _check(*files[0], request)
        return
    from nianshen.pool import each  # noqa: PLC0415 - only where many files are given

    progress = Progress("检查中 / checking …", len(files))
    apart = [(source, path, request) for source, path in files if path is not None]
    with closing(each(_check_one, apart)) as results:
        for done, (source, path) in enumerate(files):
            progress.show(done)
            checked = _check(source, path, request) if path is None else _unless_lost(source, next(results))
            progress.clear()
            yield checked
        progress.show(len(files))
        progress.clear()


def _unless_lost(source: str, result: Checked | Lost) -> Checked:
    return result if isinstance(result, Checked) else unreadable(source, result.reason, *_LOST[result.reason])


_LOST = {
    "crashed": (
        "读取程序在此文件上崩溃，其余文件不受影响",
        "the reader crashed on this file; the others are not affected",
    ),
    "timeout": ("读取超时，其余文件不受影响", "reading took too long; the others are not affected"),
    "memory": (
        "读取此文件所需内存过多，其余文件不受影响",
        "reading needed too much memory; the others are not affected",
    ),
}


def _check_one(item: tuple[str, Path | None, Request]) -> Checked:
    return _check(*item)


def _check(source: str, path: Path | None, request: Request) -> Checked:
    if path is None and source != "-":
        return _check_page(source, request)
    try:
        if path is None:
            data = sys.stdin.buffer.read(MOST_BYTES + 1)
        else:
            with path.open("rb") as file:
                data = file.read(MOST_BYTES + 1)
    except FileNotFoundError:
        return unreadable(source, "not_found", "没有这个文件，请检查路径", "no such file; check the path")
    except IsADirectoryError:
        return unreadable(
            source, "no_files", "文件夹里没有可检查的文件", "the folder holds no file that can be checked"
        )
    except OSError as error:
        return unreadable(source, "not_readable", f"无法读取：{error.strerror}", f"cannot be read: {error.strerror}")
    return check(data, source, request)


def _check_page(url: str, request: Request) -> Checked:
    from nianshen.fetching import FetchError, fetch  # noqa: PLC0415 - files are checked without the library for HTTP

    try:
        page = fetch(url, MOST_BYTES, allow_private=request.allow_private)
    except FetchError as error:
        return unreadable(url, error.code, error.zh, error.en)
    return check(page.data, url, request, url=page.url, headers=page.headers)


_WORDS = {
    "zh": {
        "clean": "通过", "findings": "有问题", "review": "需人工核对", "unreadable": "无法读取",
        "not_a_report": "不是年度报告",
        "error": "错误", "warning": "警告", "note": "提示", "open": "待核对",
        "cells": "读出 {read}/{all} 个单元格", "form": "{form} 年版格式", "not_judged": "未判断", "hint": "提示",
        "sums": "涉及勾稽",
        "unknown": "未识别", "no_findings": "未发现问题",
    },
    "en": {
        "clean": "clean", "findings": "findings", "review": "needs a look", "unreadable": "unreadable",
        "not_a_report": "not a report",
        "error": "error", "warning": "warning", "note": "note", "open": "open",
        "cells": "{read} of {all} cells read", "form": "form of {form}", "not_judged": "not judged", "hint": "hint",
        "sums": "sums",
        "unknown": "unknown", "no_findings": "no findings",
    },
}  # fmt: skip


def render(checked: Checked, lang: str, *, explain: bool = False) -> str:
    """The result as text: a head line, the findings with their arithmetic, the rules that lacked context.

    ``explain`` adds how the report was read.
    """
    words = _WORDS[lang]
    lines = [f"{safe(checked.source)}: {words[checked.outcome]}"]
    if checked.error:
        message = checked.error["message"]
        other = "en" if lang == "zh" else "zh"
        return f"{lines[0]}\n  {safe(message[lang])} / {safe(message[other])} ({checked.error['code']})\n"
    report, judgement = checked.report, checked.judgement
    if report is None or judgement is None:
        return lines[0]
    cells = report.cells
    known = sum(cell.state not in {State.UNREADABLE, State.ABSENT} for cell in cells.values())
    facts = [
        safe(report.agency or words["unknown"]),
        str(report.year or words["unknown"]),
        words["form"].format(form=report.form) if report.form else words["unknown"],
        words["cells"].format(read=known, all=len(cells)),
    ]
    lines.append("  " + " · ".join(facts))
    shape = report.tables["requests"].shape if "requests" in report.tables else None
    lines += [line for finding in judgement.findings for line in _finding_lines(finding, lang, shape)] or [
        "  " + words["no_findings"]
    ]
    if judgement.not_judged:
        lines.append(f"  {words['not_judged']}: {_lacking(judgement.not_judged, lang)}")
    if explain:
        lines += ["  " + safe(line) for line in explain_lines(report, lang)]
    return "\n".join(lines) + "\n"


def _lacking(not_judged: Sequence[NotJudged], lang: str) -> str:
    """The rules that were not judged, by what they lacked: the first half of their reasons."""
    groups: dict[str, list[str]] = {}
    for one in not_judged:
        groups.setdefault(re.split("[，,;]", one.reason[lang])[0], []).append(one.rule)
    return "; ".join(f"{lacking} ({' '.join(rules)})" for lacking, rules in groups.items())


def _finding_lines(finding: Finding, lang: str, shape: str | None) -> Iterator[str]:
    words = _WORDS[lang]
    level = words["open"] if finding.kind is Kind.OPEN else words[finding.severity.value]
    yield f"  [{level}] {finding.rule} {safe(finding.title[lang])}: {safe(finding.message[lang])}"
    if finding.formula and finding.formula not in finding.message[lang]:
        yield f"      {safe(finding.formula)}"
    if finding.hint:
        yield f"      {words['hint']}: {safe(finding.hint[lang])}"
    if finding.sums:
        yield f"      {words['sums']}: {', '.join(names.equation(shape, one)[lang] for one in finding.sums)}"
