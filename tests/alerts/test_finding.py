"""What a finding shows: its id, the rows behind it, the statement that brings them back, and its words."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
import pytest

from sysmon_tui.alerts import rules
from sysmon_tui.alerts.episodes import HOUR
from sysmon_tui.alerts.finding import (
    Finding,
    RowId,
    Seen,
    Words,
    alert_id,
    commonest,
    evidence,
    hours_back,
    minute,
    oldest,
    row_ids,
    span,
)
from sysmon_tui.alerts.rules import Rule
from sysmon_tui.views.answer import State
from tests.estate import at

_INSTANT = pl.Datetime("us", "UTC")
_RUNS = "system.lakeflow.job_run_timeline"
_SINCE = at("10:15")


def table_of(
    frame: pl.DataFrame | None = None,
    *,
    name: str = _RUNS,
    more: int = 0,
    as_of: datetime | None = None,
    fetched_at: datetime | None = None,
    state: State = "fresh",
) -> Seen:
    """A table that was read at noon, with `more` rows than came."""
    rows = pl.DataFrame() if frame is None else frame
    fetched = at("12:00") if fetched_at is None else fetched_at
    return Seen(name, rows, rows.height + more, as_of, fetched, state, None, 90 * timedelta(minutes=1))


def shown(
    *rows: RowId,
    rule: Rule = rules.FAILED_RUNS,
    table: str = _RUNS,
    since: datetime | None = _SINCE,
    parameters: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """The evidence of words about these rows."""
    words = Words("title", "message", rows=rows, since=since, parameters=parameters or {})
    return evidence(Finding(rule, table_of(name=table), 5, (), lambda _: words), words)


def ids_of(count: int) -> list[RowId]:
    return [("1", f"r{number:02}") for number in range(count)]


# What is known of a table ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("state", "trusted"),
    [("fresh", True), ("empty", True), ("stale", False), ("denied", False), ("failed", False)],
)
def test_a_table_is_trusted_where_it_was_read_and_is_not_late(state: State, trusted: bool) -> None:
    """A fresh table and one without rows in the window are; none is that has never shown an event."""
    assert table_of(as_of=at("11:50"), state=state).trusted is trusted
    assert table_of(as_of=None, state=state).trusted is False


def test_a_table_is_settled_up_to_where_late_rows_have_come() -> None:
    """Rows may come an hour and a half late, so it is settled that long before its newest event."""
    assert table_of(as_of=at("11:50")).settled == at("10:20")
    assert table_of(as_of=None).settled is None


@pytest.mark.parametrize(("more", "cut"), [(0, False), (1, True)])
def test_an_answer_is_cut_where_more_rows_were_counted_than_came(more: int, cut: bool) -> None:
    """One row that did not come is enough."""
    assert table_of(pl.DataFrame({"run_id": ["a", "b"]}), more=more).cut is cut


def test_what_was_cut_off_stays_uncounted_in_a_selection() -> None:
    """Of ten rows three came; of the one that is kept as many as seven others may be."""
    table = table_of(pl.DataFrame({"run_id": ["a", "b", "c"]}), more=7)
    kept = table.with_rows(table.frame.head(1))
    assert (kept.frame.to_dicts(), kept.total, kept.cut) == ([{"run_id": "a"}], 8, True)
    assert (kept.table, kept.fetched_at, kept.lateness) == (table.table, table.fetched_at, table.lateness)


# Ids -------------------------------------------------------------------------------------------------------


def test_an_alert_keeps_its_id_from_one_release_to_the_next() -> None:
    """Acknowledgements and silences are stored by these sixteen digits."""
    assert alert_id("acme", "workflow.slow", {"workspace_id": "1", "job_id": "7"}) == "abb802d4995fac6c"
    assert alert_id("acme", "workflow.failed_per_hour", {}) == "64e536b691af9cbb"


def test_an_id_does_not_depend_on_the_order_of_its_columns() -> None:
    """The same entity has the same id, whichever of its columns is named first."""
    assert alert_id("t", "r", {"a": 1, "b": 2}) == alert_id("t", "r", {"b": 2, "a": 1})


def test_tenants_rules_and_entities_have_ids_of_their_own() -> None:
    """Whatever differs makes another id, also where the words run together to the same text."""
    said: list[tuple[str, str, dict[str, Any]]] = [
        ("t", "r", {}),
        ("u", "r", {}),
        ("t", "s", {}),
        ("tr", "", {}),
        ("t", "r", {"user_email": None}),
        ("t", "r", {"user_email": "None"}),
        ("t", "r", {"user_email": "\udcff"}),
    ]
    assert len({alert_id(*one) for one in said}) == len(said)


# Evidence --------------------------------------------------------------------------------------------------


def test_evidence_is_ids_a_listing_and_a_statement() -> None:
    """The statement reads the table from the oldest of the rows on, and names each workspace and row once."""
    assert shown(("1", "a"), ("2", "b-1_X"), ("1", "a"), parameters={"hours": 3}) == {
        "ids": ["a", "b-1_X", "a"],
        "dataset": "workflows/failed",
        "parameters": {"hours": 3},
        "statement": (
            "SELECT * FROM system.lakeflow.job_run_timeline"
            " WHERE period_start_time >= TIMESTAMP'2026-03-10T10:15:00Z'"
            " AND workspace_id IN ('1', '2') AND run_id IN ('a', 'b-1_X')"
        ),
    }


def test_the_audit_log_is_read_by_date() -> None:
    """Its partitions are days; a table of the tenant's own is quoted."""
    assert shown(("1", "e"), rule=rules.FAILED_LOGINS, table="lake.ops.audit_copy") == {
        "ids": ["e"],
        "dataset": "audit",
        "parameters": {},
        "statement": (
            "SELECT * FROM `lake`.`ops`.`audit_copy` WHERE event_date >= DATE'2026-03-10'"
            " AND workspace_id IN ('1') AND event_id IN ('e')"
        ),
    }


