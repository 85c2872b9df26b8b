"""Seasons in which everything goes wrong that can: nobody is accused by it, and nothing stays unsaid."""

from __future__ import annotations

import os
import resource
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from crawler.evidence import verify
from nianshen.cli import call
from nianshen.demo.pdf import report_pdf
from tests.acceptance.town import CELL, CITY, COUNTY, Town, built, html, publication
from tests.crawler.site import Answer, listing, row
from tests.generator import page
from tests.notifiers.receiver import SECRET

DUE = "2026-01-31T20:00:00+08:00"
MORNING, EVENING, NEXT, LATER, LAST = (
    "2026-02-04T08:00:00+08:00",
    "2026-02-04T20:00:00+08:00",
    "2026-02-05T08:00:00+08:00",
    "2026-02-05T20:00:00+08:00",
    "2026-02-09T08:00:00+08:00",
)
ACCUSING = {"F001", "F002", "F004", "F005", "F006"}
_OURS = ("edu", "water", "stats", "fin")


@pytest.fixture
def town(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Town]:
    """A town without misprints, whose office calls the command line in this process, from its own folder."""
    monkeypatch.setenv("OFFICE_SECRET", SECRET)
    with built(tmp_path) as one:
        one.misprint = False
        one.publish()
        monkeypatch.chdir(tmp_path)
        yield one


def run(now: str, *more: str) -> int:
    return call(["run", "--year", "2025", "--now", now, *more])


def standing(town: Town, now: str) -> dict[str, str]:
    return {one: entry["status"] for one, entry in town.status(now).items()}


def accused(town: Town) -> list[tuple[str | None, str]]:
    """Organisations and rules of every alert that says something about publication."""
    return [(who, rule) for _, who, rule in town.told() if rule in ACCUSING]


def line(one: str, href: str = "", day: str = "2026-01-20") -> str:
    return row(f"{CITY[one]}2025年政府信息公开工作年度报告", href or f"{one}.html", day)


def dated(one: str, day: date) -> str:
    """The report of an organisation with another day of publication."""
    return page(replace(publication(CITY[one]), published=day), "trs")


# --- portals that fail ---------------------------------------------------------------------------------------------


def test_a_portal_that_is_down_over_the_due_day_makes_nobody_late_or_missing(town: Town) -> None:
    town.city.put("/nb/", Answer(b"", 502))
    for now in (DUE, MORNING, EVENING):
        run(now)
    down = standing(town, EVENING)
    town.publish()
    run(NEXT)

    assert {down[one] for one in CITY} == {"unknown"}
    assert {down[one] for one in COUNTY} == {"ok"}
    assert accused(town) == []
    assert standing(town, NEXT)["edu"] == "ok"
    assert [rule for event, _, rule in town.told() if event == "system"] == ["portal_unreachable", "portal_recovered"]


