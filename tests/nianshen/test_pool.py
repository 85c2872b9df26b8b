"""Files at arm's length: order kept, the poisoned one lost alone."""

from __future__ import annotations

import faulthandler
import multiprocessing
import os
import signal
import threading

from nianshen.pool import Lost, each


def work(item: str) -> str:
    """What the pool runs: some items are poison."""
    if item == "crash":
        os.kill(os.getpid(), signal.SIGKILL)
    if item == "raise":
        raise ValueError(item)
    if item == "exit":
        os._exit(0)
    if item == "fault":
        faulthandler._sigsegv()  # type: ignore[attr-defined]
    if item == "bloat":
        bytearray(4 * 2**30)
    if item == "unsendable":
        return threading.Lock()  # type: ignore[return-value]
    if item == "hang":
        threading.Event().wait()
    return item.upper()


def test_results_come_in_the_order_of_the_items() -> None:
    items = [f"item {n}" for n in range(40)]

    results = list(each(work, items, workers=2))

    assert results == [item.upper() for item in items]


def test_a_crash_and_a_hang_cost_only_their_own_items() -> None:
    items = ["a", "crash", "b", "hang", "raise", "d"]

    results = list(each(work, items, workers=2, limit=3))

    assert [result.reason if isinstance(result, Lost) else result for result in results] == [
        "A",
        "crashed",
        "B",
        "timeout",
        "crashed",
        "D",
    ]


def test_whatever_kills_a_process_the_next_item_is_worked_on() -> None:
    items = ["exit", "a", "fault", "b", "unsendable", "c", "bloat", "d"]

    results = list(each(work, items, workers=1))

    assert [result.reason if isinstance(result, Lost) else result for result in results] == [
        "crashed",
        "A",
        "crashed",
        "B",
        "crashed",
        "C",
        "memory",
        "D",
    ]


def test_ending_early_leaves_no_process() -> None:
    results = each(work, ["a", "hang", "b"], workers=2)

    assert next(results) == "A"
    results.close()

    assert multiprocessing.active_children() == []


def test_no_items_give_no_results() -> None:
    assert list(each(work, [])) == []
