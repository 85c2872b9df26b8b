"""A past run, read again from its evidence with every server gone."""

from __future__ import annotations

import gzip
import shutil
import signal
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from tests.crawler.site import REPORT, Answer, Ran, Site, crawl, listing, organisation, portal, row, serve

FIN, EDU = "示例市财政局", "示例市教育局"
ORGANISATIONS = [organisation(FIN, "a", "fin"), organisation(EDU, "a", "edu"), organisation(FIN, "b", "b-fin")]
PAGER = '<script>createPageHTML(2, {}, "index", "html");</script>'


def busy(site: Site) -> None:
    """A portal with everything that a replay must repeat: a pause, a redirect, packed bytes, a file, a lost report."""
    tag = {"ETag": '"1"', "Content-Type": "text/html; charset=utf-8"}
    first = listing(row(f"{FIN}2025年政府信息公开年度报告", "moved.html"), tail=PAGER.format(0))
    site.put("/robots.txt", Answer(b"User-agent: *\nCrawl-delay: 0.01\n"))
    site.put("/nb/", Answer(b"", 429, {"Retry-After": "0"}), Answer(first.encode(), 200, tag))
    site.put("/nb/index_1.html", listing(row(f"{EDU}2025年政府信息公开年度报告", "lost.html"), tail=PAGER.format(1)))
    site.put("/nb/moved.html", Answer(b"", 302, {"Location": "/nb/r.html"}))
    body = REPORT.format(title=f"{FIN}2025年", extra='<a href="a.pdf">年度报告全文下载</a>')
    site.put("/nb/r.html", Answer(gzip.compress(body.encode()), 200, tag | {"Content-Encoding": "gzip"}))
    site.put("/nb/a.pdf", Answer(b"%PDF-1.4 a"))
    site.put("/nb/lost.html", Answer(b"", 500))


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> tuple[Ran, Ran]:
    """Two runs into one evidence: the second was told of pages that did not change."""
    folder = tmp_path_factory.mktemp("runs")
    with serve() as one, serve() as down:
        busy(one)
        down.put("/robots.txt", Answer(b"", 503))
        portals = [portal("a", one.url("/nb/")), portal("b", down.url("/nb/"))]
        first = crawl(folder, portals, ORGANISATIONS, run_id="one")
        second = crawl(folder, portals, ORGANISATIONS, run_id="two")
        assert one.conditions
    return first, second


def again(folder: Path, ran: Ran, run: str) -> Ran:
    """Replay a run; the addresses are those of servers that are gone."""
    urls = {"a": "", "b": ""}
    for one in ran.result["portals"]:
        urls[one["id"]] = one["readings"][0]["url"]
    portals = [portal(name, url) for name, url in urls.items()]
    return crawl(folder, portals, ORGANISATIONS, run_id="again", replay=run, evidence=str(ran.evidence))


def files(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_replay_gives_the_same_document_without_a_server_and_touches_no_evidence(
    tmp_path: Path, runs: tuple[Ran, Ran]
) -> None:
    before = files(runs[0].evidence)

    for ran, run in zip(runs, ("one", "two"), strict=True):
        replayed = again(tmp_path, ran, run)

        assert replayed.code == 0
        assert replayed.result | {"run_id": run} == ran.result
    assert {one["outcome"] for one in runs[1].result["portals"]} == {"report_unreachable", "robots_unreachable"}
    assert len(runs[1].result["candidates"]) == 2
    assert files(runs[0].evidence) == before


def test_a_replay_of_an_interrupted_run_knows_no_more_than_the_run_did(tmp_path: Path) -> None:
    def stop(process: subprocess.Popen[str]) -> None:
        assert process.stderr is not None
        while '"status": 302' not in process.stderr.readline():
            """Until the crawl is in the middle."""
        process.send_signal(signal.SIGTERM)

    with serve() as site:
        busy(site)
        portals = [portal("a", site.url("/nb/"), politeness={"delay": 0.2, "concurrency": 1})]
        ran = crawl(tmp_path, portals, ORGANISATIONS[:2], meanwhile=stop, run_id="one")

    replayed = crawl(tmp_path, portals, ORGANISATIONS[:2], run_id="again", replay="one")

    assert ran.portal("a")["reason"] == "list_incomplete"
    assert replayed.portal("a")["detail"] == ran.portal("a")["detail"]
    assert replayed.result | {"run_id": "one"} == ran.result


def test_evidence_that_was_damaged_since_fails_the_replay(tmp_path: Path, runs: tuple[Ran, Ran]) -> None:
    damaged = replace(runs[0], evidence=tmp_path / "evidence")
    shutil.copytree(runs[0].evidence, damaged.evidence)
    warc = damaged.evidence / "warc" / "one.warc.gz"
    warc.write_bytes(warc.read_bytes()[:-40])

    replayed = again(tmp_path, damaged, "one")

    assert replayed.code == 5
    assert {one["reason"] for one in replayed.result["portals"]} == {"not_crawled"}


def test_a_run_that_the_evidence_does_not_know_is_refused(tmp_path: Path, runs: tuple[Ran, Ran]) -> None:
    with pytest.raises(AssertionError, match="knows no such run: nine"):
        again(tmp_path, runs[0], "nine")
