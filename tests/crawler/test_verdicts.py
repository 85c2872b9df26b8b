"""Decoding, classification, coverage, retries, addresses: the pure verdicts."""

from __future__ import annotations

import ipaddress
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scrapy.exceptions import CannotResolveHostError, DownloadFailedError, DownloadTimeoutError

from crawler.classify import Outcome, Verdict, classify_failure, classify_page
from crawler.coverage import ListReading, PageRead, judge_list, judge_portal
from crawler.decode import decode
from crawler.middlewares.address_guard import GuardedResolver, HostRules, permitted
from crawler.middlewares.retry_after import retry_after
from crawler.portal import Expectation, Portal

REASONS = {
    "portal_unreachable", "blocked", "robots_denied", "list_incomplete", "list_empty", "layout_changed",
    "needs_render", "report_unreadable", "not_crawled",
}  # fmt: skip


@given(st.text(alphabet="年报规章示例市教育局0123abc", min_size=1))
def test_utf8_text_is_read_whatever_the_header_says(text: str) -> None:
    found = decode(text.encode(), "text/html; charset=gb2312")

    assert (found.text, found.lossy) == (text, False)


@pytest.mark.parametrize(
    ("body", "header", "encoding", "lossy"),
    [
        ("规章|0".encode("gbk"), "text/html; charset=utf-8", "gb18030", False),
        ("规章".encode("utf-8-sig"), None, "utf-8-sig", False),
        ("规章".encode("utf-16"), None, "utf-16", False),
        ("规章年度报告".encode() + b"\xff", None, "utf-8", True),
        (b"\xff" + "规章年度报告".encode("gbk"), "text/html; charset=nonsense", "gb18030", True),
        ("<p>规章".encode() + "</p><i>主办单位</i>".encode("gbk"), None, "utf-8+gb18030", False),
        (
            "<p>规章年度报告</p>".encode() + "<i>主办：办</i>".encode("gbk"),
            "text/html; charset=gbk",
            "utf-8+gb18030",
            False,
        ),
    ],
)
def test_the_ladder_of_encodings(body: bytes, header: str | None, encoding: str, lossy: bool) -> None:
    found = decode(body, header)

    assert (found.encoding, found.lossy) == (encoding, lossy)
    assert "规章" in found.text


def test_a_lying_charset_is_noted() -> None:
    assert decode("规章".encode("gbk"), "text/html; charset=utf-8").conflict
    assert not decode("规章".encode("gbk"), "text/html; charset=gb2312").conflict


@pytest.mark.parametrize(
    ("status", "text", "outcome"),
    [
        (521, "x", Outcome.BLOCKED),
        (403, "x", Outcome.BLOCKED),
        (200, "<p>Request Rejected. Your support ID is 1</p>", Outcome.BLOCKED),
        (200, "<script>var arg1='A';acw_sc__v2</script>", Outcome.BLOCKED),
        (202, "<script>$_ts={};</script>", Outcome.BLOCKED),
        (404, "x", Outcome.GONE),
        (502, "x", Outcome.HTTP_5XX),
        (200, "<title>404</title>", Outcome.SOFT_404),
        (200, "<p>您访问的页面不存在或已删除</p>", Outcome.SOFT_404),
        (200, "", Outcome.BAD_CONTENT),
        (200, "<title>年报</title>" + "正文" * 1500 + "页面不存在", None),
        (200, "<title>政府信息公开年报</title>", None),
    ],
)
def test_a_page_is_classified(status: int, text: str, outcome: Outcome | None) -> None:
    found = classify_page(status, text)

    assert (found.outcome if found else None) is outcome


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (CannotResolveHostError("x"), Outcome.DNS),
        (DownloadTimeoutError("x"), Outcome.TIMEOUT),
        (DownloadFailedError("[('SSL routines', 'certificate verify failed')]"), Outcome.TLS),
        (DownloadFailedError("Connection lost"), Outcome.CONNECTION),
        (ZeroDivisionError("x"), Outcome.CODE_ERROR),
    ],
)
def test_a_failure_is_classified(error: Exception, outcome: Outcome) -> None:
    assert classify_failure(error).outcome is outcome


def test_every_outcome_but_found_has_a_reason_of_the_contract() -> None:
    assert Outcome.FOUND.reason is None
    assert {one.reason for one in Outcome} - {None} <= REASONS
    assert [one for one in Outcome if one.reason is None] == [Outcome.FOUND]


