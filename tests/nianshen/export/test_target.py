"""A result is there whole or not at all, and what went wrong is said."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from pathlib import Path

import pytest

from nianshen.errors import StorageError
from nianshen.export.target import replacing, write_text


def fails_with(code: int) -> Iterator[str]:
    yield "half"
    raise OSError(code, "No space left on device")


def test_a_file_is_written_and_nothing_is_left_beside_it(tmp_path: Path) -> None:
    write_text(["一", "二"], tmp_path / "a.csv")

    assert [(path.name, path.read_text(encoding="utf-8")) for path in tmp_path.iterdir()] == [("a.csv", "一二")]


def test_a_full_disk_leaves_what_was_there_and_says_so(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("before", encoding="utf-8")

    with pytest.raises(StorageError, match="No space left"):
        write_text(fails_with(errno.ENOSPC), path)

    assert [(one.name, one.read_text(encoding="utf-8")) for one in tmp_path.iterdir()] == [("a.csv", "before")]


def test_a_full_device_is_a_storage_error() -> None:
    with pytest.raises(StorageError, match="No space left"):
        write_text(["x"], Path("/dev/full"))


def test_a_device_is_written_to_and_never_replaced() -> None:
    write_text(["x"], Path("/dev/null"))

    assert Path("/dev/null").is_char_device()


@pytest.mark.parametrize("name", ["", "no/such/folder/a.csv", "file/a.csv"])
def test_a_path_that_cannot_be_written_is_a_storage_error(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")

    with pytest.raises(StorageError):
        write_text(["x"], tmp_path / name)


def test_a_link_is_followed_and_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "link.csv").symlink_to(tmp_path / "real.csv")

    write_text(["x"], tmp_path / "link.csv")

    assert (tmp_path / "link.csv").is_symlink()
    assert (tmp_path / "real.csv").read_text(encoding="utf-8") == "x"


def test_an_interrupted_block_leaves_nothing(tmp_path: Path) -> None:
    def interrupted() -> None:
        with replacing(tmp_path / "a.xlsx") as beside:
            beside.write_bytes(b"half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()

    assert list(tmp_path.iterdir()) == []
