"""The process that watches: a timer, a heart, a worker and a lane per channel, and one place that knows how they fare.

The threads share nothing but the store and this object. A store that is locked or full stops none of them: it is
complained of, ``problems`` says so, and all go on once it is back.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Final

from apscheduler.schedulers.background import BackgroundScheduler

from nianshen.acknowledging.desk import Desk
from nianshen.alarming import Alarm
from nianshen.config import Config
from nianshen.errors import Exit, StorageError, words_for
from nianshen.observing import StoreMetrics, answering
from nianshen.overhearing import Hear
from nianshen.pinging import ping
from nianshen.schedule import Ended, Job, Watcher, jobs_of, timer
from nianshen.sending import dispatcher, report_failures
from nianshen.store import JobRun, Store, Unit
from nianshen.telling import report_job
from notifiers.dispatcher import LEASE as DELIVERY_LEASE

BEAT_SECONDS: Final = 10
SLOW_BEAT_SECONDS: Final = 5
DEAD_AFTER_SECONDS: Final = 90
OLDEST_WAITING: Final = timedelta(minutes=15)
GRACE_SECONDS: Final = 25

COMMANDS: Final[Mapping[str, Sequence[str]]] = {
    "cycle": ("run",),
    "reminders": ("alerts", "remind"),
    "weekly": ("alerts", "weekly"),
    "selftest": ("selftest",),
    "backup": ("db", "backup", "--rotate"),
}
"""The command that does the work of a job. It is a process of its own: whatever happens to it, the watcher goes on."""

OWN_WORDS: Final[Mapping[str, str]] = {"selftest": "self_test_failed", "backup": "backup_failed"}
"""The topic of the alert with which a job's command tells of its failure itself."""

_STOPPED: Final = "随监测进程停止，下次启动时再运行 / stopped with the watcher, runs again with the next"
_DONE: Final = frozenset({Exit.OK, Exit.FINDINGS, Exit.PARTIAL, Exit.UNDELIVERED})
_MENDED_BY_A_PERSON: Final = frozenset({Exit.USAGE, Exit.FORBIDDEN})

Complain = Callable[..., None]
"""Takes which part complains (``timer``, ``heart``, ``job season``, ``channel ops``) and what it says.

What a job's own beginning and end are about (``job``, ``slot``, ``run_id``) is added by name for machines.
"""

Relay = Callable[[str, str, str], str | None]
"""Takes the id of a job, its slot and a line that its process wrote; gives the id of the run that the line names."""