def test_evidence_ends_at_twenty_rows() -> None:
    """The first twenty that have an id; those without one take no place."""
    found = shown(("1", None), ("1", ""), *ids_of(21))
    assert found["ids"] == [f"r{number:02}" for number in range(20)]
    assert found["statement"].endswith(
        " AND run_id IN (" + ", ".join(f"'{one}'" for one in found["ids"]) + ")"
    )


@pytest.mark.parametrize("text", ["a'b", "a b", "a\n", "ä", "a;b", "a.b", "`a`"])
def test_only_plain_ids_get_into_a_statement(text: str) -> None:
    """What a stranger could have written is left out of the SQL, as an id and as a workspace."""
    found = shown(("1", "good"), ("2", text), (text, "other"))
    assert found["ids"] == ["good", text, "other"]
    assert found["statement"].endswith(" AND workspace_id IN ('1') AND run_id IN ('good')")
    assert shown(("1", text)) == {
        "ids": [text],
        "dataset": "workflows/failed",
        "parameters": {},
        "statement": None,
    }


def test_a_row_of_no_workspace_is_shown_but_not_asked_for() -> None:
    """Events of the account have no workspace."""
    found = shown((None, "e"))
    assert (found["ids"], found["statement"]) == (["e"], None)


def test_there_is_no_statement_without_a_beginning() -> None:
    """Reading the whole table would be dear."""
    found = shown(("1", "a"), since=None)
    assert (found["ids"], found["statement"]) == (["a"], None)


def test_there_is_no_statement_without_rows() -> None:
    """A rule that says nothing of rows has nothing to show."""
    assert shown(rule=rules.IDLE) == {
        "ids": [],
        "dataset": "warehouses",
        "parameters": {},
        "statement": None,
    }


# Parts of them ---------------------------------------------------------------------------------------------


def test_the_ids_of_rows_come_with_their_workspaces() -> None:
    """The first twenty in the order of the rows, whatever other columns stand between."""
    frame = pl.DataFrame(
        {
            "run_id": [f"r{number:02}" for number in range(21)],
            "status": ["FAILED"] * 21,
            "workspace_id": ["1", None, *["2"] * 19],
        }
    )
    expected = [("1", "r00"), (None, "r01"), *(("2", f"r{number:02}") for number in range(2, 20))]
    assert row_ids(frame, "run_id") == expected


def test_the_oldest_is_looked_for_in_the_first_column_that_is_there() -> None:
    """A statement's start where there is one, else the time that the rule counts by; gaps are passed over."""
    times = {"end_time": [at("10:30"), at("10:20")], "start_time": [at("10:10"), None]}
    frame = pl.DataFrame(times, schema={"end_time": _INSTANT, "start_time": _INSTANT})
    assert oldest(frame, "start_time", "end_time") == at("10:10")
    assert oldest(frame, "event_time", "end_time", "start_time") == at("10:20")
    assert oldest(frame.clear(), "start_time", "end_time") is None


@pytest.mark.parametrize(
    ("since", "hours"),
    [("12:00", 1), ("13:00", 1), ("11:00", 1), ("10:59:59", 2), ("10:00", 2), ("00:00", 12)],
)
def test_a_listing_goes_back_in_whole_hours(since: str, hours: int) -> None:
    """Read at noon: as many hours as it takes to see that moment, one at least."""
    assert hours_back(table_of(), at(since)) == hours


def test_the_three_commonest_are_named() -> None:
    """Most first, of equally many the one that stands first; rows without a name count for nobody."""
    names = ["d", "b", None, "c", "b", "", "a", "c", "a", None, None, "c"]
    assert commonest(pl.DataFrame({"who": names}), "who") == "c (3), b (2), a (2)"
    assert commonest(pl.DataFrame({"who": ["only"]}), "who") == "only (1)"
    assert commonest(pl.DataFrame({"who": [None, ""]}), "who") == ""


@pytest.mark.parametrize(
    ("name", "seen"),
    [("n" * 60, "n" * 60), ("n" * 61, "n" * 59 + "…"), ("two\nlines", "two lines"), ("\x1b[2J", "␛[2J")],
)
def test_a_name_is_one_harmless_line(name: str, seen: str) -> None:
    """Cut at sixty letters."""
    assert commonest(pl.DataFrame({"who": [name]}), "who") == f"{seen} (1)"


def test_numbers_are_named_too() -> None:
    """A column that holds no text names its values all the same."""
    assert commonest(pl.DataFrame({"code": [403, 401, 403]}), "code") == "403 (2), 401 (1)"


def test_a_moment_is_said_to_the_minute() -> None:
    """In UTC, with the seconds left off."""
    assert minute(datetime(2026, 3, 9, 7, 5, 59, tzinfo=UTC)) == "2026-03-09 07:05 UTC"


@pytest.mark.parametrize(
    ("length", "said"),
    [
        (HOUR, "an hour"),
        (24 * HOUR, "a day"),
        (1.5 * HOUR, "90 minutes"),
        (2 * HOUR, "120 minutes"),
        (timedelta(minutes=5, seconds=59), "5 minutes"),
    ],
)
def test_a_length_is_said_as_a_person_would(length: timedelta, said: str) -> None:
    """An hour and a day by their names, all else in minutes."""
    assert span(length) == said
