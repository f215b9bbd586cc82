"""Instants of a session zone, and what the service says in words that nobody knows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from sysmon_tui.sources.databricks import execution
from tests.faults.scene import NOW, STATEMENTS, Scene, furnished, look, others, states
from tests.faults.selective import SelectiveWorkspace
from tests.workspace import Fault, encoding


@pytest.mark.parametrize("noon", ["2026-11-01T12:00", "2026-03-08T12:00"], ids=["back", "forward"])
@pytest.mark.parametrize("zone", ["America/New_York", "Australia/Lord_Howe"])
async def test_row_61_an_hour_that_comes_twice(scene: Scene, noon: str, zone: str) -> None:
    """The session's zone changes its offset within an answer: the instants are those of the table, either way."""
    now = datetime.fromisoformat(noon).replace(tzinfo=UTC)
    estate = furnished(now)
    with SelectiveWorkspace(estate.connection, zone=zone) as workspace:
        own = Scene(workspace, estate, scene.home)
        async with own.monitored() as monitor:
            inline, linked = await monitor.queries(hours=36), await monitor.queries(hours=36, limit=10_000)
            expected = estate.connection.execute(
                "SELECT statement_id, start_time, end_time FROM system_tables.query.history "
                "WHERE end_time >= $since AND end_time < $now",
                {"since": now.replace(tzinfo=None) - timedelta(hours=36), "now": now.replace(tzinfo=None)},
            ).fetchall()
        assert [one.external for one in own.sent("query_history")] == [False, True]
    columns = ["statement_id", "start_time", "end_time"]
    found = {row[0]: row[1:] for row in inline.frame.select(columns).rows()}
    assert len(found) == 100 and inline.total == linked.total == len(expected)
    times = {row[0]: tuple(time.replace(tzinfo=UTC) for time in row[1:]) for row in expected}
    assert found == {name: times[name] for name in found}
    assert {row[0]: row[1:] for row in linked.frame.select(columns).rows()} == times


@pytest.mark.parametrize("words", [{"PENDING": "QUEUED_FOR_AI"}, {"RUNNING": "THINKING"}, {"PENDING": ""}])
async def test_row_62_unknown_words_for_states_are_waited_out(scene: Scene, words: dict[str, str]) -> None:
    """A state that nobody knows is neither an end nor an error: the rows come."""
    scene.workspace.state_words = words
    scene.workspace.running_s = 0.2
    async with scene.monitored() as monitor:
        assert set(states(await look(monitor)).values()) == {"fresh"}


async def test_row_62_an_unknown_end_is_not_polled_for_ever(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An end in an unknown word: the deadline ends it, with tens of requests and not thousands."""
    monkeypatch.setattr(execution, "_CANCEL_S", 1.0)
    scene.workspace.state_words = {"SUCCEEDED": "DONE"}
    async with scene.monitored("[limits]\nstatement_timeout_seconds = 5\n[live]\nenabled = false") as monitor:
        answer = await monitor.audit()
        assert answer.state == "failed" and "longer than 5 s" in str(answer.reason)
    assert len(scene.workspace.requests) < 200


async def test_row_62_failed_in_an_answer_of_200(scene: Scene) -> None:
    """FAILED comes with HTTP 200: the panel is `failed` with the words, the others live."""
    failed = {
        "statement_id": "01",
        "status": {
            "state": "FAILED",
            "error": {"error_code": "BAD_REQUEST", "message": "[DIVIDE_BY_ZERO] Division by zero."},
        },
    }
    scene.workspace.faults.append(Fault(200, failed, method="POST", path=STATEMENTS))
    async with scene.monitored("[live]\nenabled = false") as monitor:
        answer = await monitor.audit()
        assert (answer.state, answer.code) == ("failed", "statement_failed")
        assert "DIVIDE_BY_ZERO" in str(answer.reason)
        assert others(await look(monitor), "audit") == {"fresh"}


@pytest.mark.parametrize(
    ("kind", "name"),
    [(pl.String, "VARIANT"), (pl.String, "GEOGRAPHY"), (pl.Int64, "INTERVAL"), (pl.Boolean, "")],
)
async def test_row_62_unknown_names_of_types(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, kind: type[pl.DataType], name: str
) -> None:
    """A type's name that nobody knows: its text is read as what was declared, or that panel names the column."""
    async with scene.monitored() as monitor:
        before = await look(monitor)
        monkeypatch.setitem(encoding._TYPES, kind, (name, name))
        answers = await look(monitor, fresh=True)
        for panel, answer in answers.items():
            if answer.state == "fresh":
                assert answer.frame.equals(before[panel].frame)
            else:
                assert answer.code == "schema_drift" and "column" in str(answer.reason)
        if kind is not pl.Boolean:
            assert set(states(answers).values()) == {"fresh"}
    assert before["audit"].window.end == NOW
