"""From the link in a message to the line in the log: over real HTTP, with the real outbox and real receivers."""

from __future__ import annotations

import base64
import json
import os
import re
import signal
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from pathlib import Path
from random import Random
from typing import Any

import pytest
import requests
from prometheus_client import CollectorRegistry
from sqlalchemy import select

from audit.lifecycle import Change
from audit.lifecycle import Event as Step
from crawler import browser
from nianshen import config as settings
from nianshen import sending, telling
from nianshen.acknowledging import with_links
from nianshen.acknowledging.desk import MOST_BYTES, Desk
from nianshen.cli import call
from nianshen.config import Config
from nianshen.config.problems import ConfigError
from nianshen.observing import answering
from nianshen.store import Acknowledgement, AuditRecord, Store, database, open_store, tables
from notifiers.dispatcher import Tally
from notifiers.event import Event
from tests.nianshen.test_telling import NOW, PortalNews, finding, news
from tests.nianshen.test_watching import until
from tests.notifiers.making import item
from tests.notifiers.receiver import SECRET, Answer, Receiver
from tests.programs import need

KEY, OLD, OTHER = ("whsec_" + base64.b64encode(bytes([one]) * 32).decode() for one in range(3))
CONFIG = """\
version: 1
storage: {{database: n.sqlite3}}
site: {{name: 示例市}}
portals: [{{id: city, name: 示例市, start_urls: ["https://e.cn/nb/"]}}]
organisations: [{{id: o0, name: 第0局, portal: city}}, {{id: o1, name: 第1局, portal: city}}]
channels:
  ops: {{type: webhook, url: "{hook}", secret: "${{SECRET}}", allow_private_addresses: [127.0.0.0/8]}}
  chat: {{type: slack, url: "{hook}/T0/B0/robot", allow_private_addresses: [127.0.0.0/8]}}
routes: [{{to: [ops, chat]}}]
schedule: {{jobs: []}}
observe:
  listen: 127.0.0.1:{port}
  allow_private_addresses: [127.0.0.0/8]
  acknowledge: {{url: "http://127.0.0.1:{port}", secret: {secret}}}
"""
CURRENT = '"${ACK_KEY}"'


@dataclass
class Office:
    """A watched folder with receivers, and the server that answers the links."""

    folder: Path
    config: Config
    store: Store
    receiver: Receiver
    said: list[str] = field(default_factory=list)
    ahead: timedelta = timedelta()

    def tell(self, *told: telling.News) -> None:
        standing = [{"id": f"o{one}", "name": f"第{one}局", "status": "error", "reason": None} for one in range(2)]
        with self.store.transaction() as unit:
            telling.enqueue(unit, self.config, NOW, told, standing, lambda _: True)

    def send(self) -> Tally:
        return sending.send(self.store, self.config, timedelta(seconds=3), Random(1))

    def items(self) -> list[dict[str, Any]]:
        """The alerts of the last message that the webhook got."""
        documents = [one.document for one in self.receiver.received if one.path == "/hook"]
        items: list[dict[str, Any]] = documents[-1]["data"]["alerts"]
        return items

    def link(self) -> str:
        url: str = self.items()[0]["ack_url"]
        return url

    def chat_link(self) -> str:
        texts = [one.body.decode() for one in self.receiver.received if one.path != "/hook"]
        found = re.search(r"<(http[^|>]+/ack/[^|>]+)\|", texts[-1])
        assert found is not None
        return found[1]


def configured(folder: Path, hook: str, port: int, secret: str = CURRENT) -> Config:
    path = folder / "config.yaml"
    path.write_text(CONFIG.format(hook=hook, port=port, secret=secret), encoding="utf-8")
    return settings.load(path, {"SECRET": SECRET, "ACK_KEY": KEY, "OLD_KEY": OLD})


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
    return port


