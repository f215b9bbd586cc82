"""Routes: the keys of what is told together, whole, and how often it is told again."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest

from sysmon_tui.alerts.routes import Routed
from sysmon_tui.config import RouteConfig
from tests.alerts.judging import routes
from tests.alerts.receivers import alert


def to_ops(**matching: Any) -> RouteConfig:
    return RouteConfig(channels=("ops",), **matching)


def test_an_alert_by_itself_is_an_incident_by_its_id() -> None:
    """Again as often as the route says, in minutes."""
    assert routes(to_ops(repeat_minutes=1)).of(alert()) == [
        Routed("ops", "3f1c2a9d5e7b8a60", timedelta(minutes=1))
    ]
    assert routes(to_ops(repeat_minutes=0)).of(alert(id=7)) == [Routed("ops", "7", None)]


@pytest.mark.parametrize("labels", [("rule",), ("rule", "entity"), ("severity", "category")])
def test_the_key_of_a_group_is_short_and_the_same_each_time(labels: tuple[str, ...]) -> None:
    """Receivers get it as a name of the incident: letters and digits, and not what the alert holds."""
    found = {
        routes(to_ops(group_by=labels)).of(alert(severity="\ud800", entity={"job": "ü"}, id=name))[0].incident
        for name in ("a", "b")
    }
    assert len(found) == 1
    assert re.fullmatch("group-[0-9a-f]{16}", found.pop())


def test_a_group_of_what_is_no_text_has_a_key() -> None:
    """A label may hold anything that a caller put there: what can't be written as JSON goes by its text."""
    of = routes(to_ops(group_by=("entity",))).of
    one, other = (of(alert(entity={"since": timedelta(hours=hours)}))[0].incident for hours in (1, 2))
    assert one != other
    assert one == of(alert(entity={"since": "1:00:00"}))[0].incident


def test_a_rule_that_an_alert_does_not_have_is_no_text() -> None:
    """It comes from a caller: only a pattern that meets nothing at all meets it."""
    bare = {"id": "x", "severity": "high"}
    assert routes(to_ops(rules=("", "?"))).of(bare) != []
    assert routes(to_ops(rules=("None", "X*", "?"))).of(bare) == []


def test_the_tenant_and_the_environment_are_the_program_s() -> None:
    """Not what an alert calls so."""
    says = alert(tenant="test", environment="staging")
    assert routes(to_ops(tenants=("test",))).of(says) == []
    assert routes(to_ops(environments=("staging",))).of(says) == []
    assert len(routes(to_ops(tenants=("test",)), tenant="test").of(alert())) == 1


def test_the_channels_are_those_of_the_configuration() -> None:
    """In their order, whether a route leads there or not."""
    made = routes(to_ops(), channels=("pager", "ops"))
    assert made.channels == ("pager", "ops")
    assert [one.channel for one in made.of(alert())] == ["ops"]
