"""One message per channel and run."""

import json
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from notifiers.digest import LIMIT, Counts, Unchecked, build, shrink
from notifiers.event import AlertItem, Event, Organisation, iso
from tests.notifiers.making import NOW, item

ALERT_KEYS = {
    "alert_id", "event", "organisation", "year", "rule", "severity", "status", "title", "message", "cell", "formula",
    "url", "evidence",
}  # fmt: skip
texts = st.text(st.characters(), max_size=40)
items = st.builds(
    item,
    alert_id=st.uuids().map(str),
    event=st.sampled_from([event for event in Event if event is not Event.SYSTEM]),
    severity=st.sampled_from(["error", "warning", "note"]),
    rule=st.sampled_from(["A001", "A003", "F001"]),
    title=st.fixed_dictionaries({"zh": texts, "en": texts}),
    url=texts,
)


def document(body: bytes) -> Any:
    return json.loads(body)


def test_the_message_has_the_shape_of_the_contract() -> None:
    [message] = build([item()], now=NOW)

    parsed = document(message.body)
    [alert] = parsed["data"]["alerts"]
    assert message.type == parsed["type"] == "audit.alert.opened"
    assert parsed["timestamp"] == "2026-01-31T16:00:00Z"
    assert set(alert) == ALERT_KEYS
    assert alert["organisation"] == {"id": "edu", "name": "示例市教育局", "region": "示例市"}
    assert alert["evidence"] == {"sha256": "ab" * 32, "captured_at": "2026-01-31T16:00:00Z"}
    assert parsed["data"]["hidden"] == 0


def test_the_body_is_compact_and_unescaped() -> None:
    [message] = build([item()], now=NOW)

    text = message.body.decode()
    assert "示例市教育局" in text
    assert text == json.dumps(json.loads(text), ensure_ascii=False, separators=(",", ":"))


@pytest.mark.parametrize("event", [event for event in Event if event is not Event.SYSTEM])
def test_items_all_alike_name_their_event(event: Event) -> None:
    [message] = build([item("a", event), item("b", event)], now=NOW)

    assert message.type == f"audit.alert.{event.value}"


def test_mixed_events_make_a_digest() -> None:
    [message] = build([item("a"), item("b", Event.RESOLVED)], now=NOW)

    assert message.type == "audit.alert.digest"


def test_system_items_travel_apart_and_name_the_portal() -> None:
    alerts, system = build([item("s", Event.SYSTEM), item("a")], now=NOW)

    assert alerts.alerts == ("a",)
    assert system.type == "system.portal_unreachable"
    [told] = document(system.body)["data"]["alerts"]
    assert told["organisation"] is None
    assert told["portal"] == {"id": "p1", "name": "示例市人民政府"}


def test_several_system_topics_make_a_system_digest() -> None:
    [message] = build([item("s", Event.SYSTEM), item("t", Event.SYSTEM, rule="layout_changed")], now=NOW)

    assert message.type == "system.digest"


def test_nothing_to_tell_is_no_message_but_a_named_kind_is() -> None:
    [test] = build([], kind="system.test", now=NOW)

    assert build([], now=NOW) == []
    assert document(test.body)["type"] == "system.test"
    assert document(test.body)["data"]["alerts"] == []


def test_the_gravest_come_first_then_by_rule() -> None:
    given_items = [
        item("n", severity="note", rule="A001"),
        item("w", severity="warning", rule="A001"),
        item("e2", rule="F001"),
        item("e1", rule="A003"),
    ]

    [message] = build(given_items, now=NOW)

    assert [alert["alert_id"] for alert in document(message.body)["data"]["alerts"]] == ["e1", "e2", "w", "n"]


@pytest.mark.parametrize(("count", "hidden"), [(1, 0), (49, 0), (50, 0), (51, 1), (333, 283)])
def test_at_most_fifty_are_shown_and_the_rest_counted(count: int, hidden: int) -> None:
    severe = item("severe")
    notes = [item(f"n{number}", severity="note") for number in range(count - 1)]

    [message] = build([*notes, severe], now=NOW)

    data = document(message.body)["data"]
    assert len(data["alerts"]) == min(count, LIMIT)
    assert data["hidden"] == message.hidden == hidden
    assert data["alerts"][0]["alert_id"] == "severe"
    assert len(message.alerts) == count
    assert sum(data["counts"]["events"].values()) == count


