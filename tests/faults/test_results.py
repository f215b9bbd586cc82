"""Results by links and inline, their damage, and what the service says in words that nobody knows."""

from __future__ import annotations

import gzip
from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from sysmon_tui import limits
from sysmon_tui.services.monitor import Monitor
from sysmon_tui.sources.databricks import execution
from sysmon_tui.views.answer import Answer
from tests.faults.scene import NOW, STATEMENTS, Scene, all_ended, furnished, look, no_secret, others, states
from tests.faults.selective import SelectiveWorkspace
from tests.workspace import Fault, encoding

_STORAGE = "/storage/"


async def large(monitor: Monitor, *, fresh: bool = False) -> Answer:
    """A listing of so many rows that it comes by links."""
    return await monitor.audit(limit=10_000, fresh=fresh)


_DAMAGES = {
    "refused": Fault(403, b"<Error>AccessDenied</Error>", path=_STORAGE, times=None),
    "gone": Fault(404, b"", path=_STORAGE, times=None),
    "half": Fault(200, b"\xff\xff\xff\xff", path=_STORAGE, cut=True, times=None),
    "no Arrow": Fault(200, b"<html>Sign in</html>", path=_STORAGE, times=None),
    "other rows": Fault(200, encoding.arrow_stream(pl.DataFrame({"a": [1]})), path=_STORAGE, times=None),
    "500": Fault(500, b"trouble", path=_STORAGE, times=None),
}


@pytest.mark.parametrize("damage", _DAMAGES)
async def test_row_45_a_damaged_part_is_asked_for_again_once(scene: Scene, damage: str) -> None:
    """A second link and then `failed` with a reason; the other panels live, no credential went to the storage."""
    workspace = scene.workspace
    workspace.faults.append(_DAMAGES[damage])
    async with scene.monitored() as monitor:
        answer = await large(monitor)
        assert answer.state == "failed" and answer.code in ("statement_failed", "schema_drift")
        assert answer.reason and no_secret(workspace, [answer.reason])
        fetched = [path for _, path in workspace.requests if path.startswith(_STORAGE)]
        assert 1 <= len(fetched) <= 2
        # What ran on warehouses comes by links as well: there it is told as missing.
        assert others(await look(monitor), "warehouses") == {"fresh"}
        workspace.faults.clear()
        scene.estate.clock.advance(61)
        again = await large(monitor)
        assert again.state == "fresh" and again.total == (await monitor.audit()).total
    assert all("authorization" not in headers for headers in workspace.storage_headers)
    assert all_ended(workspace)


async def test_row_45_an_expired_link_is_renewed(scene: Scene) -> None:
    """A link that has expired costs one new link and no word; two in a row fail, and the last rows stay."""
    workspace = scene.workspace
    async with scene.monitored() as monitor:
        workspace.expired_links = 1
        before = await large(monitor)
        assert (before.state, before.reason) == ("fresh", None) and before.total
        scene.estate.clock.advance(61)
        workspace.expired_links = 2
        answer = await large(monitor)
        assert answer.state == "stale" and "link" in str(answer.reason)
        assert answer.frame.equals(before.frame) and answer.fetched_at == before.fetched_at
        assert no_secret(workspace, [answer.reason])
    assert len(workspace.storage_headers) == 4
    assert all("authorization" not in headers for headers in workspace.storage_headers)


async def test_row_45_a_bomb_is_not_unpacked(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """A few kilobytes that unpack to a gigabyte: `failed` once the bound is passed, not when all is in memory."""
    monkeypatch.setattr(limits, "MAX_RESULT_BYTES", 8 << 20)
    bomb = gzip.compress(bytes(64 << 20))
    scene.workspace.faults.append(
        Fault(200, bomb, headers={"Content-Encoding": "gzip"}, path=_STORAGE, times=None)
    )
    async with scene.monitored() as monitor:
        answer = await large(monitor)
        assert answer.state == "failed" and "larger" in str(answer.reason)
        assert others(await look(monitor), "warehouses") == {"fresh"}


async def test_row_59_too_large_for_inline_comes_by_links(scene: Scene) -> None:
    """FAILED for its size: run once more by links; the same question goes by links at once from then on."""
    workspace = scene.workspace
    async with scene.monitored() as monitor:
        whole = await monitor.audit()
        scene.estate.clock.advance(61)
        workspace.inline_bytes = 100
        since = len(workspace.statements)
        answer = await monitor.audit()
        assert answer.state == "fresh" and answer.frame.equals(whole.frame)
        assert [one.external for one in scene.sent("audit", since=since)] == [False, True]
        scene.estate.clock.advance(61)
        since = len(workspace.statements)
        assert (await monitor.audit()).state == "fresh"
        assert [one.external for one in scene.sent("audit", since=since)] == [True]
    assert all_ended(workspace)


async def test_row_60_a_closed_storage_is_done_without(scene: Scene, caplog: pytest.LogCaptureFixture) -> None:
    """The storage's host can't be reached: rows come inline for the session, and the log says so once."""
    scene.workspace.storage_url = "http://127.0.0.1:9"
    async with scene.monitored() as monitor:
        assert (await large(monitor)).state == "fresh"
        since = len(scene.workspace.statements)
        scene.estate.clock.advance(61)
        assert (await large(monitor)).total
        assert (await monitor.queries(limit=10_000)).state == "fresh"
        assert not any(one.external for one in scene.workspace.statements[since:])
    said = [record for record in caplog.records if "storage" in record.getMessage()]
    assert len(said) == 1 and said[0].name.startswith("sysmon_tui")


async def test_row_60_too_large_with_a_closed_storage_is_said(scene: Scene) -> None:
    """Neither inline nor by links: `failed` with the reason, two or three statements, and the others live."""
    workspace = scene.workspace
    workspace.storage_url, workspace.inline_bytes = "http://127.0.0.1:9", 1000
    async with scene.monitored() as monitor:
        answers = await look(monitor)
        assert (answers["audit"].state, answers["audit"].code) == ("failed", "result_too_large")
        assert "25 MiB" in str(answers["audit"].reason)
        audit_rows = [one for one in scene.sent("audit") if one.tags["statement"] == "audit_events"]
        assert len(audit_rows) <= 3
    assert all_ended(workspace)


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
    assert dict((row[0], row[1:]) for row in linked.frame.select(columns).rows()) == times


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
    ("kind", "name"), [(pl.String, "VARIANT"), (pl.String, "GEOGRAPHY"), (pl.Int64, "INTERVAL"), (pl.Boolean, "")]
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
