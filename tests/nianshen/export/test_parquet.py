"""Parquet for programs: types that need no guessing, words as codes, and no figure that was rounded."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import parquet

from audit.finding import Kind
from nianshen.cli import call
from nianshen.export import parquet as module
from nianshen.export.document import Document, Line
from nianshen.export.parquet import write_parquet
from tests.nianshen.export import making
from tests.nianshen.test_export_command import SHA, config

__all__ = ["config"]  # a fixture

SEEN = datetime(2026, 2, 3, 8, 0, 0, 123000, tzinfo=UTC)


def document(*lines: Line, **more: Any) -> Document:
    return Document("https://e.cn/1", "error", lines, "edu", "示例市教育局", 2025, **more)


def written(folder: Path, *documents: Document) -> list[dict[str, Any]]:
    write_parquet(documents, folder / "x.parquet")
    rows: list[dict[str, Any]] = parquet.read_table(folder / "x.parquet").to_pylist()
    return rows


def test_every_column_has_its_type(tmp_path: Path) -> None:
    write_parquet([document(Line(making.finding()))], tmp_path / "x.parquet")

    schema = parquet.read_schema(tmp_path / "x.parquet")
    types = {field.name: field.type for field in schema}
    assert (types["year"], types["actual"], types["expected"]) == (pa.int32(), pa.int64(), pa.int64())
    assert types["actual_date"] == pa.date32()
    assert {types[name] for name in ("first_seen", "last_seen", "resolved_at", "captured_at")} == {
        pa.timestamp("ms", tz="UTC")
    }
    assert types["confirmed"] == pa.bool_()
    assert pa.types.is_list(types["sums"])
    assert schema.metadata[b"nianshen.schema"] == b"nianshen.parquet/1"


def test_a_finding_is_a_row_of_codes_and_typed_values(tmp_path: Path) -> None:
    line = Line(making.finding(), "waived", "机构改革", SHA, SEEN, "https://e.cn/1", SEEN, SEEN)

    (row,) = written(tmp_path, document(line))

    assert (row["organisation"], row["year"], row["severity"], row["kind"]) == ("edu", 2025, "error", "fail")
    assert (row["state"], row["reason"], row["confirmed"]) == ("waived", "机构改革", True)
    assert (row["actual"], row["expected"], row["actual_text"]) == (3, 2, "3")
    assert (row["first_seen"], row["resolved_at"], row["sha256"]) == (SEEN, None, SHA)
    assert (row["cells"], row["sums"]) == ([making.WRONG], [])


@pytest.mark.parametrize(
    ("value", "integer", "day", "text"),
    [
        (12, 12, None, "12"),
        (0, 0, None, "0"),
        (-3, -3, None, "-3"),
        (12.5, None, None, "12.5"),
        (10**30, None, None, "1" + "0" * 30),
        ("2026-02-03", None, date(2026, 2, 3), "2026-02-03"),
        ("2026-02-30", None, None, "2026-02-30"),
        ("≤ 2026-01-31", None, None, "≤ 2026-01-31"),
        ("half \ud800 a character", None, None, "half ? a character"),
        (None, None, None, None),
    ],
)
def test_a_figure_is_an_integer_a_day_is_a_day_and_all_else_is_text(
    tmp_path: Path, value: Any, integer: int | None, day: date | None, text: str | None
) -> None:
    (row,) = written(tmp_path, document(Line(replace(making.finding(), actual=value))))

    assert (row["actual"], row["actual_date"], row["actual_text"]) == (integer, day, text)


def test_rows_are_written_group_by_group_and_none_is_lost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "AT_ONCE", 3)
    lines = [Line(making.finding(number)) for number in range(10)]

    rows = written(tmp_path, document(*lines[:4]), document(*lines[4:]), making.documents()[1])

    assert [row["fingerprint"] for row in rows[:10]] == [f"{number:032x}" for number in range(10)]
    assert (rows[10]["rule"], rows[10]["message_en"]) == (None, "no such file")
    assert parquet.ParquetFile(tmp_path / "x.parquet").num_row_groups == 4


def test_a_year_without_findings_is_an_empty_table_with_its_columns(tmp_path: Path) -> None:
    assert written(tmp_path) == []
    assert "fingerprint" in parquet.read_schema(tmp_path / "x.parquet").names


def test_the_export_says_the_same_as_json_lines(
    config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wanted = ["--config", str(config), "--year", "2024"]
    assert call(["export", "parquet", *wanted, "--output", str(tmp_path / "2024.parquet")]) == 0
    assert call(["export", "jsonl", *wanted]) == 0

    rows = parquet.read_table(tmp_path / "2024.parquet").to_pylist()
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert len(rows) == len(lines) == 3
    for name in ("rule", "severity", "kind", "state", "subject", "cell", "formula", "fingerprint", "agency", "year"):
        assert [row[name] for row in rows] == [line[name] for line in lines]
    assert [row["first_seen"].isoformat() for row in rows] == [line["first_seen"] for line in lines]
    assert {row["kind"] for row in rows} == {Kind.FAIL.value, Kind.OPEN.value}


def test_without_the_library_it_says_what_to_install(
    config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(module, "find_spec", lambda _name: None)

    code = call(["export", "parquet", "--config", str(config), "--output", str(tmp_path / "x.parquet")])

    assert code == 2
    assert "pip install 'nianshen[parquet]'" in capsys.readouterr().err
    assert not (tmp_path / "x.parquet").exists()


def test_it_goes_to_a_file_that_is_whole_or_not_there(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    wanted = ["export", "parquet", "--config", str(config), "--year", "2024"]

    codes = [call(wanted), call([*wanted, "--output", "/dev/full"]), call([*wanted, "--output", "/nowhere/x.parquet"])]

    assert codes == [2, 5, 5]
    assert "FILE.parquet" in capsys.readouterr().err