class Watch:
    """Use ``run`` once; ``stop`` from a signal handler or another thread ends it in good order.

    With ``relay`` what jobs write is handed to it line by line; else it goes where ours goes, and a job waits for who
    reads there. With ``for_machines`` runs write JSON. ``hear`` hears of every attempt to send.
    """

    def __init__(
        self,
        config: Config,
        path: Path,
        store: Store,
        complain: Complain,
        relay: Relay | None = None,
        hear: Hear | None = None,
        *,
        for_machines: bool = False,
    ) -> None:
        self._config = config
        self._path = path
        self._store = store
        self._complain = complain
        self._relay = relay
        self._hear = hear
        self._for_machines = for_machines
        self._stop = threading.Event()
        self._starting = threading.Lock()
        self._child: subprocess.Popen[bytes] | None = None
        self._beat_began: float | None = None
        self._beat_ended: float | None = None
        self._alarm = Alarm(config, time.monotonic, lambda said: complain("alarm", said))
        self._jobs = jobs_of(config)
        self._timer: BackgroundScheduler | None = None
        self.watcher = Watcher(
            store,
            self._jobs,
            self._do,
            owner=f"{socket.gethostname()}/{os.getpid()}/{uuid.uuid4().hex[:8]}",
            now=_now,
            monotonic=time.monotonic,
            failed=self._job_failed,
        )

    def stop(self) -> None:
        """Begin nothing more; what is on its way is finished, a job in work is asked to end."""
        self._stop.set()

    def run(self) -> bool:
        """Until ``stop``. False if a part died that cannot be started anew."""
        with (
            self._observed(),
            dispatcher(self._store, self._config, Random(), self._channel_complains, self._hear) as sender,  # noqa: S311
        ):
            threads = [
                threading.Thread(target=self._heart, name="heart"),
                threading.Thread(target=self._worker, name="worker"),
            ]
            if self._config.observe.ping is not None:
                threads.append(threading.Thread(target=self._pinger, name="ping"))
            if self._config.channels:
                threads.append(threading.Thread(target=sender.run_until_stopped, name="dispatcher"))
            self._timer = self._started_timer()
            for thread in threads:
                thread.start()
            while all(thread.is_alive() for thread in threads) and not self._stop.wait(1):
                self._keep_the_timer_alive()
            asked = self._stop.is_set()
            self._stop.set()
            sender.stop()
            self._timer.shutdown(wait=False)
            self._end_the_child()
            for thread in threads:
                thread.join()
        try:
            self.watcher.leave()
        except StorageError as error:
            self._complain("heart", str(error))  # the lease then ends by itself
        return asked

    def problems(self) -> list[str]:
        """Why the process is not fit for its work, Chinese and English; empty when it is."""
        found, now = [], time.monotonic()
        if self._timer is None or not timer_lives(self._timer):
            found.append("计时线程停止 / the timer's thread is dead")
        if self._beat_ended is None or now - self._beat_ended > DEAD_AFTER_SECONDS:
            found.append("心跳停止 / the heart has stopped")
        elif self._beat_began is not None and now - self._beat_began > SLOW_BEAT_SECONDS:
            found.append("数据库被占用或不可写 / the database is locked or cannot be written")
        if found:
            return found
        try:
            oldest = self._store.outbox.oldest_due(_now())
            given_up = self._store.channels.given_up()
        except StorageError as error:
            return [str(error)]
        if oldest is not None and _now() - oldest > OLDEST_WAITING:
            found.append("有告警等待超过 15 分钟 / an alert has been due for more than 15 minutes")
        for channel in given_up:
            settings = self._config.channels.get(channel)
            if settings is not None and settings.fallback is None:  # else a person heard of it
                found.append(
                    f"通道 {channel} 已停用，且没有备用通道 / channel {channel} is given up and has no fallback"
                )
        return found

    @contextmanager
    def _observed(self) -> Iterator[None]:
        """Answer how this process fares where the configuration says; a taken address is no reason not to watch."""
        listen = self._config.observe.listen
        if listen is None:
            yield
            return
        host, _, port = listen.rpartition(":")
        metrics = StoreMetrics(self._store, self.watcher, self.problems)
        links = self._config.observe.acknowledge
        desk = Desk(self._store, self._config, lambda said: self._complain("ack", said)) if links else None
        with ExitStack() as open_things:
            try:
                open_things.enter_context(
                    answering(
                        host, int(port), metrics, self.problems, desk, lambda said: self._complain("observe", said)
                    )
                )
            except OSError as error:
                said = f"{listen} 已被占用 / is taken: {error.strerror}"
                self._complain("observe", said)
            yield

    def _heart(self) -> None:
        while not self._stop.is_set():
            began = self._beat_began = self._beat_began or time.monotonic()
            try:
                jump = self.watcher.beat()
                if jump is not None:
                    self._clock_jumped(jump)
                with self._store.transaction() as unit:
                    report_failures(unit, self._config)
                    self._alarm.well(unit)
                self._alarm.forget()
                self._beat_began, self._beat_ended = None, time.monotonic()
            except StorageError as error:
                self._complain("heart", str(error))
                self._alarm.failing(error)
            self._stop.wait(max(BEAT_SECONDS - (time.monotonic() - began), 1))

    def _pinger(self) -> None:
        ping(self._config.observe, self._stop, lambda: not self.problems(), lambda said: self._complain("ping", said))

    def _clock_jumped(self, jump: timedelta) -> None:
        self._complain("heart", f"系统时钟跳变 {jump} / the clock of this machine jumped by {jump}")
        freed = self._store.outbox.recover(_now(), _now() + 2 * DELIVERY_LEASE)
        if freed:
            self._complain("heart", f"释放 {freed} 条消息 / freed {freed} message(s) it had kept")
        if self._timer is not None:
            self._timer.wakeup()

    def _worker(self) -> None:
        while not self._stop.is_set():
            try:
                worked = self.watcher.work()
            except StorageError as error:
                self._complain("worker", str(error))
                worked = False
            if not worked:
                self._stop.wait(1)

    def _do(self, run: JobRun, job: Job) -> Ended:
        """Run the command of a job. A stop in the meantime is handed on, and the slot stays due."""
        command = [sys.executable, "-m", "nianshen", *COMMANDS[job.run], "--config", str(self._path)]
        slot = run.slot.isoformat(timespec="minutes")
        relayed = None if self._relay is None else subprocess.PIPE
        if self._for_machines and job.run == "cycle":
            command += ["--log", "json"]
        facts = {"job": job.id, "slot": slot} if self._for_machines else {}
        with self._starting:
            if self._stop.is_set():
                return Ended(False, _STOPPED, stopped=True)
            self._complain(f"job {job.id}", f"开始 / started, {slot}", **facts)
            self._child = child = subprocess.Popen(  # noqa: S603 - our own command
                command,
                stdin=subprocess.DEVNULL,
                stdout=relayed,
                stderr=subprocess.STDOUT if relayed else None,
            )
        run_id = self._listen(child, job.id, slot)
        if run_id is not None:
            facts["run_id"] = run_id
        code = child.wait()
        self._child = None
        if code in _DONE:
            ended = Ended(True, words_for(code))
        elif self._stop.is_set():
            ended = Ended(False, _STOPPED, stopped=True)
        else:
            ended = Ended(False, words_for(code), again=code not in _MENDED_BY_A_PERSON)
        self._complain(f"job {job.id}", f"结束 / ended, {ended.said}", **facts)
        return ended

    def _job_failed(self, unit: Unit, run: JobRun) -> None:
        """Tell everybody, unless the job has said so itself or another instance does its work."""
        if run.said == words_for(Exit.LOCKED):
            return
        job = next((one for one in self._jobs if one.id == run.job), None)
        report_job(unit, self._config, _now(), run.job, OWN_WORDS.get(job.run) if job else None, run.said or "")

    def _listen(self, child: subprocess.Popen[bytes], job: str, slot: str) -> str | None:
        """Hand on what the process writes, until it closes its output; the run that it spoke of."""
        run_id = None
        if child.stdout is None or self._relay is None:
            return run_id
        with child.stdout as written:
            for line in written:
                run_id = self._relay(job, slot, line.decode("utf-8", "replace").rstrip()) or run_id
        return run_id

    def _end_the_child(self) -> None:
        with self._starting:
            child = self._child
        if child is None:
            return
        child.terminate()
        try:
            child.wait(GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            child.kill()

    def _started_timer(self) -> BackgroundScheduler:
        started = timer(self._jobs, self._slot_came)
        started.start()
        return started

    def _slot_came(self, job: Job) -> None:
        try:
            self.watcher.note([job])
        except StorageError as error:
            self._complain("timer", str(error))  # the next beat writes the slot down

    def _keep_the_timer_alive(self) -> None:
        """``running`` of the timer stays true when its thread is dead: look at the thread."""
        if self._timer is not None and not timer_lives(self._timer):
            self._complain("timer", "计时线程停止，重新启动 / its thread died, it is started anew")
            self._timer = self._started_timer()

    def _channel_complains(self, channel: str, error: Exception) -> None:
        self._complain(f"channel {channel}", str(error))


def timer_lives(scheduler: BackgroundScheduler) -> bool:
    """Whether the thread of the timer is there."""
    thread: threading.Thread | None = scheduler._thread
    return thread is not None and thread.is_alive()


def _now() -> datetime:
    return datetime.now(UTC)
