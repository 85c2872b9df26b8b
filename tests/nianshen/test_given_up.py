"""A channel that did nothing but fail for five days is given up, said so, and used again once somebody mended it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import pytest
from sqlalchemy import update

from nianshen import config as settings
from nianshen import sending
from nianshen.cli import call
from nianshen.config import Config
from nianshen.errors import Exit
from nianshen.recounting import story
from nianshen.store import NewAlert, NewMessage, Store, open_store, tables
from nianshen.watching import Watch
from notifiers.channels.settings import Settings
from notifiers.channels.webhook import Webhook
from notifiers.digest import build
from notifiers.dispatcher import Dispatcher, Tally
from notifiers.exchange import FaultKind, Outgoing, TransportFault
from notifiers.limits import GIVEN_UP_AFTER, Pace, fresh
from notifiers.outbox import Wanted
from notifiers.secret import Secret
from tests.nianshen.test_store_commands import conforms
from tests.notifiers.making import NOW, FakeClock, item
from tests.notifiers.receiver import SECRET, Answer, Receiver

OTHER = "whsec_cHJldmlvdXMtb2ZmaWNlLWRlbW8ta2V5LTMyYnl0ZXM="
CONFIG = """\
version: 1
storage: {{database: n.sqlite3}}
portals: [{{id: city, name: 示例市, start_urls: ["http://127.0.0.1:1/nb/"]}}]
organisations: [{{id: edu, name: 示例市教育局, portal: city}}]
channels:
  ops: {{type: webhook, url: "{ops}", secret: "${{SECRET}}", allow_private_addresses: [127.0.0.0/8]{fallback}}}
  duty: {{type: webhook, url: "{duty}", secret: "${{SECRET}}", allow_private_addresses: [127.0.0.0/8]}}
