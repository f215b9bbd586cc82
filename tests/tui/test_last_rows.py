"""The last rows shown: found again by the same scope and tab, never by another, and never when they are not whole."""

from __future__ import annotations

import json
import os
import stat
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sysmon_tui.clock import HeldClock
from sysmon_tui.config import Config, TenantConfig
from sysmon_tui.config.screen import ScreenConfig
from sysmon_tui.tui import last_rows as module
from sysmon_tui.tui.last_rows import KEPT, LastRows, last_rows
from sysmon_tui.views.alerts import alert_frame
from sysmon_tui.views.answer import Answer
from tests.fakes import NOW, answer, run

SCOPE = "prod@1a2b3c"


def kept_by(directory: Path, *, scope: str = SCOPE, later: float = 0) -> LastRows:
    return LastRows(directory, scope, HeldClock(NOW + timedelta(seconds=later)))


def keep(directory: Path, shown: Answer, tab: str = "workflows") -> None:
    last = kept_by(directory)
    last.keep(tab, shown)
    last.flush()


def runs(count: int = 3, **values: Any) -> Answer:
    return answer("workflows", [run(number, **values) for number in range(count)])


def only_file(directory: Path) -> Path:
    (file,) = directory.iterdir()
    return file


def test_the_next_start_has_the_rows(tmp_path: Path) -> None:
    """The same rows, window and age, told as stale with the reason, and marked for programs."""
    shown = replace(runs(), total=9, extra={"totals": {"clusters": 3, "name": None}}, next_cursor="c")
    keep(tmp_path, shown)
    found = kept_by(tmp_path, later=3600).answer("workflows")
    assert found is not None
    assert found.frame.equals(shown.frame)
    assert found.frame.schema == shown.frame.schema
    assert (found.total, found.window, found.as_of, found.fetched_at, found.extra) == (
        9,
        shown.window,
        shown.as_of,
        shown.fetched_at,
        shown.extra,
    )
    assert (found.state, found.code) == ("stale", KEPT)
    assert found.reason == "These rows are of an earlier session."
    assert not found.truncated


@pytest.mark.parametrize("kind", ["workflows", "queries", "warehouses", "audit"])
def test_every_listing_can_be_kept(tmp_path: Path, kind: str) -> None:
    """Each dataset's rows, with all its columns, also those that hold nothing."""
    shown = answer(kind, [{"workspace_id": "1"}, {"workspace_id": "2"}])
    shown = replace(shown, key="events" if kind == "audit" else kind)
    keep(tmp_path, shown, "some-tab")
    found = kept_by(tmp_path).answer("some-tab")
    assert found is not None
    assert found.frame.equals(shown.frame)


def test_alerts_can_be_kept(tmp_path: Path) -> None:
    """Their rows come from nested records; what the tab says beside them is there too."""
    frame = alert_frame([{"id": "x", "state": "firing", "title": "t", "entity": {"job": "j"}}])
    shown = replace(answer("workflows", []), key="alerts", frame=frame, extra={"total_alerts": 1})
    keep(tmp_path, replace(shown, records=[{"id": "x"}]), "alerts")
    found = kept_by(tmp_path).answer("alerts")
    assert found is not None
    assert found.frame.equals(frame)
    assert found.extra["total_alerts"] == 1


def test_a_stale_answer_keeps_its_own_reason(tmp_path: Path) -> None:
    """What was wrong with the rows then is still wrong with them."""
    keep(tmp_path, replace(runs(), state="stale", reason="Query figures are old."))
    found = kept_by(tmp_path).answer("workflows")
    assert found is not None
    assert found.reason == "These rows are of an earlier session. Query figures are old."


def test_at_most_500_rows_and_512_characters(tmp_path: Path) -> None:
    """The newest, and the beginning of what is long, here and in what goes with the rows."""
    long = replace(runs(501, workflow_name="日" * 600), extra={"reason": "x" * 600, "inner": ["y" * 600]})
    keep(tmp_path, long)
    found = kept_by(tmp_path).answer("workflows")
    assert found is not None
    assert found.frame.get_column("run_id").to_list() == [str(number) for number in range(500)]
    assert set(found.frame.get_column("workflow_name")) == {"日" * 511 + "…"}
    assert [len(found.extra["reason"]), len(found.extra["inner"][0])] == [512, 512]
    assert found.total == 501


