"""Errors that reach a person: what happened, where, what to do next; and the exit code they stand for."""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum


class Exit(IntEnum):
    """Exit codes of every command (CONTRACT section 4)."""

    OK = 0
    FINDINGS = 1
    USAGE = 2
    PARTIAL = 3
    FORBIDDEN = 4
    STORAGE = 5
    UNDELIVERED = 6
    EVIDENCE = 7
    LOCKED = 8
    INTERNAL = 70
    INTERRUPTED = 130


_WORDS = {
    Exit.OK: "正常 / well",
    Exit.FINDINGS: "有问题达到所设级别 / findings of the level asked for",
    Exit.USAGE: "用法或配置有误 / wrong usage or configuration",
    Exit.PARTIAL: "有门户或文件未能核查 / something could not be checked",
    Exit.FORBIDDEN: "没有权限 / not allowed",
    Exit.STORAGE: "数据库或磁盘出错 / the storage failed",
    Exit.UNDELIVERED: "有告警未送达，见 nianshen alerts list / an alert was not delivered",
    Exit.EVIDENCE: "证据核对未通过 / evidence does not verify",
    Exit.LOCKED: "另一进程正在运行 / another instance is at work",
    Exit.INTERNAL: "内部错误 / internal error",
    Exit.INTERRUPTED: "已中断 / interrupted",
}


def words_for(code: int) -> str:
    """What an exit status means, for people who do not know the numbers."""
    if code < 0:
        return f"exit {code}: 被信号结束 / ended by a signal"
    return f"exit {code}: {_WORDS[Exit(code)]}" if code in _WORDS else f"exit {code}"


_GRAVEST_FIRST = (
    Exit.INTERNAL,
    Exit.INTERRUPTED,
    Exit.USAGE,
    Exit.FORBIDDEN,
    Exit.LOCKED,
    Exit.STORAGE,
    Exit.EVIDENCE,
    Exit.FINDINGS,
    Exit.UNDELIVERED,
    Exit.PARTIAL,
)


def gravest(codes: Iterable[int]) -> Exit:
    """The one code a command ends with when several apply. Raises ValueError for a number that is no exit code."""
    present = {Exit(code) for code in codes}
    return next((code for code in _GRAVEST_FIRST if code in present), Exit.OK)


class NianshenError(Exception):
    """Something a person can mend. ``where`` names the file or object; ``next_step`` is (zh, en).

    The text never holds a secret: it is printed as it stands.
    """

    code = Exit.INTERNAL

    def __init__(self, zh: str, en: str, *, where: str = "", next_step: tuple[str, str] | None = None) -> None:
        super().__init__(zh, en)
        self.zh = zh
        self.en = en
        self.where = where
        self.next_step = next_step

    def __str__(self) -> str:
        place = f"{self.where}: " if self.where else ""
        lines = [f"{place}{self.zh} / {self.en}"]
        if self.next_step:
            lines.append(f"→ {self.next_step[0]} / {self.next_step[1]}")
        return "\n".join(lines)


class UsageError(NianshenError):
    """The command or the configuration is wrong."""

    code = Exit.USAGE


class PartialError(NianshenError):
    """A portal or a file could not be checked."""

    code = Exit.PARTIAL


class ForbiddenError(NianshenError):
    """Not allowed."""

    code = Exit.FORBIDDEN


class StorageError(NianshenError):
    """The database or a file could not be read or written."""

    code = Exit.STORAGE


class DeliveryError(NianshenError):
    """An alert was not delivered; it stays in the outbox."""

    code = Exit.UNDELIVERED


class EvidenceError(NianshenError):
    """Stored evidence does not match its hash."""

    code = Exit.EVIDENCE


class LockedError(NianshenError):
    """Another instance holds the lock."""

    code = Exit.LOCKED
