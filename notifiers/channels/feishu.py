"""Feishu and Lark custom robots: an interactive card, signed in the body with the time in seconds."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar, Final

from notifiers.channels.answer import by_code, reply_of
from notifiers.channels.robot import Robot
from notifiers.exchange import OVERLOAD_PENALTY, Request, Response
from notifiers.markup import LARK
from notifiers.outcome import Outcome, Permanent, Retry
from notifiers.sign import feishu
from notifiers.view import Message
from notifiers.wording import Page

_THROTTLED: Final = Retry(OVERLOAD_PENALTY, "限频 / throttled", hold=True)
_KNOWN: Final[dict[int, Outcome]] = {
    11232: _THROTTLED,
    19001: Permanent("地址中的令牌无效 / the token in the address is invalid", hold=True),
    19002: Permanent("参数错误 / bad parameters"),
    19021: Retry(
        None, "签名不符或时间偏差过大，请核对密钥和本机时钟 / check the secret and this machine's clock", once=True
    ),
    19022: Permanent("本机 IP 不在机器人白名单 / this machine's IP is not on the robot's list", hold=True),
    19024: Permanent("缺少机器人要求的关键词，请设置 keyword / set the keyword the robot insists on", hold=True),
}
_COLOURS: Final = (("error", "red"), ("warning", "orange"))


class Feishu(Robot):
    """``open.feishu.cn`` and ``open.larksuite.com`` alike. The secret is optional, as it is with the robot."""

    type: ClassVar = "feishu"
    markup: ClassVar = LARK
    limit: ClassVar = 18_000  # of 20 KB, less the signature

    def document(self, page: Page, message: Message) -> dict[str, Any]:
        """A card whose colour is the gravest severity among what is not resolved."""
        elements: list[dict[str, Any]] = [
            {"tag": "div", "text": {"tag": "lark_md", "content": piece}} for piece in page.pieces
        ]
        if self._link:
            button = {
                "tag": "button",
                "text": {"tag": "plain_text", "content": self.action()},
                "url": self._link,
                "type": "primary",
            }
            elements.append({"tag": "action", "actions": [button]})
        title = {"tag": "plain_text", "content": self.titled(page)}
        card = {
            "config": {"wide_screen_mode": True},
            "header": {"template": _colour(message), "title": title},
            "elements": elements,
        }
        return {"msg_type": "interactive", "card": card}

    def request(self, document: dict[str, Any], now: datetime) -> Request:
        """Time and signature stand before the message, as in the service's own examples."""
        signed = {} if self._secret is None else feishu(self._secret, now)
        return super().request({**signed, **document}, now)

    def classify(self, response: Response) -> Outcome:
        """``code`` 0, or in old robots ``StatusCode`` 0."""
        reply = reply_of(response, ("code", "StatusCode"), ("msg", "StatusMessage"))
        if reply is not None and reply.code == 9499:
            # one number for two things, and HTTP 400 for both
            throttled = "too many request" in reply.said.lower()
            return by_code(response, reply, {9499: _THROTTLED if throttled else Permanent("请求有误 / bad request")})
        return by_code(response, reply, _KNOWN)


def _colour(message: Message) -> str:
    if set(message.events) <= {"resolved"}:
        return "green" if message.events else "blue"
    return next((colour for severity, colour in _COLOURS if message.severities.get(severity)), "blue")
