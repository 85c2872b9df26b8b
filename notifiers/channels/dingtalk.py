"""DingTalk custom robots: markdown, signed in the address with the time in milliseconds."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, ClassVar, Final
from urllib.parse import urlencode, urlsplit, urlunsplit

from notifiers.channels.answer import by_code, reply_of
from notifiers.channels.robot import HEADERS, Robot
from notifiers.digest import encode
from notifiers.exchange import Request, Response
from notifiers.markup import DINGTALK
from notifiers.outcome import Outcome, Permanent, Rerender, Retry
from notifiers.secret import Secret
from notifiers.sign import dingtalk
from notifiers.view import Message
from notifiers.wording import Page

_FROZEN: Final = Retry(timedelta(minutes=10), "限频，机器人冻结十分钟 / throttled, frozen for ten minutes", hold=True)
_TOO_LONG: Final = Rerender(None, "消息过长 / the message is too long")
_PARAMETERS: Final = Permanent("参数错误 / bad parameters")
_KNOWN: Final[dict[int, Outcome]] = {
    -1: Retry(None, "系统繁忙 / the service is busy"),
    101002: _TOO_LONG,
    130101: _FROZEN,
    300005: Permanent("地址中的令牌不存在 / the token in the address does not exist", hold=True),
    310000: Permanent("关键词、签名或 IP 不符 / the keyword, the signature or the IP does not match", hold=True),
    410100: _FROZEN,
    460101: _TOO_LONG,
}
_SIGNATURE: Final = Retry(
    None, "签名不符或时间偏差过大，请核对密钥和本机时钟 / check the secret and this machine's clock", once=True
)


class DingTalk(Robot):
    """The title is what the telephone shows; it stands in the text too, where robots look for their keyword."""

    type: ClassVar = "dingtalk"
    markup: ClassVar = DINGTALK
    limit: ClassVar = 18_000  # of 20,000 bytes

    def document(self, page: Page, message: Message) -> dict[str, Any]:  # noqa: ARG002 - the form is the same for all
        """Markdown that mentions nobody."""
        title = self.titled(page)
        text = "\n\n".join([f"### {title}", *page.pieces])
        return {
            "msgtype": "markdown",
            "markdown": {"title": title, "text": text},
            "at": {"atMobiles": [], "isAtAll": False},
        }

    def request(self, document: dict[str, Any], now: datetime) -> Request:
        """The query is made anew from the configured address each time, and encoded once."""
        url = self._url
        if self._secret is not None:
            parts = urlsplit(url.reveal())
            query = "&".join(part for part in (parts.query, urlencode(dingtalk(self._secret, now))) if part)
            url = Secret(urlunsplit(parts._replace(query=query)))
        return Request(url, HEADERS, encode(document))

    def classify(self, response: Response) -> Outcome:
        """``errcode`` 0; a signature that does not match may be a moment's clock."""
        reply = reply_of(response, ("errcode",), ("errmsg",))
        known = _KNOWN
        if reply is not None and reply.code == 310000 and any(word in reply.said for word in ("sign", "timestamp")):
            known = {310000: _SIGNATURE}
        elif reply is not None and 400_000 <= reply.code < 401_000:
            known = {reply.code: _PARAMETERS}
        return by_code(response, reply, known)
