"""The timer: APScheduler starts cycles at the times of the configuration. It only times; the store is the truth."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from apscheduler.events import EVENT_JOB_ERROR, EVENT_JOB_MAX_INSTANCES, EVENT_JOB_MISSED, JobEvent
from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.cron import CronTrigger

from nianshen.calendar import zone
from nianshen.config import Config

GRACE_SECONDS = 3600


def timer(
    config: Config, cycle: Callable[[], None], complain: Callable[[str, BaseException | None], None]
) -> BackgroundScheduler:
    """A timer, not yet started, that calls ``cycle`` for every job of the configuration, one at a time.

    A start missed by up to an hour happens late and once; ``complain`` hears of failed and skipped starts (job, error).
    """
    local = zone(config.site.timezone)
    scheduler = BackgroundScheduler(
        timezone=local,
        executors={"default": ThreadPoolExecutor(1)},
        job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": GRACE_SECONDS},
    )
    for job in config.schedule.jobs:
        scheduler.add_job(cycle, CronTrigger.from_crontab(job.cron, timezone=local), id=job.id)

    def listen(event: JobEvent) -> None:
        complain(event.job_id, getattr(event, "exception", None))

    scheduler.add_listener(listen, EVENT_JOB_ERROR | EVENT_JOB_MISSED | EVENT_JOB_MAX_INSTANCES)
    return scheduler


def next_starts(scheduler: BackgroundScheduler) -> list[tuple[str, datetime]]:
    """Job ids with their next start, soonest first. The timer must have been started."""
    return sorted(((job.id, job.next_run_time) for job in scheduler.get_jobs()), key=lambda pair: pair[1])
