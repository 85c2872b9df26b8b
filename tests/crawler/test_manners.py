"""How servers are treated: by what their request logs say, over all processes of the machine."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, time, timedelta
from itertools import pairwise
from pathlib import Path
from random import Random
from zoneinfo import ZoneInfo

import pytest

from crawler.manners import JITTER, Manners
from crawler.portal import Politeness, Portal
from tests.crawler.site import REPORT, Answer, Ran, Site, crawl, listing, organisation, portal, row, serve

EDU = "示例市教育局"


def group(delay: float = 0.0, concurrency: int = 1) -> Portal:
    return Portal("p", "P", "g", ("http://x.test/",), politeness=Politeness(delay, concurrency))


class Clock:
    """Time that passes only while someone sleeps."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now, self._sleep = 1e6, asyncio.sleep
        monkeypatch.setattr("crawler.manners.asyncio.sleep", self.sleep)

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.now += seconds
        await self._sleep(0)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


async def starts(clock: Clock, *desks: Manners, times: int = 8) -> list[float]:
    found = []
    for number in range(times):
        async with desks[number % len(desks)].turn("g"):
            found.append(clock.now)
    return found


def test_a_delay_is_a_promise_that_jitter_only_prolongs(tmp_path: Path, clock: Clock) -> None:
    desk = Manners(tmp_path, [group(delay=2.0)], Random(1), clock)

    gaps = [after - before for before, after in pairwise(asyncio.run(starts(clock, desk, times=50)))]

    assert 2.0 <= min(gaps) < 2.1
    assert 2.9 < max(gaps) <= 2.0 * (1 + JITTER)


def test_two_processes_share_one_delay(tmp_path: Path, clock: Clock) -> None:
    desks = [Manners(tmp_path, [group(delay=2.0)], Random(seed), clock) for seed in range(2)]

    gaps = [after - before for before, after in pairwise(asyncio.run(starts(clock, *desks)))]

    assert min(gaps) >= 2.0


def test_the_strictest_portal_of_a_group_counts(tmp_path: Path, clock: Clock) -> None:
    desk = Manners(tmp_path, [group(1.0, 4), group(3.0, 2), group(2.0, 3)], Random(1), clock)

    gaps = [after - before for before, after in pairwise(asyncio.run(starts(clock, desk)))]

    assert desk.concurrency() == {"g": 2}
    assert min(gaps) >= 3.0


def test_a_pause_holds_back_every_process_and_those_that_wait_already(tmp_path: Path, clock: Clock) -> None:
    one, two = (Manners(tmp_path, [group(delay=1.0)], Random(seed), clock) for seed in range(2))
    begun = asyncio.run(starts(clock, one, two, times=2))[-1]

    one.pause("g", 30)
    after = asyncio.run(starts(clock, two, times=1))[0]

    assert after - begun >= 30


def test_what_robots_ask_for_holds_from_the_next_request_on(tmp_path: Path, clock: Clock) -> None:
    desk = Manners(tmp_path, [group()], Random(1), clock)

    desk.slow_down("g", 5.0)
    gaps = [after - before for before, after in pairwise(asyncio.run(starts(clock, desk)))]

    assert min(gaps) >= 5.0


def test_a_clock_that_was_put_back_holds_nobody_up(tmp_path: Path, clock: Clock) -> None:
    desk = Manners(tmp_path, [group(delay=2.0)], Random(1), clock)
    asyncio.run(starts(clock, desk))
    before = clock.now = clock.now - 86_400

    assert asyncio.run(starts(clock, desk, times=1)) == [before]


def test_a_torn_record_holds_nobody_up(tmp_path: Path, clock: Clock) -> None:
    (tmp_path / "g.last").write_bytes(b"\0\xff17")

    assert asyncio.run(starts(clock, Manners(tmp_path, [group(2.0)], Random(1), clock), times=1)) == [1e6]


def test_more_groups_than_open_files_and_names_longer_than_a_file_may_have(tmp_path: Path, clock: Clock) -> None:
    names = [f"{number}{'示例市集约化平台' * 20}" for number in range(300)]
    portals = [Portal("p", "P", name, ("http://x.test/",), politeness=Politeness(0.0)) for name in names]
    desk = Manners(tmp_path, portals, Random(1), clock)
    before = len(list(Path("/proc/self/fd").iterdir()))

    async def ask() -> None:
        for name in names:
            async with desk.turn(name):
                """A request."""

    asyncio.run(ask())

    assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_a_seat_is_taken_by_one_process_at_a_time(tmp_path: Path, clock: Clock) -> None:
    desks = [Manners(tmp_path, [group(concurrency=2)], Random(seed), clock) for seed in range(4)]
    seated: list[int] = []

    async def sit(desk: Manners) -> None:
        async with desk.turn("g"):
            seated.append(1)
            most.append(len(seated))
            await asyncio.sleep(1)
            seated.pop()

    most: list[int] = []

    async def all_at_once() -> None:
        await asyncio.gather(*(sit(desk) for desk in desks))

    asyncio.run(all_at_once())

    assert max(most) == 2


def site_of(site: Site) -> None:
    site.put("/nb/", listing(*(row(f"{EDU}{year}年政府信息公开年度报告", f"{year}.html") for year in (2025, 2024))))
    for year in (2025, 2024):
        site.put(f"/nb/{year}.html", REPORT.format(title=f"{EDU}{year}年", extra=""))


