"""``nianshen check`` on whatever a user may give it: a clear answer, the right exit code, never a guess."""

from __future__ import annotations

import io
import json
import random
import sys
from datetime import date
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from nianshen.cli import call
from nianshen.demo import figures, pages
from nianshen.demo.narrative import Publication
from nianshen.demo.pdf import report_pdf
from tests.acceptance.town import nianshen
from tests.crawler.site import Answer, serve
from tests.generator import page

SCHEMA = json.loads((Path(__file__).parents[2] / "nianshen/schemas/check.json").read_text(encoding="utf-8"))
NAME = "示例市教育局"
CELL = "requests/concluded/natural_person"
DECOY = "<table><tr><td>序号</td><td>事项</td><td>数量</td></tr><tr><td>1</td><td>行政许可</td><td>12</td></tr></table>"


def made(*, misprints: dict[str, str] | None = None, year: int = 2025, fee: bool = True) -> Publication:
    values = figures.tables("2021", random.Random(7), 30)
    if not fee:  # where a fee went unpaid, silence on fees is no mere note
        for cell in [cell for cell in values if "/other.fee_unpaid/" in cell]:
            values[cell.replace("fee_unpaid", "miscellaneous")] += values[cell]
            values[cell] = 0
    printed = {cell: str(values[cell] + int(text)) for cell, text in (misprints or {}).items()}
    day = date(year + 1, 1, 20)
    return Publication(NAME, year, "2021", values, day, misprints=printed, fee_statement=fee)


def html(*, undated: bool = False, **more: Any) -> str:
    text = page(made(**more), "trs")
    return text.replace("发布时间：2026-01-20", "").replace('content="2026-01-20', 'content="') if undated else text


@pytest.fixture
def right(tmp_path: Path) -> Path:
    """A report without a fault."""
    path = tmp_path / "right.html"
    path.write_text(html(), encoding="utf-8")
    return path


@pytest.fixture
def wrong(tmp_path: Path) -> Path:
    """A report with one wrong figure (error)."""
    path = tmp_path / "wrong.html"
    path.write_text(html(misprints={CELL: "+1"}), encoding="utf-8")
    return path


