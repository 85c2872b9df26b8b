"""How every organisation stands in one year: the facts out of the store, the status derived from them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from nianshen.calendar import zone
from nianshen.config import Config, Organisation
from nianshen.status import Facts, absence_proven, as_json, derive
from nianshen.store import FindingRow, Lists, Unit


def survey(unit: Unit, settings: Config, year: int, now: datetime) -> list[dict[str, Any]]:
    """Every organisation of the configuration as the JSON of ``status`` has it."""
    calendar = settings.due_dates
    local = zone(settings.site.timezone)
    proof = settings.calendar.absence_proof
    reports = unit.reports.of_year(year)
    audits = unit.findings.last_audits(year)
    readings = {one.id: unit.portals.last(one.id, year) for one in settings.portals}
    findings: dict[str, list[FindingRow]] = {}
    for row in unit.findings.list(year=year):
        findings.setdefault(row.organisation, []).append(row)
    entries = []
    for one in settings.organisations:
        due = calendar.due(one.kind, year, one.region)
        report = reports.get(one.id)
        passed = due is not None and calendar.passed(due.last_day, now)
        reading = readings.get(one.portal)
        absences = unit.portals.absences(one.id, year, lists_of(settings, one)) if report is None else []
        after = [moment for moment in absences if due and calendar.passed(due.last_day, moment)]
        facts = Facts(
            due=due.date if due else None,
            legal_due=(due.legal or due).date if due else None,
            due_passed=passed,
            report=report,
            findings=findings.get(one.id, []),
            audit=audits.get(one.id),
            reading=reading,
            absence_proven=absence_proven(after, runs=proof.runs, gap=timedelta(hours=proof.min_gap_hours)),
            not_listed=reading is not None and reading.read_at in absences,
        )
        entry = as_json(one, facts, derive(facts))
        if report:
            entry["first_seen"] = report.first_seen.astimezone(local).isoformat(timespec="seconds")
        entries.append(entry)
    return entries


def lists_of(config: Config, organisation: Organisation) -> Lists:
    """Where the report of an organisation is looked for."""
    return Lists(organisation.portal, config.portal(organisation.portal).start_urls)
