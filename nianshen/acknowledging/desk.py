"""What whoever follows a link gets: GET shows the alert and where it stands, POST acknowledges it.

Programs that preview links only ask: a GET changes nothing. A link that was used says so, as do those that expired or
that nobody here made. Nothing of a link is logged.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import Enum
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qs

from nianshen.acknowledging import secrets_of
from nianshen.acknowledging.page import HEADERS, draw
from nianshen.cli.output import safe
from nianshen.config import Config
from nianshen.errors import StorageError
from nianshen.store import Acknowledgement, AlertRow, Store
from notifiers import acklink
from notifiers.acklink import Grant, LinkError

MOST_BYTES = 2_048
"""Of a body that is posted: it holds a name at most."""
_LONGEST_NAME = 100


class State(Enum):
    """Where a link stands."""

    OPEN = "open"
    USED = "used"
    ELSEWHERE = "elsewhere"
    EXPIRED = "expired"
    INVALID = "invalid"
    BUSY = "busy"


_STATUSES = {
    State.OPEN: (HTTPStatus.OK, HTTPStatus.SEE_OTHER),
    State.USED: (HTTPStatus.OK, HTTPStatus.CONFLICT),
    State.ELSEWHERE: (HTTPStatus.OK, HTTPStatus.CONFLICT),
    State.EXPIRED: (HTTPStatus.GONE, HTTPStatus.GONE),
    State.INVALID: (HTTPStatus.NOT_FOUND, HTTPStatus.NOT_FOUND),
    State.BUSY: (HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.SERVICE_UNAVAILABLE),
}
"""With what GET and POST are answered."""


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer."""

    status: HTTPStatus
    body: bytes
    headers: Mapping[str, str] = field(default_factory=lambda: HEADERS)


@dataclass(frozen=True, slots=True)
class _Visit:
    """A link and what it leads to: the alert, its ``item`` as the channel's message has it, how its finding stands.

    ``others`` are those of the same organisation in the same message that can be acknowledged as well: a link that was
    handed on to an office lets it see nothing of any other.
    """

    state: State
    grant: Grant | None = None
    row: AlertRow | None = None
    item: Mapping[str, Any] | None = None
    acknowledged: Acknowledgement | None = None
    standing: str | None = None
    others: tuple[Mapping[str, Any], ...] = ()


class Desk:
    """Safe for any number of threads. ``say`` hears of every alert that was acknowledged."""

    def __init__(
        self,
        store: Store,
        config: Config,
        say: Callable[[str], None],
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._store = store
        self._config = config
        self._secrets = secrets_of(config)
        self._say = say
        self._now = now

    def show(self, token: str) -> Answer:
        """The page of a link. Changes nothing."""
        return self._page(self._visit(token), posted=False)

    def take(self, token: str, form: bytes) -> Answer:
        """Acknowledge by a link; ``form`` may hold a name (``who``). The answer leads back to the page.

        With ``all`` the others of its organisation in the same message go along.
        """
        visit = self._visit(token)
        if visit.state is not State.OPEN or visit.grant is None:
            return self._page(visit, posted=True)
        grant, fields = visit.grant, _fields(form)
        ids = [grant.alert_id, *(one["alert_id"] for one in visit.others if "all" in fields)]
        try:
            with self._store.transaction() as unit:
                for one in ids:
                    unit.alerts.ack(one, self._now(), how="link", who=fields.get("who"), channel=grant.channel)
        except StorageError:
            return self._page(_Visit(State.BUSY), posted=True)
        for one in ids:
            self._say(f"{one}: {grant.channel} 的链接确认 / acknowledged by a link of {grant.channel}")
        return Answer(HTTPStatus.SEE_OTHER, b"", {**HEADERS, "Location": token})

    def _visit(self, token: str) -> _Visit:
        try:
            grant = acklink.verify(token, self._secrets)
            row = self._store.alerts.get(grant.alert_id)
            if row is None:
                return _Visit(State.INVALID)
            acknowledged = self._store.alerts.acknowledgement(grant.alert_id)
            items = _items(self._store.alerts.body(grant.alert_id, grant.channel))
            standing = self._standing(row)
            waiting = self._store.alerts.unacknowledged(items.keys() - {grant.alert_id})
        except LinkError:
            return _Visit(State.INVALID)
        except StorageError:
            return _Visit(State.BUSY)
        state, item = self._state(grant, acknowledged), items.get(grant.alert_id)
        others = tuple(
            one
            for name, one in items.items()
            if item and name in waiting and "ack_url" in one and one["organisation"] == item["organisation"] is not None
        )
        return _Visit(state, grant, row, item, acknowledged, standing, others)

    def _standing(self, row: AlertRow) -> str | None:
        """How the finding stands that the alert is about, if it is about one."""
        found = self._store.findings.list(prefix=row.key) if row.organisation else []
        return next((one.standing for one in found if one.fingerprint == row.key), None)

    def _state(self, grant: Grant, acknowledged: Acknowledgement | None) -> State:
        if acknowledged is not None:
            by_this = acknowledged.how == "link" and acknowledged.channel == grant.channel
            return State.USED if by_this else State.ELSEWHERE
        return State.EXPIRED if self._now() >= grant.expires else State.OPEN

    def _page(self, visit: _Visit, *, posted: bool) -> Answer:
        names = {one.id: one.name for one in self._config.organisations}
        text = draw(
            self._config,
            state=visit.state.value,
            alert=visit.row,
            who=names.get(visit.row.organisation or "") if visit.row else None,
            item=visit.item,
            channel=visit.grant.channel if visit.grant else None,
            expires=visit.grant.expires if visit.grant else None,
            acknowledged=visit.acknowledged,
            standing=visit.standing,
            others=visit.others,
        )
        return Answer(_STATUSES[visit.state][posted], text.encode())


def _items(body: bytes | None) -> dict[str, Mapping[str, Any]]:
    """The alerts that a stored message shows, by id."""
    return {} if body is None else {one["alert_id"]: one for one in json.loads(body)["data"]["alerts"]}


def _fields(form: bytes) -> dict[str, str]:
    """What was filled in, each on one line."""
    try:
        given = parse_qs(form.decode("utf-8", "replace"), max_num_fields=8)
    except ValueError:
        return {}
    lines = {name: safe(" ".join(values[0].split()))[:_LONGEST_NAME] for name, values in given.items()}
    return {name: line for name, line in lines.items() if line}
