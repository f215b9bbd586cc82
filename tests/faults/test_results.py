"""Results by links and inline, their damage, and a storage that is closed."""

from __future__ import annotations

import gzip

import polars as pl
import pytest

from sysmon_tui import limits
from sysmon_tui.services.monitor import Monitor
from sysmon_tui.views.answer import Answer
from tests.faults.scene import Scene, all_ended, look, no_secret, others
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


async def test_row_60_a_closed_storage_is_done_without(
    scene: Scene, caplog: pytest.LogCaptureFixture
) -> None:
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
