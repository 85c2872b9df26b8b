"""The chat services on loopback: they check signature, size and shape as the real ones do, and answer like them."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import Any, ClassVar
from urllib.parse import parse_qs, urlsplit

from tests.notifiers.receiver import Answer, Received, Receiver

SIGNING = "SECdemo0123456789abcdef"
SKEW = 3600  # seconds either way


class Service(Receiver, ABC):
    """A robot's service. ``now`` is its clock in seconds; scripted ``answers`` come first."""

    path: ClassVar[str]
    size: ClassVar[int]

    def __init__(self, answers: Iterable[Answer] = (), *, now: float = 0, **more: Any) -> None:
        super().__init__(answers, **more)
        self.clock = now

    @property
    def url(self) -> str:
        return super().url.removesuffix("/hook") + self.path

    def answer(self, received: Received) -> Answer:
        scripted = super().answer(received)
        usual = scripted.status in {204, 401} and not (scripted.body or scripted.cut or scripted.hang)
        return self.judge(received) if usual else scripted

    def judge(self, received: Received) -> Answer:
        if received.path.partition("?")[0] != self.path.partition("?")[0]:
            return Answer(404)
        if not received.headers["content-type"].startswith("application/json"):
            return Answer(400, body=b"content type")
        return self.said(received.document, received)

    @abstractmethod
    def said(self, document: Any, received: Received) -> Answer: ...


def _json(document: object, status: int = 200) -> Answer:
    return Answer(status, {"content-type": "application/json"}, json.dumps(document).encode())


def _mac(key: str, message: str) -> str:
    return base64.b64encode(hmac.new(key.encode(), message.encode(), hashlib.sha256).digest()).decode()


class FeishuService(Service):
    """The card, its size, and the signature in the body: time and secret are the key."""

    path = "/open-apis/bot/v2/hook/T0PS3CRETFEISHU"
    size = 20 * 1024

    def said(self, document: Any, received: Received) -> Answer:
        stamp = document.get("timestamp", "")
        if not stamp.isdigit() or abs(int(stamp) - self.clock) > SKEW:
            return _json({"code": 19021, "msg": "sign match fail or timestamp is not within one hour"})
        if document.get("sign") != _mac(f"{stamp}\n{SIGNING}", ""):
            return _json({"code": 19021, "msg": "sign match fail or timestamp is not within one hour"})
        if len(received.body) > self.size:
            return _json({"code": 9499, "msg": "Bad Request"}, 400)
        card = document["card"]
        texts = [element["text"] for element in card["elements"] if element["tag"] == "div"]
        shaped = (
            document["msg_type"] == "interactive"
            and card["header"]["title"]["content"]
            and all(text["tag"] == "lark_md" and text["content"] for text in texts)
        )
        return _json({"code": 0, "msg": "success", "data": {}, "StatusCode": 0} if shaped else {"code": 19002})


class DingTalkService(Service):
    """The markdown with its title, its size, and the signature in the query: the secret is the key."""

    path = "/robot/send?access_token=T0PS3CRETDINGTALK"
    size = 20_000

    def said(self, document: Any, received: Received) -> Answer:
        query = parse_qs(urlsplit(received.path).query, strict_parsing=True)
        if query["access_token"] != ["T0PS3CRETDINGTALK"]:
            return _json({"errcode": 300005, "errmsg": "token is not exist"})
        [stamp], [sign] = query["timestamp"], query["sign"]
        if abs(int(stamp) / 1000 - self.clock) > SKEW:
            return _json({"errcode": 310000, "errmsg": "invalid timestamp"})
        if sign != _mac(SIGNING, f"{stamp}\n{SIGNING}"):
            return _json({"errcode": 310000, "errmsg": "sign not match"})
        if len(received.body) > self.size:
            return _json({"errcode": 460101, "errmsg": "message too long, exceed 20000 bytes"})
        shaped = document["msgtype"] == "markdown" and document["markdown"]["title"] and document["markdown"]["text"]
        return _json({"errcode": 0, "errmsg": "ok"} if shaped else {"errcode": 400035, "errmsg": "bad"})


class WeComService(Service):
    """The key in the query and 4096 bytes of content; refusals come with HTTP 200."""

    path = "/cgi-bin/webhook/send?key=T0PS3CRETWECOM"
    size = 4096

    def said(self, document: Any, received: Received) -> Answer:
        if not received.path.endswith("?key=T0PS3CRETWECOM"):
            return _json({"errcode": 93000, "errmsg": "invalid webhook url"})
        content = document["markdown"]["content"]
        if document["msgtype"] != "markdown" or not content:
            return _json({"errcode": 40008, "errmsg": "invalid message type"})
        if len(content.encode()) > self.size:
            return _json({"errcode": 40058, "errmsg": "markdown.content exceed max length 4096"})
        return _json({"errcode": 0, "errmsg": "ok"})


class SlackService(Service):
    """Blocks, sections and characters; ``ok`` or a word."""

    path = "/services/T000/B000/T0PS3CRETSLACK"
    size = 13_200

    def said(self, document: Any, received: Received) -> Answer:
        texts = [block["text"]["text"] for block in document["blocks"]]
        if not document["text"] or len(texts) > 50 or any(not text or len(text) > 3000 for text in texts):
            return Answer(400, body=b"invalid_blocks")
        if sum(map(len, texts)) > self.size:
            return Answer(400, body=b"msg_blocks_too_long")
        return Answer(200, {"content-type": "text/html"}, b"ok")


class TeamsService(Service):
    """A workflow with its key in the query; it answers that it began."""

    path = "/workflows/w1/triggers/manual/paths/invoke?api-version=2016-06-01&sig=T0PS3CRETTEAMS"
    size = 21_000

    def said(self, document: Any, received: Received) -> Answer:
        if "sig=T0PS3CRETTEAMS" not in received.path:
            return _json({"error": {"code": "DirectApiAuthorizationRequired"}}, 401)
        if len(received.body) > self.size:
            return Answer(413)
        [attachment] = document["attachments"]
        card = attachment["content"]
        shaped = (
            document["type"] == "message"
            and attachment["contentType"] == "application/vnd.microsoft.card.adaptive"
            and card["type"] == "AdaptiveCard"
            and all(block["text"] for block in card["body"])
        )
        return Answer(202) if shaped else _json({"error": {"code": "TriggerInputSchemaMismatch"}}, 400)


SERVICES = {
    "feishu": FeishuService,
    "dingtalk": DingTalkService,
    "wecom": WeComService,
    "slack": SlackService,
    "teams": TeamsService,
}