"""


def configured(
    folder: Path, ops: str = "http://127.0.0.1:1/a", duty: str = "http://127.0.0.1:1/b", fallback: str = "duty"
) -> Config:
    path = folder / "config.yaml"
    more = f", fallback: {fallback}" if fallback else ""
    path.write_text(CONFIG.format(ops=ops, duty=duty, fallback=more), encoding="utf-8")
    return settings.load(path, {"SECRET": SECRET})


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = open_store(f"sqlite:///{tmp_path / 'n.sqlite3'}")
    yield opened
    opened.close()


def enqueue(store: Store, number: int, now: datetime) -> None:
    (message,) = build([item(f"al_{number}")], now=now, scope="ops/channel/")
    alert = NewAlert(f"al_{number}", f"print-{number}", "opened", "edu", 2025, ("A003",))
    row = NewMessage(message.message_id, "ops", message.body, message.alerts, scope="ops/channel/")
    store.enqueue([alert], [row], now)


def given_up(store: Store) -> None:
    """The state of a channel that was given up a while ago, with a message that failed and waits for hours."""
    now = datetime.now(UTC)
    enqueue(store, 1, now)
    store.outbox.claim("ops", Wanted(Pace(600), now, now))
    with store._database.write() as connection:
        state = {"failures": 60, "failing_since": now - GIVEN_UP_AFTER, "disabled_at": now, "reason": "connect"}
        connection.execute(update(tables.channel_state).values(state))
        waits = {"state": "pending", "attempts": 7, "not_before": now + timedelta(hours=9)}
        connection.execute(update(tables.outbox).values(waits))


class Down:
    """A line that never works."""

    def __init__(self, clock: FakeClock) -> None:
        self._clock = clock
        self.tried: list[datetime] = []

    def send(self, _channel: str, _request: Outgoing) -> TransportFault:
        self.tried.append(self._clock.now())
        return TransportFault(FaultKind.CONNECT, "refused")


def test_after_five_days_of_failure_nothing_more_is_tried_and_nothing_more_dies(store: Store) -> None:
    clock = FakeClock()
    line = Down(clock)
    hook = Webhook(Settings(Secret("https://hooks.example/T0PS3CRET"), (Secret(SECRET),)))
    dispatcher = Dispatcher(store.outbox, {"ops": hook}, line, clock, Random(3), paces={"ops": Pace(600)})

    for half_hour in range(12 * 24 * 2):
        if half_hour % 12 == 0:  # a run every six hours finds one thing
            enqueue(store, half_hour // 12, clock.now())
        dispatcher.run_once()
        clock.advance(timedelta(minutes=30))

    since = store.channels.states()["ops"].disabled_at
    states = [one.state for one in store.alerts.list()]
    assert since is not None
    assert GIVEN_UP_AFTER <= since - NOW < GIVEN_UP_AFTER + timedelta(hours=2)
    assert max(line.tried) == since
    assert store.channels.attempts()[0].outcome == "dead"
    assert (len(states), states.count("dead")) == (48, 1)  # the one that was tried for 75 hours


def test_the_fallback_hears_of_it_once_and_the_commands_show_it(
    tmp_path: Path, store: Store, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SECRET", SECRET)
    given_up(store)
    with Receiver() as duty:
        config = configured(tmp_path, duty=duty.url)
        tallies = [sending.send(store, config, timedelta(seconds=5), Random(1)) for _ in range(2)]
        codes = [call(["status"]), call(["alerts", "list"]), call(["alerts", "retry", "--all"])]
        shown = capsys.readouterr()

    (told,) = duty.received
    assert [one.sent for one in tallies] == [1, 0]
    assert told.document["type"] == "system.channel_disabled"
    assert "alerts test ops" in told.document["data"]["alerts"][0]["message"]["en"]
    assert codes == [Exit.OK, Exit.OK, Exit.OK]
    assert (shown.out + shown.err).count("given up since") == 3
    assert any("given up since" in line for line in story(store, config, "al_1"))


def test_the_json_of_status_has_it_too(
    tmp_path: Path, store: Store, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SECRET", SECRET)
    configured(tmp_path)

    call(["status", "--format", "json"])
    before = json.loads(capsys.readouterr().out)
    given_up(store)
    call(["status", "--format", "json"])
    after = json.loads(capsys.readouterr().out)

    (told,) = after["given_up_channels"]
    since = store.channels.states()["ops"].disabled_at
    assert since is not None
    assert before["given_up_channels"] == []
    assert (told["id"], told["reason"]) == ("ops", "connect")
    assert datetime.fromisoformat(told["since"]) == since.replace(microsecond=0)
    conforms(after, "status")


def test_without_a_fallback_it_is_a_problem_of_the_watching_process(tmp_path: Path, store: Store) -> None:
    given_up(store)
    config = configured(tmp_path, fallback="")

    with store.transaction() as unit:
        sending.report_failures(unit, config)

    (alert,) = [one for one in store.alerts.list() if one.key == "channel/ops"]
    assert (alert.state, alert.error) == ("suppressed", "没有备用通道 / no fallback channel")
    assert watched(config, tmp_path, store)
    assert not watched(configured(tmp_path), tmp_path, store)


def watched(config: Config, folder: Path, store: Store) -> bool:
    """Whether a watching process counts the channel among its problems."""
    watch = Watch(config, folder / "config.yaml", store, lambda _who, _text: None)
    watch._timer, watch._beat_ended = watch._started_timer(), 1e12
    try:
        return any("is given up" in one for one in watch.problems())
    finally:
        watch._timer.shutdown()


def test_a_test_message_that_arrives_puts_the_channel_in_use_again(
    tmp_path: Path, store: Store, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SECRET", SECRET)
    given_up(store)
    with Receiver([Answer(503)]) as ops:
        config = configured(tmp_path, ops=ops.url, fallback="")
        failed = call(["alerts", "test", "ops"])
        before = sending.send(store, config, timedelta(seconds=2), Random(1))
        worked = call(["alerts", "test", "ops"])
        after = sending.send(store, config, timedelta(seconds=5), Random(1))

    assert (failed, worked) == (Exit.UNDELIVERED, Exit.OK)
    assert "in use again" in capsys.readouterr().out
    assert (before.sent, before.waiting, after.sent, after.waiting) == (0, 1, 1, 0)
    assert store.channels.given_up() == {}


def test_a_test_before_anything_was_stored_needs_no_database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SECRET", SECRET)
    with Receiver() as ops:
        configured(tmp_path, ops=ops.url)
        code = call(["alerts", "test", "ops"])

    assert code == Exit.OK
    assert [one.name for one in tmp_path.iterdir()] == ["config.yaml"]


@pytest.mark.parametrize(("secret", "used_again"), [(SECRET, False), (OTHER, True)])
def test_other_settings_put_the_channel_in_use_again_and_the_same_do_not(
    tmp_path: Path, store: Store, secret: str, used_again: bool
) -> None:
    given_up(store)
    with Receiver(secrets=[SECRET, OTHER]) as ops:
        config = configured(tmp_path, ops=ops.url)
        with store.transaction() as unit:
            sending.report_failures(unit, config)
        config = settings.load(tmp_path / "config.yaml", {"SECRET": secret})
        tally = sending.send(store, config, timedelta(seconds=2), Random(1))

    assert (store.channels.given_up() == {}) is used_again
    assert len(ops.received) == tally.sent == used_again


def test_what_is_kept_of_the_settings_tells_no_secret_and_is_slow_to_try(tmp_path: Path, store: Store) -> None:
    given_up(store)
    with store.transaction() as unit:
        sending.report_failures(unit, configured(tmp_path))
    (kept,) = store.channels.given_up().values()
    with store.transaction() as unit:
        unit.channels.restore("ops", datetime.now(UTC))

    assert kept is not None
    assert SECRET not in kept
    assert len(kept) <= 128
    state = store.channels.states()["ops"]
    assert (state.failures, state.disabled_at) == (0, None)
    assert state.tokens <= fresh(Pace(600), NOW).tokens


def test_an_outage_of_two_days_gives_nothing_up(store: Store) -> None:
    clock = FakeClock()
    line = Down(clock)
    hook = Webhook(Settings(Secret("https://hooks.example/T0PS3CRET"), (Secret(SECRET),)))
    dispatcher = Dispatcher(store.outbox, {"ops": hook}, line, clock, Random(3), paces={"ops": Pace(600)})
    enqueue(store, 1, clock.now())

    tally = Tally()
    for _ in range(48):
        tally += dispatcher.run_once()
        clock.advance(timedelta(hours=1))

    assert tally.failed > 5
    assert store.channels.given_up() == {}