@contextmanager
def served(office: Office) -> Iterator[None]:
    """The server of ``watch`` on the port of the configuration."""
    desk = Desk(office.store, office.config, office.said.append, lambda: datetime.now(UTC) + office.ahead)
    port = int((office.config.observe.listen or "").rpartition(":")[2])
    with answering("127.0.0.1", port, CollectorRegistry(), list, desk, office.said.append):
        yield


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    """Told of one finding, which both channels have got."""
    with Receiver([Answer(200, body=b"ok")] * 20) as receiver:
        config = configured(tmp_path, receiver.url, free_port())
        store = open_store(config.database_url)
        one = Office(tmp_path, config, store, receiver)
        one.tell(news("o0"))
        assert one.send() == Tally(sent=2)
        with served(one):
            yield one
        store.close()


def get(url: str) -> requests.Response:
    return requests.get(url, timeout=10)


def post(url: str, **form: str) -> requests.Response:
    return requests.post(url, data=form, timeout=10, allow_redirects=False)


def test_following_a_link_shows_the_alert_and_changes_nothing(office: Office) -> None:
    page = get(office.link())
    looked = requests.head(office.link() + "?utm_source=chat", timeout=10)

    assert (page.status_code, looked.status_code, looked.content) == (200, 200, b"")
    for words in ("确认告警", "第0局", "疑似勾稽不符", "suspected imbalance", "2025", 'method="post"', ">ops<"):
        assert words in page.text
    assert [one.acked for one in office.store.alerts.list()] == [None, None]
    assert office.said == []


def test_the_button_acknowledges_and_the_log_says_who_when_and_through_which_channel(office: Office) -> None:
    began = datetime.now(UTC)

    pressed = post(office.link(), who=" 张三\n<b>")
    page = get(office.link())

    alert_id = office.items()[0]["alert_id"]
    kept = office.store.alerts.acknowledgement(alert_id)
    assert (pressed.status_code, pressed.headers["Location"]) == (303, office.link().rpartition("/")[2])
    assert kept == Acknowledgement(kept.at if kept else began, "link", "张三 <b>", "ops")
    assert kept is not None
    assert began <= kept.at <= datetime.now(UTC)
    assert page.status_code == 200
    for words in ("此链接已使用", "this link is used up", "张三 &lt;b&gt;"):
        assert words in page.text
    assert "<form" not in page.text
    assert [one.partition(":")[0] for one in office.said] == [alert_id]


def test_a_link_works_once_and_those_of_other_channels_say_that_it_is_done(office: Office) -> None:
    first, again, other = post(office.link()), post(office.link(), who="李四"), post(office.chat_link())
    page = get(office.chat_link())

    assert [one.status_code for one in (first, again, other)] == [303, 409, 409]
    assert "此前已确认" in page.text
    assert "· ops" in page.text
    (kept,) = {office.store.alerts.acknowledgement(one.id) for one in office.store.alerts.list()}
    assert kept is not None
    assert (kept.who, kept.channel) == (None, "ops")


def test_the_others_of_the_organisation_go_along_if_they_are_ticked_and_no_other_is_shown(office: Office) -> None:
    office.tell(
        news("o0", Event.WORSE, fingerprint="print-a"),
        news("o0", fingerprint="print-b"),
        news("o0", Event.RESOLVED),
        news("o1", Event.REOPENED, fingerprint="print-c"),
    )
    office.send()
    message = {one["event"]: one for one in office.items()}

    page = get(message["worse"]["ack_url"])
    assert post(message["worse"]["ack_url"], who="张三", all="1").status_code == 303

    assert "该单位的其余 1 条" in page.text
    assert "第1局" not in page.text
    acked = {one.id for one in office.store.alerts.list() if one.acked}
    assert acked == {message[event]["alert_id"] for event in ("worse", "opened")}
    kept = office.store.alerts.acknowledgement(message["opened"]["alert_id"])
    assert kept is not None
    assert (kept.who, kept.how, kept.channel) == ("张三", "link", "ops")
    assert post(message["opened"]["ack_url"]).status_code == 409
    assert len(office.said) == 2