def read(number: int = 1, *items: str, reports: int = 1, **more: object) -> PageRead:
    return PageRead(number, frozenset(items), reports, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "pages",
    [
        (read(1, "a", pages=2),),
        (read(1, "a", pages=2), read(2, pages=2)),
        (read(1, "a", pages=2), read(2, "a", pages=2)),
        (read(1, "a", total=9),),
        (read(1, "a", unresolved="script"),),
    ],
    ids=["page missing", "page empty", "page repeated", "fewer than said", "pager unread"],
)
def test_a_list_that_was_not_seen_whole_is_incomplete(pages: tuple[PageRead, ...]) -> None:
    found = judge_list(ListReading("u", pages))

    assert found is not None
    assert found.outcome is Outcome.INCOMPLETE_PAGES


def test_a_failure_of_one_page_is_not_averaged_away() -> None:
    pages = tuple(read(n, f"i{n}", pages=10) for n in range(1, 10))
    reading = ListReading("u", pages, (Verdict(Outcome.TIMEOUT, "x"),))

    found = judge_portal([reading], Expectation(1), names_column=True)

    assert found.outcome is Outcome.INCOMPLETE_PAGES


@pytest.mark.parametrize(
    ("pages", "expected", "column", "outcome"),
    [
        ((read(1, "a"),), 1, True, Outcome.FOUND),
        ((read(1, reports=0),), 1, True, Outcome.EMPTY_LIST),
        ((read(1, reports=0),), 1, False, Outcome.LAYOUT_CHANGED),
        ((read(1, "a", reports=0),), 1, True, Outcome.LAYOUT_CHANGED),
        ((read(1, "a", reports=1),), 5, True, Outcome.LAYOUT_CHANGED),
    ],
)
def test_a_whole_list_is_weighed_against_what_is_expected(
    pages: tuple[PageRead, ...], expected: int, column: bool, outcome: Outcome
) -> None:
    assert judge_portal([ListReading("u", pages)], Expectation(expected), names_column=column).outcome is outcome


def test_nothing_read_is_never_success() -> None:
    assert judge_portal([], Expectation(0), names_column=True).outcome is Outcome.CODE_ERROR


@pytest.mark.parametrize(
    ("value", "seconds"),
    [("7", 7.0), ("Sun, 01 Mar 2026 00:00:30 GMT", 30.0), ("Sat, 28 Feb 2026 00:00:00 GMT", 0.0), ("soon", None)],
)
def test_retry_after_is_seconds_or_a_date(value: str, seconds: float | None) -> None:
    assert retry_after(value, datetime(2026, 3, 1, tzinfo=UTC)) == seconds


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "10.1.2.3", "169.254.169.254", "0.0.0.0", "100.64.0.1", "::1", "fe80::1", "fd00::1",  # noqa: S104
     "::ffff:127.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::", "224.0.0.1"],
)  # fmt: skip
def test_private_addresses_are_refused_in_every_disguise(address: str) -> None:
    assert not permitted(ipaddress.ip_address(address), ())


def test_private_addresses_are_permitted_by_their_network_only() -> None:
    allowed = (ipaddress.ip_network("10.0.0.0/8"),)

    assert permitted(ipaddress.ip_address("10.1.2.3"), allowed)
    assert not permitted(ipaddress.ip_address("127.0.0.1"), allowed)
    assert permitted(ipaddress.ip_address("93.184.216.34"), ())


class Answering:
    """A resolver whose answer changes, as in DNS rebinding; and the receiver of what passes."""

    def __init__(self, *answers: str) -> None:
        self.answers, self.passed = list(answers), []  # type: ignore[var-annotated]

    def resolveHostName(self, receiver, host, *_):  # type: ignore[no-untyped-def]  # noqa: N802
        self.host = self.answers.pop(0)
        receiver.addressResolved(self)
        receiver.resolutionComplete()

    def addressResolved(self, address):  # type: ignore[no-untyped-def]  # noqa: N802
        self.passed.append(address.host)

    def resolutionComplete(self) -> None:  # noqa: N802
        """The connection would start here."""


def test_a_name_that_turns_to_a_private_address_is_refused_at_connect_time() -> None:
    rules, net = HostRules(), Answering("93.184.216.34", "127.0.0.1")
    resolver = GuardedResolver(net, rules)

    resolver.resolveHostName(net, "www.example.test")
    resolver.resolveHostName(net, "www.example.test")

    assert net.passed == ["93.184.216.34"]
    assert rules.refused == {"www.example.test": "127.0.0.1"}


def test_a_portal_survives_the_way_through_json() -> None:
    one = Portal("p", "P", "g", ("http://x.test/",), allow_private_addresses=("10.0.0.0/8",))

    assert Portal.from_json(one.as_json()) == one
