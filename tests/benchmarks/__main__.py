"""Measure and print the table of ``docs/benchmarks.md``; exit status 1 if a goal is missed."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from itertools import chain

import lxml.html
import pdfplumber
from bs4 import BeautifulSoup

from audit.context import Context
from audit.engine import judge
from audit.reading import read
from audit.reading.html import read_html
from audit.serialise import report_from_json, report_to_json
from nianshen.checking import Request, check
from tests.benchmarks import alerts, archive, crawl, samples
from tests.benchmarks.stopwatch import medians

SAMPLES = 8


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the table: CPU milliseconds of a work and of its reference; ``goal`` is the highest ratio wanted."""

    zh: str
    en: str
    taken: float
    reference: float
    goal: float | None = None

    @property
    def ratio(self) -> float:
        return self.taken / self.reference

    @property
    def missed(self) -> bool:
        return self.goal is not None and self.ratio > self.goal

    def __str__(self) -> str:
        goal = "—" if self.goal is None else f"≤ {self.goal:g} {'✗' if self.missed else '✓'}"
        return f"| {self.zh}<br>{self.en} | {self.taken:.2f} | {self.ratio:.2f} | {goal} |"


def main() -> int:
    """Print every section with its rows as soon as it is measured."""
    print("| 测量 / measured | CPU ms | 比值 / ratio | 目标 / goal |\n| --- | ---: | ---: | --- |")
    missed = False
    for row in chain(_pages(), _judging(), _pdf()):
        print(row, flush=True)
        missed = missed or row.missed
    missed = bool(alerts.main()) or missed
    missed = bool(archive.main(20_000)) or missed
    return int(bool(crawl.main()) or missed)


def _pages() -> Iterator[Row]:
    """A pasted page, from its bytes to its verdict, against the building of its soup alone."""
    pages = [samples.word_page(seed) for seed in range(SAMPLES)]
    taken = medians(
        {
            **_pandas(pages),
            "check": lambda n: check(pages[n], "page.html", Request(kind="department")),
            "read": lambda n: read_html(pages[n]),
            "whole": lambda n: read_html(pages[n], whole=True),
            "soup": lambda n: BeautifulSoup(pages[n], "lxml"),
            "lxml": lambda n: lxml.html.document_fromstring(pages[n]),
        },
        rounds=48,
        samples=SAMPLES,
    )
    soup = taken["soup"]
    yield Row('参照：`BeautifulSoup(page, "lxml")`', "the reference of the pages", soup, soup)
    yield Row("核查一页：解码、解析、对齐、全部规则", "check of a page, all of it", taken["check"], soup, 1.0)
    yield Row("其中：页面到文字和表格", "of it: page to texts and tables", taken["read"], soup)
    yield Row("同上，但不裁剪", "the same without the cut", taken["whole"], soup)
    if "pandas" in taken:
        zh = '更远的目标：`pandas.read_html(flavor="lxml")`，只取表格，不对齐、不判断'
        yield Row(zh, "the stretch goal: pandas, tables only, nothing aligned or judged", taken["pandas"], soup)
    yield Row("物理极限：`lxml.html` 解析", "physical limit: parsing by lxml.html", taken["lxml"], soup)


def _pandas(pages: Sequence[bytes]) -> dict[str, Callable[[int], object]]:
    """The work of pandas where it is installed: it is no dependency, not even of the tests."""
    if find_spec("pandas") is None:
        return {}
    read_tables = import_module("pandas").read_html
    return {"pandas": lambda n: read_tables(io.BytesIO(pages[n]), flavor="lxml")}


def _judging() -> Iterator[Row]:
    """Judging again out of the store, one after another as an archive is, against decoding the stored JSON."""
    reports = [read(samples.word_page(seed)) for seed in range(SAMPLES)]
    stored = [json.dumps(report_to_json(report), ensure_ascii=False) for report in reports]
    context = Context(organisation="example", kind="department")
    taken = medians(
        {
            "judge": lambda _: [judge(report, context) for report in reports],
            "again": lambda _: [judge(report_from_json(json.loads(text)), context) for text in stored],
            "json": lambda _: [json.loads(text) for text in stored],
        },
        rounds=24,
        samples=1,
    )
    taken = {name: time / SAMPLES for name, time in taken.items()}
    reference = taken["json"]
    for name, zh, en in (
        ("json", "参照：`json.loads(stored)`", "the reference of judging, and its limit"),
        ("judge", "全部规则", "all rules"),
        ("again", "从存储重审一份", "one report again out of the store"),
    ):
        rate = f"{1000 / taken[name]:,.0f}"
        yield Row(f"{zh}，{rate} 份/秒", f"{en}, {rate} reports a second", taken[name], reference)


def _pdf() -> Iterator[Row]:
    """Reading a PDF to its cells, against the table extraction of pdfplumber alone."""
    files = [samples.report_pdf(seed) for seed in range(SAMPLES)]

    def extract(n: int) -> None:
        with pdfplumber.open(io.BytesIO(files[n])) as pdf:
            for page in pdf.pages:
                page.extract_tables()

    taken = medians({"read": lambda n: read(files[n]), "tables": extract}, rounds=16, samples=SAMPLES)
    reference = taken["tables"]
    yield Row("参照：`pdfplumber` 的 `extract_tables()`", "the reference of PDF", reference, reference)
    yield Row("PDF 到单元格，连同正文", "PDF to cells, its text included", taken["read"], reference, 1.2)


if __name__ == "__main__":
    sys.exit(main())
