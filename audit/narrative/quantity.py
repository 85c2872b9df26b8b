"""Which cells a claimed quantity stands for: the readings an author may mean, the plainest first."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache

from audit.form import load

Reading = tuple[str, ...]
"""Cells whose sum is meant; one that begins with ``-`` is taken off."""


@dataclass(frozen=True, slots=True)
class Quantity:
    """``exact``: one of these is meant. ``also``: an author may count so; equal to it, nothing is said."""

    exact: tuple[Reading, ...]
    also: tuple[Reading, ...] = ()


@cache
def quantity(key: str, shapes: tuple[str | None, str | None]) -> Quantity | None:
    """The readings of a key under the shapes of tables 2 and 3; None if these have no such cells."""
    disclosure, requests = shapes
    head, _, tail = key.partition("/")
    if tail:
        return Quantity((tuple(f"disputes/{row}/{tail}" for row in head.split("+")),))
    if key in _HANDLING:
        return _handling(key, requests)
    if key.startswith("received."):
        return _applicant(key.removeprefix("received."))
    if "." in key or key == "revenue":
        return _disclosure(key, disclosure)
    rows = [row for part in key.split("+") for row in _rows(part, requests)]
    return Quantity((_totals(rows),), _wider(key, requests)) if rows else None


_NEW, _IN, _DONE, _OUT = (f"requests/{row}/total" for row in ("received", "carried_in", "concluded", "carried_forward"))
_HANDLING: Mapping[str, tuple[tuple[Reading, ...], tuple[Reading, ...]]] = {
    "new": (((_NEW,),), ()),
    "received": (((_NEW,), (_NEW, _IN)), ()),
    "carried_in": (((_IN,),), ()),
    "carried_forward": (((_OUT,),), ()),
    "concluded": (((_DONE,),), ((_NEW, "-" + _OUT), (_DONE, "-" + _IN))),
    "processed": (((_DONE,), (_NEW,), (_NEW, _IN)), ((_NEW, "-" + _OUT),)),
}
_ORGANISATIONS = ("business", "research", "nonprofit", "legal_service", "other")
_DISCLOSURE = {
    "norm": "normative_documents",
    "rule": "regulations",
    "licence": "licences",
    "penalty": "penalties",
    "compulsory": "compulsory_measures",
}
_NAMES_OF_2019 = {"issued": ("created",), "disclosed": ("disclosed", "created"), "in_force": ("disclosed_total",)}


def _handling(key: str, shape: str | None) -> Quantity:
    exact, also = _HANDLING[key]
    if key == "concluded":
        # What was set aside or sent elsewhere is concluded, but not everybody calls it answered.
        set_aside = tuple(f"-requests/{row}/total" for row in _rows("other", shape))
        sent_off = tuple(f"-requests/{row}/total" for row in _rows("rejected", shape))
        also += ((_DONE, *set_aside), (_DONE, *sent_off), (_DONE, *set_aside, *sent_off))
    return Quantity(exact, also)


def _wider(key: str, shape: str | None) -> tuple[Reading, ...]:
    """What some authors count in: the partly granted among the granted, all that was not given among the refused."""
    if key == "granted":
        return (_totals(("granted", "partly_granted")),)
    if key == "refused":
        refused, unavailable, rejected = (_rows(group, shape) for group in ("refused", "unavailable", "rejected"))
        return (_totals(refused + unavailable), _totals(refused + unavailable + rejected))
    return ()


def _totals(rows: Iterable[str]) -> Reading:
    return tuple(f"requests/{row}/total" for row in rows)


def _applicant(column: str) -> Quantity:
    columns = _ORGANISATIONS if column == "organisations" else (column,)
    cells = {row: tuple(f"requests/{row}/{one}" for one in columns) for row in ("received", "carried_in", "concluded")}
    return Quantity((cells["received"], cells["received"] + cells["carried_in"], cells["concluded"]))


def _disclosure(key: str, shape: str | None) -> Quantity | None:
    if shape is None:
        return None
    if key == "revenue":
        return Quantity((("disclosure/administrative_fees/amount",),)) if shape == "2021" else None
    name, _, column = key.partition(".")
    columns = _NAMES_OF_2019.get(column, (column,)) if shape == "2019" else (column,)
    cells = load(shape).tables["disclosure"].cells
    found = tuple((cell,) for one in columns if (cell := f"disclosure/{_DISCLOSURE[name]}/{one}") in cells)
    if not found and column == "disclosed":
        return Quantity((), ((f"disclosure/{_DISCLOSURE[name]}/issued",),))
    return Quantity(found) if found else None


def _rows(part: str, shape: str | None) -> tuple[str, ...]:
    """The rows of table 3 that a result stands for: its own, or all of its group."""
    if shape is None:
        return ()
    rows = [row.id for row in load(shape).tables["requests"].rows]
    if part in rows:
        return (part,)
    return tuple(row for row in rows if row.startswith(part + ".") or row.endswith("." + part))
