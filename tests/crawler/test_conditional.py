"""A second run asks whether pages changed, and reads what did not out of our own evidence."""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from crawler.evidence import verify
from crawler.validators import Known, Validators
from tests.crawler.site import REPORT, Answer, Ran, Site, crawl, listing, organisation, portal, row, serve

FIN = "示例市财政局"
NOW = datetime(2026, 3, 1, tzinfo=UTC)
REPORT_PAGE = REPORT.format(title=f"{FIN}2025年政府信息公开工作年度报告", extra="")


def tagged(text: str, *, packed: bool = False) -> Answer:
    body = gzip.compress(text.encode()) if packed else text.encode()
    headers = {"Content-Type": "text/html; charset=utf-8", "ETag": f'"{hashlib.sha256(body).hexdigest()[:8]}"'}
    return Answer(body, 200, headers | ({"Content-Encoding": "gzip"} if packed else {}))


@pytest.fixture
def site() -> Iterator[Site]:
    with serve() as one:
        one.put("/nb/", tagged(listing(row(f"{FIN}2025年政府信息公开年度报告", "r.html"))))
        one.put("/nb/r.html", tagged(REPORT_PAGE, packed=True))
        yield one


def again(folder: Path, site: Site, **more: Any) -> Ran:
    site.asked.clear()
    site.conditions.clear()
    return crawl(folder, [portal("a", site.url("/nb/"))], [organisation(FIN, "a", "fin")], **more)


def lines(ran: Ran) -> list[dict[str, Any]]:
    text = (ran.evidence / "manifest.jsonl").read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]


def test_unchanged_pages_cost_one_conditional_request_each_and_give_the_same_result(tmp_path: Path, site: Site) -> None:
    first = again(tmp_path, site)

    second = again(tmp_path, site)

    assert sorted(path for _, path in site.asked) == ["/nb/", "/nb/r.html", "/robots.txt"]
    assert sorted(path for path, _ in site.conditions) == ["/nb/", "/nb/r.html"]
    assert second.portal("a")["complete"]
    assert [one["sha256"] for one in second.candidates("a")] == [one["sha256"] for one in first.candidates("a")]
    assert second.portal("a")["evidence"] == first.portal("a")["evidence"]


def test_the_manifest_says_that_a_page_was_not_modified_and_which_capture_stands(tmp_path: Path, site: Site) -> None:
    again(tmp_path, site)

    ran = again(tmp_path, site)

    full = {one["url"]: one for one in lines(ran) if one.get("status") == 200}
    unchanged = [one for one in lines(ran) if "not_modified" in one]
    assert [one["status"] for one in unchanged] == [304, 304]
    for one in unchanged:
        assert one["sha256"] == full[one["url"]]["sha256"]
        assert one["not_modified"] == {key: full[one["url"]][key] for key in ("sha256", "warc", "offset")}
    assert verify(ran.evidence) == []


def test_a_changed_page_is_fetched_with_its_new_bytes(tmp_path: Path, site: Site) -> None:
    first = again(tmp_path, site)
    site.put("/nb/r.html", tagged(REPORT_PAGE.replace("认真", "切实")))

    second = again(tmp_path, site)

    assert first.candidates("a")[0]["sha256"] != second.candidates("a")[0]["sha256"]


def test_a_portal_named_fresh_is_fetched_in_full(tmp_path: Path, site: Site) -> None:
    again(tmp_path, site)

    again(tmp_path, site, fresh=["a"])

    assert site.conditions == []


def test_bytes_that_are_gone_from_the_evidence_are_fetched_in_full(tmp_path: Path, site: Site) -> None:
    ran = again(tmp_path, site)
    for blob in (ran.evidence / "blobs").rglob("*"):
        if blob.is_file():
            blob.write_bytes(b"damaged")

    second = again(tmp_path, site)

    assert second.portal("a")["complete"]
    assert [path for _, path in site.asked].count("/nb/r.html") == 2
    assert second.candidates("a")


def test_a_304_that_nobody_asked_for_is_answered_by_a_full_request(tmp_path: Path, site: Site) -> None:
    site.put("/nb/", Answer(b"", 304), tagged(listing(row(f"{FIN}2025年政府信息公开年度报告", "r.html"))))

    ran = again(tmp_path, site)

    assert ran.portal("a")["complete"]
    assert [path for _, path in site.asked].count("/nb/") == 2


def test_a_server_that_never_sends_the_page_is_not_asked_for_ever(tmp_path: Path, site: Site) -> None:
    site.put("/nb/", Answer(b"", 304))

    ran = again(tmp_path, site)

    assert not ran.portal("a")["complete"]
    assert [path for _, path in site.asked].count("/nb/") == 2


def known(at: datetime, **headers: str) -> Known:
    return Known("0" * 64, "w.warc.gz", 7, at, tuple((name.replace("_", "-"), text) for name, text in headers.items()))


def stored(folder: Path, one: Known) -> Validators:
    validators = Validators(folder)
    validators.learn("p", "http://x.test/", one)
    validators.close()
    return Validators(folder)


def test_what_is_known_outlives_the_process_without_its_cookies(tmp_path: Path) -> None:
    validators = stored(tmp_path, known(NOW, ETag='"1"', Set_Cookie="s=secret"))

    assert validators.known("p", "http://x.test/", NOW) == known(NOW, ETag='"1"')
    assert validators.known("p", "http://x.test/other", NOW) is None


@pytest.mark.parametrize(("age", "asked"), [(timedelta(days=6, hours=23), True), (timedelta(days=7), False)])
def test_an_address_is_fetched_in_full_once_a_week(tmp_path: Path, age: timedelta, asked: bool) -> None:
    validators = stored(tmp_path, known(NOW, ETag='"1"'))

    assert (validators.known("p", "http://x.test/", NOW + age) is not None) is asked


def test_a_capture_from_the_future_is_not_trusted(tmp_path: Path) -> None:
    assert stored(tmp_path, known(NOW, ETag='"1"')).known("p", "http://x.test/", NOW - timedelta(hours=1)) is None


@pytest.mark.parametrize(
    ("changed", "asked"),
    [("Sun, 01 Mar 2026 00:00:00 GMT", False), ("Sat, 28 Feb 2026 23:58:00 GMT", True), ("yesterday", False)],
)
def test_a_date_alone_is_compared_only_if_the_page_had_been_still_for_a_minute(changed: str, asked: bool) -> None:
    one = known(NOW, Date="Sun, 01 Mar 2026 00:00:30 GMT", Last_Modified=changed)

    assert bool(one.conditions()) is asked


def test_a_torn_file_costs_full_fetches_and_nothing_else(tmp_path: Path) -> None:
    stored(tmp_path, known(NOW, ETag='"1"'))
    path = tmp_path / "p.notes"
    path.write_bytes(path.read_bytes()[:-20])

    assert Validators(tmp_path).known("p", "http://x.test/", NOW) is None
