"""Rules of the user's own: what their filters let through, what they compare with, and whom they count."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Literal

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sysmon_tui.alerts.finding import Seen
from sysmon_tui.alerts.life import Judged
from sysmon_tui.alerts.own_rules import OwnRule, condition, own_rules
from sysmon_tui.alerts.rules import Rule
from sysmon_tui.alerts.verdict import Verdict, verdicts
from sysmon_tui.config.rules import DATASETS, RuleConfig, number_columns, text_columns
from tests.alerts.judging import MINUTE, Lives
from tests.estate import Estate, at

HOUR = timedelta(hours=1)
Comparison = Literal[">=", ">", "<", "<="]

_SCHEMA = {
    "workspace_id": pl.String(),
    "statement_id": pl.String(),
    "user_email": pl.String(),
    "warehouse_id": pl.String(),
    "status": pl.String(),
    "total_duration_ms": pl.Int64(),
    "start_time": pl.Datetime("us", "UTC"),
    "end_time": pl.Datetime("us", "UTC"),
}


def row(end: str, **values: Any) -> dict[str, Any]:
    """A query that took a minute."""
    ended = at(end)
    return {
        "workspace_id": "1",
        "statement_id": end,
        "start_time": ended - MINUTE,
        "end_time": ended,
        **values,
    }


def seen(head: str, *rows: dict[str, Any], total: int | None = None) -> Seen:
    """Query history up to `head`, where a row may come an hour late."""
    frame = pl.DataFrame([{name: one.get(name) for name in _SCHEMA} for one in rows], schema=_SCHEMA)
    frame = frame.sort("end_time", descending=True, nulls_last=True)
    known = frame.height if total is None else total
    return Seen("system.query.history", frame, known, at(head), at(head), "fresh", None, HOUR)


def own(comparison: Comparison = ">=", value: int = 2, **config: Any) -> OwnRule:
    made = RuleConfig(dataset="queries", comparison=comparison, value=value, **config)
    (rule,) = own_rules({"etl.many": made})
    return rule


def told(rule: OwnRule, table: Seen, since: str = "00:00") -> list[Verdict]:
    return [verdict for found in rule.findings(table, at(since)) for verdict in verdicts(found, "t")]


def states(found: list[Verdict]) -> list[str]:
    return [verdict.state for verdict in found]


# Comparisons -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("comparison", "value", "fires_at"),
    [(">=", 3, {3, 4}), (">", 3, {4}), ("<", 3, {0, 1, 2}), ("<=", 3, {0, 1, 2, 3})],
)
def test_what_it_compares_with(comparison: Comparison, value: int, fires_at: set[int]) -> None:
    """So many in each hour, all along: at the number, over it, under it."""
    for count in range(5):
        rows = [row(f"{hour:02}:{minute:02}") for hour in range(12) for minute in range(10, 10 + count)]
        found = told(own(comparison, value), seen("11:20", *rows), since="02:00")
        assert ("firing" in states(found)) is (count in fires_at)


def test_at_least_fires_at_the_row_that_makes_it_so() -> None:
    """On what has arrived, at the head; its words name the title, the count and who it was."""
    rows = [row("11:00", user_email="ann"), row("11:30", user_email="ann")]
    (verdict,) = told(own(title="Too many queries"), seen("11:30", *rows))
    assert (verdict.state, verdict.started_at) == ("firing", at("11:30"))
    assert verdict.alert["title"] == "2 Too many queries within an hour"
    assert "(threshold 2): ann (2)." in verdict.alert["message"]
    assert verdict.alert["evidence"]["ids"] == ["11:30", "11:00"]


def test_without_a_title_it_is_called_by_its_id() -> None:
    """With groups the entity comes first; too few are called so too."""
    rows = [row("11:00", user_email="ann"), row("11:01", user_email="ann")]
    (plain,) = told(own(), seen("11:30", *rows))
    assert plain.alert["title"] == "2 rows of etl.many within an hour"
    (grouped,) = told(own(group_by=("user_email",)), seen("11:30", *rows))
    assert "ann" in grouped.alert["title"] and "2 rows of etl.many" in grouped.alert["title"]
    (few, *_) = told(own("<", 3), seen("12:30", *rows), since="10:10")
    assert "rows of etl.many within an hour" in few.alert["title"]


def test_too_few_fires_only_where_no_more_rows_come() -> None:
    """The last query was at 10:00. At 11:00 there is none within the hour; that is known at a head of 12:00."""
    rule, rows = own("<", 1), [row("09:10"), row("10:00")]
    assert told(rule, seen("11:59", *rows), since="08:10") == []
    (verdict,) = told(rule, seen("12:00", *rows), since="08:10")
    assert (verdict.state, verdict.started_at, verdict.alert["value"]) == ("firing", at("11:00"), 0)
    assert "fewer than 1" in verdict.alert["message"]


def test_too_few_ends_at_once() -> None:
    """A query at 12:30 ends it, settled or not: it is there for good."""
    rule, rows = own("<", 1), [row("09:10"), row("10:00"), row("12:30")]
    (verdict,) = told(rule, seen("12:30", *rows), since="08:10")
    assert (verdict.state, verdict.alert["resolved_at"]) == ("resolved", "2026-03-10T12:30:00Z")


def test_the_whole_alert_of_too_few_of_an_entity() -> None:
    """Its words up to where no more rows come, and the rows that were there, with a statement that shows them."""
    rows = [
        row(ended, statement_id=f"q{number}", user_email="ann\n" + "n" * 150, warehouse_id="wh1")
        for number, ended in enumerate(("09:00", "11:30", "11:31", "11:40"))
    ]
    rule = own("<", 2, group_by=("user_email", "warehouse_id"), window_minutes=90, title="loads")
    (verdict,) = [one for one in told(rule, seen("14:05", *rows), since="08:30") if one.state == "firing"]
    few = "ann " + "n" * 115 + "…: 1 loads within 90 minutes"
    assert verdict.alert["title"] == few
    assert verdict.alert["message"] == f"{few}, up to 2026-03-10 13:05 UTC (fewer than 2)."
    assert (verdict.alert["value"], verdict.alert["threshold"]) == (1, 2)
    assert verdict.alert["evidence"] == {
        "ids": ["q3"],
        "dataset": "queries",
        "parameters": {"hours": 3},
        "statement": "SELECT * FROM system.query.history WHERE start_time >= TIMESTAMP'2026-03-10T11:39:00Z'"
        " AND workspace_id IN ('1') AND statement_id IN ('q3')",
    }


def test_too_few_that_is_over_names_its_end() -> None:
    """An end beyond where rows are settled is one too; without a date nothing is told."""
    rule, rows = own("<", 1), [row("09:10"), row("10:00"), row("12:10")]
    (verdict,) = told(rule, seen("12:30", *rows), since="08:10")
    assert verdict.alert["message"].endswith("within an hour, up to 2026-03-10 12:10 UTC (fewer than 1).")
    assert told(rule, replace(seen("12:30", *rows), as_of=None), since="08:10") == []


def test_an_entity_is_known_from_its_first_row_on() -> None:
    """Bob's first query ever is at 10:00: before there were not too few of his, and one is too few at once."""
    (verdict,) = told(
        own("<", 2, group_by=("user_email",)), seen("12:30", row("10:00", user_email="bob")), since="02:00"
    )
    assert (verdict.state, verdict.started_at) == ("firing", at("10:00"))


