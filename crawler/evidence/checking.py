"""Is the evidence what it was? Reads every line, blob and record once, one at a time."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from crawler.evidence.blobs import BlobStore
from crawler.evidence.errors import EvidenceError, Problem
from crawler.evidence.manifest import START, Manifest, parsed, seal
from crawler.evidence.warc import read_exchange

_NOT_MODIFIED = 304


@dataclass(slots=True)
class Checked:
    """What was looked at, and everything wrong with it. ``pruned``: removed on purpose, with a line that says so."""

    problems: list[Problem] = field(default_factory=list)
    lines: int = 0
    records: int = 0
    blobs: int = 0
    pruned: int = 0
    last: str = START


def verify(directory: str | Path) -> list[Problem]:
    """Everything wrong with the evidence under ``directory``."""
    return check(directory).problems


def check(
    directory: str | Path, *, anchors: Mapping[str, str] | None = None, wanted: Iterable[tuple[str, str]] = ()
) -> Checked:
    """Check chain, blobs and WARC records.

    ``anchors``: hashes the chain must hold, each with where it was copied to; they show a tail that was removed.
    ``wanted``: sha256 of blobs that something rests on, each with what that is.
    """
    return _Check(Path(directory), dict(anchors or {}), wanted).run()


class _Check:
    """One pass. Memory grows with what is missing or was pruned, not with what is there."""

    def __init__(self, root: Path, anchors: dict[str, str], wanted: Iterable[tuple[str, str]]) -> None:
        self._root, self._anchors = root, anchors
        self._blobs, self._records = BlobStore(root), _Records(root)
        self._missing: dict[str, str] = {}
        self._lost: dict[str, str] = {}
        self._wanted = wanted
        self._found = Checked()

    def run(self) -> Checked:
        self._chain()
        for sha, where in self._missing.items():
            self._tell("blob_missing", f"{sha} ({where})", "证据文件缺失", "the blob is missing")
        for name, where in self._lost.items():
            self._tell("warc_missing", f"{name} ({where})", "WARC 文件缺失", "the WARC file is missing")
        for sha in self._blobs.stored():
            self._found.blobs += 1
            if not self._blobs.holds(sha):
                self._tell("blob_damaged", sha, "证据文件被改动", "the blob was altered")
        for where in self._anchors.values():
            zh, en = "证据清单末尾被删去或整份被替换", "the tail of the manifest was removed, or all of it replaced"
            self._tell("tail_removed", where, zh, en)
        self._records.close()
        return self._found

    def _chain(self) -> None:
        for sha, where in self._wanted:
            self._want(sha, where)
        manifest = Manifest(self._root)
        if not manifest.path.exists():
            self._tell("chain_broken", str(manifest.path), "证据清单不存在", "the manifest is missing")
            return
        for number, line in manifest.lines():
            where = f"{manifest.path.name}:{number}"
            if not line.endswith(b"\n"):
                self._tell("torn", where, "证据清单最后一行不完整", "the last line is torn")
                return
            self._found.lines += 1
            entry = parsed(line)
            if entry is None or entry != seal(entry, self._found.last):
                self._tell("chain_broken", where, "该行被改动或缺行", "altered, or lines are missing")
            if entry is not None:
                self._found.last = str(entry.get("hash", self._found.last))
                self._anchors.pop(self._found.last, None)
                self._entry(entry, where)

    def _entry(self, entry: Mapping[str, Any], where: str) -> None:
        if entry.get("role") == "pruned":
            self._prune(entry)
            return
        if entry.get("sha256"):
            self._want(str(entry["sha256"]), where)
        if entry.get("warc"):
            self._record(entry, where)

    def _want(self, sha: str, where: str) -> None:
        if not self._blobs.path(sha).is_file():
            self._missing.setdefault(sha, where)

    def _record(self, entry: Mapping[str, Any], where: str) -> None:
        name = str(entry["warc"])
        if not self._records.has(name):
            self._lost.setdefault(name, where)
            return
        self._found.records += 1
        problem = self._records.problem(entry)
        if problem:
            self._tell("warc_damaged", f"{name} ({where})", "WARC 记录被改动或截断", f"altered or cut: {problem}")

    def _prune(self, entry: Mapping[str, Any]) -> None:
        for known, names in ((self._missing, entry.get("blobs")), (self._lost, entry.get("warcs"))):
            for name in names or ():
                self._found.pruned += known.pop(str(name), None) is not None

    def _tell(self, code: str, where: str, zh: str, en: str) -> None:
        self._found.problems.append(Problem(code, where, zh, en))


class _Records:
    """The WARCs, one open at a time: the lines of a run stand together."""

    def __init__(self, root: Path) -> None:
        self._folder = root / "warc"
        self._name: str | None = None
        self._file: BinaryIO | None = None

    def has(self, name: str) -> bool:
        """Open the file, if it is there."""
        if name != self._name:
            self.close()
            path = self._folder / Path(name).name  # a forged line leads nowhere else
            self._name, self._file = name, path.open("rb") if path.is_file() else None
        return self._file is not None

    def problem(self, entry: Mapping[str, Any]) -> str | None:
        """What is wrong with the record of a line of the open file."""
        if self._file is None:
            return "missing"
        try:
            found = read_exchange(self._file, int(entry["offset"]))
            if found.response.url != entry["url"] or found.response.status != entry["status"]:
                return "another address or status"
        except (EvidenceError, KeyError, ValueError, TypeError, IndexError) as error:
            return str(error)
        if entry.get("not_modified") and found.response.status == _NOT_MODIFIED:
            return None  # the bytes are those of the capture it names; the answer itself has none
        same = hashlib.sha256(found.response.body).hexdigest() == entry.get("sha256")
        return None if same else "other bytes than the blob"

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
