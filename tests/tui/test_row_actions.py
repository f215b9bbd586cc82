"""Keys on the row under the cursor: copy, link and export, in a tab and in a detail view."""

from __future__ import annotations

import csv
import io
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from sysmon_tui.tui.app import SysmonApp
from tests.fakes import NOW, FakeMonitor, alert, alerts, answer, run
from tests.tui.driving import app_over, press, running, screen, settled, toasts

HOSTILE = "\x1b]52;c;ZXZpbA==\x07[/x][@click=app.quit]x[/]\u202e"
SHOWN = "␛]52;c;ZXZpbA==␇[/x][@click=app.quit]x[/]\ufffd"
URL = "https://adb-1.azuredatabricks.net/?o=1#job/7/run/1"


def app_with(kind: str, rows: list[dict[str, Any]], **answers: Any) -> SysmonApp:
    return app_over(FakeMonitor({kind: answer(kind, rows), **answers}))


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Which links a browser was asked to open; here sits somebody at a screen."""
    links: list[str] = []
    monkeypatch.setattr(SysmonApp, "open_url", lambda self, url, **_: links.append(url))
    for name in ("SSH_CONNECTION", "SSH_TTY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DISPLAY", ":0")
    return links


async def test_y_copies_the_marked_cell() -> None:
    """Without a mark the first column; → and ← mark another, and the sentence names it."""
    app = app_with("workflows", [run(1, run_as="ann@example.com")])
    async with running(app, size=(120, 30)) as pilot:
        await press(pilot, "2", "y")
        assert app.clipboard == "2026-03-10T11:59:00Z"
        assert toasts(app)[-1] == "Copied 20 characters of started."
        await press(pilot, "right", "right", "right", "y")
        assert app.clipboard == "job_1"
        assert toasts(app)[-1] == "Copied 5 characters of workflow."
        await press(pilot, "left", "y")
        assert app.clipboard == "SUCCEEDED"


async def test_y_copies_what_the_screen_has_no_room_for() -> None:
    """A long cell is copied whole, as is a column that the width hides."""
    name = "a_job_whose_name_is_longer_than_its_column " * 4
    app = app_with("workflows", [run(1, workflow_name=name, run_id="run-4711")])
    async with running(app, size=(80, 24)) as pilot:
        await press(pilot, "2", "right", "right", "right", "y")
        assert app.clipboard == name
        assert "run-4711" not in screen(app)
        await press(pilot, *["right"] * 7, "y")
        assert app.clipboard == "run-4711"


async def test_capital_y_copies_the_row() -> None:
    """All its fields, a line each by name, also those that are no column."""
    app = app_with("workflows", [run(1, error_source="driver")])
    async with running(app) as pilot:
        await press(pilot, "2", "Y")
        assert toasts(app)[-1].endswith("characters of the row.")
        copied = app.clipboard.splitlines()
        assert "workflow_name: job_1" in copied
        assert "start_time: 2026-03-10T11:59:00Z" in copied
        assert "error_source: driver" in copied


async def test_a_cell_without_a_value_is_said() -> None:
    """Nothing is put in the place of what was copied before."""
    app = app_with("workflows", [run(1, workflow_name=None)])
    async with running(app) as pilot:
        await press(pilot, "2", "y", "right", "right", "right", "y")
        assert app.clipboard == "2026-03-10T11:59:00Z"
        assert toasts(app)[-1] == "Nothing to copy: workflow has no value."


async def test_keys_on_rows_do_nothing_without_a_row() -> None:
    """An empty, denied or filtered list has nothing to copy, link or export."""
    app = app_with("workflows", [run(1)])
    async with running(app) as pilot:
        await press(pilot, "2", "slash", *"nowhere", "enter", "y", "Y")
        assert app.clipboard == ""
        await press(pilot, "e")
        assert toasts(app)[-1] == "There are no rows here to export."


@pytest.mark.parametrize(
    ("kind", "key", "row", "copied"),
    [
        (
            "queries",
            "3",
            {
                "statement_id": "s",
                "status": "FINISHED",
                "statement_text": "SELECT 1\nFROM t",
                "end_time": NOW,
                "user_email": "ann",
            },
            "SELECT 1\nFROM t",
        ),
        (
            "audit",
            "5",
            {"event_id": "e", "status": "failure", "event_time": NOW, "request_params": '{"user": "eve"}'},
            '{"user": "eve"}',
        ),
    ],
)
async def test_y_in_a_detail_view_copies_its_text(
    kind: str, key: str, row: dict[str, Any], copied: str
) -> None:
    """A statement whole with its lines, the parameters of an event."""
    app = app_with(kind, [row])
    async with running(app) as pilot:
        await press(pilot, key, "enter", "y")
        assert app.clipboard == copied
        await press(pilot, "Y")
        assert f"status: {row['status']}" in app.clipboard.splitlines()


async def test_y_in_a_detail_view_copies_of_the_table_that_has_the_keys() -> None:
    """A run's tasks are rows of their own."""
    tasks = answer("run_tasks", [{"run_id": "t1", "task_key": "load", "status": "FAILED", "start_time": NOW}])
    app = app_with("workflows", [run(1)], run_tasks=tasks)
    async with running(app) as pilot:
        await press(pilot, "2", "enter", "y")
        assert app.clipboard == "load"


