"""Medians of CPU time of things done in turns, so that what else the machine does falls on all of them."""

from __future__ import annotations

import gc
from collections.abc import Callable, Mapping, Sequence
from statistics import median
from time import thread_time

Work = Callable[[int], object]


def medians(works: Mapping[str, Work], rounds: int, samples: int) -> dict[str, float]:
    """CPU milliseconds of each work; each is called once a round with the number of a sample, 0 to ``samples`` - 1."""
    taken: Mapping[str, list[float]] = {name: [] for name in works}
    for work in works.values():
        work(0)
    for number in range(rounds):
        for name in _turned(list(works), number):
            gc.collect()  # one must not pay for what another left behind
            start = thread_time()
            works[name](number % samples)
            taken[name].append(thread_time() - start)
    return {name: 1000 * median(times) for name, times in taken.items()}


def _turned(names: Sequence[str], number: int) -> Sequence[str]:
    """Another one begins in every round."""
    place = number % len(names)
    return [*names[place:], *names[:place]]
