"""WeCom (企业微信) group robots: markdown of at most 4096 bytes; the key in the address is the only secret."""

from __future__ import annotations

from typing import Any, ClassVar, Final

from notifiers.channels.answer import by_code, reply_of
from notifiers.channels.robot import Robot
from notifiers.exchange import OVERLOAD_PENALTY, Response
from notifiers.markup import WECOM
from notifiers.outcome import Outcome, Permanent, Rerender, Retry
from notifiers.view import Message
from notifiers.wording import Page

_TOO_LONG: Final = Rerender(None, "消息过长 / the message is too long")
_KNOWN: Final[dict[int, Outcome]] = {
    -1: Retry(None, "系统繁忙 / the service is busy"),
    40008: _TOO_LONG,
    40058: _TOO_LONG,
    45002: _TOO_LONG,
    45009: Retry(OVERLOAD_PENALTY, "限频 / throttled", hold=True),
    93000: Permanent("地址中的 key 无效 / the key in the address is invalid", hold=True),
}


class WeCom(Robot):
    """The limit is of the content alone, in bytes: a Chinese character takes three."""

    type: ClassVar = "wecom"
    markup: ClassVar = WECOM
    limit: ClassVar = 4096

    def document(self, page: Page, message: Message) -> dict[str, Any]:  # noqa: ARG002 - the form is the same for all
        """Markdown without colours: they would have to stay within the cut."""
        content = "\n\n".join([f"### {self.titled(page)}", *page.pieces])
        return {"msgtype": "markdown", "markdown": {"content": content}}

    def size(self, document: dict[str, Any]) -> int:
        """Bytes of the content."""
        return len(document["markdown"]["content"].encode())

    def classify(self, response: Response) -> Outcome:
        """``errcode`` 0: a message that is too long is refused with HTTP 200 as well."""
        return by_code(response, reply_of(response, ("errcode",), ("errmsg",)), _KNOWN)