def test_the_others_stay_unless_they_are_ticked_and_those_acknowledged_are_not_offered(office: Office) -> None:
    office.tell(news("o0", run_id="run-2"), news("o0", fingerprint="print-b"))
    office.send()
    first, second = office.items()

    assert "其余 1 条" in get(second["ack_url"]).text
    assert post(first["ack_url"]).status_code == 303

    assert len([one for one in office.store.alerts.list() if one.acked]) == 2  # the same alert on two channels
    assert "其余" not in get(second["ack_url"]).text


def test_a_link_that_a_receiver_quotes_stands_in_no_error(tmp_path: Path) -> None:
    with Receiver() as receiver:
        configured(tmp_path, receiver.url, free_port())
        path = tmp_path / "config.yaml"
        path.write_text(path.read_text(encoding="utf-8").replace("slack", "wecom"), encoding="utf-8")
        config = settings.load(path, {"SECRET": SECRET, "ACK_KEY": KEY})
        store = open_store(config.database_url)
        office = Office(tmp_path, config, store, receiver)
        office.tell(news("o0"))
        with store._database.read() as connection:
            bodies = b" ".join(connection.execute(select(tables.outbox.c.body)).scalars())
        tokens = re.findall(r"/ack/([A-Za-z0-9_.-]+)", bodies.decode())
        refusal = json.dumps({"errcode": 93000, "errmsg": f"quoted: /ack/{tokens[0]}"}).encode()
        receiver._answers[:] = [Answer(200, body=refusal)] * 2
        office.send()
        errors = " ".join(one.error or "" for one in store.alerts.list())
        store.close()

    tag = tokens[0].split(".")[2]
    assert len(tokens) == 2
    assert "93000 quoted" in errors
    assert tag[:10] not in errors


def test_the_command_and_the_link_are_one_thing(office: Office, capsys: pytest.CaptureFixture[str]) -> None:
    alert_id = office.items()[0]["alert_id"]
    config = ["--config", str(office.folder / "config.yaml")]
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {"SECRET": SECRET, "ACK_KEY": KEY}.items():
            patch.setenv(name, value)
        assert call(["alerts", "ack", alert_id, "--by", "王五", *config]) == 0
        assert call(["alerts", "explain", alert_id, *config]) == 0

    page = get(office.link())

    assert "由命令行" in page.text
    assert "王五" in page.text
    assert post(office.link()).status_code == 409
    assert "命令行 / by command，王五" in capsys.readouterr().out


def test_a_link_that_expired_says_so_and_does_nothing(office: Office) -> None:
    office.ahead = timedelta(days=7, seconds=1)

    page, pressed = get(office.link()), post(office.link())

    assert (page.status_code, pressed.status_code) == (410, 410)
    assert "链接已过期" in page.text
    assert f"nianshen alerts ack {office.items()[0]['alert_id']}" in page.text
    assert {one.acked for one in office.store.alerts.list()} == {None}

    office.ahead = timedelta(days=6, hours=23)
    assert post(office.link()).status_code == 303


@pytest.mark.parametrize("damage", ["channel", "alert", "later", "short", "nothing", "path", "unknown"])
def test_a_link_that_was_tampered_with_says_so_and_does_nothing(office: Office, damage: str) -> None:
    base, _, token = office.link().rpartition("/")
    alert_id, expires, tag, channel = token.split(".")
    damaged = {
        "channel": f"{alert_id}.{expires}.{tag}.chat",
        "alert": f"{alert_id[:-1]}{'0' if alert_id[-1] != '0' else '1'}.{expires}.{tag}.{channel}",
        "later": f"{alert_id}.ffffffff.{tag}.{channel}",
        "short": token[:-1],
        "nothing": "",
        "path": f"{token}%2f..%2fx",
        "unknown": "al_1",
    }[damage]

    page, pressed = get(f"{base}/{damaged}"), post(f"{base}/{damaged}")

    assert (page.status_code, pressed.status_code) == (404, 404)
    assert "链接无效" in pressed.text
    assert {one.acked for one in office.store.alerts.list()} == {None}