def test_too_few_says_nothing_of_the_first_window() -> None:
    """What was before the rows that were read is not known."""
    assert told(own("<", 1), seen("03:00", row("02:30")), since="02:00") == []


def test_too_few_must_have_held_where_no_more_rows_come() -> None:
    """Half an hour is wanted, from 11:00: that is known at a head of 12:30, not of 12:00."""
    rule, rows = own("<", 1, for_minutes=30), [row("09:10"), row("10:00")]
    assert "firing" not in states(told(rule, seen("12:00", *rows), since="08:10"))
    assert states(told(rule, seen("12:30", *rows), since="08:10")) == ["firing"]


def test_too_few_is_not_known_where_rows_were_cut_off() -> None:
    """There are more rows than were read: an alert that fires does not end by that."""
    lives, rule = Lives(), own("<", 1)

    def evaluate(table: Seen, now: str) -> None:
        lives.see(Judged(rule.rule, table, 1, told(rule, table, since="08:10")), now=at(now))

    rows = [row("09:10"), row("10:00")]
    evaluate(seen("12:00", *rows), "12:01")
    evaluate(seen("12:10", *rows, total=3), "12:11")
    assert lives.states == ["firing"]


# Filters ---------------------------------------------------------------------------------------------------


def let_through(column: str, text: str, values: list[Any]) -> list[Any]:
    return (
        pl.DataFrame({column: values}).filter(condition("queries", column, text)).get_column(column).to_list()
    )


@pytest.mark.parametrize(
    ("text", "matching"),
    [
        ("ann", ["ann"]),
        ("ann*", ["ann", "ann\n", "ann b"]),
        ("*b", ["ann b", "a.*b"]),
        ("a.*b", ["a.*b"]),
        ("*", ["ann", "ann\n", "ann b", "Ann", "a.*b", ""]),
        ("*n*b", ["ann b"]),
        ("", [""]),
        ("[a]*", []),
    ],
)
def test_texts_are_literal_but_for_stars(text: str, matching: list[str]) -> None:
    """Case-sensitive; null is like nothing."""
    assert let_through("user_email", text, ["ann", "ann\n", "ann b", "Ann", "a.*b", "", None]) == matching


