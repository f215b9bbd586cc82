"""What a notice is known by: its incident, its kind and a number that no other notice of the incident has."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from sysmon_tui.alerts.plan import Incident, Planned
from sysmon_tui.clock import to_micros
from sysmon_tui.config import RouteConfig
from tests.alerts.judging import MINUTE
from tests.alerts.planning import HOUR, Told, life, over
from tests.alerts.receivers import NOW

REPEATED = RouteConfig(channels=("ops",), repeat_minutes=60)


def numbers(notices: list[Planned]) -> list[tuple[str, str]]:
    return [(one.kind, one.number) for one in notices]


def test_the_notices_of_an_incident_in_their_order() -> None:
    """Repeats and the end are counted; what is told and taken on bears what is known of it by then."""
    told = Told(REPEATED)
    (opened,) = told.notices(life())
    assert (opened.channel, opened.key, opened.kind) == ("ops", "a", "firing")
    assert opened.opened == to_micros(told.now)
    assert len(opened.number) == 16
    assert numbers(told.notices(life(), after=HOUR)) == [("repeat", "1")]
    assert numbers(told.notices(life(), after=HOUR)) == [("repeat", "2")]
    ((taken, first),) = numbers(told.notices(life(acknowledged_by="ann")))
    assert taken == "acknowledged"
    assert numbers(told.notices(life(), after=HOUR)) == [("repeat", "3")]
    ((taken, second),) = numbers(told.notices(life(acknowledged_by="bob")))
    assert taken == "acknowledged"
    assert len({opened.number, first, second}) == 3
    (ended,) = told.notices(over(life()))
    assert (ended.kind, ended.number, ended.key, ended.opened) == ("resolved", "1", "a", opened.opened)


def test_what_is_known_of_an_incident_at_each_step() -> None:
    """When it was told last, how often it was repeated, whether somebody has it and whether it is open."""
    told = Told(REPEATED)
    told.notices(life())
    at, known = told.now, to_micros(told.now)
    begun = Incident("ops", "a", known, told={"a": 1}, told_at=at)
    assert told.open == [begun]
    told.notices(life(), after=HOUR)
    assert told.open == [replace(begun, told_at=at + HOUR, repeats=1)]
    told.notices(life(acknowledged_by="ann"))
    assert told.open == [replace(begun, told_at=at + HOUR, repeats=1, acknowledged=True)]
    told.notices(life())
    assert told.open == [replace(begun, told_at=at + HOUR, repeats=1)]
    told.notices(over(life()))
    assert list(told.incidents.values()) == [replace(begun, told_at=at + HOUR, repeats=1, is_open=False)]


def test_who_joins_takes_the_acknowledgement_back() -> None:
    """Nobody has what has just come."""
    told = Told(RouteConfig(channels=("ops",), group_by=("category",)))
    told.notices(life("a", acknowledged_by="ann"))
    told.notices(life("a", acknowledged_by="ann"), life("b"))
    assert [(one.told, one.acknowledged) for one in told.open] == [({"a": 1, "b": 1}, False)]


def test_a_summary_is_known_by_its_instant() -> None:
    """Each its own, and there is nothing to end."""
    told = Told()
    told.max_pages = 0
    (summary,) = told.notices(life())
    at = to_micros(told.now)
    assert summary == Planned("ops", f"summary-{at}", at, "summary", "1", summary.alerts)


def test_the_gravest_comes_first() -> None:
    """Of the same severity the names decide."""
    lives = [
        life("a", severity="medium"),
        life("d", severity="high"),
        life("c", severity="high"),
        life("b", severity="critical"),
        life("e", severity="high"),
    ]
    assert [title for _, title in Told().hear(*lives)] == ["b", "c", "d", "e", "a"]


@pytest.mark.parametrize(("older", "pages"), [(timedelta(0), 1), (timedelta(microseconds=1), 0)])
def test_what_ended_six_hours_ago_is_just_a_page(older: timedelta, pages: int) -> None:
    """And nothing that is older."""
    one = life(met_until=NOW + MINUTE - 6 * HOUR - older)
    assert len(Told().notices(one)) == pages
