"""The SQL that counts over sliding windows says what alerts/episodes.py says, whatever rows and rule are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta

import duckdb
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from sysmon_tui.alerts.episodes import Episode, at_least, held_for, merged
from sysmon_tui.clock import EPOCH
from sysmon_tui.datasets.backtests import Trial, rules_text
from sysmon_tui.datasets.statement import Statement
from sysmon_tui.sources.embedded import frame_of, to_duckdb

_UNIT = timedelta(minutes=7)


def _fragment(name: str) -> str:
    return Statement(name, {}, {}).without_comments


TEXT = to_duckdb(
    f"""
WITH head AS (
  SELECT timestamp_micros(:head_us) AS as_of
),
{_fragment("backtest_rules")},
rule_events AS (
  SELECT rules.*, given.entity, given.at_us, given.counted, given.counted AS who, CAST(NULL AS STRING) AS what
  FROM given CROSS JOIN rules
),
{_fragment("backtest_islands")},
islands AS (
  SELECT * FROM counted_islands
),
{_fragment("backtest_episodes")}
SELECT entity, started_us, ended_us, peak, total
FROM found
WHERE kind = 'page'
ORDER BY started_us, entity
"""
)


@pytest.fixture(scope="module")
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        connection.execute("CREATE MACRO timestamp_micros(us) AS make_timestamp(us)")
        connection.execute("ATTACH ':memory:' AS system_tables")
        connection.execute(
            "CREATE TABLE system_tables.main.given (entity VARCHAR, at_us BIGINT, counted VARCHAR)"
        )
        yield connection


def _us(span: timedelta) -> int:
    return span // timedelta(microseconds=1)


def _sql(
    connection: duckdb.DuckDBPyConnection,
    events: Sequence[tuple[int, str]],
    trial: Trial,
    head: int,
    *,
    distinct: bool,
) -> list[tuple[int, int, int]]:
    connection.execute("DELETE FROM system_tables.main.given")
    if events:
        connection.executemany(
            "INSERT INTO system_tables.main.given VALUES ('', ?, ?)",
            [(_us(at * _UNIT), who if distinct else None) for at, who in events],
        )
    values = {
        "head_us": _us(head * _UNIT),
        "rules": rules_text([trial]),
        "window_start_us": -_us(timedelta(days=9)),
        "lead_us": 0,
    }
    rows = frame_of(connection, TEXT, values).rows()
    assert all(total == len(rows) for *_, total in rows)
    return [(started, ended, peak) for _, started, ended, peak, _ in rows]


def _python(events: Sequence[tuple[int, str]], trial: Trial, head: int, *, distinct: bool) -> list[Episode]:
    """As alerts/verdict.py does it."""
    now = EPOCH + head * _UNIT
    found = at_least(
        [EPOCH + at * _UNIT for at, _ in events],
        trial.threshold,
        now,
        trial.window,
        [who for _, who in events] if distinct else None,
    )
    kept, pending = held_for(found, trial.wait, now)
    if (
        pending is not None
        and kept
        and kept[-1].ended_at
        and pending.started_at <= kept[-1].ended_at + trial.hold
    ):
        kept = [*kept, pending]
    return merged(kept, trial.hold)


@pytest.mark.long
@settings(max_examples=300, deadline=None)
@given(
    events=st.lists(st.tuples(st.integers(0, 60), st.sampled_from("abcd")), max_size=40),
    trial=st.builds(
        lambda threshold, window, hold, wait: Trial(
            "a.rule", threshold, window * _UNIT, hold * _UNIT, wait * _UNIT
        ),
        st.integers(1, 5),
        st.integers(1, 12),
        st.integers(0, 10),
        st.integers(0, 6),
    ),
    later=st.integers(0, 15),
    distinct=st.booleans(),
)
@example(  # too short to begin a page, and not over yet: it goes on with the page before
    events=[(0, "a"), (0, "b"), (10, "a"), (14, "b")],
    trial=Trial("a.rule", 2, 6 * _UNIT, 10 * _UNIT, 5 * _UNIT),
    later=1,
    distinct=False,
)
def test_the_same_as_in_python(
    connection: duckdb.DuckDBPyConnection,
    events: list[tuple[int, str]],
    trial: Trial,
    later: int,
    distinct: bool,
) -> None:
    """Beginning, end and highest count of every page are the same; equal instants and touching windows included."""
    head = max((at for at, _ in events), default=0) + later
    expected = _python(events, trial, head, distinct=distinct)
    found = _sql(connection, events, trial, head, distinct=distinct)
    assert len(found) == len(expected)
    for (started_us, ended_us, peak), episode in zip(found, expected, strict=True):
        assert EPOCH + timedelta(microseconds=started_us) == episode.started_at
        if episode.ended_at is None:
            assert ended_us > _us(head * _UNIT)
        else:
            assert EPOCH + timedelta(microseconds=ended_us) == episode.ended_at
            assert peak == episode.value


@settings(max_examples=100, deadline=None)
@given(
    events=st.lists(st.tuples(st.integers(0, 60), st.just("a")), max_size=20),
    hold=st.integers(0, 10),
)
def test_what_happens_is_an_episode_at_once(
    connection: duckdb.DuckDBPyConnection, events: list[tuple[int, str]], hold: int
) -> None:
    """Without a window each event is one; those that follow within the hold are one page, which counts them all."""
    trial = Trial("a.rule", 1, timedelta(0), hold * _UNIT)
    moments = sorted(EPOCH + at * _UNIT for at, _ in events)
    expected = merged([Episode(at, at, 1) for at in moments], hold * _UNIT)
    found = _sql(connection, events, trial, 60, distinct=False)
    assert [
        (EPOCH + timedelta(microseconds=one[0]), EPOCH + timedelta(microseconds=one[1])) for one in found
    ] == [(one.started_at, one.ended_at) for one in expected]
    assert sum(peak for *_, peak in found) == len(events)
