"""Silences: which alerts they cover, and for how long."""

from __future__ import annotations

import re
import time
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sysmon_tui.alerts.silences import Silence, like, matches, parsed_matchers, silenced_until
from sysmon_tui.errors import RequestError
from tests.alerts.receivers import NOW, alert

HOUR = timedelta(hours=1)


def silence(begins: float = 0, hours: float = 1, **matchers: str) -> Silence:
    return Silence("s", matchers, NOW + begins * HOUR, NOW + (begins + hours) * HOUR, "deploy", "ann")


@pytest.mark.parametrize(
    ("wanted", "value", "is_like"),
    [
        ("nightly", "nightly", True),
        ("nightly", "nightly ", False),
        ("nightly", "Nightly", False),
        ("nightly", "a nightly", False),
        ("nightly*", "nightly", True),
        ("*nightly", "a nightly", True),
        ("etl_*_v2", "etl_sales_v2", True),
        ("etl_*_v2", "etl_sales_v3", False),
        ("*", "", True),
        ("*", "two\nlines", True),
        ("a*", "a\n", True),
        ("a", "a\n", False),
        ("", "", True),
        ("", "a", False),
        ("a?", "ab", False),
        ("a?", "a?", True),
        ("[ab]", "a", False),
        ("[ab]", "[ab]", True),
        ("[!a]*", "b", False),
        ("[!a]*", "[!a]b", True),
        ("a]", "a]", True),
        (".*", "ab", False),
        (".*", ".b", True),
        ("a\\*", "a\\b", True),
        ("(a|b)", "a", False),
        ("größe*", "größe 1", True),
    ],
)
def test_a_text_is_literal_but_for_stars(wanted: str, value: str, is_like: bool) -> None:
    """Nothing else stands for anything: no `?`, no ranges, no regular expression."""
    assert like(wanted, value) is is_like


@given(st.lists(st.text("ab*[]?!.\\^$\n", max_size=4), max_size=5), st.text("ab[]?!.\\^$\n", max_size=12))
def test_it_says_what_a_plain_search_says(parts: list[str], value: str) -> None:
    """As a regular expression of escaped parts would, for any text."""
    wanted = "*".join(parts)
    pattern = ".*".join(re.escape(part) for part in wanted.split("*"))
    assert like(wanted, value) is (re.fullmatch(pattern, value, re.DOTALL) is not None)


@pytest.mark.parametrize(
    "wanted", ["a*" * 60 + "b", "*a" * 60 + "b", "*" * 60 + "b", "*ab" * 60 + "c", "a*b" * 30]
)
def test_a_pattern_of_many_stars_is_fast(wanted: str) -> None:
    """Ten thousand characters that almost match cost milliseconds, not the age of the universe."""
    begun_s = time.perf_counter()
    assert not like(wanted, "a" * 10_000)
    assert time.perf_counter() - begun_s < 1


@pytest.mark.parametrize(
    ("matchers", "covers"),
    [
        ({"rule": "query.failed_per_hour"}, True),
        ({"rule": "query.*"}, True),
        ({"rule": "workflow.*"}, False),
        ({"category": "query", "severity": "high"}, True),
        ({"category": "query", "severity": "critical"}, False),
        ({"id": "3f1c2a9d5e7b8a60"}, True),
        ({"warehouse_id": "wh1"}, True),
        ({"warehouse_id": "wh*", "clusters": "2"}, True),
        ({"workflow_name": "*"}, False),
        ({"nothing": "*"}, False),
        ({"title": "*"}, False),
    ],
)
def test_every_matcher_must_meet_its_label_or_field(matchers: dict[str, str], covers: bool) -> None:
    """A field that the alert does not have, or that is null, meets nothing, not even `*`."""
    entity = {"warehouse_id": "wh1", "clusters": 2, "nothing": None}
    assert matches(matchers, alert(entity=entity)) is covers


def test_a_label_is_no_field_of_the_entity() -> None:
    """An entity that calls itself `critical` is not critical."""
    assert not matches({"severity": "critical"}, alert(entity={"severity": "critical"}))
    assert not matches({"rule": "x"}, {"entity": {"rule": "x"}})
    assert not matches({"name": "x"}, alert(entity="x"))


def test_no_matcher_covers_everything() -> None:
    """Which is why a silence needs one."""
    assert matches({}, alert())


def test_it_lasts_from_its_begin_to_before_its_end() -> None:
    """Half-open, like every span."""
    one = silence(rule="query.*")
    moments = [NOW - timedelta(microseconds=1), NOW, NOW + HOUR - timedelta(microseconds=1), NOW + HOUR]
    assert [one.covers(alert(), now) for now in moments] == [False, True, True, False]


def test_the_longest_counts() -> None:
    """Of those that cover it now; others may be as long as they like."""
    silences = [
        silence(rule="query.*"),
        silence(hours=3, severity="high"),
        silence(hours=9, rule="other"),
        silence(begins=1, hours=9, rule="query.*"),
    ]
    assert silenced_until(silences, alert(), NOW) == NOW + 3 * HOUR
    assert silenced_until([], alert(), NOW) is None


def test_matchers_from_texts() -> None:
    """The first `=` ends the name: a text may have more."""
    assert parsed_matchers(["rule=query.*", "user_email=a=b"]) == {"rule": "query.*", "user_email": "a=b"}


@pytest.mark.parametrize(
    "texts",
    [[], ["rule"], ["=x"], ["rule="], ["Rule=x"], ["ru le=x"], ["1=x"], ["rule=a", "rule=b"], ["a\n=x"]],
)
def test_what_is_no_matcher_is_refused(texts: list[str]) -> None:
    """With the parameter that is wrong; a silence of everything is refused as well."""
    with pytest.raises(RequestError) as caught:
        parsed_matchers(texts)
    assert caught.value.parameter == "matcher"
