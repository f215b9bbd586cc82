"""Figures of a window as rows: shares, names, classes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from sysmon_tui.datasets import catalogue
from sysmon_tui.views import breakdown

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)


def figures(**given: int | None) -> pl.DataFrame:
    """A row of query_times.sql; what is not given is null."""
    schema = {name: kind for name, kind in catalogue.QUERY_TIMES.schema.items() if name != "as_of"}
    return pl.DataFrame([{name: given.get(name) for name in schema}], schema=schema)


def test_a_part_is_told_with_its_share_of_the_whole() -> None:
    """Every part has a row, in one order; shares are of the whole, and a part without figures has none."""
    frame = breakdown.time_parts(
        figures(statements=4, total_sum_ms=200, total_p95_ms=90, execution_sum_ms=50, execution_p95_ms=20)
    )
    assert frame.get_column("part").to_list() == list(breakdown.TIME_PARTS.values())
    assert frame.row(0) == ("in all", 4, 200, 1.0, 90)
    assert frame.row(1) == ("waiting for compute", 4, None, None, None)
    assert frame.row(4) == ("executing", 4, 50, 0.25, 20)


@pytest.mark.parametrize("whole_ms", [0, None])
def test_nothing_has_a_share_of_nothing(whole_ms: int | None) -> None:
    """Statements that took no time, or of which it is not known, have sums and no shares."""
    frame = breakdown.time_parts(figures(statements=1, total_sum_ms=whole_ms, compilation_sum_ms=0))
    assert frame.get_column("share").to_list() == [None] * 5
    assert frame.item(3, "sum_ms") == 0


def test_no_statement_has_no_parts() -> None:
    """Without a row of figures there are no rows, of the same types."""
    frame = breakdown.time_parts(figures().clear())
    assert frame.is_empty()
    assert frame.schema == breakdown.time_parts(figures(statements=1)).schema


def refused(*rows: tuple[str, str | None, int, datetime | None, int]) -> pl.DataFrame:
    """Rows of login_failures.sql: counted_by, name, failures, let_in_at, names."""
    schema = {name: kind for name, kind in catalogue.LOGIN_FAILURES.schema.items() if name != "as_of"}
    given = [
        {"counted_by": by, "name": name, "failures": failures, "let_in_at": let_in_at, "names": names}
        for by, name, failures, let_in_at, names in rows
    ]
    return pl.DataFrame([{name: row.get(name) for name in schema} for row in given], schema=schema)


def test_users_and_addresses_come_apart() -> None:
    """Each with how many there are of them in all, which is more than there are rows."""
    rows = refused(
        ("address", "192.0.2.1", 9, None, 3),
        ("user", "a", 5, NOW - timedelta(hours=1), 700),
        ("user", "b", 4, None, 700),
    )
    users, total = breakdown.login_failures(rows, "user")
    assert users.select("name", "failures", "followed").rows() == [("a", 5, "yes"), ("b", 4, "no")]
    assert total == 700
    addresses, total = breakdown.login_failures(rows, "address")
    assert (addresses.get_column("name").to_list(), total) == (["192.0.2.1"], 3)


def test_of_nobody_it_is_not_known_who_got_in() -> None:
    """Neither yes nor no is said of events that name nobody."""
    users, _ = breakdown.login_failures(refused(("user", None, 5, None, 1)), "user")
    assert users.item(0, "followed") == "unknown"


def test_no_refused_login_has_no_names() -> None:
    """Nothing is counted where there is nothing."""
    users, total = breakdown.login_failures(refused(), "user")
    assert (users.height, total) == (0, 0)


def test_messages_say_what_their_class_does_not() -> None:
    """The class at their beginning goes, whatever stands before it; everything else stays as it is."""
    messages = {
        "[DELTA_X] no": "no",
        "  [A.B_1]\n no [C] more": "no [C] more",
        "Error [X] no": "Error [X] no",
        "[lower] no": "[lower] no",
        "[X]": "",
        None: None,
    }
    frame = pl.DataFrame({"last_message": list(messages)}, schema={"last_message": pl.String()})
    shown = breakdown.error_classes(frame).get_column("last_message").to_list()
    assert shown == list(messages.values())


def test_classes_of_several_tenants_add_up() -> None:
    """Commonest first, by name where as common; no class is a class of its own."""
    errors = pl.DataFrame({"error_class": ["B", None, "A", "B", "C"], "failures": [1, 4, 3, 1, 3]})
    assert breakdown.by_class(errors) == [(None, 4), ("A", 3), ("C", 3), ("B", 2)]
    assert breakdown.by_class(errors.clear()) == []
