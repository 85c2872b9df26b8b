"""Is the text the organ's own: last year's, another organ's, a name left behind (Q001-Q004)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from audit.context import Context
from audit.finding import Kind, Outcome, Severity
from audit.originality import own_words, passage, repeated, shingles, similarity
from audit.report import Report
from audit.rules import doubt
from audit.rules.history import last_year
from audit.rules.registry import rule

_BASIS = "国办公开办函〔2021〕30号：内容雷同、敷衍塞责"
_NEAR, _VERY_NEAR, _MOSTLY = 0.8, 0.9, 0.5
_LONGEST_NAME = 30

# Where a sentence may begin to speak of somebody: behind its number, its year and the like.
_BEGINNING = re.compile(
    r"(?:^|[。！？；])(?:[（(]?[一二三四五六七八九十\d]{1,2}[）)、.．]|[一二三四五六]是|20\d\d年度?(?:以来)?[，,]?|一年来[，,]?|今年(?:以来)?[，,]?"
    r"|全年[，,]?|本年度[，,]?)*"
)
_REPORTS = re.compile(
    r"[，,]?(?:20\d\d年|(?:认真|高度重视|严格|深入|坚持|积极|切实|始终|持续|全面|不断|进一步|共|按照|根据|没有|未)[^。；]{0,40}(?:公开|条例)|主动公开|政府信息公开|政务公开)"
)
_ACTS = re.compile(
    r"[，,]?(?:认真|高度重视|严格|深入|坚持|积极|切实|始终|持续|全面|不断|进一步|共|按照|根据|没有|未|20\d\d年)"
)
_SELF = re.compile(r"[我本](?:[省市州县区旗镇乡街局委办厅部院处署站所]|机关|单位|部门)|[对向为由与和同](?:我|本)")
_PLACE_OF = re.compile(r"(?:人民)?政府(?:办公[厅室])?$")


@dataclass(frozen=True, slots=True)
class _Likeness:
    """This year's words beside last year's: Jaccard, the share that repeats, the longest passage they share."""

    jaccard: float
    share: float
    passage: str


@rule("Q001", letter="H", basis=_BASIS)
def not_last_years_text(report: Report, context: Context) -> Iterator[Outcome]:
    """Sections one and five are not last year's with new figures: shingles agree by less than four fifths."""
    previous = last_year(report, context)
    if previous is None:
        yield Outcome(Kind.OPEN, "report", context_missing=True)
        return
    found = _likeness(report, previous, context)
    if found.jaccard < _NEAR:
        yield Outcome(Kind.PASS, "report")
    elif doubt.partial(report) or doubt.partial(previous):
        yield Outcome(Kind.OPEN, "report")
    else:
        yield Outcome(
            Kind.FAIL,
            "report",
            args={"percent": _percent(found.jaccard), "passage": found.passage},
            severity=_graded(found.jaccard),
            actual=_percent(found.jaccard),
        )


@rule("Q002", letter="H", basis=_BASIS)
def not_another_organs_text(report: Report, context: Context) -> Iterator[Outcome]:
    """Sections one and five are not another organ's with other names: no report of the archive is nearly the same."""
    if context.alike is None:
        yield Outcome(Kind.OPEN, "report", context_missing=True)
        return
    own = _own_names(report, context)
    others = [one for one in context.alike if one.similarity >= _NEAR and not _one_organ(one.name, own)]
    if not others:
        yield Outcome(Kind.PASS, "report")
        return
    nearest = max(others, key=lambda one: one.similarity)
    yield Outcome(
        Kind.OPEN if doubt.partial(report) else Kind.FAIL,
        "report",
        args={
            "name": nearest.name,
            "year": nearest.year,
            "percent": _percent(nearest.similarity),
            "passage": nearest.excerpt or "—",
            "count": len(others),
        },
        severity=_graded(nearest.similarity),
        actual=_percent(nearest.similarity),
        message="doubtful" if doubt.partial(report) else "",
    )


