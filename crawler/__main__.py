"""``python -m crawler JOB.json``: one crawl in a process of its own. Exit 0 if a result was written, else 2 or 5."""

from __future__ import annotations

import asyncio
import gc
import json
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from scrapy.crawler import AsyncCrawlerProcess

from crawler.classify import Outcome, Verdict
from crawler.evidence import EvidenceError
from crawler.run import Run
from crawler.settings import settings_for
from crawler.spider import PortalSpider

_YOUNG = 20_000
"""Objects that are made before the youngest are looked through: a page's soup has as many, and most die with it."""


def main(arguments: Sequence[str]) -> int:
    """Run the job named in ``arguments``. SIGTERM ends the crawl early, with a result for every portal."""
    if len(arguments) != 1:
        sys.stderr.write("用法 / usage: python -m crawler JOB.json\n")
        return 2
    try:
        job = json.loads(Path(arguments[0]).read_text(encoding="utf-8"))
        run = Run.from_json(job)
    except EvidenceError as error:
        sys.stderr.write(f"{error}\n")
        return 5
    except (OSError, ValueError, KeyError, TypeError) as error:
        sys.stderr.write(f"任务文件无效 / bad job file {arguments[0]}: {type(error).__name__}: {error}\n")
        return 2
    return crawl(run, _identity(job))


def crawl(run: Run, user_agent: str) -> int:
    """Crawl and write the result. A crash becomes the verdict of every portal that was not finished."""
    settings = settings_for(run, user_agent)
    gc.freeze()  # what was imported stays; no collection need look at it again
    gc.set_threshold(_YOUNG, 20, 20)
    try:
        process = AsyncCrawlerProcess(settings)
        process.crawl(PortalSpider, run=run)
        _install_stop_signals()
        process.start(install_signal_handlers=False)
        started = not process.bootstrap_failed
    except Exception as error:  # noqa: BLE001 -- whatever broke, every portal gets its row
        run.tell("error", None, error=repr(error))
        started = False
    try:
        run.close()
        _account(run, started=started)
        run.write_result()
        run.settle()  # last: who was asked to stop has little time, and the result must be there by then
    except (EvidenceError, OSError) as error:
        sys.stderr.write(f"结果或证据写不进 / result or evidence cannot be written: {error}\n")
        return 5
    return 5 if run.failure else 0 if started else 70


def _install_stop_signals() -> None:
    """End at once on SIGTERM, SIGINT and the parent's death.

    Scrapy's own way waits for queued requests, which may be delays away.
    """
    from twisted.internet import reactor  # noqa: PLC0415 -- exists only after Scrapy has installed it

    loop_reactor: Any = reactor

    def install() -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop)

    parent = os.getppid()

    def watch() -> None:
        # Killed without a word, the hall starts anew; two crawls at once would break the promised delays.
        if os.getppid() != parent:
            stop()
        loop_reactor.callLater(0.5, watch)

    def stop() -> None:
        loop_reactor.crash()
        loop_reactor.getThreadPool().stop()

    loop_reactor.callLater(0.5, watch)
    loop_reactor.callLater(0, install)  # the loop runs by then


def _account(run: Run, *, started: bool) -> None:
    for name, ledger in run.ledgers.items():
        if run.failure:
            ledger.errors.insert(0, Verdict(Outcome.CODE_ERROR, str(run.failure)))
        elif not started or not ledger.readings:
            ledger.errors.append(Verdict(Outcome.CODE_ERROR, "抓取没有开始 / the crawl did not start"))
        row = ledger.as_json()
        run.tell("portal", name, outcome=row["outcome"], reason=row["reason"], items=row["items"])


def _identity(job: dict[str, Any]) -> str:
    """An honest User-Agent with a contact."""
    agent, contact = str(job.get("user_agent") or "nianshen"), str(job.get("contact") or "")
    return f"{agent} (+{contact})" if contact and contact not in agent else agent


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