def test_a_link_to_an_alert_that_the_database_does_not_know_is_not_valid(office: Office, tmp_path: Path) -> None:
    with closing(open_store(f"sqlite:///{tmp_path / 'empty.sqlite3'}")) as empty:
        answer = Desk(empty, office.config, office.said.append).show(office.link().rpartition("/")[2])

    assert answer.status is HTTPStatus.NOT_FOUND


def test_the_page_is_strict_and_keeps_the_link_to_itself(office: Office) -> None:
    page = get(office.link())

    policy = page.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "frame-ancestors 'none'" in policy
    assert "form-action 'self'" in policy
    assert page.headers["Cache-Control"] == "no-store"
    assert page.headers["Referrer-Policy"] == "no-referrer"
    assert page.headers["X-Frame-Options"] == "DENY"
    assert page.headers["X-Content-Type-Options"] == "nosniff"
    assert page.headers["Server"].strip() == "nianshen"
    assert "<script" not in page.text
    assert "http" not in page.text


def test_the_page_says_how_the_finding_stands_by_now(office: Office) -> None:
    opened = Change(Step.OPENED, "print-o0", replace(finding(), fingerprint="print-o0"))
    office.store.commit_audit(AuditRecord("o0", 2025, NOW, "r", [opened], "findings"))
    before = get(office.link()).text
    office.store.findings.decide("print-o0", "dismissed", reason="误报", by="张三", at=NOW)

    assert "未解决" in before
    assert "不予采纳" in get(office.link()).text


def test_foreign_text_cannot_leave_its_place(office: Office) -> None:
    hostile = '"><script>alert(1)</script>\u202e{{ 7*7 }}'
    document = {
        **dict(news().document),
        "title": {"zh": hostile, "en": hostile},
        "message": {"zh": hostile, "en": hostile},
    }
    office.tell(news("o1", fingerprint="print-hostile", document=document))
    assert office.send().sent == 2

    page = get(office.link())

    assert page.status_code == 200
    assert "<script" not in page.text
    assert "\u202e" not in page.text
    assert "&lt;script&gt;" in page.text
    assert "{{ 7*7 }}" in page.text


def raw(office: Office, head: str, body: bytes = b"") -> int:
    """The status of a request that no library would send."""
    path = office.link().partition("/ack/")[2]
    port = int((office.config.observe.listen or "").rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port), 10) as line:
        line.sendall(f"POST /ack/{path} HTTP/1.1\r\nHost: x\r\n{head}\r\n".encode() + body)
        return int(line.makefile("rb").readline().split()[1])


@pytest.mark.parametrize(
    ("head", "status"),
    [
        ("", 411),
        ("Transfer-Encoding: chunked\r\n", 411),
        (f"Content-Length: {MOST_BYTES + 1}\r\n", 413),
        (f"Content-Length: {'9' * 5000}\r\n", 413),
        ("Content-Length: -1\r\n", 411),
        ("Content-Length: 0\r\n", 303),
    ],
)
def test_a_body_without_a_length_or_beyond_a_name_is_refused(office: Office, head: str, status: int) -> None:
    assert raw(office, head) == status
    assert ({one.acked for one in office.store.alerts.list()} == {None}) is (status != 303)


@pytest.mark.parametrize("body", [b"who=" + b"x" * 2000, b"a=1&" * 400, b"\xff\xfe=%ff%fe&who=%ff", b"who=%00%1b[31m"])
def test_whatever_is_posted_a_name_of_one_clean_line_is_kept_or_none(office: Office, body: bytes) -> None:
    assert raw(office, f"Content-Length: {len(body)}\r\n", body) == 303

    kept = office.store.alerts.acknowledgement(office.items()[0]["alert_id"])
    assert kept is not None
    assert kept.who is None or (len(kept.who) <= 100 and kept.who.isprintable())


