"""Every rule has its page, whole: texts in both languages, a mark, and examples that fire, keep silent, stay undecided.

That the examples hold is tested in ``test_examples.py``; here, that they are there and how the rule speaks in them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from importlib.resources import files

import pytest

from audit.catalogue import LANGUAGES, Page, page
from audit.context import Context
from audit.engine import CRASHED, catalogue, judge
from audit.finding import Finding, Kind
from audit.rules.example import examples, valid
from audit.rules.registry import registered

STRICT = True
"""False while pages are being written: rules whose page has no example yet are passed over."""

RULES = [rule_id for rule_id in registered() if STRICT or page(rule_id).examples]
MARKS = {"S", "M", "D"}


def lacking(written: Page) -> list[str]:
    """The parts a page has not, or not in every language; an undecided example may be missing if the page says why."""
    texts = {"title": written.title, "why": written.why, "blind": written.blind, "fix": written.fix, **written.messages}
    missing = [name for name, words in texts.items() if not all(words.get(language) for language in LANGUAGES)]
    missing += [name for name, there in {"messages": written.messages, "what": written.what}.items() if not there]
    missing += [] if written.mark in MARKS else ["mark"]
    verdicts = {example.get("verdict") for example in written.examples}
    excused = all(written.decidable.get(language) for language in LANGUAGES)
    wanted = {"fail", "silent"} | (set() if excused else {"open"})
    return missing + sorted(wanted - verdicts)


def findings(rule_id: str) -> Iterator[Finding]:
    """What the rule finds in its own examples."""
    for example in examples(rule_id):
        yield from judge(example.report, example.context, select=(rule_id,)).findings


@pytest.mark.parametrize("rule_id", RULES)
def test_the_page_of_a_rule_is_whole(rule_id: str) -> None:
    spec = catalogue()[rule_id]

    assert lacking(page(rule_id)) == []
    assert spec.doc
    assert spec.basis


@pytest.mark.parametrize("part", ["title", "why", "blind", "fix", "messages", "what", "mark", "decidable"])
def test_a_page_that_lacks_a_part_is_noticed(part: str) -> None:
    whole = page("A003")
    without = replace(whole, **{part: type(getattr(whole, part))()})

    assert lacking(whole) == []
    assert bool(lacking(without)) is (part != "decidable")


@pytest.mark.parametrize("verdict", ["fail", "silent", "open"])
def test_a_page_that_lacks_an_example_is_noticed_unless_it_says_why(verdict: str) -> None:
    whole = page("A003")
    rest = tuple(example for example in whole.examples if example["verdict"] != verdict)
    excuse = {"zh": "总能判断", "en": "it can always judge"}

    assert lacking(replace(whole, examples=rest)) == [verdict]
    assert lacking(replace(whole, examples=rest, decidable=excuse)) == ([] if verdict == "open" else [verdict])


def test_every_page_belongs_to_a_rule() -> None:
    pages = {entry.name.removesuffix(".toml") for entry in files("audit.catalogue").iterdir() if ".toml" in entry.name}

    assert pages == {*registered(), CRASHED}


@pytest.mark.parametrize("rule_id", RULES)
def test_messages_are_sentences_that_suspect_and_never_condemn(rule_id: str) -> None:
    for finding in findings(rule_id):
        zh, en = finding.message["zh"], finding.message["en"]
        assert len(zh) > 10
        assert len(en) > 20
        assert "违法" not in zh
        assert "{" not in zh + en
        if finding.kind is Kind.FAIL:
            assert "疑似" in zh


def test_every_rule_that_lacks_its_context_says_so_in_both_languages() -> None:
    nameless = replace(valid(), year=None)

    missing = {one.rule: one.reason for one in judge(nameless, Context()).not_judged}

    assert set(missing) >= {"F001", "F002", "F015", "S005", "C004", "Y001", "Y002"}
    assert all(set(reason) == set(LANGUAGES) for reason in missing.values())