@rule("Q003", letter="M", basis="国办公开办函〔2021〕30号；格式惯例：报告应说本机关的工作")
def no_foreign_name(report: Report, context: Context) -> Iterator[Outcome]:
    """No sentence of the text reports the work of an organ that is neither this one, nor above or below it."""
    own = _own_names(report, context)
    if not context.other_names or not own:
        yield Outcome(Kind.OPEN, "report", context_missing=True)
        return
    left, doubtful = dict[str, str](), dict[str, str]()
    for sentence, name, rest in _speakers(report, context.other_names):
        if _one_organ(name, own) or _related(name, own):
            continue
        if _REPORTS.match(rest) and not _SELF.search(sentence):
            left.setdefault(name, sentence)
        elif _ACTS.match(rest):
            doubtful.setdefault(name, sentence)
    if not left and not doubtful:
        yield Outcome(Kind.PASS, "report")
        return
    kind, named = (Kind.FAIL, left) if left else (Kind.OPEN, doubtful)
    name, sentence = next(iter(named.items()))
    yield Outcome(
        kind,
        "report",
        args={"names": "、".join(named), "own": next(iter(own)), "quote": sentence[:50]},
        actual=name,
        expected=next(iter(own)),
        message="" if left else "doubtful",
    )


@rule("Q004", letter="M", basis=_BASIS)
def mostly_new_text(report: Report, context: Context, active: frozenset[str]) -> Iterator[Outcome]:
    """At most half of sections one and five repeats last year's; where they are nearly the same Q001 speaks."""
    previous = last_year(report, context)
    if previous is None:
        yield Outcome(Kind.OPEN, "report", context_missing=True)
        return
    found = _likeness(report, previous, context)
    if found.share <= _MOSTLY:
        yield Outcome(Kind.PASS, "report")
    elif "Q001" in active and found.jaccard >= _NEAR:
        yield Outcome(Kind.NOT_APPLICABLE, "report")
    elif doubt.partial(report) or doubt.partial(previous):
        yield Outcome(Kind.OPEN, "report")
    else:
        yield Outcome(
            Kind.FAIL,
            "report",
            args={"percent": _percent(found.share), "passage": found.passage},
            actual=_percent(found.share),
        )


def _likeness(report: Report, previous: Report, context: Context) -> _Likeness:
    names = tuple(_own_names(report, context))
    mine = own_words(report, names)
    now = shingles(mine, context.template)
    then = shingles(own_words(previous, names), context.template)
    share = repeated(now, then)
    return _Likeness(similarity(now, then), share, passage(mine, then) if share > _MOSTLY else "")


def _speakers(report: Report, names: frozenset[str]) -> Iterator[tuple[str, str, str]]:
    """Sentences that begin with one of the names: the sentence, the longest such name, what follows it."""
    for key in ("overview", "problems", "other_matters"):
        section = report.sections.get(key)
        text = "".join(section.text.split()) if section else ""
        for begin in _BEGINNING.finditer(text):
            start = begin.end()
            for end in range(min(start + _LONGEST_NAME, len(text)), start + 2, -1):
                if (name := text[start:end]) in names:
                    stop = text.find("。", end)
                    sentence = text[start : stop if stop >= 0 else len(text)]
                    yield sentence, name, sentence[len(name) :]
                    break


def _own_names(report: Report, context: Context) -> dict[str, None]:
    """Names of this organ, the fullest known first."""
    return dict.fromkeys(name for name in (context.name, report.agency, *context.aliases) if name)


def _one_organ(name: str, own: dict[str, None]) -> bool:
    """A shorter or longer form of an own name, or a government and its office, which writes for it."""
    core = _PLACE_OF.sub("", name)
    return any(
        name.endswith(one) or one.endswith(name) or (name != core and core == _PLACE_OF.sub("", one)) for one in own
    )


def _related(name: str, own: dict[str, None]) -> bool:
    """Above or below by name alone: a government of the same place, or an organ of the place a government leads."""
    core = _PLACE_OF.sub("", name)
    above = name != core and any(one.startswith(core) for one in own)
    below = any((place := _PLACE_OF.sub("", one)) != one and name.startswith(place) for one in own)
    return above or below


def _graded(likeness: float) -> Severity:
    return Severity.ERROR if likeness >= _VERY_NEAR else Severity.WARNING


def _percent(share: float) -> int:
    """Whole percent, never rounded up."""
    return int(100 * share + 1e-9)
