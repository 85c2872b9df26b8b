"""The same report gives the same reading, whatever system publishes it and however its bytes are written."""

from __future__ import annotations

import random
import re
import unicodedata
from collections.abc import Callable

import pytest
from bs4 import XMLParsedAsHTMLWarning

from audit.form import SECTIONS
from audit.reading import read, read_document
from audit.reading.html import read_html
from audit.report import Report
from tests.audit.reading.handmade import differences
from tests.audit.reading.shells import PATH, SHELLS
from tests.generator import publication

pytestmark = pytest.mark.filterwarnings(f"ignore::{XMLParsedAsHTMLWarning.__module__}.XMLParsedAsHTMLWarning")

REPORTS = [publication(random.Random(seed), form, activity=400) for seed, form in ((21, "2021"), (22, "2019"))]
WIDE = {n: n + 0xFEE0 for n in range(0x30, 0x3A)}

REWRITTEN: dict[str, Callable[[str], bytes]] = {
    "gb18030": lambda html: html.encode("gb18030"),
    "marked": lambda html: html.encode("utf-8-sig"),
    "utf-16": lambda html: html.encode("utf-16"),
    "utf-16 without mark": lambda html: html.encode("utf-16-le"),
    "big-endian without mark": lambda html: html.encode("utf-16-be"),
    "declares another encoding": lambda html: html.replace("utf-8", "gb2312").encode(),
    "declares utf-8 and is not": lambda html: html.encode("gb18030"),
    "wide figures": lambda html: re.sub(r">(\d+)<", lambda match: match[0].translate(WIDE), html).encode(),
    "decomposed": lambda html: unicodedata.normalize("NFD", html).encode(),
    "compatible": lambda html: unicodedata.normalize("NFKC", html).encode(),
    "upper-case tags": lambda html: re.sub(r"</?\w+", lambda match: match[0].upper(), html).encode(),
    "xhtml": lambda html: (
        '<?xml version="1.0" encoding="utf-8"?>' + html.replace("<html>", '<html xmlns="http://www.w3.org/1999/xhtml">')
    ).encode(),
}


def facts(found: Report) -> dict[str, object]:
    sections = [key for key in SECTIONS if found.sections[key].present]
    cells = {key: (cell.state, cell.value, cell.how) for key, cell in found.cells.items()}
    return {
        "title": found.title,
        "agency": found.agency,
        "year": found.year,
        "form": found.form,
        "declared": found.dates.declared,
        "sections": sections,
        "cells": cells,
    }


@pytest.mark.parametrize("report", REPORTS, ids=["2021", "2019"])
@pytest.mark.parametrize("shell", SHELLS)
def test_every_system_gives_the_report_as_it_was_written(shell: str, report: object) -> None:
    own = next(known for known in REPORTS if known is report)

    found = read(SHELLS[shell](own).encode())

    assert differences(found, own) == ([], [])
    assert (found.agency, found.year, found.title) == (own.agency, own.year, own.title)
    assert (found.dates.declared, found.form) == (own.published, own.form)
    assert [key for key in SECTIONS if found.sections[key].present] == list(SECTIONS)


@pytest.mark.parametrize("rewritten", REWRITTEN)
@pytest.mark.parametrize("shell", ["trs", "jpage", "gkmlpt", "aspx"])
def test_other_bytes_for_the_same_page_give_the_same_report(shell: str, rewritten: str) -> None:
    html = SHELLS[shell](REPORTS[0])

    assert facts(read(REWRITTEN[rewritten](html))) == facts(read(html.encode()))


@pytest.mark.parametrize("shell", sorted(set(SHELLS) - {"gkmlpt", "reply"}))
def test_the_place_on_the_portal_is_read(shell: str) -> None:
    assert read_document(SHELLS[shell](REPORTS[0]).encode()).breadcrumb == PATH


@pytest.mark.parametrize("shell", SHELLS)
def test_every_shell_reads_the_same_on_both_paths(shell: str) -> None:
    data = SHELLS[shell](REPORTS[0]).encode()

    assert read_html(data) == read_html(data, whole=True)
