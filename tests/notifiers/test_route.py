"""Who hears of what."""

import pytest

from notifiers.event import Event, Organisation
from notifiers.route import GroupBy, Match, Route, plan
from tests.notifiers.making import item

EVERYTHING = Match()


@pytest.mark.parametrize(
    ("conditions", "expected"),
    [
        ({}, True),
        ({"severity": ["error"]}, True),
        ({"severity": ["warning", "note"]}, False),
        ({"region": "示例市"}, True),
        ({"region": "示例*"}, True),
        ({"region": "别的市"}, False),
        ({"organisation": ["edu", "tax"]}, True),
        ({"rule": "A*"}, True),
        ({"rule": "F001"}, False),
        ({"kind": "department"}, True),
        ({"kind": ["township"]}, False),
        ({"portal": "p1"}, True),
        ({"severity": "error", "portal": "p2"}, False),
    ],
)
def test_all_given_conditions_must_hold(conditions: dict[str, str | list[str]], expected: bool) -> None:
    assert Match.of(conditions)(item()) is expected


def test_an_unknown_condition_is_named() -> None:
    with pytest.raises(ValueError, match="regoin"):
        Match.of({"regoin": "示例市"})


def test_an_item_without_the_fact_does_not_meet_a_condition_on_it() -> None:
    nameless = item(organisation=Organisation("x", "某局", None))

    assert not Match.of({"region": "*"})(nameless)


def test_who_hears_of_a_region_hears_that_its_portal_is_down() -> None:
    down = item("s", Event.SYSTEM)

    assert Match.of({"severity": ["error"], "region": "示例市"})(down)
    assert not Match.of({"rule": ["A003"]})(down)
    assert not Match.of({"portal": ["p2"]})(down)


def test_all_matching_routes_count_but_a_channel_hears_once() -> None:
    routes = [
        Route(Match.of({"severity": ["error"]}), ("ops",), GroupBy.REGION),
        Route(EVERYTHING, ("ops", "city")),
    ]

    parcels = plan([item("a"), item("b", severity="note")], routes).parcels

    told = {(one.channel, one.group_by, one.group): [held.alert_id for held in one.items] for one in parcels}
    assert told == {
        ("city", GroupBy.CHANNEL, ""): ["a", "b"],
        ("ops", GroupBy.CHANNEL, ""): ["b"],
        ("ops", GroupBy.REGION, "示例市"): ["a"],
    }


@pytest.mark.parametrize(
    ("group_by", "groups"),
    [
        (GroupBy.CHANNEL, {"": 3}),
        (GroupBy.REGION, {"示例市": 2, "邻市": 1}),
        (GroupBy.PORTAL, {"p1": 2, "p2": 1}),
        (GroupBy.ORGANISATION, {"edu": 2, "tax": 1}),
    ],
)
def test_each_group_gets_a_message_of_its_own(group_by: GroupBy, groups: dict[str, int]) -> None:
    tax = Organisation("tax", "邻市税务局", "邻市", "department", "p2")

    parcels = plan([item("a"), item("b"), item("c", organisation=tax)], [Route(EVERYTHING, ("ops",), group_by)]).parcels

    assert {one.group: len(one.items) for one in parcels} == groups
    assert len({one.scope for one in parcels}) == len(groups)


def test_what_no_route_takes_is_reported() -> None:
    planned = plan([item()], [Route(Match.of({"severity": "note"}), ("ops",))])

    assert planned.parcels == ()
    assert [one.alert_id for one in planned.unrouted] == ["al_1"]
