"""``run --replay``: a past run read again from its evidence, with no network, and with the same result."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from nianshen.cli import call
from tests.acceptance.town import Town, built
from tests.crawler.site import Answer
from tests.notifiers.receiver import SECRET

MORNING, EVENING = "2026-02-04T08:00:00+08:00", "2026-02-04T20:00:00+08:00"


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """A town after two runs; between them a report was corrected and the other portal went down."""
    with pytest.MonkeyPatch.context() as patch, built(tmp_path_factory.mktemp("town")) as town:
        patch.setenv("OFFICE_SECRET", SECRET)
        patch.chdir(town.folder)
        call(["run", "--year", "2025", "--now", MORNING])
        town.misprint = False
        town.publish()
        town.close_county()
        call(["run", "--year", "2025", "--now", EVENING])
        for site in (town.city, town.county):  # whoever asks again is answered otherwise
            for path in site.answers:
                site.put(path, Answer(b"gone", 410))
        yield town


def database(town: Town) -> sqlite3.Connection:
    return sqlite3.connect(town.folder / "data/nianshen.sqlite3")


def runs(town: Town) -> list[str]:
    return [name for (name,) in database(town).execute("select id from run order by started_at")]


def contents(town: Town) -> tuple[list[str], dict[Path, bytes]]:
    """Everything a replay has to leave as it is."""
    evidence = town.folder / "data/evidence"
    files = {path: path.read_bytes() for path in evidence.rglob("*") if path.is_file()}
    return list(database(town).iterdump()), files


@pytest.mark.parametrize("number", [0, 1])
def test_a_run_gives_the_same_result_without_asking_anybody(
    town: Town, capsys: pytest.CaptureFixture[str], number: int
) -> None:
    before, asked = contents(town), (len(town.city.asked), len(town.county.asked), len(town.receiver.received))

    code = call(["run", "--replay", runs(town)[number]])

    said = capsys.readouterr().out
    assert code == 0, said
    assert "相同" in said
    assert ("门户 2/2 读全" in said, "门户 1/2 读全" in said) == (number == 0, number == 1)
    assert contents(town) == before
    assert (len(town.city.asked), len(town.county.asked), len(town.receiver.received)) == asked


def test_the_latest_run_is_named_last(town: Town, capsys: pytest.CaptureFixture[str]) -> None:
    assert call(["run", "--replay", "last"]) == 0
    assert runs(town)[-1] in capsys.readouterr().out


def test_what_reads_otherwise_is_named(town: Town, capsys: pytest.CaptureFixture[str]) -> None:
    store = database(town)
    known = store.execute("select id, document from reading where organisation = 'edu'").fetchone()
    document = json.loads(known[1])
    document["title"] = "another"
    store.execute("update reading set document = ? where id = ?", (json.dumps(document), known[0]))
    store.commit()
    try:
        code = call(["run", "--replay", "last"])
    finally:
        store.execute("update reading set document = ? where id = ?", (known[1], known[0]))
        store.commit()

    assert code == 3
    assert "edu 2025：读出的内容不同" in capsys.readouterr().out


def test_a_run_of_another_configuration_is_read_by_its_own(town: Town, capsys: pytest.CaptureFixture[str]) -> None:
    path = town.folder / "config.yaml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("name: 示例市教育局", "name: 示例市某某局"), encoding="utf-8")
    try:
        code = call(["run", "--replay", "last"])
    finally:
        path.write_text(text, encoding="utf-8")

    assert code == 0
    assert "配置已变" in capsys.readouterr().out


def test_damaged_evidence_is_no_replay(town: Town, capsys: pytest.CaptureFixture[str]) -> None:
    first = runs(town)[0]
    (warc,) = (path for path in (town.folder / "data/evidence/warc").iterdir() if first in path.name)
    whole = warc.read_bytes()
    warc.write_bytes(whole[: len(whole) // 2])
    try:
        code = call(["run", "--replay", first])
    finally:
        warc.write_bytes(whole)

    assert code == 7
    assert "证据" in capsys.readouterr().err


def test_a_run_nobody_knows_is_a_usage_error(town: Town) -> None:
    assert call(["run", "--replay", "20200101T000000Z-00000000"]) == 2
    assert call(["run", "--replay", "last", "--year", "2024"]) == 2
