"""What is wrong in a configuration, and where.

Codes: 00x file, 01x shape, 02x reference, 03x value from outside, 04x meaning.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches

from nianshen.errors import UsageError

_MOST_SHOWN = 200


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One mistake; line and column count from 1."""

    file: str
    line: int
    column: int
    code: str
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}: {self.code} {self.message}"


class ConfigError(UsageError):
    """A configuration with every one of its problems, in the order of the file."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(sorted(set(problems)))
        count = len(self.problems)
        super().__init__(
            f"配置有 {count} 处错误",
            f"{count} problem(s) in the configuration",
            next_step=("改正后运行 nianshen config check", "mend them, then run nianshen config check"),
        )

    def __str__(self) -> str:
        lines = [str(problem) for problem in self.problems[:_MOST_SHOWN]]
        if hidden := len(self.problems) - len(lines):
            lines.append(f"… 另有 {hidden} 处 / {hidden} more")
        return "\n".join([*lines, super().__str__()])


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """A tail for a message that names the nearest known word, or nothing."""
    near = get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f"；是不是 {near[0]}？ / did you mean {near[0]!r}?" if near else ""