def test_a_busy_database_is_told_and_nothing_is_lost(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    office.store.close()
    monkeypatch.setattr(database, "BUSY_TIMEOUT_MS", 100)
    other = sqlite3.connect(office.folder / "n.sqlite3", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")

    page, pressed = get(office.link()), post(office.link())
    other.execute("ROLLBACK")
    other.close()

    assert (page.status_code, pressed.status_code) == (200, 503)
    assert "数据库被占用" in pressed.text
    assert post(office.link()).status_code == 303


def test_a_key_that_is_rotated_out_opens_the_links_it_made(office: Office) -> None:
    link = office.link()
    port = int((office.config.observe.listen or "").rpartition(":")[2])
    rotated = configured(office.folder, office.receiver.url, port, '["${OLD_KEY}", "${ACK_KEY}"]')
    replaced = configured(office.folder, office.receiver.url, port, '"${OLD_KEY}"')
    token = link.rpartition("/")[2]

    assert Desk(office.store, replaced, office.said.append).take(token, b"").status is HTTPStatus.NOT_FOUND
    assert Desk(office.store, rotated, office.said.append).take(token, b"").status is HTTPStatus.SEE_OTHER


def test_a_retry_carries_the_same_bytes_even_after_the_key_changed(tmp_path: Path) -> None:
    with Receiver([Answer(503)] * 2) as receiver:
        port = free_port()
        config = configured(tmp_path, receiver.url, port)
        store = open_store(config.database_url)
        office = Office(tmp_path, config, store, receiver)
        office.tell(news("o0"))
        sending.send(store, config, timedelta(seconds=1), Random(1))
        office.config = configured(tmp_path, receiver.url, port, '["${OLD_KEY}", "${ACK_KEY}"]')
        store.outbox.retry(None, datetime.now(UTC))
        office.send()
        with served(office):
            opened = get(office.link())
        store.close()

    tries = [one for one in receiver.received if one.path == "/hook"]
    assert len(tries) >= 2
    assert len({(one.message_id, one.body) for one in tries}) == 1
    assert opened.status_code == 200


def test_what_waited_and_went_as_one_message_keeps_its_links(tmp_path: Path) -> None:
    with Receiver([Answer(200, body=b"ok")] * 4) as receiver:
        config = configured(tmp_path, receiver.url, free_port())
        store = open_store(config.database_url)
        office = Office(tmp_path, config, store, receiver)
        office.tell(news("o0"))
        office.tell(news("o1", run_id="run-2"))
        office.send()
        links = [one["ack_url"] for one in office.items()]
        with served(office):
            pages = [get(link) for link in links]
        store.close()

    assert len(set(links)) == 2
    assert [one.status_code for one in pages] == [200, 200]
    assert all("疑似勾稽不符" in one.text for one in pages)


def test_what_needs_no_word_carries_no_link(office: Office) -> None:
    told = {Event.OPENED: news("o1"), Event.RESOLVED: news("o0", Event.RESOLVED)}
    office.tell(*told.values(), PortalNews("city", "示例市", "blocked", None, "run-3"))
    office.tell(PortalNews("city", "示例市", None, "blocked", "run-4"))
    office.send()

    documents = [one.document for one in office.receiver.received if one.path == "/hook"]
    items = [one for document in documents[1:] for one in document["data"]["alerts"]]

    assert {(one["event"], one["rule"]): "ack_url" in one for one in items} == {
        ("opened", "A003"): True,
        ("resolved", "A003"): False,
        ("system", "blocked"): True,
        ("system", "portal_recovered"): False,
    }


def test_without_the_setting_there_are_no_links_and_nobody_answers_them(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    text = CONFIG.format(hook="http://127.0.0.1:1/hook", port=9464, secret=CURRENT)
    path.write_text(re.sub(r"  acknowledge: .*\n", "", text), encoding="utf-8")
    config = settings.load(path, {"SECRET": SECRET})

    with answering("127.0.0.1", 0, CollectorRegistry(), list) as port:
        answers = [
            get(f"http://127.0.0.1:{port}/ack/x").status_code,
            post(f"http://127.0.0.1:{port}/ack/x").status_code,
        ]

    assert with_links(config, [item()], "ops", NOW) == [item()]
    assert answers == [404, 404]


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        (('secret: "${ACK_KEY}"', f'secret: "{KEY}"'), "CFG032"),
        (('secret: "${ACK_KEY}"', 'secret: "${NONE}"'), "CFG030"),
        (('secret: "${ACK_KEY}"', 'secret: "${SHORT}"'), "CFG033"),
        (("http://127.0.0.1:9464", "http://audit.example"), "CFG043"),
        (("http://127.0.0.1:9464", "https://audit.example/?a=1"), "CFG042"),
        (("http://127.0.0.1:9464", "ftp://audit.example"), "CFG042"),
        (("listen: 127.0.0.1:9464", "listen: null"), "CFG011"),
        (("listen: 127.0.0.1:9464", "listen: 0.0.0.0:9464"), "CFG042"),
        (("acknowledge: {", "acknowledge: {dayz: 7, "), "CFG010"),
    ],
)
def test_a_setting_that_would_give_dead_or_weak_links_is_told(
    tmp_path: Path, changed: tuple[str, str], code: str
) -> None:
    path = tmp_path / "config.yaml"
    text = CONFIG.format(hook="http://127.0.0.1:1/hook", port=9464, secret=CURRENT)
    if code == "CFG043":
        text = text.replace("[127.0.0.0/8]\n  ack", "[]\n  ack")
    path.write_text(text.replace(*changed), encoding="utf-8")

    with pytest.raises(ConfigError) as raised:
        settings.load(path, {"SECRET": SECRET, "ACK_KEY": KEY, "SHORT": "whsec_c2hvcnQ="})

    assert code in str(raised.value)
    assert KEY not in str(raised.value)


def test_the_shown_configuration_hides_the_key(office: Office) -> None:
    assert KEY not in str(office.config.redacted())
    assert KEY.removeprefix("whsec_") not in repr(office.config)


def test_the_watching_process_answers_links_and_logs_none(office: Office) -> None:
    port = free_port()
    configured(office.folder, office.receiver.url, port)
    link = office.link().replace(office.link().split("/")[2], f"127.0.0.1:{port}")
    environ = {**os.environ, "SECRET": SECRET, "ACK_KEY": KEY}
    command = [sys.executable, "-m", "nianshen", "watch"]
    with subprocess.Popen(command, cwd=office.folder, env=environ, stderr=subprocess.PIPE) as process:  # noqa: S603

        def answers() -> bool:
            try:
                return get(link).status_code == 200
            except requests.ConnectionError:
                return False

        until(answers)
        pressed, again = post(link, who="张三"), get(link)
        broken = get(link + "x")
        process.send_signal(signal.SIGTERM)
        _, said = process.communicate(timeout=30)

    log = said.decode()
    assert (process.returncode, pressed.status_code, broken.status_code) == (0, 303, 404), log
    assert "此链接已使用" in again.text
    assert f"{office.items()[0]['alert_id']}: ops" in log
    assert link.rpartition("/")[2] not in log
    assert link.split(".")[-2] not in log
    assert "/ack/" not in log


def test_a_person_acknowledges_with_a_browser(office: Office) -> None:
    need(browser.found(), "Chromium")
    from playwright.sync_api import sync_playwright  # noqa: PLC0415

    with sync_playwright() as play:
        chromium = play.chromium.launch(executable_path=browser.found(), args=["--no-sandbox"])
        page = chromium.new_page()
        wrong: list[str] = []
        page.on("console", lambda message: wrong.append(message.text))
        page.goto(office.link())
        page.get_by_label("姓名").fill("张三")
        page.get_by_role("button").click()
        page.wait_for_load_state()
        text, colour = page.inner_text("main"), page.evaluate("getComputedStyle(document.querySelector('dl')).display")
        chromium.close()

    assert "已确认，此链接已使用" in text
    assert "张三" in text
    assert (colour, wrong) == ("grid", [])
