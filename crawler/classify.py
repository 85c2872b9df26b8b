"""What a response or a failure means. Pure: the same stored bytes always give the same outcome.

Challenge pages are recognised and reported, never answered.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import urlsplit

from scrapy.exceptions import (
    CannotResolveHostError,
    DownloadCancelledError,
    DownloadConnectionRefusedError,
    DownloadTimeoutError,
    IgnoreRequest,
)

from crawler.media import DOCUMENT, HTML


class Outcome(StrEnum):
    """How a portal's reading, or one fetch of it, ended."""

    FOUND = "found"
    EMPTY_LIST = "empty_list"
    LAYOUT_CHANGED = "layout_changed"
    INCOMPLETE_PAGES = "incomplete_pages"
    REPORT_UNREACHABLE = "report_unreachable"
    REPORT_UNDRAWN = "report_undrawn"
    BLOCKED = "blocked"
    NEEDS_RENDER = "needs_render"
    SOFT_404 = "soft_404"
    GONE = "gone"
    DNS = "dns"
    TLS = "tls"
    TIMEOUT = "timeout"
    CONNECTION = "connection"
    HTTP_5XX = "http_5xx"
    ADDRESS_REFUSED = "address_refused"
    ROBOTS_DENIED = "robots_denied"
    ROBOTS_UNREACHABLE = "robots_unreachable"
    BAD_CONTENT = "bad_content"
    OUTSIDE_WINDOW = "outside_window"
    CODE_ERROR = "code_error"

    @property
    def reason(self) -> str | None:
        """The reason of CONTRACT section 6 why an organisation's status is unknown; None if the list was read."""
        return _REASONS[self]


_REASONS: dict[Outcome, str | None] = {
    Outcome.FOUND: None,
    Outcome.EMPTY_LIST: "list_empty",
    Outcome.LAYOUT_CHANGED: "layout_changed",
    Outcome.INCOMPLETE_PAGES: "list_incomplete",
    Outcome.REPORT_UNREACHABLE: "list_incomplete",
    Outcome.REPORT_UNDRAWN: "needs_render",
    Outcome.BLOCKED: "blocked",
    Outcome.NEEDS_RENDER: "needs_render",
    Outcome.SOFT_404: "layout_changed",
    Outcome.GONE: "portal_unreachable",
    Outcome.DNS: "portal_unreachable",
    Outcome.TLS: "portal_unreachable",
    Outcome.TIMEOUT: "portal_unreachable",
    Outcome.CONNECTION: "portal_unreachable",
    Outcome.HTTP_5XX: "portal_unreachable",
    Outcome.ADDRESS_REFUSED: "portal_unreachable",
    Outcome.ROBOTS_DENIED: "robots_denied",
    Outcome.ROBOTS_UNREACHABLE: "robots_denied",
    Outcome.BAD_CONTENT: "report_unreadable",
    Outcome.OUTSIDE_WINDOW: "not_crawled",
    Outcome.CODE_ERROR: "not_crawled",
}


@dataclass(frozen=True, slots=True)
class Verdict:
    """An outcome with the evidence for it, as text for an operator."""

    outcome: Outcome
    evidence: str


class Refused(Exception):
    """We decided not to fetch. Carries the verdict that is to be reported."""

    def __init__(self, outcome: Outcome, evidence: str) -> None:
        super().__init__(evidence)
        self.verdict = Verdict(outcome, evidence)


class Recorded(Exception):
    """A fetch of a past run failed. Carries the verdict of then; unlike a refusal it was tried again."""

    def __init__(self, verdict: Verdict) -> None:
        super().__init__(verdict.evidence)
        self.verdict = verdict


class Unrecorded(Refused):
    """A replayed run never got an answer to this: it was interrupted, or its questions were others."""

    def __init__(self, url: str) -> None:
        super().__init__(Outcome.INCOMPLETE_PAGES, f"那次运行没有得到回答 / the run got no answer: {url}")