async def test_an_alert_is_copied_with_its_message() -> None:
    """In its detail view `y` takes the sentence that people are sent."""
    app = app_over(FakeMonitor({"alerts": alerts([alert("a1", message="It failed.\nTwice.")])}))
    async with running(app) as pilot:
        await press(pilot, "6", "enter", "y")
        assert app.clipboard == "It failed.\nTwice."


async def test_what_is_too_big_is_said() -> None:
    """Terminals drop it without a word, so the app says it, and copies nothing."""
    app = app_with("workflows", [run(1, error_message="x" * 80_000)])
    async with running(app) as pilot:
        await press(pilot, "2", "Y")
        assert app.clipboard == ""
        assert toasts(app)[-1].startswith("Too big to copy: the row has 80,")


async def test_o_opens_the_link_where_somebody_sits(opened: list[str]) -> None:
    """In a tab and in the detail view, and what was opened is said."""
    app = app_with("workflows", [run(1, url=URL), run(2, url=f"{URL}2")])
    async with running(app, size=(120, 30)) as pilot:
        await press(pilot, "2", "down", "o", "up", "enter", "o")
        assert opened == [f"{URL}2", URL]
        assert toasts(app)[-1] == f"Opened {URL}"
        assert app.clipboard == ""


@pytest.mark.parametrize("name", ["SSH_CONNECTION", "SSH_TTY"])
async def test_o_over_ssh_copies_the_link(
    opened: list[str], monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """A browser there would open where nobody sits, forwarded display or not; the link is shown as well."""
    monkeypatch.setenv(name, "x")
    app = app_with("workflows", [run(1, url=URL)])
    async with running(app) as pilot:
        await press(pilot, "2", "o")
        assert app.clipboard == URL
        assert toasts(app)[-1] == f"Copied {len(URL)} characters of the link. {URL}"
        assert opened == []


async def test_o_without_a_display_copies_the_link(
    opened: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a console there is no browser but one that would take the terminal."""
    monkeypatch.delenv("DISPLAY")
    monkeypatch.setattr("sysmon_tui.tui.row_actions.sys.platform", "linux")
    app = app_with("workflows", [run(1, url=URL)])
    async with running(app) as pilot:
        await press(pilot, "2", "o")
        assert (app.clipboard, opened) == (URL, [])


@pytest.mark.parametrize("url", [None, "", "javascript:alert(1)", "file:///etc/passwd", "--help"])
async def test_without_a_link_it_is_said(opened: list[str], url: str | None) -> None:
    """Nothing that is no web address is opened or copied."""
    app = app_with("workflows", [run(1, url=url)])
    async with running(app) as pilot:
        await press(pilot, "2", "o")
        assert toasts(app)[-1] == "This row has no link: its workspace's address is not known."
        assert (app.clipboard, opened) == ("", [])


async def test_rows_that_never_have_a_link_say_so(opened: list[str]) -> None:
    """An event of the audit log has none, whatever is known of its workspace."""
    app = app_with("audit", [{"event_id": "e", "status": "failure", "event_time": NOW}])
    async with running(app) as pilot:
        await press(pilot, "5", "o")
        assert toasts(app)[-1] == "There is no row here that has a link."


async def test_the_link_of_an_alert_is_its_runbook(opened: list[str]) -> None:
    """From the list and from its detail view."""
    book = "https://wiki.example.com/runbook"
    app = app_over(FakeMonitor({"alerts": alerts([alert("a1", runbook_url=book), alert("a2")])}))
    async with running(app) as pilot:
        await press(pilot, "6", "o", "enter", "o")
        assert opened == [book, book]
        await press(pilot, "escape", "down", "o")
        assert toasts(app)[-1] == "This alert has no runbook."


async def test_keys_on_the_lists_of_health(opened: list[str]) -> None:
    """A failure has its run's link; once no alert fires any more there is none to copy or to follow."""
    monitor = FakeMonitor()
    failed = answer("workflows", [run(1, status="FAILED", url=URL)])
    firing = {"total_alerts": 1, "by_severity": {"critical": 1}, "alerts": [alert("a1")]}
    monitor.health_document = {
        **monitor.health_document,
        "recent_failures": {"workflows": failed.rows(), "queries": []},
        "alerts": firing,
    }
    app = app_over(monitor)
    async with running(app, size=(120, 40)) as pilot:
        await press(pilot, "right", "right", "right", "y")
        assert app.clipboard == "a1 fires"
        await press(pilot, "tab", "o")
        assert opened == [URL]
        firing.update(total_alerts=0, by_severity={}, alerts=[])
        await press(pilot, "r", "shift+tab", "Y", "enter", "i", "g")
        assert "NO ALERTS" in screen(app)
        assert app.clipboard == "a1 fires"


async def export(pilot: Pilot[None], *keys: str) -> list[dict[str, str]]:
    """The rows of the file that the app wrote under the name that it offered."""
    await press(pilot, *keys, "e", "enter")
    (file,) = Path.cwd().glob("*.csv")
    rows = list(csv.DictReader(io.StringIO(file.read_text(), newline="")))
    file.unlink()
    return rows


async def test_e_exports_what_is_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The rows that pass the filter, in the order of the screen, with all columns; the file is named."""
    monkeypatch.chdir(tmp_path)
    rows = [
        run(1, duration_seconds=5.0),
        run(2, duration_seconds=900.0, status="FAILED"),
        run(3, duration_seconds=20.0),
        run(4, duration_seconds=700.0),
    ]
    app = app_with("workflows", rows)
    async with running(app, size=(120, 30)) as pilot:
        assert [row["run_id"] for row in await export(pilot, "2")] == ["1", "2", "3", "4"]
        assert toasts(app)[-1].startswith(f"Exported 4 rows to {tmp_path}/workflows-2026-03-10T1200Z.csv (")
        exported = await export(pilot, "slash", *"dur>10", "enter", *["right"] * 4, "s")
        assert [row["run_id"] for row in exported] == ["2", "4", "3"]
        assert {"job_id", "error_message", "url"} <= set(exported[0])
        assert [row["run_id"] for row in await export(pilot, "S")] == ["3", "4", "2"]


async def test_e_in_a_detail_view_exports_the_table_that_has_the_keys(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The tasks of a run, not the runs behind the view."""
    monkeypatch.chdir(tmp_path)
    began = NOW - timedelta(minutes=9)
    tasks = [
        {"run_id": f"t{n}", "task_key": f"task_{n}", "status": "SUCCEEDED", "start_time": began}
        for n in (1, 2)
    ]
    app = app_with("workflows", [run(1)], run_tasks=answer("run_tasks", tasks))
    async with running(app) as pilot:
        exported = await export(pilot, "2", "enter")
        assert [row["task_key"] for row in exported] == ["task_1", "task_2"]
        assert "run-tasks-2026" in toasts(app)[-1]


async def test_a_view_without_rows_exports_none_that_are_hidden() -> None:
    """Over the help or a statement, the rows below are not in sight."""
    query = {"statement_id": "s", "status": "FINISHED", "statement_text": "SELECT 1", "end_time": NOW}
    app = app_with("queries", [query])
    async with running(app) as pilot:
        await press(pilot, "3", "enter", "e")
        assert toasts(app) == ["There are no rows here to export."]
        await press(pilot, "escape", "question_mark", "y", "Y")
        assert app.clipboard == ""
        await press(pilot, "o", "e")
        assert toasts(app)[-2] == "There is no row here that has a link."
        assert toasts(app)[-1] == "There are no rows here to export."


async def test_hostile_texts_are_inert_in_toasts_and_clipboard() -> None:
    """Shown and pasted they act on nothing: no escape, no markup, no line that a shell would run."""
    row = run(1, workflow_name=f"{HOSTILE}\n", url=f"https://x/{HOSTILE}")
    app = app_with("workflows", [row])
    async with running(app, size=(160, 30), notifications=True) as pilot:
        await press(pilot, "2", "right", "right", "right", "y")
        assert app.clipboard == SHOWN
        await press(pilot, "o")
        assert toasts(app)[-1].endswith(f"https://x/{SHOWN}")
        await settled(pilot)
        text = screen(app)
        assert f"/{SHOWN[:20]}" in text and "@click=app.quit" in text
        assert not {"\x1b", "\x07", "\u202e"} & set(text)
        strips = app.screen._compositor.render_strips()
        assert not any(
            "@click" in segment.style.meta for strip in strips for segment in strip if segment.style
        )
