"""A town with two portals on loopback and an office that watches them through the command line."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from nianshen.demo import figures
from nianshen.demo.narrative import Publication
from nianshen.demo.pdf import report_pdf
from tests.crawler.site import Answer, Site, listing, row, serve
from tests.generator import page
from tests.notifiers.receiver import SECRET, Receiver

YEAR = 2025
CELL = "requests/concluded/natural_person"
CITY = {
    "edu": "示例市教育局",
    "water": "示例市水利局",
    "fin": "示例市财政局",
    "culture": "示例市文化和旅游局",
    "stats": "示例市统计局",
}
COUNTY = {"farm": "样例县农业农村局", "roads": "样例县交通运输局"}

_CONFIG = """\
version: 1
storage: {{database: data/nianshen.sqlite3, evidence: {{directory: data/evidence}}}}
portals:
  - id: city
    name: 示例市人民政府
    start_urls: ["{city}"]
    politeness: {{delay: 0}}
    allow_private_addresses: [127.0.0.0/8]
  - id: county
    name: 样例县人民政府
    start_urls: ["{county}"]
    politeness: {{delay: 0}}
    allow_private_addresses: [127.0.0.0/8]
organisations:
{organisations}
channels:
  office: {{type: webhook, url: "{hook}", secret: "${{OFFICE_SECRET}}", allow_private_addresses: [127.0.0.0/8]}}
routes:
  - {{match: {{severity: [error, warning]}}, to: [office]}}
"""


@dataclass(frozen=True, slots=True)
class Said:
    """How a command ended and what it said."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        """The output as JSON."""
        return json.loads(self.out)


def nianshen(*arguments: str, cwd: Path, environ: Mapping[str, str] | None = None, stdin: bytes = b"") -> Said:
    """The command as a user runs it: a process of its own in a folder of its own."""
    done = subprocess.run(  # noqa: S603 - our own module under our own interpreter
        [sys.executable, "-m", "nianshen", *arguments],
        cwd=cwd,
        env={**os.environ, "OFFICE_SECRET": SECRET, **(environ or {})},
        input=stdin,
        capture_output=True,
        timeout=90,
        check=False,
    )
    return Said(done.returncode, done.stdout.decode("utf-8"), done.stderr.decode("utf-8"))


@dataclass
class Town:
    """The servers of the town and the folder of the office."""

    folder: Path
    city: Site
    county: Site
    receiver: Receiver
    misprint: bool = True

    def call(self, *arguments: str) -> Said:
        return nianshen(*arguments, cwd=self.folder)

    def run(self, now: str, *more: str) -> Said:
        return self.call("run", "--year", str(YEAR), "--now", now, *more)

    def status(self, now: str) -> dict[str, dict[str, Any]]:
        said = self.call("status", "--year", str(YEAR), "--now", now, "--format", "json")
        assert said.code == 0, said.err
        return {one["id"]: one for one in said.document["organisations"]}

    def alerts(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.call("alerts", "list", "--format", "json").document["alerts"]
        return found

    def told(self) -> list[tuple[str, str | None, str]]:
        """Event, organisation and rule of all that reached the receiver, in order; every signature must hold."""
        assert {one.problem for one in self.receiver.received} <= {None}
        return [
            (alert["event"], (alert["organisation"] or {}).get("id"), alert["rule"])
            for one in self.receiver.received
            for alert in one.document["data"]["alerts"]
        ]

    def publish(self) -> None:
        """Put up what stands on both portals; ``misprint`` says whether the report of ``water`` is wrong."""
        self.city.put("/nb/", listing(*(_line(CITY, one) for one in ("edu", "water", "stats", "fin"))))
        self.city.put("/nb/edu.html", html(CITY["edu"]))
        self.city.put("/nb/water.html", html(CITY["water"], {CELL: "+1"} if self.misprint else {}))
        self.city.put("/nb/stats.html", _cover(CITY["stats"], "<img src='scan.jpg'>"))
        self.city.put("/nb/fin.html", _cover(CITY["fin"], "<a href='fin.pdf'>附件：年度报告全文.pdf</a>"))
        pdf = report_pdf(publication(CITY["fin"]))
        self.city.put("/nb/fin.pdf", Answer(pdf, headers={"Content-Type": "application/pdf"}))
        self.county.put("/gk/", listing(*(_line(COUNTY, one) for one in COUNTY)))
        for one, name in COUNTY.items():
            self.county.put(f"/gk/{one}.html", html(name, skin="old"))

    def close_county(self) -> None:
        """Every page of the county is an error from now on."""
        for path in self.county.answers:
            self.county.put(path, Answer(b"", 503))


def publication(name: str, misprints: Mapping[str, str] | None = None) -> Publication:
    """A correct report of 2025 but for the misprints: ``+1`` is one more than the truth."""
    values = figures.tables("2021", random.Random(name), 14)
    printed = {cell: str(values[cell] + int(text)) for cell, text in (misprints or {}).items()}
    return Publication(name, YEAR, "2021", values, date(2026, 1, 20), misprints=printed)


def html(name: str, misprints: Mapping[str, str] | None = None, skin: str = "trs") -> str:
    """The same as a page."""
    return page(publication(name, misprints), skin)


def _line(bodies: Mapping[str, str], one: str) -> str:
    return row(f"{bodies[one]}2025年政府信息公开工作年度报告", f"{one}.html", "2026-01-20")


def _cover(name: str, content: str) -> str:
    title = f"{name}2025年政府信息公开工作年度报告"
    return f"<html><title>{title}</title><body><h1>{title}</h1><p>发布时间：2026-01-20</p>{content}</body></html>"


@contextmanager
def built(folder: Path) -> Iterator[Town]:
    """Servers up, reports published, ``config.yaml`` written."""
    with serve() as city, serve() as county, Receiver() as receiver:
        town = Town(folder, city, county, receiver)
        town.publish()
        write_config(town)
        yield town


def write_config(town: Town, hook: str | None = None) -> None:
    organisations = [
        f"  - {{id: {one}, name: {name}, kind: department, region: {name[:3]}, portal: {portal}}}"
        for portal, bodies in (("city", CITY), ("county", COUNTY))
        for one, name in bodies.items()
    ]
    text = _CONFIG.format(
        city=town.city.url("/nb/"),
        county=town.county.url("/gk/"),
        hook=hook or town.receiver.url,
        organisations="\n".join(organisations),
    )
    (town.folder / "config.yaml").write_text(text, encoding="utf-8")
