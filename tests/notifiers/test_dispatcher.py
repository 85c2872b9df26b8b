"""From the outbox to the receivers."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from notifiers.backoff import TRIES
from notifiers.channels import Channel
from notifiers.channels.settings import Settings
from notifiers.channels.webhook import Webhook
from notifiers.clock import SystemClock
from notifiers.digest import build
from notifiers.dispatcher import LEASE, Dispatcher, Tally
from notifiers.exchange import CannotBuildError, FaultKind, Request, Response, TransportFault
from notifiers.limits import Pace
from notifiers.outbox import Delivery
from notifiers.outcome import Accepted, Outcome, Permanent, Retry
from notifiers.secret import Secret
from notifiers.transport import Limits, Transport
from tests.notifiers.making import NOW, FakeClock, FakeOutbox, delivery, item
from tests.notifiers.receiver import SECRET, Answer, Receiver

HOOK = Webhook(Settings(Secret("https://hooks.example/T0PS3CRET"), (Secret(SECRET),)))
PACES = {name: Pace(6000) for name in ("ops", "hole")}
Reply = int | FaultKind | tuple[int, str]


class Script:
    """A transport that answers as written, then 200; keeps what it was given."""

    def __init__(self, replies: list[Reply], clock: FakeClock) -> None:
        self.sent: list[tuple[str, str, bytes, datetime]] = []
        self._replies = list(replies)
        self._clock = clock

    def send(self, channel: str, request: Request) -> Response | TransportFault:
        self.sent.append((channel, request.headers["webhook-id"], request.body, self._clock.now()))
        reply = self._replies.pop(0) if self._replies else 200
        if isinstance(reply, FaultKind):
            return TransportFault(reply, "scripted")
        status, after = reply if isinstance(reply, tuple) else (reply, "")
        return Response(status, {"retry-after": after}, b"", self._clock.now())


def scripted(replies: list[Reply], rows: list[Delivery]) -> tuple[Dispatcher, Script, FakeOutbox, FakeClock]:
    clock = FakeClock()
    script, outbox = Script(replies, clock), FakeOutbox(rows)
    return Dispatcher(outbox, {"ops": HOOK}, script, clock, Random(7), paces=PACES), script, outbox, clock


def test_what_is_due_is_sent_once() -> None:
    dispatcher, script, outbox, _ = scripted([], [delivery("msg_1"), delivery("msg_2")])

    tally = dispatcher.run_once()

    assert tally == Tally(sent=2)
    assert dispatcher.run_once() == Tally()
    assert [sent[1] for sent in script.sent] == ["msg_1", "msg_2"]
    assert outbox.states() == {"msg_1": "sent", "msg_2": "sent"}


def test_a_failed_message_waits_in_the_outbox() -> None:
    dispatcher, _, outbox, clock = scripted([500], [delivery()])

    tally = dispatcher.run_once()

    row = outbox.rows["msg_1"]
    assert tally == Tally(failed=1, waiting=1)
    assert (row.state, row.delivery.attempts, row.lease_until) == ("pending", 1, None)
    assert timedelta(seconds=4) <= row.not_before - clock.now() <= timedelta(seconds=6)


def test_a_message_that_comes_due_before_the_deadline_is_sent_again_with_the_same_id_and_bytes() -> None:
    dispatcher, script, _, clock = scripted([503, FaultKind.CONNECT], [delivery()])

    tally = dispatcher.run_until_idle(NOW + timedelta(minutes=5))

    assert tally == Tally(sent=1, failed=2)
    assert len({(message_id, body) for _, message_id, body, _ in script.sent}) == 1
    assert len(script.sent) == 3
    assert clock.now() < NOW + timedelta(minutes=5)


def test_what_is_due_after_the_deadline_stays() -> None:
    dispatcher, _, outbox, clock = scripted([(429, "120")], [delivery("msg_1"), delivery("msg_2")])

    tally = dispatcher.run_until_idle(NOW + timedelta(seconds=30))

    assert tally == Tally(failed=1, waiting=1)
    assert set(outbox.states().values()) == {"pending"}
    assert clock.now() == NOW


def test_a_message_that_another_process_took_meanwhile_is_not_waited_for() -> None:
    class Elsewhere(FakeOutbox):
        def settle(self, *arguments: Any, **more: Any) -> Delivery | datetime | None:
            after = super().settle(*arguments, **more)
            self.rows["msg_1"].state = "sent"
            return after

    clock = FakeClock()
    dispatcher = Dispatcher(Elsewhere([delivery()]), {"ops": HOOK}, Script([500], clock), clock, Random(0), paces=PACES)

    tally = dispatcher.run_until_idle(NOW + timedelta(hours=1))

    assert tally.failed == 1
    assert clock.now() - NOW < timedelta(seconds=7)


def test_nothing_is_claimed_after_the_deadline() -> None:
    dispatcher, script, _, _ = scripted([], [delivery()])

    assert dispatcher.run_until_idle(NOW) == Tally()
    assert script.sent == []


def test_a_throttled_channel_is_left_alone_for_as_long_as_it_asked() -> None:
    rows = [delivery(f"msg_{number}") for number in range(5)]
    dispatcher, script, outbox, _ = scripted([(429, "120")], rows)

    dispatcher.run_until_idle(NOW + timedelta(hours=1))

    assert [sent[3] - NOW >= timedelta(seconds=120) for sent in script.sent] == [False] + [True] * 5
    assert sum(row.delivery.attempts for row in outbox.rows.values()) == 6
    assert set(outbox.states().values()) == {"sent"}


def test_an_unreachable_channel_is_tried_with_one_message_and_the_others_keep_their_tries() -> None:
    rows = [delivery(f"msg_{number}") for number in range(20)]
    dispatcher, script, outbox, _ = scripted([FaultKind.TIMEOUT], rows)

    tally = dispatcher.run_once()

    assert tally.failed == len(script.sent) == 1
    assert sum(row.delivery.attempts for row in outbox.rows.values()) == 1


def test_one_message_the_receiver_stumbles_over_does_not_hold_the_others() -> None:
    dispatcher, _, outbox, _ = scripted([500], [delivery("msg_1"), delivery("msg_2")])

    assert dispatcher.run_once() == Tally(sent=1, failed=1, waiting=1)
    assert outbox.states() == {"msg_1": "pending", "msg_2": "sent"}


@pytest.mark.parametrize("reply", [404, 410, 302, FaultKind.REFUSED])
def test_what_cannot_succeed_is_dead_with_a_reason(reply: Reply) -> None:
    dispatcher, _, outbox, _ = scripted([reply], [delivery()])

    assert dispatcher.run_once() == Tally(dead=1)
    assert outbox.rows["msg_1"].state == "dead"
    assert outbox.rows["msg_1"].reason


def test_a_receiver_that_is_down_for_four_days_leaves_a_dead_letter_after_eleven_tries() -> None:
    dispatcher, script, outbox, clock = scripted([FaultKind.CONNECT] * 50, [delivery()])

    tally = dispatcher.run_until_idle(NOW + timedelta(days=30))

    assert tally == Tally(failed=TRIES - 1, dead=1)
    assert len(script.sent) == TRIES
    assert timedelta(hours=60) < clock.now() - NOW < timedelta(hours=91)
    assert "11" in (outbox.rows["msg_1"].reason or "")


def test_a_message_that_is_too_large_is_cut_and_sent_at_once_under_its_id() -> None:
    [message] = build([item(f"a{number}") for number in range(60)], now=NOW)
    row = Delivery(message.message_id, "ops", message.body, 0, NOW)
    dispatcher, script, _, _ = scripted([413], [row])

    assert dispatcher.run_once() == Tally(sent=1)

    first, second = (json.loads(sent[2])["data"] for sent in script.sent)
    assert [sent[1] for sent in script.sent] == [message.message_id] * 2
    assert 0 < len(second["alerts"]) < len(first["alerts"])
    assert len(second["alerts"]) + second["hidden"] == 60


def test_a_message_that_stays_too_large_is_dead() -> None:
    [message] = build([item(f"a{number}") for number in range(60)], now=NOW)
    row = Delivery(message.message_id, "ops", message.body, 0, NOW)
    dispatcher, script, outbox, _ = scripted([413] * 9, [row])

    assert dispatcher.run_once() == Tally(dead=1)
    assert len(script.sent) == 3
    assert "413" in (outbox.rows[message.message_id].reason or "")


def test_a_stopped_dispatcher_claims_nothing() -> None:
    dispatcher, script, outbox, _ = scripted([], [delivery()])
    dispatcher.stop()

    assert dispatcher.run_once() == dispatcher.run_until_stopped() == Tally()
    assert script.sent == []
    assert outbox.rows["msg_1"].lease_until is None


def test_without_a_channel_there_is_nothing_to_do() -> None:
    clock = FakeClock()

    assert Dispatcher(FakeOutbox(), {}, Script([], clock), clock, Random(0), paces=PACES).run_once() == Tally()


def test_a_message_lost_between_sending_and_settling_comes_again_with_the_same_id() -> None:
    class Crash(FakeOutbox):
        broken = True

        def settle(self, *arguments: Any, **more: Any) -> Delivery | datetime | None:
            if self.broken:
                raise OSError("the power went")
            return super().settle(*arguments, **more)

    clock = FakeClock()
    script, outbox = Script([], clock), Crash([delivery()])
    dispatcher = Dispatcher(outbox, {"ops": HOOK}, script, clock, Random(0), paces=PACES)
    with pytest.raises(OSError, match="power"):
        dispatcher.run_once()
    outbox.broken = False

    early = dispatcher.run_once()
    clock.advance(LEASE)
    late = dispatcher.run_once()

    assert (early, late) == (Tally(), Tally(sent=1))
    assert len(script.sent) == 2
    assert script.sent[0][:3] == script.sent[1][:3]


class Answering(Webhook):
    """Takes every answer for the outcome it was made with."""

    outcome: Outcome

    def classify(self, response: Response) -> Outcome:
        return self.outcome


def answering(outcome: Outcome, rows: list[Delivery]) -> tuple[Dispatcher, FakeOutbox, FakeClock]:
    clock, outbox = FakeClock(), FakeOutbox(rows)
    channel = Answering(Settings(Secret("https://hooks.example/T0PS3CRET"), (Secret(SECRET),)))
    channel.outcome = outcome
    return Dispatcher(outbox, {"ops": channel}, Script([], clock), clock, Random(0), paces=PACES), outbox, clock


def test_what_a_service_only_accepted_counts_as_sent_and_says_so() -> None:
    dispatcher, outbox, _ = answering(Accepted("202"), [delivery()])

    assert dispatcher.run_once() == Tally(sent=1)
    assert outbox.states() == {"msg_1": "accepted"}


def test_what_is_worth_one_more_try_is_tried_twice() -> None:
    dispatcher, outbox, clock = answering(Retry(None, "sign", once=True), [delivery()])

    first = dispatcher.run_once()
    clock.advance(timedelta(hours=1))
    second = dispatcher.run_once()

    assert (first, second) == (Tally(failed=1, waiting=1), Tally(dead=1))
    assert outbox.rows["msg_1"].delivery.attempts == 2


def test_a_message_that_cannot_be_built_is_a_dead_letter_and_stops_nobody() -> None:
    class Broken(Webhook):
        def build(self, delivery: Delivery, now: datetime) -> Request:
            if delivery.message_id == "msg_1":
                raise CannotBuildError("alert.j2:3: 'titel' is undefined, T0PS3CRET")
            return super().build(delivery, now)

    clock, outbox = FakeClock(), FakeOutbox([delivery("msg_1"), delivery("msg_2")])
    channel = Broken(Settings(Secret("https://hooks.example/T0PS3CRET"), (Secret(SECRET),)))

    tally = Dispatcher(outbox, {"ops": channel}, Script([], clock), clock, Random(0), paces=PACES).run_once()

    assert tally == Tally(sent=1, dead=1)
    assert outbox.rows["msg_1"].reason == "alert.j2:3: 'titel' is undefined, ***"


def test_a_reason_that_quotes_the_address_is_redacted() -> None:
    class Chatty(Webhook):
        def classify(self, response: Response) -> Outcome:
            return Permanent(f"refused: https://hooks.example/T0PS3CRET {SECRET}")

    clock = FakeClock()
    outbox = FakeOutbox([delivery()])
    channel = Chatty(Settings(Secret("https://hooks.example/T0PS3CRET"), (Secret(SECRET),)))
    Dispatcher(outbox, {"ops": channel}, Script([], clock), clock, Random(0), paces=PACES).run_once()

    reason = outbox.rows["msg_1"].reason or ""
    assert "S3CRET" not in reason
    assert SECRET.removeprefix("whsec_") not in reason
    assert "***" in reason


@settings(deadline=None, max_examples=50)
@given(
    replies=st.lists(st.sampled_from([200, 204, 302, 404, 410, 429, 500, 503, (503, "90"), *FaultKind]), max_size=60),
    count=st.integers(0, 8),
)
def test_no_message_is_lost_whatever_the_receiver_does(replies: list[Reply], count: int) -> None:
    dispatcher, script, outbox, _ = scripted(replies, [delivery(f"msg_{n}") for n in range(count)])

    tally = dispatcher.run_until_idle(NOW + timedelta(days=60))

    states = list(outbox.states().values())
    assert states.count("sent") == tally.sent
    assert states.count("dead") == tally.dead
    assert tally.sent + tally.dead == count
    assert tally.waiting == 0
    assert len(script.sent) == tally.sent + tally.dead + tally.failed


def real(receivers: dict[str, Receiver], rows: list[Delivery], read: float) -> tuple[Dispatcher, FakeOutbox]:
    outbox = FakeOutbox(rows)
    channels: dict[str, Channel] = {
        name: Webhook(Settings(Secret(receiver.url), (Secret(SECRET),))) for name, receiver in receivers.items()
    }
    line = Transport(
        {name: ["127.0.0.0/8"] for name in receivers},
        lambda: datetime.now(UTC),
        limits=Limits(connect=1, read=read, total=read),
    )
    return Dispatcher(outbox, channels, line, SystemClock(), Random(0), paces=PACES), outbox


def test_a_channel_that_hangs_does_not_delay_another() -> None:
    rows = [delivery("msg_hole", "hole"), *(delivery(f"msg_{n}", "ops") for n in range(50))]
    with Receiver([Answer(hang=True)]) as hole, Receiver() as ops:
        dispatcher, outbox = real({"hole": hole, "ops": ops}, rows, read=5)
        runner = threading.Thread(target=dispatcher.run_once)
        runner.start()
        until(lambda: len(ops.received) == 50)
        hanging = outbox.states()["msg_hole"]
        hole.__exit__(None, None, None)
        runner.join(10)

    assert hanging == "pending"
    assert all(one.problem is None for one in ops.received)
    assert sorted(outbox.states().values()) == ["pending"] + ["sent"] * 50


def test_watching_sends_what_comes_and_stops_when_told() -> None:
    with Receiver() as ops:
        dispatcher, outbox = real({"ops": ops}, [delivery()], read=5)
        tallies: list[Tally] = []
        runner = threading.Thread(
            target=lambda: tallies.append(dispatcher.run_until_stopped(timedelta(milliseconds=10)))
        )
        runner.start()
        until(lambda: outbox.states()["msg_1"] == "sent")
        dispatcher.stop()
        runner.join(5)

    assert tallies == [Tally(sent=1)]


def until(condition: Callable[[], bool]) -> None:
    """Wait for another thread, five seconds at most."""
    pause = threading.Event()
    for _ in range(1000):
        if condition():
            return
        pause.wait(0.005)
    raise AssertionError("the other thread never got there")
