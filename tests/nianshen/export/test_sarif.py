"""SARIF holds to the standard's schema and says what its viewers ask for."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from audit.engine import catalogue
from audit.finding import Kind
from nianshen.errors import Exit
from nianshen.export.document import Document, Line
from nianshen.export.sarif import sarif_text
from tests.nianshen.export import making

SCHEMA = json.loads((Path(__file__).parent / "sarif-2.1.0-rtm.5.json").read_text(encoding="utf-8"))


def run_of(documents: list[Document], code: Exit = Exit.OK) -> Any:
    log = json.loads("".join(sarif_text(documents, lambda: code)))
    jsonschema.Draft4Validator(SCHEMA).validate(log)
    return log["runs"][0]


@pytest.mark.parametrize(
    "documents",
    [[], making.documents(), making.documents() * 2, [making.stored(Line(making.finding()))]],
    ids=["nothing", "a finding and a lost file", "the same twice", "stored"],
)
def test_a_log_is_valid_against_the_schema(documents: list[Document]) -> None:
    assert run_of(documents)["tool"]["driver"]["name"] == "nianshen"


def test_a_finding_is_a_failing_result_with_place_fingerprint_and_level() -> None:
    (result,) = run_of(making.documents())["results"]

    assert (result["ruleId"], result["kind"], result["level"]) == ("A003", "fail", "error")
    place = result["locations"][0]
    assert place["physicalLocation"]["artifactLocation"]["uri"] == "folder/report.html"
    assert place["logicalLocations"][0] == {"name": "business", "fullyQualifiedName": making.WRONG, "kind": "cell"}
    assert set(result["partialFingerprints"]) == {"nianshenFinding/v1", "nianshenFigures/v1"}
    assert result["suppressions"] == []


def test_a_file_that_was_not_read_is_a_notification_and_the_run_did_not_succeed() -> None:
    (invocation,) = run_of(making.documents(), Exit.PARTIAL)["invocations"]

    assert invocation["executionSuccessful"] is False
    assert invocation["exitCode"] == 3
    assert invocation["toolExecutionNotifications"][0]["descriptor"]["id"] == "not_found"
    assert invocation["toolConfigurationNotifications"][0]["associatedRule"]["id"] == "Y001"


def test_undecided_resolved_and_waived_findings_are_no_accusations() -> None:
    lines = [
        Line(making.finding(1, Kind.OPEN)),
        Line(making.finding(2), state="resolved"),
        Line(making.finding(3), state="waived", reason="合并机构"),
    ]

    undecided, resolved, waived = run_of([making.stored(*lines)])["results"]

    assert (undecided["kind"], undecided["level"]) == ("open", "none")
    assert (resolved["kind"], resolved["suppressions"]) == ("pass", [])
    assert waived["suppressions"][0]["justification"] == "合并机构"


def test_every_rule_has_help_and_a_page_and_rests_on_a_basis() -> None:
    run = run_of([])

    rules = {rule["id"]: rule for rule in run["tool"]["driver"]["rules"]}
    taxa = run["taxonomies"][0]["taxa"]
    assert list(rules) == list(catalogue())
    assert all(rule["help"]["text"] and rule["helpUri"] == f"docs/rules/{name}.md" for name, rule in rules.items())
    target = rules["A003"]["relationships"][0]["target"]
    assert taxa[target["index"]]["name"] == catalogue()["A003"].basis


@pytest.mark.parametrize(
    ("source", "uri"),
    [("-", "stdin"), ("年报 1.html", "%E5%B9%B4%E6%8A%A5%201.html"), ("/a/b#1.html", "file:///a/b%231.html")],
)
def test_a_source_is_written_as_an_address(source: str, uri: str) -> None:
    run = run_of([Document(source, "clean")])

    assert run["artifacts"][0]["location"]["uri"] == uri
