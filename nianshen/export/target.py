"""Where a result goes: standard output as it comes, or a file that is there whole or not at all."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from nianshen.errors import StorageError, UsageError


def write_text(pieces: Iterable[str], path: Path | None) -> None:
    """Write the pieces as UTF-8 to ``path``, or to standard output if None. Raises StorageError; see ``replacing``.

    A reader of standard output that has seen enough (``| head``) ends the writing, and is no error.
    """
    if path is None:
        try:
            _print(pieces)
        except BrokenPipeError:
            # Python must not try to flush to it again at exit.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return
    with replacing(path) as beside, beside.open("w", encoding="utf-8", errors="backslashreplace", newline="") as file:
        file.writelines(pieces)


def needs_file(kind: str) -> UsageError:
    """A workbook or a Parquet table is no text: it goes to a file or nowhere."""
    return UsageError(
        f"{kind} 是二进制格式，不能写到终端；请加 --output 文件名.{kind}",
        f"{kind} is binary and does not go to a terminal: add --output FILE.{kind}",
    )


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A path beside ``path`` to write to; it takes the final name only when the block ends well and all is on disk.

    A device or a pipe is written at the end instead. Raises StorageError for a path that cannot be written, a full
    disk included; what stood under the final name before then still stands there.
    """
    with _said(str(path)):
        final = path.resolve()
        special = final.exists() and not final.is_file() and not final.is_dir()
        if final.is_dir():
            raise IsADirectoryError(None, "是文件夹 / is a folder", str(path))
        folder = Path(tempfile.gettempdir()) if special else final.parent
        beside = folder / f".{final.name}.{os.getpid()}.part"
        try:
            beside.touch(exist_ok=False)
            yield beside
            _settle(beside, final, special=special)
        finally:
            beside.unlink(missing_ok=True)


def _print(pieces: Iterable[str]) -> None:
    with _said("standard output"):
        for piece in pieces:
            sys.stdout.write(piece)
            sys.stdout.flush()


def _settle(beside: Path, final: Path, *, special: bool) -> None:
    if special:
        with beside.open("rb") as source, final.open("wb") as target:
            shutil.copyfileobj(source, target)
        return
    with beside.open("rb") as file:
        os.fsync(file.fileno())  # a disk may only now find that it is full
    if final.exists():
        shutil.copymode(final, beside)
    beside.replace(final)


@contextmanager
def _said(place: str) -> Iterator[None]:
    """Turn what the system says about writing into a StorageError with what to do."""
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        if error.filename not in (None, place) and not str(error.filename).endswith(".part"):
            raise  # some other file: not about writing the result
        why = error.strerror or type(error).__name__
        raise StorageError(
            f"无法写入结果：{why}",
            f"cannot write the result: {why}",
            where=place,
            next_step=(
                "检查路径、权限和磁盘空间后重试；原有文件未改动",
                "check path, rights and disk space, then try again; a file that was there is unchanged",
            ),
        ) from error
