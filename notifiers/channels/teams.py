"""Microsoft Teams by a workflow (Power Automate) that posts an adaptive card; the ``sig`` in the address is the key."""

from __future__ import annotations

import json
from typing import Any, ClassVar

from notifiers.channels.answer import by_status, reason_of, said_in
from notifiers.channels.robot import Robot
from notifiers.exchange import Response
from notifiers.markup import TEAMS
from notifiers.outcome import Accepted, Outcome, Retry
from notifiers.view import Message
from notifiers.wording import Page


class Teams(Robot):
    """What a workflow answers says that it began, never that a card was shown: accepted, not delivered."""

    type: ClassVar = "teams"
    markup: ClassVar = TEAMS
    limit: ClassVar = 20_000  # of 28 KB documented; 21 KB has been refused

    def document(self, page: Page, message: Message) -> dict[str, Any]:  # noqa: ARG002 - the form is the same for all
        """One text block per piece."""
        title = {"type": "TextBlock", "text": self.titled(page), "weight": "Bolder", "size": "Medium", "wrap": True}
        texts = [{"type": "TextBlock", "text": piece, "wrap": True, "separator": True} for piece in page.pieces]
        content: dict[str, Any] = {
            "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
            "type": "AdaptiveCard",
            "version": "1.4",
            "msteams": {"width": "full"},
            "body": [title, *texts],
        }
        if self._link:
            content["actions"] = [{"type": "Action.OpenUrl", "title": self.action(), "url": self._link}]
        kind = "application/vnd.microsoft.card.adaptive"
        return {"type": "message", "attachments": [{"contentType": kind, "contentUrl": None, "content": content}]}

    def classify(self, response: Response) -> Outcome:
        """A 2xx whose body is empty or the JSON of a run; anything else with 2xx is somebody else's page."""
        if not 200 <= response.status < 300:
            return by_status(response)
        if _of_a_workflow(response.body.strip()):
            return Accepted(f"{reason_of(response)}: 流程已受理，未必已显示 / taken by the workflow, perhaps not shown")
        return Retry(None, f"{reason_of(response)}: {said_in(response)}: 应答无法识别 / not a workflow's answer")


def _of_a_workflow(body: bytes) -> bool:
    if body in {b"", b"1"}:
        return True
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return False
    return isinstance(document, dict) and "error" not in document