_FAILURES: tuple[tuple[type[Exception] | tuple[type[Exception], ...], Outcome], ...] = (
    (CannotResolveHostError, Outcome.DNS),
    ((DownloadTimeoutError, TimeoutError), Outcome.TIMEOUT),
    (DownloadCancelledError, Outcome.BAD_CONTENT),  # over the size limit
    ((ValueError, UnicodeError), Outcome.GONE),  # an address that cannot be asked for
)

_CHALLENGES = (
    ("__jsl_clearance", "加速乐 / JSL challenge"),
    ("acw_sc__v2", "阿里云 WAF / Aliyun challenge"),
    ("wzws_", "WZWS challenge"),
    ("challenges.cloudflare.com", "Cloudflare challenge"),
    ("_Incapsula_Resource", "Incapsula challenge"),
)
_RUISHU = re.compile(r"\$_ts\s*=|window\[['\"]\$_ts['\"]\]")
_COOKIE_CHECK = re.compile(r"document\.cookie\s*=.{0,2000}?location|location.{0,2000}?document\.cookie\s*=", re.DOTALL)
_REFUSED_TEXT = re.compile(
    r"Request Rejected.{0,200}support ID|访问被(?:拦截|拒绝|阻断)|请求被拦截|您的访问(?:存在|可能).{0,10}(?:威胁|风险)"
    r"|(?:网站|应用|WAF).{0,6}防火墙|云锁|安全狗|疑似.{0,4}攻击|非法(?:请求|访问)|Access Denied|请求已?被?(?:阻断|拒绝)"
    r"|安全验证|滑动验证|人机验证|请完成验证|访问过于频繁",
    re.IGNORECASE | re.DOTALL,
)
_LOST_TEXT = re.compile(
    r"(?:页面|网页|栏目|文件)(?:暂时)?(?:不存在|不见了|未找到|找不到|无法访问|已(?:被)?(?:移除|下线|失效))"
    r"|(?:找不到|没有找到|未找到|无法找到|未能找到)(?:了|该|您|此|相关)?.{0,8}(?:页面|网页|内容|栏目|文件|资源)"
    r"|访问的(?:页面|内容|地址|网址|链接|栏目).{0,6}(?:不存在|已删除|已失效|有误)"
    r"|(?:页面|内容|文章|信息)已(?:被)?删除|页面(?:走丢|丢失)|Page Not Found|404 Not Found|404错误",
    re.IGNORECASE,
)
_LOST_TITLE = re.compile(r"^\W*(?:404|error|出错|错误页|页面不存在|not found)|\b404\b|找不到|页面不存在", re.IGNORECASE)
_TITLE = re.compile(r"<title[^>]*>(.*?)</title>", re.IGNORECASE | re.DOTALL)
_NO_TEXT = re.compile(r"<(script|style|noscript)\b.*?</\1\s*>|<!--.*?-->|<[^>]+>", re.IGNORECASE | re.DOTALL)
LARGEST_PAGE = 4_000_000
"""Signs. A list or report page is far smaller; parsing more would hold up every other portal."""

MUCH = 2000
"""Signs of text. A page that says so much is no block page and no 404."""
_HEAD = 200_000


def classify_status(status: int) -> Verdict | None:
    """The verdict an HTTP status forces by itself, or None for 2xx. 521, 512 and 412 are known challenge answers."""
    if status in {401, 403, 405, 412, 418, 429, 451, 512, 521}:
        return Verdict(Outcome.BLOCKED, f"HTTP {status}: 拒绝访问 / refused")
    if status in {404, 410}:
        return Verdict(Outcome.GONE, f"HTTP {status}: 页面不存在 / gone")
    if status >= 500:
        return Verdict(Outcome.HTTP_5XX, f"HTTP {status}: 服务器错误 / server error")
    if not 200 <= status < 300:
        return Verdict(Outcome.BAD_CONTENT, f"HTTP {status}: 意外状态 / unexpected status")
    return None


