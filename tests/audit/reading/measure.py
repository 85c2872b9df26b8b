"""How well damaged pages are read: ``python -m tests.audit.reading.measure --pages 2000 --seed N``.

Makes pages out of the seed with one to four damages each, reads them and prints how many cells could be read, how
many were claimed wrongly (must be 0), which share stayed unread, and the damages that cost most. Exit code 1 if a
cell is wrong. ``--only`` names damages to look at, ``--show`` prints every wrong cell with the page's seed.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter

from tests.audit.reading.test_damage import made, verdicts
from tests.generator import DAMAGES


def main(arguments: list[str] | None = None) -> int:
    options = _options(arguments)
    recoverable = unread_cells = 0
    wrong_cells: list[str] = []
    cost: Counter[str] = Counter()
    whole: Counter[str] = Counter()
    for number in range(options.pages):
        seed = f"{options.seed}-{number}"
        report = made(seed, options.only or None)
        wrong, unread = verdicts(report)
        wrong_cells += [f"{seed} {' '.join(report.damages)}: {cell}" for cell in wrong]
        readable = len(set(report.truth) - report.lost)
        recoverable, unread_cells = recoverable + readable, unread_cells + len(unread)
        for name in report.damages:
            whole[name] += readable
            cost[name] += len(unread)
    print(f"pages {options.pages}, seed {options.seed}, damages {len(DAMAGES)}")
    print(f"recoverable cells {recoverable}, silently wrong {len(wrong_cells)}")
    print(f"unread {unread_cells} ({unread_cells / max(1, recoverable):.2%})")
    for name, share in Counter({name: cost[name] / whole[name] for name in whole}).most_common(options.worst):
        print(f"  {share:7.2%} unread with {name}")
    for line in wrong_cells if options.show else wrong_cells[:20]:
        print(f"WRONG {line}")
    return bool(wrong_cells)


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Reads damaged pages and counts what was read wrongly or not at all.")
    parser.add_argument("--pages", type=int, default=400)
    parser.add_argument("--seed", default="1")
    parser.add_argument("--only", nargs="*", choices=sorted(DAMAGES), default=[])
    parser.add_argument("--worst", type=int, default=10, help="how many of the costliest damages to print")
    parser.add_argument("--show", action="store_true", help="print every wrong cell")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