def test_health_is_kept_as_the_document_that_it_is(tmp_path: Path) -> None:
    """Any JSON document, with its texts cut."""
    last = kept_by(tmp_path)
    last.keep_document(
        "health", {"status": "healthy", "n": [1, None, 2.5, True], "text": "\ud800" + "x" * 600}
    )
    last.flush()
    found = kept_by(tmp_path).document("health")
    assert found is not None
    assert (found["status"], found["n"], len(found["text"])) == ("healthy", [1, None, 2.5, True], 512)
    assert kept_by(tmp_path).answer("health") is None


def test_files_are_private(tmp_path: Path) -> None:
    """0600 in a directory of 0700, and their names tell nothing."""
    directory = tmp_path / "last_rows"
    keep(directory, runs())
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700
    assert stat.S_IMODE(only_file(directory).stat().st_mode) == 0o600
    assert "prod" not in only_file(directory).name


# What is not shown -------------------------------------------------------------------------------------------


def test_rows_of_another_place_never_appear(tmp_path: Path) -> None:
    """Another tenant, the same tenant on another workspace, another tab; not even where the file is put there."""
    keep(tmp_path, runs())
    for scope in ("prod@ffffff", "dev@1a2b3c", "prod", ""):
        assert kept_by(tmp_path, scope=scope).answer("workflows") is None
    assert kept_by(tmp_path).answer("queries") is None
    file, other = only_file(tmp_path), kept_by(tmp_path, scope="prod@ffffff")
    other.keep("workflows", runs(1))
    other.flush()
    (theirs,) = set(tmp_path.iterdir()) - {file}
    file.rename(theirs)
    assert other.answer("workflows") is None
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("days", "shown"), [(6.9, True), (7.1, False), (-1.0, False)])
def test_rows_that_are_too_old_are_removed(tmp_path: Path, days: float, shown: bool) -> None:
    """After a week; also those from the future, whose age is not known."""
    keep(tmp_path, runs())
    assert (kept_by(tmp_path, later=days * 86_400).answer("workflows") is not None) == shown
    assert bool(list(tmp_path.iterdir())) == shown


def test_files_that_nobody_asks_for_are_removed_in_time(tmp_path: Path) -> None:
    """Those of tenants that are gone, and a part that a killed process left; nobody else's files."""
    keep(tmp_path, runs())
    file = only_file(tmp_path)
    part, other = tmp_path / f".{file.name}.1a2b.part", tmp_path / "notes.txt"
    part.touch()
    other.touch()
    kept_by(tmp_path, scope="dev@1")
    assert len(list(tmp_path.iterdir())) == 3
    for each in (file, part, other):
        os.utime(each, (time.time() - 8 * 86_400,) * 2)
    kept_by(tmp_path, scope="dev@1")
    assert list(tmp_path.iterdir()) == [other]


@settings(max_examples=100, deadline=None)
@given(data=st.data())
def test_a_file_that_was_changed_anywhere_is_removed(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    """Cut or with another byte, wherever: nothing is shown and nothing raises."""
    directory = tmp_path_factory.mktemp("rows")
    keep(directory, runs())
    file = only_file(directory)
    whole = file.read_bytes()
    place = data.draw(st.integers(0, len(whole) - 1))
    if data.draw(st.booleans()):
        file.write_bytes(whole[:place])
    else:
        file.write_bytes(
            whole[:place] + bytes([whole[place] ^ data.draw(st.integers(1, 255))]) + whole[place + 1 :]
        )
    assert kept_by(directory).answer("workflows") is None
    assert not file.exists()


def test_rows_of_another_version_are_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another program may mean something else by the same columns."""
    keep(tmp_path, runs())
    monkeypatch.setattr(module, "__version__", "99.0")
    assert kept_by(tmp_path).answer("workflows") is None
    assert list(tmp_path.iterdir()) == []


def test_rows_without_a_field_of_today_are_removed(tmp_path: Path) -> None:
    """A table could not show them; a field more does not matter."""
    keep(tmp_path, replace(runs(), frame=runs().frame.with_columns(more=1)))
    assert kept_by(tmp_path).answer("workflows") is not None
    keep(tmp_path, replace(runs(), frame=runs().frame.drop("url")))
    assert kept_by(tmp_path).answer("workflows") is None
    assert list(tmp_path.iterdir()) == []


def test_a_place_that_cannot_be_written_costs_nothing_but_the_rows(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A file where the directory should be: a line in the log."""
    (tmp_path / "taken").touch()
    keep(tmp_path / "taken", runs())
    assert kept_by(tmp_path / "taken").answer("workflows") is None
    assert "the last rows of workflows could not be kept" in caplog.text


# What is not kept --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("state", "remain"),
    [("fresh", False), ("empty", False), ("denied", False), ("failed", True), ("stale", True)],
)
def test_an_answer_without_rows(tmp_path: Path, state: Any, remain: bool) -> None:
    """No rows any more, or no grant any more, ends what was kept; no answer leaves it."""
    keep(tmp_path, runs())
    keep(tmp_path, answer("workflows", [], state=state))
    assert (kept_by(tmp_path).answer("workflows") is not None) == remain


