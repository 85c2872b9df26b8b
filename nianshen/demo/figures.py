"""Invented figures that a correct report could hold: every equation of the form is true."""

from __future__ import annotations

import random
from collections.abc import Mapping
from decimal import Decimal

from audit import form as forms

Figures = dict[str, int | Decimal]

_OUTER = ("received", "carried_in", "concluded", "carried_forward")
_SHARES = {
    "natural_person": 70,
    "business": 18,
    "research": 1,
    "nonprofit": 2,
    "legal_service": 6,
    "other": 3,
}
_LIKELY = {
    "granted": 50,
    "partly_granted": 10,
    "unavailable.not_held": 25,
    "unavailable.needs_creation": 4,
    "refused.third_party_rights": 2,
    "refused.internal_affairs": 2,
    "refused.process_information": 2,
    "refused.enforcement_files": 3,
    "refused.administrative_query": 2,
    "rejected.petition": 6,
    "rejected.repeated": 3,
    "other.uncorrected": 3,
    "other.miscellaneous": 2,
    "other": 4,
}


def tables(
    form: str, rng: random.Random, activity: int, *, previous: Mapping[str, int | Decimal] | None = None
) -> Figures:
    """Figures for every cell of ``form`` (2019 or 2021) of a body that gets ``activity`` requests a year.

    ``previous`` are last year's figures in the same form: what was carried forward then is carried in now and
    the number of documents in force follows. An ``activity`` of 0 gives the zeros most small bodies publish.
    """
    before = previous or {}
    figures: Figures = {}
    figures.update(_disclosure(form, rng, activity, before))
    figures.update(_requests(form, rng, activity, before))
    figures.update(_disputes(rng, activity))
    return figures


def holds(form: str, figures: Mapping[str, int | Decimal]) -> bool:
    """True if every equation of the form is satisfied by these figures."""
    return all(
        sum(figures[cell] for cell in equation.left) == sum(figures[cell] for cell in equation.right)
        for equation in forms.load(form).equations
    )


def _requests(form: str, rng: random.Random, activity: int, before: Mapping[str, int | Decimal]) -> Figures:
    shape = forms.load(form).tables["requests"]
    columns = [column.id for column in shape.columns if column.id != "total"]
    details = [row.id for row in shape.rows if row.id not in _OUTER]
    weights = [_LIKELY.get(row, 1) for row in details]
    figures: Figures = dict.fromkeys(shape.cells, 0)
    received = _spread(rng, activity, columns, [_SHARES[column] for column in columns])
    for column in columns:
        carried = before.get(f"requests/carried_forward/{column}")
        carried_in = rng.randint(0, received[column] // 8) if carried is None else int(carried)
        open_cases = received[column] + carried_in
        carried_forward = rng.randint(0, open_cases // 8)
        concluded = open_cases - carried_forward
        results = _spread(rng, concluded, details, weights)
        column_figures = {
            "received": received[column],
            "carried_in": carried_in,
            **results,
            "concluded": concluded,
            "carried_forward": carried_forward,
        }
        for row, value in column_figures.items():
            figures[f"requests/{row}/{column}"] = value
    for label in shape.rows:
        figures[f"requests/{label.id}/total"] = sum(figures[f"requests/{label.id}/{c}"] for c in columns)
    return figures


def _disputes(rng: random.Random, activity: int) -> Figures:
    counts = {"review": 0, "direct_suit": 0, "suit_after_review": 0}
    if activity >= 20:
        counts["review"] = rng.randint(1, activity // 10)
        counts["direct_suit"] = rng.randint(0, activity // 40)
        counts["suit_after_review"] = rng.randint(0, counts["review"] // 2)
    results = ("upheld", "corrected", "other", "pending")
    figures: Figures = {}
    for row, count in counts.items():
        for column, value in _spread(rng, count, results, [60, 8, 12, 20]).items():
            figures[f"disputes/{row}/{column}"] = value
        figures[f"disputes/{row}/total"] = count
    if figures["disputes/suit_after_review/total"] and (
        figures["disputes/review/pending"] == figures["disputes/review/total"]
    ):  # nobody sues after a review that is still pending
        figures["disputes/review/upheld"], figures["disputes/review/pending"] = counts["review"], 0
    return figures


def _disclosure(form: str, rng: random.Random, activity: int, before: Mapping[str, int | Decimal]) -> Figures:
    figures: Figures = dict.fromkeys(forms.load(form).tables["disclosure"].cells, 0)
    issued, repealed = rng.randint(0, 3), rng.randint(0, 1)
    if form == "2021":
        in_force = int(before.get("disclosure/normative_documents/in_force", rng.randint(2, 15)))
        figures["disclosure/normative_documents/issued"] = issued
        figures["disclosure/normative_documents/repealed"] = repealed
        figures["disclosure/normative_documents/in_force"] = max(0, in_force + issued - repealed)
        figures["disclosure/administrative_fees/amount"] = _money(rng, activity)
        decided = {"licences": 30, "penalties": 6, "compulsory_measures": 1}
    else:
        total = int(before.get("disclosure/normative_documents/disclosed_total", rng.randint(2, 15)))
        figures["disclosure/normative_documents/created"] = issued
        figures["disclosure/normative_documents/disclosed"] = issued
        figures["disclosure/normative_documents/disclosed_total"] = total + issued
        for row in ("licences", "other_services", "penalties", "compulsory_measures", "administrative_fees"):
            items = rng.randint(0, 30)
            figures[f"disclosure/{row}/items_last_year"] = items
            figures[f"disclosure/{row}/items_change"] = rng.randint(-min(items, 5), 5)
        figures["disclosure/procurement/projects"] = rng.randint(0, 9)
        if figures["disclosure/procurement/projects"]:
            figures["disclosure/procurement/amount"] = _money(rng, 20)
        decided = {"licences": 30, "other_services": 4, "penalties": 6, "compulsory_measures": 1}
    for row, weight in decided.items():
        figures[f"disclosure/{row}/decisions"] = rng.randint(0, weight * (activity + 1))
    return figures


def _money(rng: random.Random, activity: int) -> int | Decimal:
    if rng.random() < 0.4 or not activity:
        return 0
    return Decimal(rng.randint(1, 20_000 * activity)) / 100


def _spread(rng: random.Random, count: int, names: list[str] | tuple[str, ...], weights: list[int]) -> dict[str, int]:
    """``count`` things thrown on ``names`` with the given weights; names that got none are 0."""
    result = dict.fromkeys(names, 0)
    for name in rng.choices(names, weights, k=count):
        result[name] += 1
    return result
