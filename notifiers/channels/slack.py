"""Slack incoming webhooks: blocks of mrkdwn; success is HTTP 200 and the two letters ``ok``."""

from __future__ import annotations

from typing import Any, ClassVar, Final

from notifiers.channels.answer import by_status, reason_of, said_in
from notifiers.channels.robot import Robot
from notifiers.exchange import Response
from notifiers.markup import SLACK
from notifiers.outcome import Delivered, Outcome, Permanent, Rerender, Retry
from notifiers.view import Message
from notifiers.wording import Page

_SECTION: Final = 3000  # characters a section may hold
_TOO_LONG: Final = ("msg_too_long", "msg_blocks_too_long")
_REFUSED: Final = ("invalid_payload", "invalid_blocks", "no_text", "user_not_found", "channel_not_found")
_UNUSABLE: Final = (
    "action_prohibited",
    "channel_is_archived",
    "no_service",
    "no_team",
    "team_disabled",
    "invalid_token",
)


class Slack(Robot):
    """``verbatim`` keeps Slack from making links and mentions of what looks like one."""

    type: ClassVar = "slack"
    markup: ClassVar = SLACK
    limit: ClassVar = 12_000  # characters in all; above about 13,200 it answers msg_blocks_too_long

    def document(self, page: Page, message: Message) -> dict[str, Any]:  # noqa: ARG002 - the form is the same for all
        """As few sections as hold the pieces, and the title as what the notification shows."""
        title = self.titled(page)
        sections: list[str] = []
        for piece in (f"*{title}*", *page.pieces):
            if sections and len(sections[-1]) + len(piece) + 2 <= _SECTION:
                sections[-1] += f"\n\n{piece}"
            else:
                sections.append(piece)
        blocks = [
            {"type": "section", "text": {"type": "mrkdwn", "text": section, "verbatim": True}} for section in sections
        ]
        return {"text": title, "blocks": blocks}

    def size(self, document: dict[str, Any]) -> int:
        """Characters of all texts."""
        return len(document["text"]) + sum(len(block["text"]["text"]) for block in document["blocks"])

    def classify(self, response: Response) -> Outcome:
        """Refusals are a word in the body, with a status of 4xx or, from proxies, 200."""
        said = said_in(response)
        good = 200 <= response.status < 300
        reason = f"{reason_of(response)}: {said}".rstrip(": ")
        if response.status == 200 and response.body.strip() == b"ok":
            return Delivered("ok")
        if (good or 400 <= response.status < 500) and said in _TOO_LONG:
            return Rerender(None, reason)
        if (good or 400 <= response.status < 500) and said in _REFUSED + _UNUSABLE:
            return Permanent(reason, hold=said in _UNUSABLE)
        if good:
            return Retry(None, f"{reason}: 应答不是 ok / the answer is not ok")
        return by_status(response)