@given(st.text(max_size=6), st.lists(st.one_of(st.just("*"), st.text(max_size=3)), max_size=4))
def test_any_text_is_a_filter(value: str, parts: list[str]) -> None:
    """None breaks the engine's regular expressions, and each says what Python's would."""
    text = "".join(parts)
    pattern = ".*".join(re.escape(part) for part in text.split("*"))
    expected = [value] if re.fullmatch(pattern, value, re.DOTALL) else []
    assert let_through("user_email", text, [value]) == expected


@pytest.mark.parametrize(
    ("text", "matching"),
    [
        ("600", [600]),
        ("= 600", [600]),
        (">= 600", [600, 601]),
        (">600", [601]),
        ("<600", [-1, 5]),
        ("<= 5.0", [-1, 5]),
        ("-1", [-1]),
    ],
)
def test_numbers_are_compared(text: str, matching: list[int]) -> None:
    """Null is neither more nor less."""
    assert let_through("total_duration_ms", text, [-1, 5, 600, 601, None]) == matching


@pytest.mark.parametrize("text", ["", "many", ">", "=> 5", ">= 5x", ">= 5\n", "5*", "nan", "1e3", "\u0665"])
def test_what_is_no_number_is_refused(text: str) -> None:
    """With the column that wants one."""
    with pytest.raises(ValueError, match="for total_duration_ms"):
        condition("queries", "total_duration_ms", text)


def test_every_filter_must_let_a_row_through() -> None:
    """And it must belong to a moment: a query that still runs does not count."""
    rows = [
        row("11:00", status="FAILED", warehouse_id="wh1"),
        row("11:10", status="FAILED", warehouse_id="wh2"),
        row("11:20", status="FINISHED", warehouse_id="wh1"),
        row("11:25", status="FAILED", warehouse_id="wh1") | {"end_time": None},
    ]
    rule = own(value=1, filter={"status": "FAILED", "warehouse_id": "wh1"})
    (verdict,) = told(rule, seen("11:30", *rows))
    assert verdict.alert["evidence"]["ids"] == ["11:00"]


# Groups ----------------------------------------------------------------------------------------------------


def test_each_entity_is_counted_by_itself() -> None:
    """Two of ann's, one of bob's, two of nobody's: ann's fire."""
    rows = [
        row(f"11:0{number}", user_email=who) for number, who in enumerate(["ann", "bob", "ann", None, None])
    ]
    (verdict,) = told(own(group_by=("user_email",)), seen("11:30", *rows))
    assert verdict.alert["entity"] == {"user_email": "ann"} and verdict.alert["value"] == 2


def test_entities_of_two_columns() -> None:
    """The same user on two warehouses is two."""
    rows = [
        row(f"11:0{number}", user_email="ann", warehouse_id=name)
        for number, name in enumerate(["wh1", "wh2", "wh1"])
    ]
    (verdict,) = told(own(group_by=("user_email", "warehouse_id")), seen("11:30", *rows))
    assert verdict.alert["entity"] == {"user_email": "ann", "warehouse_id": "wh1"}


def test_a_title_is_shown_with_groups_too() -> None:
    """As without."""
    rows = [row("11:00", user_email="ann"), row("11:01", user_email="ann")]
    (verdict,) = told(own(group_by=("user_email",), title="Too many queries"), seen("11:30", *rows))
    assert "ann" in verdict.alert["title"] and "Too many queries" in verdict.alert["title"]


def test_too_few_of_an_entity() -> None:
    """Bob's last query is two hours old; ann's is not."""
    rows = [row("10:00", user_email="bob"), *(row(f"{hour}:50", user_email="ann") for hour in (10, 11, 12))]
    found = told(own("<", 1, group_by=("user_email",)), seen("13:00", *rows), since="09:00")
    assert [
        (verdict.alert["entity"]["user_email"], verdict.state)
        for verdict in found
        if verdict.state == "firing"
    ] == [("bob", "firing")]


def test_too_few_of_an_entity_does_not_end_by_having_none() -> None:
    """Bob's last query leaves the window that is read: there are still too few of his."""
    lives, rule = Lives(), own("<", 1, group_by=("user_email",))
    bob, ann = row("01:00", user_email="bob"), row("12:50", user_email="ann")
    for head, rows, since in (("13:00", [bob, ann], "00:00"), ("14:00", [ann], "01:30")):
        table = seen(head, *rows)
        lives.see(Judged(rule.rule, table, 1, told(rule, table, since=since)), now=at(head))
    assert [life.state for life in lives.all if life.alert["entity"] == {"user_email": "bob"}] == ["firing"]


