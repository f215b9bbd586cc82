"""The timeline screen: the axis, the likely causes in words, the way into each row, and every state's face."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from textual.pilot import Pilot

from sysmon_tui.clock import rfc3339
from sysmon_tui.errors import RequestError, SysmonError
from sysmon_tui.tui.app import SysmonApp
from sysmon_tui.tui.screens.timeline import TimelineScreen
from sysmon_tui.tui.widgets.time_lanes import Axis, Lane, lane_line
from sysmon_tui.views.alerts import alert_frame
from sysmon_tui.views.answer import Window
from sysmon_tui.views.incident import Timeline
from sysmon_tui.views.incident_rows import SCHEMA
from tests.fakes import NOW, FakeMonitor, answer, frame, run
from tests.tui.driving import app_over, lines, press, running, screen, settled

BEGAN = NOW - timedelta(hours=1)
ALERT = {
    "id": "a1",
    "state": "firing",
    "category": "workflow",
    "severity": "critical",
    "title": "nightly: 3 failed runs in a row",
    "started_at": rfc3339(BEGAN),
    "entity": {"job_id": "7"},
    "evidence": {"ids": ["5"]},
}
WHY = "job edited 12 min before the first failure"


def row(kind: str, minutes: float, what: str, **values: Any) -> dict[str, Any]:
    return {
        **dict.fromkeys(SCHEMA),
        "kind": kind,
        "time": NOW - timedelta(minutes=minutes),
        "what": what,
        "who": "",
        "why": "",
        "status": "success",
        "workspace_id": "1",
        **values,
    }


ROWS = [
    row("change", 90, "job edited: 7", who="ann@example.com", why=WHY, likely=1, id="e1"),
    row("run", 80, "nightly: DRIVER_ERROR", status="FAILED", id="5"),
    row("query", 79, "MERGE of run 5: [DIVIDE_BY_ZERO]", status="FAILED", id="s1"),
    row("warehouse", 78, "etl: STARTING", status="STARTING", id="w1"),
    row("alert", 60, "nightly: 3 failed runs in a row", status="firing", id="a1"),
]
DETAILS = {
    "run": frame("workflows", [run(5, status="FAILED", workflow_name="nightly")]),
    "query": frame(
        "queries",
        [{"workspace_id": "1", "statement_id": "s1", "status": "FAILED", "statement_text": "SELECT 1 / 0"}],
    ),
    "audit": frame(
        "audit", [{"event_id": "e1", "event_time": NOW - timedelta(minutes=90), "action_name": "reset"}]
    ),
}


def timeline(rows: list[dict[str, Any]] = ROWS, **values: Any) -> Timeline:
    reached = {part: rfc3339(NOW) for part in ("runs", "queries", "warehouse", "audit")}
    extra = {
        "start": rfc3339(NOW - timedelta(hours=7)),
        "end": rfc3339(NOW),
        "began": rfc3339(BEGAN),
        "data_until": reached,
        "missing": {},
        "verdict": "",
        **values.pop("extra", {}),
    }
    found = pl.DataFrame(rows, schema=SCHEMA, orient="row")
    made = Timeline(
        "timeline",
        found,
        found.height,
        Window.before(NOW, 7),
        NOW,
        NOW,
        "fresh",
        extra=extra,
        details=DETAILS,
    )
    return replace(made, **values)


@dataclass
class IncidentMonitor(FakeMonitor):
    """Answers a timeline, or raises what stands for it; `alerts_asked` are the alerts it was asked about."""

    told: Timeline | SysmonError = field(default_factory=timeline)
    alerts_asked: list[dict[str, Any]] = field(default_factory=list)

    async def timeline(self, alert: dict[str, Any], *, fresh: bool = False) -> Timeline:
        self.alerts_asked.append(alert)
        if self.held is not None:
            await self.held.wait()
        if isinstance(self.told, SysmonError):
            raise self.told
        return self.told


async def opened(pilot: Pilot[None]) -> None:
    app = pilot.app
    assert isinstance(app, SysmonApp)
    app.push_screen(TimelineScreen(app.session, alert_frame([ALERT])))
    await pilot.pause()


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 50)])
async def test_axis_causes_and_rows(size: tuple[int, int]) -> None:
    """One lane a kind over one axis, the likely cause in words with its reason, then all rows; at every size."""
    app = app_over(IncidentMonitor())
    async with running(app, size=size) as pilot:
        await opened(pilot)
        await settled(pilot)
        text = screen(app)
        assert "✗ firing  nightly: 3 failed runs in a row" in text
        assert f"likely 1  10:30  {WHY}" in text
        assert "alert began 11:00" in text
        assert "Data until: runs 12:00, queries 12:00, warehouse 12:00, audit 12:00" in text
        shown = {
            line.split()[0]: line
            for line in lines(app)
            if line.startswith((" failures", " queries", " changes"))
        }
        assert "1" in shown["failures"] and "!" in shown["changes"]
        assert (
            shown["changes"].index("!") < shown["failures"].index("1") < text.splitlines()[5].index("│") + 200
        )
        assert any(line.startswith("▸ likely 1") and "job edited" in line for line in lines(app))
        assert all(len(line) == size[0] for line in lines(app))


async def test_the_alert_is_asked_about_as_its_row_says() -> None:
    """What nests stands as JSON text in the row; it goes to the monitor as it is."""
    monitor = IncidentMonitor()
    app = app_over(monitor)
    async with running(app) as pilot:
        await opened(pilot)
        await settled(pilot)
    (asked,) = monitor.alerts_asked
    assert (asked["id"], asked["started_at"]) == ("a1", BEGAN)
    assert json.loads(asked["entity"]) == {"job_id": "7"}


@pytest.mark.parametrize(
    ("down", "words"),
    [
        (0, ("reset", "Parameters")),
        (1, ("✗ FAILED  nightly", "Tasks")),
        (2, ("SELECT 1 / 0",)),
        (3, ("» STARTING  etl", "busy share")),
    ],
)
async def test_enter_opens_what_is_behind_a_row(down: int, words: tuple[str, ...]) -> None:
    """A change leads to its event, a run, a query and a warehouse to themselves; esc leads back."""
    warehouse = {
        "workspace_id": "1",
        "warehouse_id": "w1",
        "warehouse_name": "etl",
        "state": "STARTING",
        "utilization": 0.5,
    }
    monitor = IncidentMonitor(answers={"warehouses": answer("warehouses", [warehouse])})
    app = app_over(monitor)
    async with running(app, size=(120, 40)) as pilot:
        await opened(pilot)
        await settled(pilot)
        await press(pilot, *["down"] * down, "enter")
        assert all(word in screen(app) for word in words)
        await press(pilot, "escape")
        assert isinstance(app.screen, TimelineScreen)


async def test_the_alerts_own_row_leads_nowhere() -> None:
    """It says so instead of opening the same again."""
    app = app_over(IncidentMonitor())
    async with running(app, size=(120, 40)) as pilot:
        await opened(pilot)
        await settled(pilot)
        await press(pilot, "end", "enter")
        assert isinstance(app.screen, TimelineScreen)
        assert [note.message for note in app._notifications] == [
            "That is the alert itself: esc goes back to it."
        ]


async def test_loading_says_so() -> None:
    """Before the answer the table says what is being asked for."""
    monitor = IncidentMonitor()
    app = app_over(monitor)
    async with running(app) as pilot:
        monitor.held = asyncio.Event()
        await opened(pilot)
        assert "» LOADING" in screen(app)
        monitor.held.set()
        await settled(pilot)
        assert "» LOADING" not in screen(app)


@pytest.mark.parametrize(
    ("told", "words"),
    [
        (
            timeline([], state="denied", reason="No grant on audit. Ask for SELECT."),
            ("✗ NO ACCESS", "Ask for SELECT."),
        ),
        (
            timeline([], state="failed", reason="The host can't be reached."),
            ("✗ NO ANSWER", "The host can't be reached."),
        ),
        (RequestError("This alert names no time."), ("✗ NO ANSWER", "This alert names no time.")),
    ],
)
async def test_no_empty_table_for_an_error(told: Timeline | SysmonError, words: tuple[str, ...]) -> None:
    """Denied, failed and refused have words of their own and what to do."""
    app = app_over(IncidentMonitor(told=told))
    async with running(app, size=(80, 24)) as pilot:
        await opened(pilot)
        await settled(pilot)
        assert all(word in screen(app) for word in words)


async def test_a_part_that_is_missing_is_named() -> None:
    """The lane says why there is nothing in it, the reason stands above the rows, and the rows that came are there."""
    reason = "Changes and logins are missing: There is no permission to read audit."
    told = timeline(
        ROWS[1:],
        state="stale",
        reason=reason,
        extra={"missing": {"audit": "There is no permission to read audit."}, "data_until": {"audit": None}},
    )
    app = app_over(IncidentMonitor(told=told))
    async with running(app, size=(100, 30)) as pilot:
        await opened(pilot)
        await settled(pilot)
        text = screen(app)
        assert reason in text
        assert (
            next(line for line in lines(app) if line.startswith(" changes"))
            .split(maxsplit=1)[1]
            .startswith("There is no")
        )
        assert "What caused it can't be told." in text
        assert "nightly: DRIVER_ERROR" in text


async def test_nothing_found_is_said() -> None:
    """A timeline without a change is an answer too."""
    verdict = "No change was seen in the 6 hours before."
    app = app_over(IncidentMonitor(told=timeline(ROWS[1:], extra={"verdict": verdict})))
    async with running(app, size=(80, 24)) as pilot:
        await opened(pilot)
        await settled(pilot)
        assert verdict in screen(app)


async def test_hostile_texts_are_inert() -> None:
    """Names from the audit log act on nothing: no control sign reaches the screen, markup stays text."""
    bad = "\x1b]52;c;ZXZpbA==\x07[/x][@click=app.quit]x[/]\u202e"
    rows = [row("change", 90, bad, who=bad, why=bad, likely=1, id=bad), *ROWS[1:]]
    told = timeline(rows, state="stale", reason=bad, extra={"missing": {"runs": bad}})
    app = app_over(IncidentMonitor(told=told))
    async with running(app, size=(200, 50)) as pilot:
        await opened(pilot)
        await settled(pilot)
        await press(pilot, "enter")
        text = screen(app)
        assert "[@click=app.quit]x[/]" in text
        assert not any(
            (ord(sign) < 32 and sign != "\n") or 0x7F <= ord(sign) < 0xA0 or sign == "\u202e" for sign in text
        )
        assert app.is_running


START = datetime(2026, 3, 10, tzinfo=UTC)
AXIS = Axis(START, START + timedelta(hours=10), START + timedelta(hours=5))


def hours(*counts: float) -> list[datetime]:
    return [START + timedelta(hours=count) for count in counts]


@pytest.mark.parametrize(
    ("lane", "shown"),
    [
        (Lane("a"), "·····│····"),
        (Lane("a", hours(0, 1, 1.5, 9.99)), "12···│···1"),
        (Lane("a", hours(*[5.1] * 12)), "·····+····"),
        (Lane("a", hours(3, 3.5), hours(3.5)), "···!·│····"),
        (Lane("a", hours(1), until=START + timedelta(hours=6.5)), "·1···│·░░░"),
        (Lane("a", hours(8), until=START + timedelta(hours=4)), "·····░░░1░"),
        (Lane("a", hours(-3, 40)), "1····│···1"),
        (Lane("a", missing="No grant."), "No grant."),
        (Lane("a", is_asked=False), "none has t"),
    ],
)
def test_a_lane_counts_by_column(lane: Lane, shown: str) -> None:
    """A digit a column, `+` above nine, `!` for a likely cause, `░` where nothing has arrived yet, `│` the alert."""
    assert lane_line(lane, AXIS, 10).plain.split(maxsplit=1)[1] == shown


async def test_times_are_those_of_the_users_zone() -> None:
    """The mark, the causes and the table tell the hour of whoever looks."""
    app = app_over(IncidentMonitor())
    async with running(app, size=(120, 40)) as pilot:
        app.session.zone = ZoneInfo("Asia/Kolkata")
        await opened(pilot)
        await settled(pilot)
        assert "alert began 16:30" in screen(app)
        assert f"likely 1  16:00  {WHY}" in screen(app)