def test_kept_rows_are_not_kept_again(tmp_path: Path) -> None:
    """Their reason would grow with each start, and they get no younger."""
    keep(tmp_path, runs())
    found = kept_by(tmp_path).answer("workflows")
    assert found is not None
    before = only_file(tmp_path).stat().st_mtime_ns
    keep(tmp_path, found)
    assert only_file(tmp_path).stat().st_mtime_ns == before


def config(*, remember: bool = True) -> Config:
    tenants = {"prod": TenantConfig("databricks"), "toy": TenantConfig("demo")}
    return Config(tenants=tenants, screen=ScreenConfig(remember_rows=remember))


def test_nothing_is_kept_of_invented_data(tmp_path: Path) -> None:
    """Its tenant has no last rows; what another tenant has stays."""
    keep(tmp_path, runs())
    assert last_rows(config(), "toy", "toy@1", tmp_path, HeldClock(NOW)) is None
    mine = last_rows(config(), "prod", SCOPE, tmp_path, HeldClock(NOW))
    assert mine is not None
    assert mine.answer("workflows") is not None


def test_who_wants_nothing_kept_has_nothing_left(tmp_path: Path) -> None:
    """`remember_rows = false` also removes what was kept before, of every tenant, and nothing else."""
    keep(tmp_path, runs())
    (tmp_path / "notes.txt").touch()
    assert last_rows(config(remember=False), "prod", SCOPE, tmp_path, HeldClock(NOW)) is None
    assert [each.name for each in tmp_path.iterdir()] == ["notes.txt"]
    assert last_rows(config(remember=False), "prod", SCOPE, tmp_path / "none", HeldClock(NOW)) is None


# When it is written ------------------------------------------------------------------------------------------


def _until(true: Callable[[], bool]) -> None:
    for _ in range(2000):
        if true():
            break
        time.sleep(0.005)
    assert true()
    for thread in threading.enumerate():
        if thread.name == "sysmon-last-rows":
            thread.join()


def test_it_is_written_once_a_minute_and_at_quit(tmp_path: Path) -> None:
    """At once, in a thread; within a minute not again; then the newest; at quit whatever waits."""
    clock = HeldClock(NOW)
    last = LastRows(tmp_path, SCOPE, clock)

    def rows() -> int:
        found = kept_by(tmp_path).answer("workflows")
        return 0 if found is None else found.frame.height

    last.keep("workflows", runs(1))
    _until(lambda: rows() == 1)
    clock.advance(59)
    last.keep("workflows", runs(2))
    assert rows() == 1
    clock.advance(1)
    last.keep("workflows", runs(3))
    _until(lambda: rows() == 3)
    last.keep("workflows", runs(4))
    last.flush()
    assert rows() == 4
    last.flush()
    assert rows() == 4


def test_an_answer_that_no_json_can_carry_is_not_kept(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A line in the log, and the other tabs are kept."""
    last = kept_by(tmp_path)
    last.keep("alerts", replace(runs(), extra={"odd": object()}))
    _until(lambda: "alerts could not be kept" in caplog.text)
    last.keep("workflows", runs())
    last.flush()
    assert kept_by(tmp_path).answer("workflows") is not None
    assert json.dumps(caplog.text).count("\\n") <= 2
