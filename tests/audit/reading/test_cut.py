"""A page whose end did not arrive is doubted, a page that merely leaves its end tags out is not."""

from __future__ import annotations

import random

import pytest

from audit.context import Context
from audit.engine import judge
from audit.finding import Kind
from audit.reading import read
from tests.generator import report_html

PAGE, _ = report_html(random.Random(7), "2021", "trs")


@pytest.mark.parametrize("share", [0.5, 0.7, 0.9])
def test_nothing_is_called_missing_from_a_page_that_was_cut(share: float) -> None:
    start = PAGE.index(b"<table")
    cut = PAGE[: start + int((PAGE.rindex(b"</table") - start) * share)]

    findings = judge(read(cut), Context()).findings

    assert {finding.rule for finding in findings if finding.kind is Kind.FAIL} <= {"C001", "C004", "C005"}
    assert {"S001"} <= {finding.rule for finding in findings if finding.kind is Kind.OPEN}


def test_a_page_without_end_tags_is_read_as_whole() -> None:
    bare = PAGE.replace(b"</body>", b"").replace(b"</html>", b"")

    assert read(bare).troubles == ()
