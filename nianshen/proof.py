"""What was captured, when and from where, and a package of it that anybody can verify without us."""

from __future__ import annotations

import hashlib
import re
import zipfile
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from crawler.evidence import BlobStore, EvidenceError, Manifest, entries, read_exchange
from crawler.evidence.manifest import canonical, parsed, unsealed
from crawler.media import sniff
from nianshen import errors

_ENDINGS = {"application/pdf": "pdf", "application/msword": "doc", "application/zip": "zip", "image/*": "img"}
_LISTS = frozenset({"list", "robots", "rendered", "resource"})
_EPOCH = (1980, 1, 1, 0, 0, 0)
_UNSAFE = re.compile(r"[^\w.-]+")


@dataclass(frozen=True, slots=True)
class Capture:
    """One line of the manifest: its number and what it says."""

    number: int
    entry: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Piece:
    """A finding to hand on: its document, and the same for people."""

    document: bytes
    text: bytes
    name: str


def find(directory: Path, shas: Collection[str], lists: Collection[tuple[str, str]] = ()) -> list[Capture]:
    """All captures of these bytes, of what they were unpacked from, and of the lists of (run, portal)."""
    sources: set[str] = set()
    found = {}
    for number, entry in entries(directory):
        listed = entry.get("role") in _LISTS and (entry.get("run"), entry.get("portal")) in lists
        if entry.get("sha256") in shas or listed:
            found[number] = entry
            if entry.get("decoded_from"):
                sources.add(str(entry["decoded_from"]))
    if sources:
        found |= {number: entry for number, entry in entries(directory) if entry.get("sha256") in sources}
    return [Capture(number, found[number]) for number in sorted(found)]


def blobs_named(directory: Path, prefix: str) -> list[str]:
    """The sha256 of all captured bytes whose name begins so."""
    return sorted({str(one["sha256"]) for _, one in entries(directory) if str(one.get("sha256")).startswith(prefix)})


def pack(
    target: Path, directory: Path, captures: Sequence[Capture], labels: Mapping[str, str], pieces: Sequence[Piece]
) -> None:
    """Write the zip. ``labels`` name blobs for people; the same input gives the same bytes.

    Raises ``nianshen.errors.EvidenceError`` if a capture is no longer what it was: half a proof is none.
    """
    blobs = BlobStore(directory)
    names = {
        sha: f"raw/{_plain(labels.get(sha) or _label(one.entry))}-{sha[:12]}"
        for one in captures
        if (sha := one.entry.get("sha256"))
    }
    sums: list[tuple[str, str]] = []
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as package:

        def add(name: str, data: bytes) -> None:
            with package.open(_info(name), "w") as member:
                member.write(data)
            sums.append((hashlib.sha256(data).hexdigest(), name))

        try:
            add("README.txt", _README.encode())
            if warc := b"".join(_records(directory, captures)):
                add("captures.warc.gz", warc)
            for number, line in _chain(directory, {one.number for one in captures}):
                add(f"chain/{number:09}.json", canonical(unsealed(parsed(line) or {})))
                add(f"chain/{number:09}.line", line)
            for piece in sorted(pieces, key=lambda one: one.name):
                add(f"findings/{_plain(piece.name)}.json", piece.document)
                add(f"findings/{_plain(piece.name)}.txt", piece.text)
            for sha, name in sorted(names.items(), key=lambda item: item[1]):
                data = blobs.read(sha)
                add(f"{name}.{_ending(data)}", data)
        except EvidenceError as error:
            raise errors.EvidenceError(
                "证据已损坏或缺失，未生成证据包", f"the evidence is damaged or missing, nothing was packed: {error}"
            ) from error
        lines = "".join(f"{digest}  {name}\n" for digest, name in sums)
        package.writestr(_info("SHA256SUMS"), lines)


def _records(directory: Path, captures: Sequence[Capture]) -> Iterator[bytes]:
    """The WARC records of the captures as they stand in their files, those that a 304 refers to included."""
    places = {
        (str(one["warc"]), int(one["offset"]))
        for capture in captures
        for one in (capture.entry, capture.entry.get("not_modified") or {})
        if one.get("warc")
    }
    for name, offset in sorted(places):
        try:
            with (directory / "warc" / Path(name).name).open("rb") as file:
                yield read_exchange(file, offset).raw
        except OSError as error:
            raise EvidenceError(f"{name}: {error}") from error


def _chain(directory: Path, numbers: Collection[int]) -> Iterator[tuple[int, bytes]]:
    """The lines of these numbers with the one before and the one behind each."""
    around = {near for number in numbers for near in (number - 1, number, number + 1)}
    return ((number, line) for number, line in Manifest(directory).lines() if number in around)


def _label(entry: Mapping[str, Any]) -> str:
    return "-".join(str(entry[key]) for key in ("portal", "role") if entry.get(key)) or "capture"


def _plain(text: str) -> str:
    """A file name out of foreign text: letters, digits, dots and dashes; no folder, nothing hidden."""
    return _UNSAFE.sub("_", text).lstrip(".")[:80] or "_"


def _ending(data: bytes) -> str:
    if data.startswith(b"\x1f\x8b"):
        return "gz"
    media = sniff(data)
    if media.endswith("wordprocessingml.document"):
        return "docx"
    return _ENDINGS.get(media, "html" if media == "text/html" else "bin")


def _info(name: str) -> zipfile.ZipInfo:
    """A member without the time and rights of this machine."""
    info = zipfile.ZipInfo(name, _EPOCH)
    info.compress_type, info.create_system, info.external_attr = zipfile.ZIP_DEFLATED, 3, 0o644 << 16
    return info


_README = """\
证据包 / Evidence package
=========================

一、核对文件：在解压后的文件夹运行
1. Check the files: in the unpacked folder, run

    sha256sum -c SHA256SUMS

二、核对原件：raw/ 下的文件名末尾是其 sha256 的前 12 位，抓取记录（chain/*.line）的 "sha256" 是全部 64 位。
2. Check the originals: the name of a file under raw/ ends in the first 12 digits of its sha256;
   the "sha256" of its capture (chain/*.line) is the whole of it.

三、核对记录链：每一行抓取记录（chain/N.line）的 "hash" 就是同号文件 chain/N.json 的 sha256，
   下一行的 "previous" 是上一行的 "hash"。改动任何一行，其后全部对不上。
3. Check the chain: the "hash" of a capture (chain/N.line) is the sha256 of the file chain/N.json,
   and "previous" of the next line is the "hash" of the line before. Who alters one line breaks all behind it.

    sha256sum chain/*.json

四、captures.warc.gz 是请求与应答的原始记录（WARC，ISO 28500），可用 warcio check 核对。
4. captures.warc.gz holds requests and responses as they went over the wire (WARC, ISO 28500); see warcio check.

五、findings/ 是据此得出的问题：.json 供程序读取，.txt 供人阅读。问题均为疑似，以单位核实为准。
5. findings/ holds what was found in them: .json for programs, .txt for people. All of it is suspected until
   the organisation has checked it.
"""
