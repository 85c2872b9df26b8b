"""``nianshen export``: the findings of a year out of the store, in the formats offices and other programs read."""

from __future__ import annotations

import os
from collections.abc import Iterable
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from nianshen.calendar import zone
from nianshen.cli.check import OutputOption
from nianshen.cli.config import DEFAULT, ConfigOption
from nianshen.config import Config, load
from nianshen.errors import Exit
from nianshen.export.csv import csv_text
from nianshen.export.document import Document
from nianshen.export.jsonl import jsonl_text
from nianshen.export.parquet import need_pyarrow, write_parquet
from nianshen.export.sarif import sarif_text
from nianshen.export.stored import Organ, of_store, with_reports
from nianshen.export.target import needs_file, replacing, write_text
from nianshen.standing import survey
from nianshen.store import Store, open_store


class Kind(StrEnum):
    CSV = "csv"
    XLSX = "xlsx"
    JSONL = "jsonl"
    SARIF = "sarif"
    HTML = "html"
    PARQUET = "parquet"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(
        "export", help="导出一个年度的全部问题 / the findings of a year as csv, xlsx, jsonl, sarif, html or parquet"
    )(run)


def run(
    kind: Annotated[Kind, typer.Argument(help="格式 / format")],
    year: Annotated[int | None, typer.Option(help="报告年度，默认上一年 / reported year, by default last year")] = None,
    config: ConfigOption = DEFAULT,
    output: OutputOption = None,
) -> None:
    """Write every finding of the year with its state and evidence; waived, dismissed and resolved ones are marked."""
    if kind is Kind.PARQUET:
        need_pyarrow()
    if kind in (Kind.XLSX, Kind.PARQUET) and output is None:
        raise needs_file(kind.value)
    settings = load(config, os.environ)
    now = datetime.now(UTC)
    chosen = year or now.astimezone(zone(settings.site.timezone)).year - 1
    store = open_store(settings.database_url, create=False)
    try:
        _write(kind, store, settings, chosen, now, output)
    finally:
        store.close()


def _write(kind: Kind, store: Store, settings: Config, year: int, now: datetime, output: Path | None) -> None:
    if kind in (Kind.XLSX, Kind.HTML):
        standing = survey(store, settings, year, now)
        drawn = with_reports(
            store, year, {one["id"]: Organ(one["name"], one["status"], one["url"]) for one in standing}
        )
        _draw(kind, drawn, output)
        return
    documents = of_store(store, year, {one.id: Organ(one.name) for one in settings.organisations})
    if kind is Kind.PARQUET and output is not None:
        with replacing(output) as beside:
            write_parquet(documents, beside)
        return
    pieces = {
        Kind.CSV: lambda: csv_text(documents),
        Kind.JSONL: lambda: jsonl_text(documents),
        Kind.SARIF: lambda: sarif_text(documents, lambda: Exit.OK),
    }
    write_text(pieces[kind](), output)


def _draw(kind: Kind, documents: Iterable[Document], output: Path | None) -> None:
    """The formats that show the official tables with what is wrong in them."""
    if kind is Kind.HTML:
        from nianshen.export.html import html_text  # noqa: PLC0415 - only here, and it takes time to load

        write_text(html_text(documents), output)
    elif output is not None:
        from nianshen.export.xlsx import write_xlsx  # noqa: PLC0415 - as above

        with replacing(output) as beside:
            write_xlsx(documents, beside)
