"""From the outbox to the receivers: claim, build, send, classify, settle. At least once, one lane per channel."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from random import Random
from typing import Final, Protocol

from notifiers.backoff import TRIES, next_delay
from notifiers.channels import Channel
from notifiers.clock import Clock
from notifiers.digest import shrink
from notifiers.exchange import CannotBuildError, Outgoing, Response, TransportFault, outcome_of_fault
from notifiers.limits import Pace
from notifiers.outbox import Delivery, Outbox, Wanted
from notifiers.outcome import Delivered, Outcome, Permanent, Rerender, Retry
from notifiers.secret import redact

SMALLER_TRIES: Final = 2
POLL: Final = timedelta(seconds=1)
LEASE: Final = timedelta(seconds=90)  # longer than the three exchanges of 20 s that one claim can take


class Transport(Protocol):
    """What sends: ``notifiers.transport.Transport``, or a fake."""

    def send(self, channel: str, request: Outgoing) -> Response | TransportFault:
        """One attempt. Never raises for what the network does."""
        ...


@dataclass(frozen=True, slots=True)
class Tally:
    """What became of the claimed: messages delivered, attempts failed, messages dead, messages still waiting."""

    sent: int = 0
    failed: int = 0
    dead: int = 0
    waiting: int = 0

    def __add__(self, other: Tally) -> Tally:
        return Tally(
            self.sent + other.sent,
            self.failed + other.failed,
            self.dead + other.dead,
            self.waiting + other.waiting,
        )


class Dispatcher:
    """Every channel has a lane of its own, with one request in flight: one that hangs delays no other.

    A crash between send and settle repeats the message with the same id and bytes. An error of the outbox ends its
    lane and is raised once the others are done; the claimed message comes back when its lease ends. While watching,
    the errors named in ``passing`` (a locked database, a full disk) end nothing: ``complain`` hears of them and the
    lane tries again.
    """

    def __init__(
        self,
        outbox: Outbox,
        channels: Mapping[str, Channel],
        transport: Transport,
        clock: Clock,
        rng: Random,
        *,
        paces: Mapping[str, Pace],
        passing: tuple[type[Exception], ...] = (),
        complain: Callable[[str, Exception], None] | None = None,
    ) -> None:
        self._outbox = outbox
        self._channels = channels
        self._paces = paces
        self._passing = passing
        self._complain = complain
        self._transport = transport
        self._clock = clock
        self._rng = rng
        self._stop = threading.Event()

    def run_once(self) -> Tally:
        """Send what is due now; wait for nothing."""
        return self._lanes(self._until_nothing_is_due)

    def run_until_idle(self, deadline: datetime) -> Tally:
        """Send what is due, and what becomes due again before ``deadline`` (aware); leave the rest in the outbox.

        No message is claimed after the deadline; one that is on its way then is finished.
        """

        def until_idle(channel: str) -> Tally:
            return self._until_idle(channel, deadline)

        return self._lanes(until_idle)

    def run_until_stopped(self, poll: timedelta = POLL) -> Tally:
        """Send whatever becomes due until ``stop`` is called from another thread or a signal handler."""

        def until_stopped(channel: str) -> Tally:
            lane = _Lane(channel)
            try:
                while not self._stop.is_set():
                    try:
                        worked = self._work(lane)
                    except self._passing as error:
                        self._heard(channel, error)
                        worked = False
                    lane.waiting.clear()  # the outbox remembers it; here it would grow for months
                    if not worked:
                        self._clock.wait(self._stop, poll.total_seconds())
            finally:
                self._stop.set()  # a broken lane must not leave the others running as if all were well
            return lane.total()

        return self._lanes(until_stopped)

    def stop(self) -> None:
        """Claim nothing more. What is on its way is finished and settled."""
        self._stop.set()

    def _heard(self, channel: str, error: Exception) -> None:
        if self._complain is not None:
            self._complain(channel, error)

    def _lanes(self, lane: Callable[[str], Tally]) -> Tally:
        if not self._channels:
            return Tally()
        with ThreadPoolExecutor(len(self._channels), "lane") as pool:
            lanes = [pool.submit(lane, channel) for channel in self._channels]
        return sum((each.result() for each in lanes), Tally())

    def _until_nothing_is_due(self, channel: str) -> Tally:
        lane = _Lane(channel)
        while self._work(lane):
            pass
        return lane.total()

    def _until_idle(self, channel: str, deadline: datetime) -> Tally:
        lane = _Lane(channel, deadline)
        while (asked := self._clock.now()) < deadline:
            if self._work(lane):
                continue
            due = self._next_due(lane, asked)
            if due is None or due >= deadline or self._stop.is_set():
                break
            self._clock.wait(self._stop, max((due - self._clock.now()).total_seconds(), 0))
        return lane.total()

    def _next_due(self, lane: _Lane, asked: datetime) -> datetime | None:
        """When the lane has work again, as far as it knows; None if it knows of none.

        What was due when the outbox was asked and was not given is in other hands: nothing to wait for.
        """
        if lane.opens is not None and lane.opens > asked:
            return lane.opens
        return min((due for due in lane.waiting.values() if due > asked), default=None)

    def _work(self, lane: _Lane) -> bool:
        """Take what is due through. False if nothing is, the channel is held, or it is time to stop.

        One at a time: a claimed message that has to wait behind a slow one would outlive its lease. The next is
        claimed as the last is settled, in one transaction: a store's commits are what a backlog waits for.
        """
        wanted = self._wanted(lane)
        claimed = self._outbox.claim(lane.channel, wanted) if wanted else None
        worked = False
        while isinstance(claimed, Delivery):
            worked = True
            lane.waiting.pop(claimed.message_id, None)
            began = self._clock.monotonic()
            outcome = self._attempt(claimed)
            claimed = self._settle(claimed, outcome, self._clock.monotonic() - began, lane)
        lane.opens = claimed
        return worked

    def _wanted(self, lane: _Lane) -> Wanted | None:
        """What to ask the outbox for; None if nothing may be begun any more."""
        now = self._clock.now()
        if self._stop.is_set() or (lane.deadline is not None and now >= lane.deadline):
            return None
        return Wanted(self._paces[lane.channel], now, now + LEASE)

    def _attempt(self, delivery: Delivery) -> Delivered | Retry | Permanent:
        """Send; a message that is too large is cut and sent again at once, under the same id."""
        for _ in range(SMALLER_TRIES + 1):
            outcome = self._send(delivery)
            if not isinstance(outcome, Rerender):
                return outcome
            if self._stop.is_set():  # each try may take as long as there is time to end in
                return Retry(None, f"{outcome.reason}: 停止，稍后缩减 / stopped, to be cut later")
            limit = outcome.limit or len(delivery.body) // 3
            smaller = shrink(delivery.body, limit)
            if smaller is None:
                break
            delivery = replace(delivery, body=smaller)
        return Permanent(f"{outcome.reason}: 缩减后仍过大 / too large even when cut")

    def _send(self, delivery: Delivery) -> Outcome:
        channel = self._channels[delivery.channel]
        try:
            request = channel.build(delivery, self._clock.now())
        except CannotBuildError as error:
            return Permanent(redact(str(error), channel.secrets))
        answer = self._transport.send(delivery.channel, request)
        outcome = outcome_of_fault(answer) if isinstance(answer, TransportFault) else channel.classify(answer)
        if isinstance(outcome, Retry) and outcome.once and delivery.attempts:
            outcome = Permanent(outcome.reason, hold=outcome.hold)
        # channels may quote the answer, and an answer may quote the address it was sent to
        return replace(outcome, reason=redact(outcome.reason, channel.secrets))

    def _settle(
        self, delivery: Delivery, outcome: Delivered | Retry | Permanent, seconds: float, lane: _Lane
    ) -> Delivery | datetime | None:
        """Write down how an attempt ended; what the outbox gives next."""
        now, due = self._clock.now(), None
        if isinstance(outcome, Retry):
            if delivery.resumes is not None:
                due = max(delivery.resumes, now)
            elif (delay := next_delay(delivery.attempts + 1, outcome.after, self._rng)) is not None:
                due = now + delay
            else:
                reason = f"{TRIES} 次后放弃 / given up after {TRIES} tries: {outcome.reason}"
                outcome = Permanent(reason, hold=outcome.hold)  # the message's end is no sign that the channel works
        claimed = self._write(delivery, outcome, now, due, seconds, lane)
        lane.count(delivery, outcome, due)
        return claimed

    def _write(
        self,
        delivery: Delivery,
        outcome: Delivered | Retry | Permanent,
        now: datetime,
        due: datetime | None,
        seconds: float,
        lane: _Lane,
    ) -> Delivery | datetime | None:
        """Settle, however long the outbox is out of reach: what is not written down would be sent again."""
        while True:
            try:
                return self._outbox.settle(delivery, outcome, now, due, seconds=seconds, wanted=self._wanted(lane))
            except self._passing as error:
                self._heard(delivery.channel, error)
                if self._stop.is_set():
                    raise
                self._clock.wait(self._stop, POLL.total_seconds())


class _Lane:
    """A channel's counts, when the messages it put back are due again, and when it opens if it is held.

    After ``deadline`` nothing is begun.
    """

    def __init__(self, channel: str, deadline: datetime | None = None) -> None:
        self.channel = channel
        self.deadline = deadline
        self.sent = self.failed = self.dead = 0
        self.opens: datetime | None = None
        self.waiting: dict[str, datetime] = {}

    def count(self, delivery: Delivery, outcome: Delivered | Retry | Permanent, due: datetime | None) -> None:
        match outcome:
            case Delivered():
                self.sent += 1
            case Permanent():
                self.dead += 1
            case Retry():
                self.failed += 1
                if due is not None:
                    self.waiting[delivery.message_id] = due

    def total(self) -> Tally:
        return Tally(self.sent, self.failed, self.dead, len(self.waiting))