# What they are ---------------------------------------------------------------------------------------------


def test_only_those_that_are_on_and_no_built_in_ones() -> None:
    """What a configuration says of a built-in rule makes no rule."""
    configured = {
        "etl.many": RuleConfig(dataset="queries", value=1),
        "etl.off": RuleConfig(dataset="queries", value=1, enabled=False),
        "workflow.slow": RuleConfig(severity="high"),
    }
    assert [one.rule.id for one in own_rules(configured)] == ["etl.many"]


def test_what_a_rule_takes_from_its_configuration() -> None:
    """Severity, window, wait and keep; the category and table are the dataset's."""
    rule = own(severity="critical", window_minutes=30, for_minutes=5, keep_firing_minutes=10).rule
    assert (rule.severity, rule.window, rule.wait, rule.keep) == (
        "critical",
        30 * MINUTE,
        5 * MINUTE,
        10 * MINUTE,
    )
    assert (rule.category, rule.table, rule.final) == ("query", "query_history", False)
    assert own("<").rule.final


def test_what_a_rule_is_where_its_configuration_says_nothing() -> None:
    """One run or more within an hour is a medium alert; a long title is cut, and too few is known late."""
    (rule,) = own_rules({"etl.any": RuleConfig()})
    assert rule == OwnRule(
        Rule(
            "etl.any",
            category="workflow",
            severity="medium",
            table="job_run_timeline",
            setting=None,
            noun="rows of etl.any",
            dataset="workflows",
            key="run_id",
            pruned_by="period_start_time",
        ),
        "workflows",
        filter=(),
        group_by=(),
        value=1,
        at_most=False,
    )
    named = own("<=", title="x" * 121, runbook_url="https://example.com/run").rule
    assert (named.noun, named.runbook_url) == ("x" * 119 + "…", "https://example.com/run")
    assert named.final and named.absence


@given(
    st.lists(st.integers(0, 300), max_size=25),
    st.sampled_from([">=", ">", "<", "<="]),
    st.integers(1, 4),
    st.integers(61, 400),
)
def test_it_says_what_counting_says(
    minutes: list[int], comparison: Comparison, value: int, head: int
) -> None:
    """At the head for what is reached, at where it is settled for what is missed."""
    base = at("00:00")
    rows = [
        {"workspace_id": "1", "statement_id": str(number), "start_time": moment, "end_time": moment}
        for number, minute in enumerate(minutes)
        if minute <= head
        for moment in [base + minute * MINUTE]
    ]
    frame = pl.DataFrame([{name: one.get(name) for name in _SCHEMA} for one in rows], schema=_SCHEMA)
    table = Seen("q", frame, frame.height, base + head * MINUTE, base + head * MINUTE, "fresh", None, HOUR)
    rule = own(comparison, value)
    found = [one for finding in rule.findings(table, base - HOUR) for one in finding.episodes]

    def count(minute: int) -> int:
        return sum(1 for one in minutes if one <= head and minute - 60 < one <= minute)

    def holds_at(minute: int) -> bool:
        moment: datetime = base + minute * MINUTE
        return any(
            one.started_at <= moment and (one.ended_at is None or moment < one.ended_at) for one in found
        )

    means = {">=": int.__ge__, ">": int.__gt__, "<": int.__lt__, "<=": int.__le__}[comparison]
    for minute in range(0, head + 1 if comparison in (">=", ">") else head - 60 + 1):
        assert holds_at(minute) is means(count(minute), value)


@pytest.mark.parametrize("dataset", DATASETS)
async def test_every_column_of_every_dataset_can_be_filtered_and_grouped(dataset: Any) -> None:
    """On an estate: what a configuration may name is there, under that name and of that kind."""
    estate = Estate(at("12:00"))
    estate.slice("r", at("11:30"), at("11:40"), "FAILED", job_id="j")
    estate.query("q", at("11:30"), at("11:40"))
    estate.event("e", at("11:40"), "login")
    estate.warehouse_event("RUNNING", at("11:40"))
    rules = {
        f"own.r{number}": RuleConfig(dataset=dataset, value=1, filter={column: text}, group_by=(column,))
        for number, (column, text) in enumerate(
            [(name, "*") for name in text_columns(dataset)]
            + [(name, ">= 0") for name in number_columns(dataset)]
        )
    }
    asked = estate.monitor(rules=rules)
    found = {one["rule"]: one["state"] for one in (await asked.alerts()).extra["rules"]}
    assert set(found) >= set(rules)
    assert {found[rule] for rule in rules} <= {"clear", "firing"}
    assert "firing" in {found[rule] for rule in rules}