def test_the_coverage_names_who_could_not_be_verified() -> None:
    counts = Counts(84, 86, (Unchecked("tax", "示例市税务局", "list_incomplete"),))

    [message] = build([item()], now=NOW, counts=counts)

    told = document(message.body)["data"]["counts"]
    assert (told["checked"], told["total"]) == (84, 86)
    assert told["unchecked"] == [{"id": "tax", "name": "示例市税务局", "reason": "list_incomplete"}]
    assert told["unchecked_hidden"] == 0


def test_a_long_list_of_the_unverified_is_cut_and_counted() -> None:
    counts = Counts(0, 70, tuple(Unchecked(str(n), "某局", "blocked") for n in range(70)))

    [message] = build([item()], now=NOW, counts=counts)

    told = document(message.body)["data"]["counts"]
    assert (len(told["unchecked"]), told["unchecked_hidden"]) == (50, 20)


@settings(deadline=None, max_examples=60)
@given(st.lists(items, min_size=1, max_size=80))
def test_no_item_is_lost_and_order_of_arrival_does_not_matter(given_items: list[AlertItem]) -> None:
    [message] = build(given_items, now=NOW)
    [again] = build(reversed(given_items), now=NOW)

    data = document(message.body)["data"]
    assert sorted(message.alerts) == sorted(one.alert_id for one in given_items)
    assert len(data["alerts"]) + data["hidden"] == len(given_items)
    assert again == message


def test_another_scope_or_instant_gives_another_id_but_the_same_body_keeps_it() -> None:
    [first] = build([item()], now=NOW, scope="ops/channel/")
    [same] = build([item()], now=NOW, scope="ops/channel/")
    [other] = build([item()], now=NOW, scope="city/channel/")

    assert first == same
    assert first.message_id != other.message_id
    assert first.body == other.body


def test_a_broken_name_does_not_keep_the_others_from_being_sent() -> None:
    broken = item(organisation=Organisation("x", "坏\ud800名", None))

    [message] = build([broken, item("b")], now=NOW)

    assert len(document(message.body)["data"]["alerts"]) == 2


@pytest.mark.parametrize("limit", [100_000, 8_000, 2_000, 900])
def test_a_digest_is_cut_to_a_size_with_an_exact_count(limit: int) -> None:
    [message] = build([item(f"a{number}") for number in range(60)], now=NOW)

    smaller = shrink(message.body, limit)

    assert smaller is not None
    data = document(smaller)["data"]
    assert len(smaller) <= limit
    assert 1 <= len(data["alerts"]) < 50
    assert len(data["alerts"]) + data["hidden"] == 60


def test_a_finding_of_a_megabyte_is_no_message_of_a_megabyte() -> None:
    huge = {"zh": "疑" * 1_000_000, "en": "x" * 1_000_000}
    found = item(title=huge, message=huge, formula="汉 + " * 250_000, url="https://x.example/" + "a" * 10**6)

    [message] = build([found], now=NOW)

    [alert] = document(message.body)["data"]["alerts"]
    assert len(message.body) < 20_000
    assert {text[-1] for text in (*alert["title"].values(), *alert["message"].values(), alert["formula"])} == {"…"}
    assert alert["message"]["zh"].startswith("疑疑疑")
    assert alert["url"] is None


def test_a_single_item_cannot_be_cut() -> None:
    [message] = build([item()], now=NOW)

    assert shrink(message.body, 10) is None


def test_an_item_is_about_an_organisation_or_about_the_system() -> None:
    with pytest.raises(ValueError, match="al_1"):
        replace(item(), organisation=None)


def test_an_instant_without_a_time_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        iso(datetime(2026, 1, 31))  # noqa: DTZ001 - the point of the test
