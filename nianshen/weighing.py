"""A crawl's verdicts held against the last good reading of each portal: what shrank proves no absence."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nianshen import health
from nianshen.config import Config
from nianshen.store import Portals


def weighed(config: Config, known: Portals, year: int, result: Mapping[str, Any]) -> dict[str, Any]:
    """The result with the shape of every portal's list, and with a doubt where the last good one was larger."""
    rows = [_weighed(config, known, year, row, result) if "dated" in row else row for row in result["portals"]]
    return {**result, "portals": rows}


def read_whole(verdict: Mapping[str, Any]) -> frozenset[str]:
    """Organisations of a portal of whose reports the list leaves no doubt."""
    return frozenset(one["organisation"] for one in verdict["lists"] if one["complete"])


def _weighed(
    config: Config, known: Portals, year: int, verdict: Mapping[str, Any], result: Mapping[str, Any]
) -> Mapping[str, Any]:
    portal = config.portal(verdict["id"])
    ours = [one.id for one in config.organisations if one.portal == portal.id]
    shape = health.Shape.of(portal.start_urls, verdict, result.get("listed", ()))
    season, last = (
        health.Shape.from_json(reading.shape) if reading and reading.shape else None
        for reading in (known.last_good(portal.id, year), known.last_good(portal.id))
    )
    shaped = {**verdict, "shape": shape.as_json()}
    judged = verdict["complete"] or read_whole(verdict)
    doubt = health.doubt(shape, season, last, year, ours) if judged else None
    if doubt is None:
        return shaped
    return {
        **shaped,
        "outcome": health.SHRUNK,
        "reason": doubt.reason,
        "complete": False,
        "detail": f"{doubt.zh} / {doubt.en}",
        "doubt": doubt,
        "lists": [{**one, "complete": False} for one in verdict["lists"]],
    }
