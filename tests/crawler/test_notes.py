"""Notes that are lost, torn or altered are no notes, and cost nothing but finding out anew."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest

from crawler.notes import Notes


def test_the_last_note_of_a_key_counts(tmp_path: Path) -> None:
    notes = Notes(tmp_path / "deep" / "p.notes")
    notes.put("a", b"1")
    notes.put("b", b"2")
    notes.put("a", b"3")

    for one in (notes, Notes(tmp_path / "deep" / "p.notes")):
        assert (one.get("a"), one.get("b")) == (b"3", b"2")
        with pytest.raises(KeyError):
            one.get("c")


def test_an_empty_note_forgets(tmp_path: Path) -> None:
    notes = Notes(tmp_path / "p.notes")
    notes.put("a", b"1")
    notes.put("a", b"")

    for one in (notes, Notes(tmp_path / "p.notes")):
        with pytest.raises(KeyError):
            one.get("a")


def test_without_a_file_nothing_is_noted() -> None:
    notes = Notes(None)
    notes.put("a", b"1")

    with pytest.raises(KeyError):
        notes.get("a")
    notes.close()


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: data[:-2],
        lambda data: data[:-1],
        lambda data: data[:10],
        lambda data: data.replace(b"second", b"sekond"),
        lambda data: data.replace(b"\nb", b"\n\xff"),
    ],
)
def test_a_damaged_note_is_none_and_those_before_and_after_it_are(
    tmp_path: Path, damage: Callable[[bytes], bytes]
) -> None:
    path = tmp_path / "p.notes"
    Notes(path).put("first", b"1")
    whole = len(path.read_bytes())
    Notes(path).put("second", b"second")
    data = path.read_bytes()
    path.write_bytes(data[:whole] + damage(data[whole:]))
    Notes(path).put("third", b"3")

    notes = Notes(path)

    assert (notes.get("first"), notes.get("third")) == (b"1", b"3")
    with suppress(KeyError):
        assert notes.get("second") == b"second"  # only its line end was lost


def test_a_place_that_cannot_be_written_costs_the_note_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "p.notes").mkdir()
    notes = Notes(tmp_path / "p.notes")
    notes.put("a", b"1")

    with pytest.raises(KeyError):
        notes.get("a")
    notes.close()


def test_what_a_run_had_no_use_for_is_dropped_once_it_is_the_most(tmp_path: Path) -> None:
    path = tmp_path / "p.notes"
    first = Notes(path)
    for key in "abcde":
        first.put(key, key.encode())
    first.close()
    for used, left in (("abc", "abcde"), ("ab", "ab")):
        again = Notes(path)
        for key in used:
            again.get(key)
        again.close()
        assert len(path.read_bytes().splitlines()) == len(left)

    last = Notes(path)
    assert [last.get(key) for key in "ab"] == [b"a", b"b"]
    with pytest.raises(KeyError):
        last.get("c")
    assert [one.name for one in tmp_path.iterdir()] == ["p.notes"]


def test_a_note_written_over_and_over_does_not_fill_the_disk(tmp_path: Path) -> None:
    path = tmp_path / "p.notes"
    for number in range(20):
        notes = Notes(path)
        notes.put("a", str(number).encode())
        notes.close()

    assert Notes(path).get("a") == b"19"
    assert len(path.read_bytes().splitlines()) <= 2


def test_two_that_note_in_one_file_at_once_lose_nothing(tmp_path: Path) -> None:
    path = tmp_path / "p.notes"
    both = (Notes(path), Notes(path))
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda number: both[number % 2].put(str(number), str(number).encode()), range(200)))

    for number in range(200):
        assert both[number % 2].get(str(number)) == str(number).encode()
        assert Notes(path).get(str(number)) == str(number).encode()
