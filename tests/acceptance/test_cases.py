"""Real reports with verified truth: nothing may be read wrongly, and nothing accused that is right in print."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from nianshen.checking import Request, check

ROOT = Path(__file__).parents[2]
CASES = ROOT.parent / "shared" / "cases"
FOUND = sorted(path.parent.name for path in CASES.glob("*/truth.json"))
SCHEMA = json.loads((ROOT / "nianshen/schemas/check.json").read_text(encoding="utf-8"))
ARITHMETIC = re.compile("A0")

pytestmark = pytest.mark.skipif(not FOUND, reason="the cases (../shared/cases) are not on this machine")


def truth(case: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((CASES / case / "truth.json").read_text(encoding="utf-8"))
    return document


def source(case: str) -> bytes:
    file: str = truth(case)["source"]["file"]
    return (CASES / case / file).read_bytes()


def checked(data: bytes, name: str) -> dict[str, Any]:
    document = check(data, name, Request()).as_json()
    answer = json.loads(json.dumps({"schema": "nianshen.check/1", "documents": [document]}))
    jsonschema.Draft202012Validator(SCHEMA).validate(answer)
    one: dict[str, Any] = answer["documents"][0]
    return one


@cache
def result(case: str) -> dict[str, Any]:
    if case not in FOUND:
        pytest.skip(f"the case {case} is not on this machine")
    return checked(source(case), truth(case)["source"]["file"])


def found(document: dict[str, Any]) -> list[tuple[str, str, str]]:
    return sorted((one["rule"], one["severity"], one["kind"]) for one in document["findings"])


def cells(document: dict[str, Any], table: str = "") -> dict[str, dict[str, Any]]:
    return {name: cell for name, cell in document["report"]["cells"].items() if name.startswith(table)}


@pytest.mark.parametrize("case", FOUND)
def test_no_cell_is_read_wrongly(case: str) -> None:
    wrong = [
        name
        for name, expected in truth(case)["cells"].items()
        if (cell := result(case)["report"]["cells"].get(name))
        and cell["how"] == "read"
        and cell["state"] not in {"unreadable", "absent"}
        and (cell["state"], cell["value"]) != (expected["state"], expected.get("value"))
    ]

    assert wrong == []


@pytest.mark.parametrize("case", FOUND)
def test_at_least_99_of_100_cells_are_read(case: str) -> None:
    wanted = set(truth(case)["cells"]) - set(truth(case)["lost"]) - set(truth(case)["doubtful"])

    read = {
        name
        for name, cell in result(case)["report"]["cells"].items()
        if cell["how"] == "read" and cell["state"] not in {"unreadable", "absent"}
    }

    assert len(wanted & read) >= 0.99 * len(wanted)


@pytest.mark.parametrize("case", FOUND)
def test_agency_year_form_and_sections_are_recognised(case: str) -> None:
    expected, report = truth(case), result(case)["report"]

    assert (report["year"], report["form"]) == (expected["year"], expected["form"])
    assert expected["agency"].endswith(report["agency"]) or report["agency"].endswith(expected["agency"])
    assert [key for key, section in report["sections"].items() if section["present"]] == expected["sections"]
    shapes = {name: table["shape"] for name, table in report["tables"].items()}
    # Table four looks alike in both forms.
    assert all(shapes[name] == expected["table_shapes"][name] for name in ("disclosure", "requests"))


# --- the seed: a torn table is a reading doubt, never an accusation (domain.md 8) -----------------------------------


def test_the_seed_gets_its_golden_answer() -> None:
    findings = found(result("seed"))

    assert [one for one in findings if one[0] != "C005"] == [
        ("C001", "warning", "fail"),
        ("C004", "note", "fail"),
        ("S011", "note", "open"),
    ]
    assert [one for one in findings if one[0] == "C005"] in ([], [("C005", "note", "fail")])


def test_the_seed_names_the_two_aspects_it_lacks() -> None:
    (lacking,) = [one for one in result("seed")["findings"] if one["rule"] == "C001"]

    assert "依申请公开" in lacking["message"]["zh"]
    assert "监督保障" in lacking["message"]["zh"]
    assert "主动公开、" not in lacking["message"]["zh"]


def test_the_seed_has_one_item_for_its_four_short_rows() -> None:
    (doubt,) = [one for one in result("seed")["findings"] if one["rule"] == "S011"]

    rows = {cell.split("/")[1] for cell in doubt["cells"]}
    assert rows == {"granted", "partly_granted", "refused.state_secret", "unavailable.not_held"}


def test_the_seed_claims_no_more_than_it_shows() -> None:
    document = result("seed")
    requests = cells(document, "requests/")

    read = [one for one in requests.values() if one["how"] == "read" and one["state"] == "value"]
    inferred = [one for one in requests.values() if one["how"] == "inferred" and one["state"] == "value"]
    assert (len(read), len(inferred) <= 24) == (147, True)
    assert document["report"]["cells"]["disclosure/licences/decisions"]["value"] == 2
    assert all(
        one["state"] == "value" for table in ("disclosure", "disputes") for one in cells(document, table).values()
    )


def test_rules_without_context_stand_in_not_judged() -> None:
    document = result("seed")

    rules = {one["rule"] for one in document["not_judged"]}
    assert {"F001", "F002"} <= rules
    assert all(one["reason"]["zh"] and one["reason"]["en"] for one in document["not_judged"])


# --- a right report, and the same with one digit changed -----------------------------------------------------------


def test_a_right_report_has_no_arithmetic_finding() -> None:
    document = result("hangzhou_2025")

    assert [one for one in found(document) if ARITHMETIC.match(one[0])] == []
    assert sum(one["state"] == "value" for one in cells(document).values()) == 200


CHANGED = [
    "requests/received/natural_person",
    "requests/received/total",
    "requests/carried_in/business",
    "requests/granted/natural_person",
    "requests/granted/total",
    "requests/partly_granted/legal_service",
    "requests/refused.third_party_rights/natural_person",
    "requests/rejected.repeated/total",
    "requests/concluded/natural_person",
    "requests/concluded/total",
    "requests/carried_forward/business",
    "requests/carried_forward/total",
]


@pytest.mark.parametrize("cell", CHANGED)
def test_one_changed_digit_of_table_three_gives_one_finding_that_names_the_cell(cell: str) -> None:
    printed = truth("hangzhou_2025")["cells"][cell]["value"] if "hangzhou_2025" in FOUND else pytest.skip("no case")
    data = replaced(source("hangzhou_2025"), list(cells(result("hangzhou_2025"), "requests/")).index(cell), printed)

    document = checked(data, "changed.html")

    accusations = [one for one in document["findings"] if ARITHMETIC.match(one["rule"])]
    assert [one["cell"] for one in accusations] == [cell]
    assert (accusations[0]["actual"], accusations[0]["expected"]) == (printed + 1, printed)
    assert accusations[0]["confirmed"]
    assert document["outcome"] == "findings"


def replaced(data: bytes, position: int, printed: int) -> bytes:
    """The page with one more in the cell at ``position`` of table three's figures, in the order of the print."""
    text = data.decode("utf-8")
    start = text.index("收到和处理政府信息公开申请情况", text.index("行政事业性收费"))
    start = text.index("本年新收政府信息公开申请数量", start)
    figures = list(re.finditer(r"(?<=>)\s*(\d+)\s*(?=<)", text[start:]))
    figure = figures[position]
    assert int(figure[1]) == printed, (position, figure[1], printed)
    begin, end = start + figure.start(1), start + figure.end(1)
    return f"{text[:begin]}{printed + 1}{text[end:]}".encode()


# --- blanks, and two sums that are wrong in print --------------------------------------------------------------------


def test_blank_totals_are_named_as_blank_and_never_as_broken_sums() -> None:
    document = result("shanghai_office_2019")

    assert [one for one in found(document) if ARITHMETIC.match(one[0])] == []
    (blank,) = [one for one in document["findings"] if one["rule"] == "N001" and "/total" in one["subject"]]
    assert len(blank["cells"]) == 19


def test_a_blank_is_never_zero() -> None:
    read = result("shanghai_office_2019")["report"]["cells"]

    assert {one["value"] for one in read.values() if one["state"] == "blank"} == {None}


def test_two_sums_that_are_wrong_in_print_are_two_findings() -> None:
    document = result("huaian_hongze_2023")

    wrong = [one for one in document["findings"] if ARITHMETIC.match(one["rule"])]
    assert sorted((one["rule"], one["subject"], one["cell"]) for one in wrong) == [
        ("A004", "disputes/review", None),
        ("A004", "disputes/suit_after_review", None),
    ]
    assert {one["formula"] for one in wrong} == {"10 + 1 + 0 + 0 ≠ 0", "5 + 0 + 0 + 0 ≠ 0"}
