"""Routes: which channel hears of which alert, and what is told together."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from sysmon_tui.config import RouteConfig
from tests.alerts.judging import routes
from tests.alerts.receivers import alert


def to_ops(**matching: Any) -> RouteConfig:
    return RouteConfig(channels=("ops",), **matching)


@pytest.mark.parametrize(
    ("route", "leads"),
    [
        (to_ops(), True),
        (RouteConfig(channels=("other",)), False),
        (to_ops(severities=("critical", "high")), True),
        (to_ops(severities=("critical",)), False),
        (to_ops(categories=("query",)), True),
        (to_ops(categories=("security",)), False),
        (to_ops(tenants=("t",)), True),
        (to_ops(tenants=("test",)), False),
        (to_ops(environments=("production",)), True),
        (to_ops(environments=("staging",)), False),
        (to_ops(rules=("workflow.*", "query.*")), True),
        (to_ops(rules=("query",)), False),
        (to_ops(entities={"warehouse_id": "wh*"}), True),
        (to_ops(entities={"warehouse_id": "x*"}), False),
        (to_ops(entities={"workflow_name": "*"}), False),
        (to_ops(severities=("high",), tenants=("test",)), False),
    ],
)
def test_every_list_of_a_route_must_match(route: RouteConfig, leads: bool) -> None:
    """An empty list matches all."""
    found = routes(route, channels=("ops", "other")).of(alert(entity={"warehouse_id": "wh1"}))
    assert ("ops" in [one.channel for one in found]) is leads


def test_without_routes_every_channel_gets_every_alert() -> None:
    """Each alert by itself, again every four hours."""
    found = routes(channels=("ops", "mail")).of(alert())
    assert [(one.channel, one.incident, one.repeat) for one in found] == [
        ("ops", alert()["id"], timedelta(hours=4)),
        ("mail", alert()["id"], timedelta(hours=4)),
    ]


def test_with_routes_what_none_leads_goes_nowhere() -> None:
    """Routes are all there is: no channel gets what no route sends it."""
    assert routes(to_ops(severities=("critical",)), channels=("ops", "mail")).of(alert()) == []


def test_a_channel_has_an_alert_by_the_first_route_that_leads_there() -> None:
    """One notice a channel, however many routes match; how often is what the first of them says."""
    found = routes(
        to_ops(categories=("security",), repeat_minutes=1),
        to_ops(severities=("high",), repeat_minutes=10),
        to_ops(repeat_minutes=20),
        RouteConfig(channels=("mail", "ops"), repeat_minutes=0),
        channels=("ops", "mail"),
    ).of(alert())
    assert [(one.channel, one.repeat) for one in found] == [("ops", timedelta(minutes=10)), ("mail", None)]


def test_a_group_has_one_key() -> None:
    """Alerts that agree in the labels, whatever else they are; the entity counts as a whole."""
    of = routes(to_ops(group_by=("category", "severity"))).of
    key = of(alert())[0].incident
    assert of(alert(id="other", rule="query.slow_per_hour"))[0].incident == key
    assert of(alert(severity="medium"))[0].incident != key
    by_entity = routes(to_ops(group_by=("entity",))).of
    one, other = ({"job_id": "1", "workspace_id": "2"}, {"workspace_id": "2", "job_id": "1"})
    assert by_entity(alert(entity=one))[0].incident == by_entity(alert(entity=other))[0].incident
    assert by_entity(alert(entity=one))[0].incident != by_entity(alert(entity={}))[0].incident


def test_what_two_routes_group_is_not_told_together() -> None:
    """Critical alerts repeat each hour, the others never: two groups of one channel, though both by category."""
    of = routes(
        to_ops(severities=("critical",), group_by=("category",), repeat_minutes=60),
        to_ops(group_by=("category",), repeat_minutes=0),
    ).of
    assert of(alert(severity="critical"))[0].incident != of(alert())[0].incident


def test_an_alert_without_the_usual_fields_is_routed_all_the_same() -> None:
    """It comes from a caller: what is missing matches no list, and raises nothing."""
    bare = {"id": "x", "state": "firing"}
    assert routes(to_ops(severities=("high",))).of(bare) == []
    assert [one.incident for one in routes().of(bare)] == ["x"]
    assert len(routes(to_ops(group_by=("rule", "entity"))).of(bare)) == 1