def forwarded_home(start: str, end: str) -> Verdict | None:
    """The verdict on being sent to the front page when something else was asked for."""
    if urlsplit(end).path in {"", "/"} and urlsplit(start).path not in {"", "/"}:
        return Verdict(Outcome.SOFT_404, f"转到首页 / sent to the front page: {end}")
    return None


def classify_list(status: int, text: str, asked: str, got: str) -> Verdict | None:
    """The verdict on what should be a list: one address was ``asked`` for, the answer was ``got`` from another."""
    if len(text) > LARGEST_PAGE:
        return Verdict(Outcome.BAD_CONTENT, f"页面太大 / page too large: {len(text)}")
    return classify_page(status, text) or forwarded_home(asked, got)


def classify_page(status: int, text: str) -> Verdict | None:
    """The verdict on a page that should hold a list or a report; None if nothing speaks against it."""
    plain = " ".join(_NO_TEXT.sub(" ", text[:_HEAD]).split())
    short = len(plain) < MUCH
    challenge = _challenge(text, plain) if short else None
    if challenge:
        return Verdict(Outcome.BLOCKED, f"HTTP {status}: {challenge}")
    verdict = classify_status(status)
    if verdict:
        return verdict
    if not text.strip():
        return Verdict(Outcome.BAD_CONTENT, f"HTTP {status}: 空响应 / empty body")
    title = _TITLE.search(text)
    if short and ((title and _LOST_TITLE.search(title[1].strip())) or _LOST_TEXT.search(plain)):
        return Verdict(Outcome.SOFT_404, f"HTTP {status}: 内容是“页面不存在” / says not found: {plain[:80]}")
    return None


def classify_report(
    status: int, url: str, media: str, text: str, *, redirected: bool, at_length: bool = False
) -> Verdict | None:
    """The verdict on what should be a report or its attachment; ``text`` is empty unless ``media`` is HTML.

    ``at_length``: it is known to say more than ``MUCH``.
    """
    verdict = classify_page(status, text) if media == HTML and not at_length else classify_status(status)
    if verdict is None and media == HTML and DOCUMENT.search(urlsplit(url).path):
        return Verdict(Outcome.BAD_CONTENT, f"该是文件，得到网页 / a page, not a document: {url}")
    return verdict or (forwarded_home("/report", url) if redirected else None)


def classify_failure(error: BaseException) -> Verdict:
    """The verdict on a fetch that gave no response."""
    if isinstance(error, Refused | Recorded):
        return error.verdict
    name, said = type(error).__name__, f"{type(error).__name__}: {error}"[:300]
    if isinstance(error, IgnoreRequest):
        # Over the size limit once unpacked, else redirected in a circle.
        return Verdict(Outcome.BAD_CONTENT if "DOWNLOAD_MAXSIZE" in said else Outcome.GONE, said)
    for kinds, outcome in _FAILURES:
        if isinstance(error, kinds):
            return Verdict(outcome, said)
    if "SSL" in said or "certificate" in said.lower() or "VerificationError" in said:
        return Verdict(Outcome.TLS, said)
    if isinstance(error, DownloadConnectionRefusedError | OSError) or name.startswith(("Download", "Response")):
        return Verdict(Outcome.CONNECTION, said)
    return Verdict(Outcome.CODE_ERROR, said)


def _challenge(text: str, plain: str) -> str | None:
    for sign, name in _CHALLENGES:
        if sign in text:
            return name
    if _RUISHU.search(text) and len(plain) < 200:
        return "瑞数 / Ruishu challenge"
    if len(plain) < 50 and _COOKIE_CHECK.search(text):
        return "脚本设 cookie 后重载 / a script sets a cookie and reloads"
    found = _REFUSED_TEXT.search(plain)
    return f"拦截页 / block page: {found[0][:60]}" if found else None
