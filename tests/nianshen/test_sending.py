"""From a finding to the chats and the mailbox, over the store, as ``run`` sends it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import pytest

from nianshen import config as settings
from nianshen import sending, telling
from nianshen.store import Store, open_store
from notifiers import limits
from notifiers.dispatcher import Tally
from tests.nianshen.test_telling import NOW, news
from tests.notifiers.certificates import certificate
from tests.notifiers.mailserver import MailServer, mail_server
from tests.notifiers.receiver import Answer
from tests.notifiers.services import SERVICES, SIGNING, Service

HEAD = """\
portals: [{id: city, name: 示例市, start_urls: ["https://e.cn/nb/"]}]
organisations: [{id: o0, name: 第0局, portal: city}, {id: o1, name: 第1局, portal: city}]
routes: [{to: [feishu, dingtalk, wecom, slack, teams, mail]}]
storage: {database: n.sqlite3}
channels:
"""


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = open_store(f"sqlite:///{tmp_path / 'n.sqlite3'}")
    yield opened
    opened.close()


@pytest.fixture(autouse=True)
def no_crowd(monkeypatch: pytest.MonkeyPatch) -> None:
    """These tests may run at a full hour."""
    monkeypatch.setattr(limits, "beside_the_crowd", lambda _now, _message: None)


def refusal(kind: str) -> Answer:
    path = SERVICES[kind].path
    return Answer(400, body=json.dumps({"code": 19024, "errcode": 93000, "msg": path, "errmsg": path}).encode())


def tell(folder: Path, store: Store, *, refusing: bool) -> tuple[Tally, dict[str, Service], MailServer]:
    """Two findings to six channels; chats that refuse repeat their own address. The mail server takes all."""
    context, bundle, _ = certificate(folder, "localhost")
    with ExitStack() as stack:
        services = {
            kind: stack.enter_context(made([refusal(kind)] if refusing else [], now=datetime.now(UTC).timestamp()))
            for kind, made in SERVICES.items()
        }
        mail = stack.enter_context(mail_server(MailServer(context, login=("audit", "T0PS3CRET-mail"))))
        allowed = "allow_private_addresses: [127.0.0.0/8, '::1/128']"
        lines = [
            f'  {kind}: {{type: {kind}, url: "${{URL_{kind}}}", {allowed}'
            + (', secret: "${SIGNING}"}' if kind in {"feishu", "dingtalk"} else "}")
            for kind in services
        ]
        lines.append(
            f"  mail: {{type: email, url: 'smtps://localhost:{mail.port}', username: audit, password: '${{MAIL}}',"
            f" from: audit@city.example, to: office@city.example, ca_file: {bundle.name}, {allowed}}}"
        )
        (folder / "config.yaml").write_text(HEAD + "\n".join(lines) + "\n", encoding="utf-8")
        env = {f"URL_{kind}": service.url for kind, service in services.items()}
        config = settings.load(folder / "config.yaml", {**env, "SIGNING": SIGNING, "MAIL": "T0PS3CRET-mail"})
        standing = [{"id": f"o{one}", "name": f"第{one}局", "status": "error", "reason": None} for one in range(2)]
        with store.transaction() as unit:
            telling.enqueue(unit, config, NOW, [news("o0"), news("o1")], standing, lambda _: True)
        tally = sending.send(store, config, timedelta(seconds=3), Random(1))
    return tally, services, mail


def test_one_run_is_one_message_in_every_chat_and_one_mail(tmp_path: Path, store: Store) -> None:
    tally, services, mail = tell(tmp_path, store, refusing=False)

    assert tally == Tally(sent=6)
    assert {kind: len(service.received) for kind, service in services.items()} == dict.fromkeys(SERVICES, 1)
    assert len(mail.letters) == 1
    states = {(one.channel, one.state) for one in store.alerts.list()}
    assert states == {(kind, "accepted" if kind == "teams" else "sent") for kind in [*SERVICES, "mail"]}


def test_a_run_at_the_full_hour_waits_for_the_crowded_channel_and_for_no_other(
    tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def crowd(now: datetime, message_id: str) -> datetime | None:
        asked.append(message_id)
        return now + timedelta(milliseconds=50) if len(asked) == 1 else None

    monkeypatch.setattr(limits, "beside_the_crowd", crowd)

    tally, services, _ = tell(tmp_path, store, refusing=False)

    assert tally == Tally(sent=6)
    assert len(services["feishu"].received) == 1
    feishu = {one.message_id for one in store.alerts.list() if one.channel == "feishu"}
    assert (set(asked), len(asked)) == (feishu, 2)


def test_what_is_refused_leaves_its_reason_and_no_token_in_the_store(tmp_path: Path, store: Store) -> None:
    tally, _, _ = tell(tmp_path, store, refusing=True)
    store.close()

    kept = b"".join(path.read_bytes() for path in tmp_path.glob("n.sqlite3*"))
    assert tally.sent == 1
    assert tally.dead >= 4
    assert b"S3CRET" not in kept
    assert SIGNING.encode() not in kept
    assert "关键词".encode() in kept
