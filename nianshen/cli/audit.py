"""``nianshen audit``: judge again what is stored, and what a change of rules gains and loses."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from random import Random
from typing import Annotated, Any

import typer

from crawler.evidence import BlobStore
from nianshen import sending, telling
from nianshen.cli.config import DEFAULT, ConfigOption
from nianshen.cli.output import Format, render
from nianshen.cli.status import instant
from nianshen.config import Config, load
from nianshen.cycle import SEND_LIMIT, alone
from nianshen.errors import Exit, UsageError
from nianshen.reaudit import Entry, difference, reaudit
from nianshen.standing import survey
from nianshen.store import Store, open_store

SCHEMA = "nianshen.audit/1"
COLUMNS = {
    "change": "变化",
    "organisation": "单位",
    "year": "年度",
    "rule": "规则",
    "severity": "级别",
    "kind": "结论",
    "subject": "对象",
}
_SHORT = 12


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("audit", help="用现行规则重新审核已存的年报 / judge again what is stored")(run)


def run(
    config: ConfigOption = DEFAULT,
    year: Annotated[int | None, typer.Option(help="报告年度，默认全部 / reported year, by default all")] = None,
    now: Annotated[str | None, typer.Option(help="以此时刻判断 / judge as of this ISO time")] = None,
    alert: Annotated[bool, typer.Option("--alert", help="把变化作为告警发出 / tell what changed")] = False,
    diff: Annotated[
        tuple[str, str] | None,
        typer.Option(metavar="OLD NEW", help="只比较两套规则的结果（规则集编号或其开头） / only compare two rule sets"),
    ] = None,
    output: Annotated[Format, typer.Option("--format", help="输出格式 / output")] = Format.TABLE,
) -> None:
    """Nothing is fetched or read anew, and nothing is sent without --alert. Lists what was gained, lost, changed."""
    settings = load(config, os.environ)
    moment = instant(now, settings)
    with alone(settings.storage.evidence.directory):
        store = open_store(settings.database_url, create=False)
        try:
            if diff:
                answer = _compared(store, diff, year)
                code = Exit.OK
            else:
                answer, code = _judged(store, settings, year, moment, alert=alert)
        finally:
            store.close()
    if answer["entries"] or output is not Format.TABLE:
        sys.stdout.write(render(output, document=answer, columns=COLUMNS, rows=answer["entries"]))
    if output is Format.TABLE:
        sys.stdout.write(_summary(answer))
    raise typer.Exit(code)


def _compared(store: Store, rulesets: tuple[str, str], year: int | None) -> dict[str, Any]:
    old, new = (_whole(store, ruleset) for ruleset in rulesets)
    before, after = store.findings.audited(old, year), store.findings.audited(new, year)
    entries = difference(before, after)
    return _answer(old, new, len(before.keys() & after.keys()), 0, entries)


def _judged(
    store: Store, settings: Config, year: int | None, moment: datetime, *, alert: bool
) -> tuple[dict[str, Any], Exit]:
    previous = next(iter(store.findings.rulesets()), "")
    result = reaudit(settings, store, year=year, now=moment)
    code = _told(store, settings, moment, result.news) if alert and result.news else Exit.OK
    return _answer(previous, result.ruleset, result.audited, result.skipped, result.entries), code


def _told(store: Store, settings: Config, moment: datetime, news: Sequence[telling.FindingNews]) -> Exit:
    """Enqueue and send what changed, as a run does."""
    blobs = BlobStore(settings.storage.evidence.directory)
    with store.transaction() as unit:
        standing = survey(unit, settings, news[0].year, moment)
        telling.enqueue(unit, settings, datetime.now(UTC), news, standing, blobs.holds)
    tally = sending.send(store, settings, SEND_LIMIT, Random())  # noqa: S311 - spreads retries, guards nothing
    return Exit.UNDELIVERED if tally.dead or tally.waiting else Exit.OK


def _whole(store: Store, beginning: str) -> str:
    """The one rule set that begins so. Raises UsageError for none or several."""
    known = store.findings.rulesets()
    found = [one for one in known if one.startswith(beginning)]
    if len(found) == 1:
        return found[0]
    listed = ", ".join(one[:_SHORT] for one in known) or "—"
    raise UsageError(
        f"没有唯一的规则集 {beginning}；已有：{listed}", f"no single rule set begins with {beginning}; known: {listed}"
    )


def _answer(old: str, new: str, audited: int, skipped: int, entries: Iterable[Entry]) -> dict[str, Any]:
    return {
        "schema": SCHEMA,
        "previous_ruleset": old,
        "ruleset": new,
        "audited": audited,
        "skipped": skipped,
        "entries": [asdict(entry) for entry in entries],
    }


def _summary(answer: dict[str, Any]) -> str:
    counts = {
        change: sum(one["change"] == change for one in answer["entries"]) for change in ("gained", "lost", "changed")
    }
    old, new = answer["previous_ruleset"][:_SHORT] or "—", answer["ruleset"][:_SHORT]
    return (
        f"规则集 {old} → {new}：审核 {answer['audited']} 份，"
        f"新增 {counts['gained']}，减少 {counts['lost']}，变化 {counts['changed']}\n"
        f"rule set {old} → {new}: {answer['audited']} reports, "
        f"{counts['gained']} gained, {counts['lost']} lost, {counts['changed']} changed\n"
    )