class Checking:
    """Runs the command line in this process and reads its output."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys
        self.code = -1

    def __call__(self, *arguments: str | Path) -> Any:
        """The documents, the schema held."""
        self.code = call(["check", *map(str, arguments), "--format", "json"])
        answer = json.loads(self._capsys.readouterr().out)
        jsonschema.Draft202012Validator(SCHEMA).validate(answer)
        return answer["documents"]

    def one(self, *arguments: str | Path) -> Any:
        (document,) = self(*arguments)
        return document

    def text(self, *arguments: str | Path) -> str:
        self.code = call(["check", *map(str, arguments)])
        return self._capsys.readouterr().out

    def complaint(self, *arguments: str | Path) -> str:
        self.code = call(["check", *map(str, arguments)])
        return self._capsys.readouterr().err


@pytest.fixture
def check(capsys: pytest.CaptureFixture[str]) -> Checking:
    return Checking(capsys)


def rules(document: Any) -> set[str]:
    return {one["rule"] for one in document["findings"]}


def not_judged(document: Any) -> set[str]:
    return {one["rule"] for one in document["not_judged"]}


# --- what comes out ------------------------------------------------------------------------------------------------


def test_a_right_report_is_clean(check: Checking, right: Path) -> None:
    document = check.one(right)

    assert (check.code, document["outcome"], document["findings"], document["error"]) == (0, "clean", [], None)
    assert (document["report"]["agency"], document["report"]["year"]) == (NAME, 2025)
    assert document["report"]["dates"]["declared"] == "2026-01-20"
    assert len(document["report"]["cells"]) == 200


def test_a_wrong_figure_ends_with_1_and_names_the_cell(check: Checking, wrong: Path) -> None:
    document = check.one(wrong)

    assert check.code == 1
    (one,) = document["findings"]
    assert (one["rule"], one["cell"], one["actual"] - one["expected"]) == ("A003", CELL, 1)
    assert "≠" in one["formula"]


def test_text_speaks_chinese_unless_english_is_asked_for(check: Checking, wrong: Path) -> None:
    assert "疑似" in check.text(wrong)
    assert "suspected" in check.text(wrong, "--lang", "en").lower() or "error" in check.text(wrong, "--lang", "en")


def test_several_files_end_with_the_gravest_code(check: Checking, right: Path, wrong: Path, tmp_path: Path) -> None:
    documents = check(right, wrong, tmp_path / "gone.html")

    assert [one["outcome"] for one in documents] == ["clean", "findings", "unreadable"]
    assert check.code == 1


def test_the_result_goes_to_stdout_and_nothing_else(right: Path) -> None:
    said = nianshen("check", "right.html", "--format", "json", cwd=right.parent)

    assert (said.code, said.err) == (0, "")
    assert said.document["schema"] == "nianshen.check/1"


def test_pdf_and_text_are_read_too(check: Checking, tmp_path: Path) -> None:
    path = tmp_path / "report.pdf"
    path.write_bytes(report_pdf(made()))

    document = check.one(path)

    assert (document["media"], document["outcome"], check.code) == ("pdf", "clean", 0)


# --- bad input -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "empty"),
        (b" \n\t ", "empty"),
        (bytes(range(256)) * 64, "binary"),
        (b"\x7fELF" + bytes(4096), "binary"),
        (b"\x89PNG\r\n\x1a\n" + bytes(600), "image"),
        (b"%PDF-1.7\nbroken", "damaged"),
    ],
)
def test_what_is_no_document_is_unreadable_with_the_reason(
    check: Checking, tmp_path: Path, data: bytes, code: str
) -> None:
    path = tmp_path / "input.html"
    path.write_bytes(data)

    document = check.one(path)

    assert (check.code, document["outcome"], document["report"]) == (3, "unreadable", None)
    assert document["error"]["code"] == code
    assert document["error"]["message"]["zh"]
    assert document["error"]["message"]["en"]


def test_a_file_that_is_not_there_is_said_to_be_missing(check: Checking, tmp_path: Path) -> None:
    document = check.one(tmp_path / "gone.html")

    assert (check.code, document["error"]["code"], document["sha256"]) == (3, "not_found", None)


def test_a_file_over_50_mb_is_refused_and_not_read_whole(check: Checking, tmp_path: Path) -> None:
    path = tmp_path / "huge.html"
    with path.open("wb") as file:
        file.truncate(200 * 2**20)

    document = check.one(path)

    assert (check.code, document["error"]["code"]) == (3, "too_large")


@pytest.mark.parametrize(
    "body",
    [
        "<h1>通知公告</h1><p>关于召开会议的通知。</p>",
        f"<h1>示例市2025年法治政府建设年度报告</h1><p>认真落实。</p>{DECOY}",
        f"<h1>权责清单</h1>{DECOY * 3}",
        "<h1>页面不存在</h1>",
    ],
)
def test_a_page_that_is_no_report_is_not_judged(check: Checking, tmp_path: Path, body: str) -> None:
    path = tmp_path / "page.html"
    path.write_text(f"<html><head><title>示例市</title></head><body>{body}</body></html>", encoding="utf-8")

    document = check.one(path)

    assert (check.code, document["outcome"], document["findings"]) == (3, "not_a_report", [])


def test_a_decoy_table_beside_the_report_changes_nothing(check: Checking, tmp_path: Path, right: Path) -> None:
    path = tmp_path / "decoy.html"
    path.write_text(html().replace('<div class="main">', f'<div class="main">{DECOY}'), encoding="utf-8")

    cells = [check.one(one)["report"]["cells"] for one in (path, right)]

    values = [{name: (cell["state"], cell["value"]) for name, cell in one.items()} for one in cells]
    assert values[0] == values[1]


@pytest.mark.parametrize(
    ("encoding", "declared"),
    [("gbk", "utf-8"), ("gb18030", "gb2312"), ("utf-8", "gb2312"), ("utf-8-sig", "iso-8859-1"), ("gbk", "big5")],
)
def test_a_lying_character_set_does_not_spoil_the_reading(
    check: Checking, tmp_path: Path, encoding: str, declared: str
) -> None:
    path = tmp_path / "report.html"
    text = pages.old_article(made(), "示例市人民政府").replace("charset=gb2312", f"charset={declared}")
    path.write_bytes(text.encode(encoding))

    document = check.one(path)

    assert (document["outcome"], document["report"]["agency"]) == ("clean", NAME)


def test_a_folder_gives_every_file_below_it(check: Checking, tmp_path: Path) -> None:
    (tmp_path / "deep/er").mkdir(parents=True)
    for name in ("a.html", "deep/b.htm", "deep/er/c.txt", "deep/style.css", ".hidden.html"):
        (tmp_path / name).write_text(html() if name.endswith(("l", "m")) else "x", encoding="utf-8")

    documents = check(tmp_path)

    assert [Path(one["source"]).name for one in documents] == ["a.html", "b.htm", "c.txt"]
    assert check.code == 3


def test_a_folder_without_files_is_no_success(check: Checking, tmp_path: Path) -> None:
    document = check.one(tmp_path)

    assert (check.code, document["error"]["code"]) == (3, "no_files")


def test_standard_input_is_a_document(check: Checking, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(html().encode())))

    document = check.one("-")

    assert (document["source"], document["outcome"]) == ("-", "clean")


def test_a_file_name_that_is_no_utf_8_is_shown_all_the_same(tmp_path: Path) -> None:
    name = b"\xb1\xa8.html".decode("utf-8", "surrogateescape")
    (tmp_path / name).write_text(html(), encoding="utf-8")

    said = nianshen("check", name, "--format", "json", cwd=tmp_path, environ={"PYTHONIOENCODING": "utf-8:strict"})

    assert (said.code, said.document["documents"][0]["source"]) == (0, "\\xb1\\xa8.html")


def test_a_terminal_that_lacks_the_characters_gets_the_result_all_the_same(wrong: Path) -> None:
    said = nianshen("check", "wrong.html", cwd=wrong.parent, environ={"PYTHONIOENCODING": "ascii"})

    assert said.code == 1
    assert "A003" in said.out


def test_names_out_of_a_page_cannot_drive_the_terminal(check: Checking, tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    path.write_text(html().replace(NAME, f"{NAME}\x1b[2J\u202e"), encoding="utf-8")

    shown = check.text(path)

    assert "\x1b" not in shown
    assert "\u202e" not in shown


# --- addresses -----------------------------------------------------------------------------------------------------


LOOPBACK = ("--allow-private", "127.0.0.0/8")


def test_an_address_is_fetched_and_judged(check: Checking) -> None:
    with serve() as site:
        site.put("/old.html", Answer(b"", 302, {"Location": "/new.html"}))
        site.put("/new.html", html())

        document = check.one(site.url("/old.html"), *LOOPBACK)

        assert (check.code, document["outcome"], document["source"]) == (0, "clean", site.url("/old.html"))
        assert all(agent.startswith("nianshen/") for agent in site.agents)


def test_an_address_that_gives_nothing_is_said_so(check: Checking) -> None:
    with serve() as site:
        site.put("/gone.html", Answer(b"", 404))
        gone = check.one(site.url("/gone.html"), *LOOPBACK)

    refused = check.one(site.url("/"), *LOOPBACK)

    assert (gone["error"]["code"], refused["error"]["code"], check.code) == ("http_404", "connection", 3)
    assert check.one("http://[")["error"]["code"] == "bad_url"


def test_an_address_in_a_private_network_is_refused_unless_allowed(check: Checking) -> None:
    with serve() as site:
        site.put("/report.html", html())

        assert check.one(site.url("/report.html"))["error"]["code"] == "address_refused"
        assert site.asked == []

    assert check.complaint(site.url("/"), "--allow-private", "0.0.0.0/0")
    assert check.code == 2


# --- options -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "arguments",
    [
        ["--bogus"],
        ["--select", "Z999"],
        ["--ignore", "A003,B"],
        ["--kind", "shop"],
        ["--year", "soon"],
        ["--published", "2026-02-30"],
        ["--fail-on", "always"],
        ["--format", "xml"],
        ["--previous", "gone.html"],
    ],
)
def test_a_wrong_option_is_a_usage_error_and_nothing_is_judged(
    check: Checking, right: Path, arguments: list[str]
) -> None:
    assert check.complaint(right, *arguments)
    assert check.code == 2


def test_no_path_at_all_is_a_usage_error(check: Checking) -> None:
    assert check.complaint()
    assert check.code == 2


def test_published_after_the_due_date_is_late(check: Checking, right: Path) -> None:
    late = check.one(right, "--published", "2026-02-10", "--kind", "department")
    (one,) = late["findings"]

    assert (one["rule"], one["severity"], one["confirmed"], check.code) == ("F002", "error", False, 1)
    assert check.one(right, "--published", "2026-02-10", "--kind", "government")["findings"] == []
    assert "F002" in not_judged(check.one(right, "--published", "2026-02-10"))


def test_the_due_date_itself_is_in_time(check: Checking, right: Path) -> None:
    assert check.one(right, "--published", "2026-01-31", "--kind", "department")["outcome"] == "clean"


def test_a_rest_day_moves_the_verdict_to_a_note(check: Checking, right: Path) -> None:
    (one,) = check.one(right, "--published", "2026-02-02", "--kind", "department")["findings"]

    assert (one["rule"], one["severity"], check.code) == ("F002", "note", 0)


def test_without_any_date_a_verdict_that_is_due_waits_for_a_person(check: Checking, tmp_path: Path) -> None:
    path = tmp_path / "undated.html"
    path.write_text(html(undated=True), encoding="utf-8")

    document = check.one(path, "--kind", "department")

    assert document["report"]["dates"]["declared"] is None
    assert [(one["rule"], one["kind"]) for one in document["findings"]] == [("F015", "open")]
    assert (document["outcome"], check.code) == ("review", 0)
    assert {"F002", "F015"} <= not_judged(check.one(path))  # without a kind of organ nothing is due


def test_year_and_agency_override_what_was_detected(check: Checking, right: Path) -> None:
    before = check.one(right)
    document = check.one(right, "--year", "2024", "--agency", "示例市体育局")

    assert (document["report"]["year"], document["report"]["agency"]) == (2024, "示例市体育局")
    assert before["sha256"] == document["sha256"]


def test_an_older_year_expects_the_older_form(check: Checking, right: Path) -> None:
    assert "S005" in rules(check.one(right, "--year", "2020"))


def test_last_years_report_enables_the_comparison(check: Checking, right: Path, tmp_path: Path) -> None:
    previous = tmp_path / "previous.html"
    values = dict(figures.tables("2021", random.Random(7), 30))
    values["requests/carried_forward/natural_person"] += 3
    values["requests/received/natural_person"] += 3
    values["requests/carried_forward/total"] += 3
    values["requests/received/total"] += 3
    previous.write_text(page(Publication(NAME, 2024, "2021", values, date(2025, 1, 20)), "trs"), encoding="utf-8")

    alone, compared = check.one(right), check.one(right, "--previous", previous)

    assert "Y001" in not_judged(alone)
    assert "Y001" in rules(compared)


def test_selected_and_ignored_rules(check: Checking, wrong: Path) -> None:
    assert check.one(wrong, "--select", "C,N001")["findings"] == []
    assert rules(check.one(wrong, "--select", "a003")) == {"A003"}
    assert check.one(wrong, "--ignore", "A")["findings"] == []
    assert check.code == 0


@pytest.mark.parametrize(
    ("report", "fail_on", "code"),
    [
        ("wrong", "error", 1),
        ("wrong", "warning", 1),
        ("wrong", "note", 1),
        ("wrong", "never", 0),
        ("noted", "error", 0),
        ("noted", "warning", 0),
        ("noted", "note", 1),
        ("noted", "never", 0),
        ("right", "note", 0),
        ("gone", "never", 3),
    ],
)
def test_the_exit_code_follows_fail_on(
    check: Checking, wrong: Path, right: Path, report: str, fail_on: str, code: int
) -> None:
    (wrong.parent / "noted.html").write_text(html(fee=False), encoding="utf-8")

    check(wrong.parent / f"{report}.html", "--fail-on", fail_on)

    assert check.code == code


def test_notes_do_not_count_against_clean(check: Checking, tmp_path: Path) -> None:
    path = tmp_path / "noted.html"
    path.write_text(html(fee=False), encoding="utf-8")

    document = check.one(path)

    assert [(one["rule"], one["severity"]) for one in document["findings"]] == [("C004", "note")]
    assert document["outcome"] == "clean"
