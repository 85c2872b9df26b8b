"""The examples on every rule's page are tests: the rule says of each what the page says it does."""

from __future__ import annotations

import pytest

from audit.catalogue import LANGUAGES
from audit.context import Context
from audit.engine import CRASHED, judge
from audit.finding import Kind
from audit.rules.example import Example, examples, valid
from audit.rules.registry import registered

EXAMPLES = [
    pytest.param(example, id=f"{rule_id}-{number}-{example.verdict}")
    for rule_id in registered()
    for number, example in enumerate(examples(rule_id), 1)
]
ONLY_DOUBTS = {"S011", "F015"}
"""Rules whose findings are open by nature: they tell what our reader missed, never what an agency did."""


@pytest.mark.parametrize("example", EXAMPLES)
def test_an_example_is_judged_as_its_page_says(example: Example) -> None:
    judgement = judge(example.report, example.context, select=(example.rule,))

    assert all(rule != CRASHED for rule, _ in judgement.outcomes)
    named = {finding.subject for finding in judgement.findings if finding.kind is Kind.FAIL}
    undecided = {outcome.subject for _, outcome in judgement.outcomes if outcome.kind is Kind.OPEN}
    match example.verdict:
        case "fail":
            assert example.subject in (undecided if example.rule in ONLY_DOUBTS else named)
        case "open":
            assert example.subject in undecided
            assert not named
        case "not_judged":
            assert [one.rule for one in judgement.not_judged] == [example.rule]
            assert judgement.findings == ()
        case "silent":
            assert judgement.findings == ()
    assert all(example.note.get(language) for language in LANGUAGES)


@pytest.mark.parametrize("example", EXAMPLES)
def test_messages_are_sentences_that_suspect_and_never_condemn(example: Example) -> None:
    for finding in judge(example.report, example.context, select=(example.rule,)).findings:
        zh, en = finding.message["zh"], finding.message["en"]
        assert len(zh) > 10
        assert len(en) > 20
        assert not any(brace in zh + en for brace in "{}")
        assert "违法" not in zh
        if finding.kind is Kind.FAIL:
            assert any(word in zh for word in ("疑似", "历史数据", "按期处理", "未找到"))


@pytest.mark.parametrize("form", ["2019", "2021"])
def test_the_report_the_examples_start_from_is_without_fault(form: str) -> None:
    judgement = judge(valid(form), Context(organisation="edu", name="示例市教育局"))

    assert judgement.findings == ()
