"""Sentences as reports write them, read out of ``sentences*.txt``, and the reports that hold them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path

from audit.context import Context
from audit.engine import CRASHED, judge
from audit.finding import Kind
from audit.form import TABLES, load
from audit.report import Cell, Dates, Report, Section, State, Table

FOLDER = Path(__file__).parent
AGENCY = "示例市教育局"
ROWS = {
    "new": "received",
    "in": "carried_in",
    "done": "concluded",
    "out": "carried_forward",
    "partly": "partly_granted",
    "secret": "refused.state_secret",
    "third": "refused.third_party_rights",
    "internal": "refused.internal_affairs",
    "process": "refused.process_information",
    "files": "refused.enforcement_files",
    "query": "refused.administrative_query",
    "notheld": "unavailable.not_held",
    "create": "unavailable.needs_creation",
    "unclear": "unavailable.unclear_after_correction",
    "petition": "rejected.petition",
    "repeat": "rejected.repeated",
    "excess": "rejected.excessive",
    "misc": "other.miscellaneous",
    "uncorr": "other.uncorrected",
    "feeunpaid": "other.fee_unpaid",
    "granted": "granted",
}
APPLICANTS = {"np": "natural_person", "co": "business", "law": "legal_service", "oth": "other"}
DISPUTES = {"rev": "review", "dir": "direct_suit", "aft": "suit_after_review"}
RESULTS = {"": "total", "up": "upheld", "cor": "corrected", "oth": "other", "pend": "pending"}
DOCUMENTS = {"norm": "normative_documents", "rule": "regulations"}
COLUMNS = {"issued": "issued", "repealed": "repealed", "force": "in_force"}
DECISIONS = {"lic": "licences", "pen": "penalties", "coer": "compulsory_measures"}


@dataclass(frozen=True, slots=True)
class Line:
    """A sentence with the figures of its report, and what must be said: a verdict and, of a mismatch, the rule."""

    verdict: str
    rule: str
    figures: str
    sentence: str

    @property
    def report(self) -> Report:
        words = dict(word.split("=") for word in self.figures.split() if word != "-")
        form = words.pop("form", "2021")
        agency = words.pop("by", AGENCY)
        base = _empty(form, 2019 if form == "2019" else 2024, agency)
        tables = dict(base.tables)
        for word, text in _with_applicants(words).items():
            cell_id = _cell_id(word)
            name = cell_id.split("/", 1)[0]
            number = Decimal(text) if "." in text else int(text)
            cell = Cell(cell_id, State.BLANK) if text == "?" else Cell(cell_id, State.VALUE, number, text)
            tables[name] = replace(tables[name], cells={**tables[name].cells, cell_id: cell})
        overview = Section("overview", present=True, heading="一、总体情况", text=self.sentence)
        return replace(base, tables=tables, sections={**base.sections, "overview": overview})

    @property
    def said(self) -> tuple[str, frozenset[str]]:
        """The verdict of the rules T on the sentence, and the rules that accuse."""
        judgement = judge(self.report, Context(), select=("T",))
        assert all(rule != CRASHED for rule, _ in judgement.outcomes)
        fails = frozenset(one.rule for one in judgement.findings if one.kind is Kind.FAIL)
        if fails:
            return "mismatch", fails
        if judgement.findings:
            return "open", frozenset()
        passed = any(outcome.kind is Kind.PASS for _, outcome in judgement.outcomes)
        return ("match" if passed else "none"), frozenset()


def lines(name: str) -> tuple[Line, ...]:
    """The sentences of a file. Raises ValueError for a line that is not ``verdict | figures | sentence``."""
    text = (FOLDER / name).read_text(encoding="utf-8")
    found = []
    for number, line in enumerate(text.splitlines(), 1):
        if line and not line.startswith("#"):
            verdict, figures, sentence = (part.strip() for part in line.split("|"))
            kind, _, rule = verdict.partition(" ")
            if kind not in {"match", "mismatch", "open", "none"}:
                raise ValueError(f"{name}:{number}: no verdict {kind}")
            found.append(Line(kind, rule, figures, sentence))
    return tuple(found)


@dataclass(frozen=True, slots=True)
class Score:
    """Shares of 1. ``precision`` and ``recall`` count match and mismatch, ``accusations`` mismatches alone."""

    precision: float
    recall: float
    accusations: float
    wrong: tuple[tuple[Line, str], ...]


def score(of: tuple[Line, ...]) -> Score:
    """Judge every line and compare."""
    judged = [(line, *line.said) for line in of]
    right = Counter[str]()
    for line, verdict, rules in judged:
        right[verdict] += verdict == line.verdict and (not line.rule or line.rule in rules)
    said = Counter(verdict for _, verdict, _ in judged)
    wanted = Counter(line.verdict for line, _, _ in judged)
    decided = right["match"] + right["mismatch"]
    return Score(
        decided / (said["match"] + said["mismatch"]),
        decided / (wanted["match"] + wanted["mismatch"]),
        right["mismatch"] / said["mismatch"],
        tuple(
            (line, f"{verdict} {' '.join(sorted(rules))}")
            for line, verdict, rules in judged
            if verdict != line.verdict or (line.rule and line.rule not in rules)
        ),
    )


def _empty(form: str, year: int, agency: str) -> Report:
    tables = {
        name: Table(
            name,
            form,
            {cell: Cell(cell, State.VALUE, 0, "0") for cell in load(form).tables[name].cells},
            confidence=1.0,
        )
        for name in TABLES
    }
    sections = {part.key: Section(part.key, present=True) for part in load(form).sections}
    return Report(agency, year, None, form, Dates(), sections, tables)


def _with_applicants(words: dict[str, str]) -> dict[str, str]:
    """Who asked, where the line does not say: natural persons."""
    if "new" in words and not set(words) & set(APPLICANTS):
        return words | {"np": words["new"]}
    return words


def _cell_id(word: str) -> str:
    head, _, tail = word.partition(".")
    if head in ROWS:
        return f"requests/{ROWS[head]}/total"
    if head in APPLICANTS:
        return f"requests/received/{APPLICANTS[head]}"
    if head in DISPUTES:
        return f"disputes/{DISPUTES[head]}/{RESULTS[tail]}"
    if head in DOCUMENTS:
        return f"disclosure/{DOCUMENTS[head]}/{COLUMNS.get(tail, tail)}"
    if head in DECISIONS:
        return f"disclosure/{DECISIONS[head]}/decisions"
    if head == "fee":
        return "disclosure/administrative_fees/amount"
    raise ValueError(f"no figure {word}")