@pytest.mark.parametrize("cut", ["bytes", "rows", "empty", "challenge", "home"])
def test_a_list_that_is_not_what_it_was_proves_no_absence(town: Town, cut: str) -> None:
    others = [
        row(f"示例市第{number}中学2025年政府信息公开年报", f"x{number}.html") for number in "一二三四五六七八九十"
    ]
    whole = listing(*others, *(line(one) for one in _OURS))
    town.city.put("/nb/", whole)
    run(MORNING)
    broken = {
        "bytes": Answer.page(whole[: len(whole) * 2 // 3]),
        "rows": Answer.page(listing(*others[:6])),
        "empty": Answer.page(listing()),
        "challenge": Answer.page("<html><script>var x='__jsl_clearance';document.cookie=x;location.reload()</script>"),
        "home": Answer.page("<html><title>示例市人民政府</title><ul><li><a href='/a'>要闻</a></li></ul></html>"),
    }[cut]
    town.city.put("/nb/", broken)
    codes = [run(now) for now in (EVENING, NEXT, LAST)]  # enough looks for F006, if they counted

    assert codes == [3] * 3
    assert accused(town) == []
    assert standing(town, LAST)["culture"] == "unknown"
    assert standing(town, LAST)["edu"] == "ok"


# --- reports that change -------------------------------------------------------------------------------------------


def test_a_redesigned_portal_opens_nothing(town: Town, capsys: pytest.CaptureFixture[str]) -> None:
    town.misprint = True
    town.publish()
    run(MORNING)
    run(EVENING)
    before, told = standing(town, EVENING), len(town.told())
    pager = '<script>createPageHTML(2, {}, "index", "html");</script>'
    town.city.answers.clear()
    town.city.put("/nb/", listing(line("edu", "t1.html"), line("water", "t2.html"), tail=pager.format(0)))
    town.city.put("/nb/index_1.html", listing(line("stats", "t3.html"), line("fin", "t4.html"), tail=pager.format(1)))
    for number, one in enumerate(_OURS, 1):
        wrong = {CELL: "+1"} if one == "water" else {}
        town.city.put(f"/nb/t{number}.html", html(CITY[one], wrong, skin="th"))
    capsys.readouterr()
    for now in (NEXT, LATER, LAST):
        run(now)

    after = standing(town, LAST)
    assert {one: after[one] for one in ("edu", "water", "culture")} == {
        one: before[one] for one in ("edu", "water", "culture")
    }
    assert [one for one in town.told()[told:] if one[0] == "opened"] == []
    assert "年报换了地址" in capsys.readouterr().err


def test_a_portal_with_new_addresses_in_the_configuration_starts_its_proof_anew(town: Town) -> None:
    run(MORNING)
    run(EVENING)
    proven = standing(town, EVENING)["culture"]
    town.city.answers["/new/"] = town.city.answers.pop("/nb/")
    for path in [path for path in town.city.answers if path.startswith("/nb/")]:
        town.city.answers[path.replace("/nb/", "/new/")] = town.city.answers.pop(path)
    path = town.folder / "config.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace("/nb/", "/new/"), encoding="utf-8")
    run(NEXT)
    anew = town.status(NEXT)["culture"]
    run(LATER)

    assert (proven, anew["status"], anew["reason"]) == ("missing", "unknown", "absence_unproven")
    assert standing(town, LATER)["culture"] == "missing"
    assert accused(town) == [("culture", "F001")]
    assert standing(town, LATER)["edu"] == "ok"


def test_a_wrong_address_that_is_put_right_dates_nobody_back(town: Town) -> None:
    """Read whole, but another column: all were absent there after the day that they declare."""
    other = listing(*(row(f"示例市第{number}中学2025年政府信息公开年报", f"x{number}.html") for number in "一二三"))
    town.city.put("/schools/", other)
    path = town.folder / "config.yaml"
    right = path.read_text(encoding="utf-8")
    path.write_text(right.replace("/nb/", "/schools/"), encoding="utf-8")
    run(MORNING)
    path.write_text(right, encoding="utf-8")
    run(EVENING)

    assert accused(town) == []
    assert standing(town, EVENING)["edu"] == "ok"
    assert standing(town, EVENING)["culture"] == "unknown"


def test_a_report_that_comes_late_and_declares_an_early_day_is_dated_back(town: Town) -> None:
    town.city.put("/nb/", listing(*(line(one) for one in _OURS if one != "edu")))
    run(MORNING)
    run(EVENING)
    town.city.put("/nb/", listing(*(line(one, day="2026-01-30") for one in _OURS)))
    town.city.put("/nb/edu.html", dated("edu", date(2026, 1, 30)))
    run(NEXT)

    assert [one for one in town.told() if one[1] == "edu"] == [
        ("opened", "edu", "F001"),
        ("resolved", "edu", "F001"),
        ("opened", "edu", "F004"),
    ]


def test_a_corrected_version_resolves_what_was_wrong_and_is_no_accusation(town: Town) -> None:
    town.misprint = True
    town.publish()
    run(MORNING)
    made = publication(CITY["water"])
    corrected = page(made, "trs").replace("一、总体情况", "更正说明：原表三有误，现予更正。</p><p>一、总体情况", 1)
    town.city.put("/nb/water.html", corrected)
    run(EVENING)

    assert [one for one in town.told() if one[1] == "water"] == [
        ("opened", "water", "A003"),
        ("resolved", "water", "A003"),
    ]


def test_a_link_that_leads_to_another_organs_report_accuses_neither(town: Town) -> None:
    town.city.put("/nb/edu.html", html(CITY["water"], {CELL: "+1"}))
    run(MORNING)
    run(EVENING)

    assert [one for one in town.told() if one[1] in {"edu", "water"}] == [("opened", "edu", "F013")]
    assert (standing(town, EVENING)["edu"], standing(town, EVENING)["water"]) == ("unknown", "ok")


def test_a_report_is_withdrawn_only_once_its_page_is_gone_as_well(town: Town) -> None:
    run(MORNING)
    town.city.put("/nb/", listing(*(line(one) for one in _OURS if one != "edu")))  # the list shows the newest only
    for now in (EVENING, NEXT, LAST):
        run(now)
    listed_no_more = standing(town, LAST)["edu"], accused(town)
    town.city.put("/nb/edu.html", Answer(b"", 404))
    days = [f"2026-02-{day}T08:00:00+08:00" for day in (10, 12, 14)]
    codes = [(run(now), ("edu", "F006") in accused(town)) for now in days]

    assert listed_no_more == ("ok", [("culture", "F001")])
    assert [told for _, told in codes] == [False, False, True]
    assert standing(town, days[-1])["edu"] == "error"


def test_a_file_that_cannot_be_fetched_today_leaves_its_report_as_it_was(town: Town) -> None:
    bare = html(CITY["edu"])
    start, end = bare.index("<table"), bare.rindex("</table>") + len("</table>")
    offer = "<p><a href='edu.pdf'>附件：年度报告全文.pdf</a></p>"
    town.city.put("/nb/edu.html", bare[:start] + offer + bare[end:])  # the text on the page, the tables in the file
    pdf = Answer(report_pdf(publication(CITY["edu"])), headers={"Content-Type": "application/pdf"})
    town.city.put("/nb/edu.pdf", pdf)
    run(MORNING)
    before, told = standing(town, MORNING), town.told()
    for path in ("/nb/edu.pdf", "/nb/fin.pdf"):
        town.city.put(path, Answer(b"", 403))
    run(EVENING)

    assert call(["run", "--replay", "last"]) == 0
    assert before["edu"] != "unknown"
    assert {one: standing(town, EVENING)[one] for one in ("edu", "fin")} == {one: before[one] for one in ("edu", "fin")}
    assert [one for one in town.told()[len(told) :] if one[1] in {"edu", "fin"}] == []


# --- organisations that change -------------------------------------------------------------------------------------


def test_an_organisation_that_is_renamed_keeps_its_report(town: Town) -> None:
    run(MORNING)
    path = town.folder / "config.yaml"
    text = path.read_text(encoding="utf-8")
    path.write_text(
        text.replace("name: 示例市教育局", "name: 示例市教育和体育局, aliases: [示例市教育局]"), encoding="utf-8"
    )
    for now in (EVENING, NEXT, LAST):
        run(now)

    assert standing(town, LAST)["edu"] == "ok"
    assert not any(who == "edu" for who, _ in accused(town))


def test_an_organisation_that_moves_to_another_portal_is_not_accused_by_the_old_one(town: Town) -> None:
    path = town.folder / "config.yaml"
    run(MORNING)  # the first look at the city, which shows nothing of culture
    text = path.read_text(encoding="utf-8")
    for one in ("culture", "edu"):
        text = text.replace(f"{{id: {one}, ", f"{{id: {one}, portal: county, ").replace(
            f"portal: county, name: {CITY[one]}, kind: department, region: 示例市, portal: city",
            f"name: {CITY[one]}, kind: department, region: 示例市, portal: county",
        )
    path.write_text(text, encoding="utf-8")
    run(EVENING)
    moved = town.status(EVENING)
    for now in (NEXT, LATER, LAST):
        run(now)

    assert (moved["culture"]["status"], moved["culture"]["reason"]) == ("unknown", "absence_unproven")
    assert standing(town, LAST)["culture"] == "missing"
    assert ("edu", "F006") not in accused(town)


# --- clocks --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("zone", ["America/Los_Angeles", "Pacific/Kiritimati"])
def test_the_due_day_ends_at_midnight_in_shanghai_wherever_the_machine_stands(
    town: Town, monkeypatch: pytest.MonkeyPatch, zone: str
) -> None:
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        for now in ("2026-02-02T09:00:00+08:00", "2026-02-02T23:59:59+08:00"):
            run(now)
        before = town.status("2026-02-02T23:59:59+08:00")["culture"]["status"]
        after = town.status("2026-02-02T16:00:00+00:00")["culture"]
        run("2026-02-02T16:00:00+00:00")  # 00:00 in Shanghai on the third
        run("2026-02-02T21:59:59+00:00")  # one second short of six hours
        early = town.status("2026-02-02T21:59:59+00:00")["culture"]["status"]
        run("2026-02-02T22:00:00+00:00")
    finally:
        monkeypatch.undo()
        time.tzset()

    assert before == "pending"
    assert (after["status"], after["reason"]) == ("unknown", "absence_unproven")
    assert early == "unknown"
    assert standing(town, "2026-02-02T22:00:00+00:00")["culture"] == "missing"


# --- the machine ---------------------------------------------------------------------------------------------------


def started(town: Town, *more: str, limit: int | None = None) -> subprocess.Popen[bytes]:
    """The run as a process of its own, at a pace at which it can be met in the middle."""
    path = town.folder / "config.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace("{delay: 0}", "{delay: 0.3}"), encoding="utf-8")

    def bound() -> None:
        if limit is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    command = [sys.executable, "-m", "nianshen", "run", "--year", "2025", "--now", EVENING, *more]
    return subprocess.Popen(  # noqa: S603 - our own module under our own interpreter
        command,
        env={**os.environ, "OFFICE_SECRET": SECRET},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        preexec_fn=bound,  # noqa: PLW1509 - nothing here has threads that could hold a lock
    )


def test_two_runs_at_once_are_one_run(town: Town) -> None:
    with started(town) as first:
        while not town.city.asked and first.poll() is None:
            time.sleep(0.02)
        second = run(EVENING)
        _, said = first.communicate(timeout=60)

    assert second == 8
    assert first.returncode == 3, said.decode()
    assert len([path for _, path in town.city.asked if path == "/nb/"]) == 1


def test_a_run_that_is_killed_counts_for_nothing_and_is_closed_by_the_next(
    town: Town, capsys: pytest.CaptureFixture[str]
) -> None:
    run(MORNING)
    asked = len(town.city.asked)
    with started(town) as process:
        while len(town.city.asked) < asked + 3 and process.poll() is None:
            time.sleep(0.02)
        os.kill(process.pid, signal.SIGKILL)
    stored = sqlite3.connect(town.folder / "data/nianshen.sqlite3")
    left = stored.execute("select count(*) from run where state = 'running'").fetchone()
    between = standing(town, EVENING)
    capsys.readouterr()
    code = run(NEXT)

    assert left == (1,)
    assert between["culture"] == "unknown"
    assert code == 3  # stats is a picture
    assert "被强行结束" in capsys.readouterr().err
    assert stored.execute("select count(*) from run where state = 'killed'").fetchone() == (1,)
    assert verify(town.folder / "data/evidence") == []
    assert accused(town) == [("culture", "F001")]  # morning and next morning: the killed run between them counts not


def test_a_disk_that_is_full_ends_with_5_and_leaves_everything_as_it_was(town: Town) -> None:
    town.misprint = True
    town.publish()
    run(MORNING)
    before, told = standing(town, MORNING), town.told()
    database = (town.folder / "data/nianshen.sqlite3").stat().st_size
    noise = "".join(f"<p>{os.urandom(32).hex()}</p>" for _ in range(3 * database // 60))
    town.city.put("/nb/edu.html", html(CITY["edu"]).replace("</body>", f"{noise}</body>"))
    with started(town, limit=2 * database) as process:
        _, said = process.communicate(timeout=60)

    assert process.returncode == 5, said.decode()
    assert "Traceback" not in said.decode()
    assert call(["evidence", "verify"]) == 0
    after = standing(town, EVENING)
    assert {one: after[one] for one in CITY if one != "culture"} == {
        one: before[one] for one in CITY if one != "culture"
    }
    assert [one for one in town.told() if one not in told and one[0] != "system"] == []
