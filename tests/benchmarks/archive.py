"""The search for near-copies over a whole archive: seconds and megabytes, and how many of the copies it finds.

``python -m tests.benchmarks.archive [REPORTS]`` measures an archive of 100,000 reports unless told otherwise.
"""

from __future__ import annotations

import random
import resource
import sys
from functools import cache
from time import process_time

from audit.originality.archive import Index, near, signature

WHOLE = 100_000
_EVERY = 50  # one report in so many is a copy of another with a few words changed
_PHRASES = 4_000
_REGIONS = 100


def main(reports: int = WHOLE) -> int:
    """Print what one pass costs; exit status 1 if a copy was missed or a report accused that is none."""
    before = _megabytes()
    start = process_time()
    index = Index()
    for number in range(reports):
        index.add(number, signature(_words(number)))
    held = _megabytes()
    built = process_time()
    found = sum(bool(near(_words(number), index, _words, skip=(number,))) for number in range(reports))
    done = process_time()
    expected = sum(1 for number in range(reports) if number % _EVERY == 0) * 2
    print(f"{reports:,} reports: texts made, signed and indexed {built - start:.1f} s, ", end="")
    print(f"all searched {done - built:.1f} s ({1000 * (done - built) / reports:.2f} ms each)")
    print(f"index {held - before:.0f} MB, at the end {_megabytes() - before:.0f} MB; ", end="")
    print(f"copies found {found:,} of {expected:,}")
    return int(found != expected)


def _words(number: int) -> str:
    """A text of some 900 characters, half of it the template of its region; a copy changes one phrase in twenty."""
    origin = number + 1 if number % _EVERY == 0 else number
    rng, region = random.Random(origin), random.Random(-origin % _REGIONS - _REGIONS)
    phrases = [_phrase((region if place % 10 < 5 else rng).randrange(_PHRASES)) for place in range(70)]
    if origin != number:
        for place in range(0, 70, 20):
            phrases[place] = _phrase(_PHRASES + number % 1000 + place)
    return "".join(phrases)


@cache
def _phrase(number: int) -> str:
    rng = random.Random(-1 - number)
    return "".join(chr(0x4E00 + rng.randrange(3000)) for _ in range(13))


def _megabytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