def test_two_crawls_of_one_group_keep_its_delay_between_them(tmp_path: Path) -> None:
    with serve() as site:
        site_of(site)
        manners = {"delay": 0.3, "concurrency": 1}
        ours = portal("a", site.url("/nb/"), group="g", politeness=manners)

        def run(name: str) -> Ran:
            folder = tmp_path / name
            folder.mkdir()
            return crawl(folder, [ours], [organisation(EDU, "a", "edu")], manners=str(tmp_path / "manners"))

        with ThreadPoolExecutor(2) as pool:
            ran = list(pool.map(run, ("one", "two")))

    times = sorted(at for at, _ in site.asked)
    assert {one.portal("a")["outcome"] for one in ran} == {"found"}
    assert len(times) == 8
    assert times[-1] - times[0] >= 0.3 * 7 - 0.1  # the first may have been logged late


def test_a_server_that_asks_to_wait_is_not_asked_by_another_portal_of_its_group(tmp_path: Path) -> None:
    with serve() as one, serve() as two:
        for site in (one, two):
            site_of(site)
        one.answers["/nb/"].insert(0, Answer(b"", 429, {"Retry-After": "2"}))
        portals = [portal(name, site.url("/nb/"), group="g") for name, site in (("a", one), ("b", two))]

        ran = crawl(tmp_path, portals, [organisation(EDU, name, name) for name in "ab"])

    refused = next(at for at, path in one.asked if path == "/nb/")
    later = [at for site in (one, two) for at, _ in site.asked if at > refused]
    assert {row_["outcome"] for row_ in ran.result["portals"]} == {"found"}
    assert min(later) - refused >= 1.95


def test_a_server_that_keeps_asking_to_wait_is_given_up_within_the_budget(tmp_path: Path) -> None:
    with serve() as site:
        site_of(site)
        site.put("/nb/", Answer(b"", 503, {"Retry-After": "3600"}))

        ran = crawl(tmp_path, [portal("a", site.url("/nb/"))], [organisation(EDU, "a", "edu")])

    assert ran.portal("a")["reason"] == "portal_unreachable"
    assert [path for _, path in site.asked] == ["/robots.txt", "/nb/"]


def test_a_server_that_asked_for_an_hour_is_not_asked_by_the_next_run_either(tmp_path: Path) -> None:
    with serve() as site:
        site_of(site)
        site.answers["/nb/"].insert(0, Answer(b"", 429, {"Retry-After": "3600"}))
        crawl(tmp_path, [portal("a", site.url("/nb/"))], [organisation(EDU, "a", "edu")])
        site.asked.clear()

        ran = crawl(tmp_path, [portal("a", site.url("/nb/"))], [organisation(EDU, "a", "edu")], run_id="run-2")

    assert "asked to wait until" in ran.portal("a")["detail"]
    assert (ran.portal("a")["reason"], site.asked) == ("portal_unreachable", [])


@pytest.mark.parametrize(
    ("window", "inside", "outside"),
    [
        ("08:30-18:00", [time(8, 30), time(12)], [time(8, 29, 59), time(18), time(0)]),
        ("22:00-06:00", [time(22), time(0), time(5, 59)], [time(6), time(12)]),
    ],
)
def test_a_window_may_span_midnight_and_its_end_is_outside(
    window: str, inside: list[time], outside: list[time]
) -> None:
    manners = Politeness(window=window)

    assert all(manners.open_at(moment) for moment in inside)
    assert not any(manners.open_at(moment) for moment in outside)


def test_a_bad_window_is_refused() -> None:
    with pytest.raises(ValueError, match="bad window"):
        Politeness(window="night")


@pytest.mark.parametrize(("begin", "reason"), [(-1, None), (2, "not_crawled")])
def test_outside_of_its_window_a_portal_is_not_asked_at_all(tmp_path: Path, begin: int, reason: str | None) -> None:
    now = datetime.now(ZoneInfo("Asia/Shanghai"))
    window = "-".join(f"{now + timedelta(hours=hours):%H:%M}" for hours in (begin, begin + 3))
    with serve() as site:
        site_of(site)
        manners = {"delay": 0, "window": window}

        ran = crawl(tmp_path, [portal("a", site.url("/nb/"), politeness=manners)], [organisation(EDU, "a", "edu")])

    assert ran.portal("a")["reason"] == reason
    assert bool(site.asked) is (reason is None)


def test_a_killed_crawl_leaves_its_seat_to_the_next(tmp_path: Path) -> None:
    def kill(process: subprocess.Popen[str]) -> None:
        assert process.stderr is not None
        process.stderr.readline()
        process.kill()

    with serve() as site:
        site_of(site)
        ours = portal("a", site.url("/nb/"), politeness={"delay": 0.2, "concurrency": 1})
        killed: Callable[[], Ran] = lambda: crawl(tmp_path, [ours], [], meanwhile=kill)  # noqa: E731
        with pytest.raises(FileNotFoundError):
            killed()

        ran = crawl(tmp_path, [ours], [organisation(EDU, "a", "edu")])

    assert ran.portal("a")["complete"]
