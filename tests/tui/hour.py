"""The app on the stand-in under a fast clock: what a person's hour costs, and whether anything grows.

`python -m tests.tui.hour [--minutes 60] [--rate 30]` prints the figures and ends with 1 where a bar is missed. With
`--keys random --seed N` the person presses anything, all the time, and only what breaks or grows counts. No test among
the others: on a busy machine a fast clock leaves the app no time.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import re
import sys
import tempfile
import threading
from collections import Counter
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

from textual.pilot import Pilot

from sysmon_tui import memory

memory.keep_little()  # as the app does, before what follows brings Polars
import polars as pl  # noqa: E402

from sysmon_tui.config import Config, TenantConfig  # noqa: E402
from sysmon_tui.config.model import CostConfig  # noqa: E402
from sysmon_tui.runtime import Runtime  # noqa: E402
from sysmon_tui.tui.app import SysmonApp  # noqa: E402
from tests.clocks import FastClock  # noqa: E402
from tests.tui.random_keys import Presser, Unquitting  # noqa: E402
from tests.workspace import Workspace, demo_workspace  # noqa: E402

# What the person does: a key, and how many sixtieths of the time the app is left like that.
_COURSE = (("1", 10), ("2", 10), ("3", 10), ("space", 10), ("space", 0), ("4", 5), ("5", 5), ("6", 10))
# Of a text as `_brief` has it; no statement is as short.
_BRIEF = 64
# Of the machine's time: what is under way when a tab is left comes to its end, and is cancelled by a pause.
_UNDER_WAY_S = 0.5
_REFRESH_S = 60.0  # the default of refresh.seconds
_SAMPLED_MINUTES = 2
_READ_LATER = 50  # statements whose rows may still be fetched
_PANELS = {"1": "health", "2": "workflows", "3": "queries", "4": "warehouse", "5": "audit", "6": "alerts"}


@dataclass(frozen=True)
class Sample:
    minute: float
    memory_bytes: int
    threads: int
    descriptors: int


@dataclass
class Hour:
    """`by_tab` is (tab in sight, panel) to statements; `doubled` are statements that were asked twice at one time."""

    by_tab: Counter[tuple[str, str]] = field(default_factory=Counter)
    doubled: list[str] = field(default_factory=list)
    while_paused: int = 0
    unended: int = 0
    samples: list[Sample] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    steps: int = 0

    def look(self, app: SysmonApp, minute: float) -> None:
        """What is told of trouble now, and, now and then, what the process holds."""
        if minute - (self.samples[-1].minute if self.samples else -9) >= _SAMPLED_MINUTES:
            self.samples.append(sample(minute))
        answer = getattr(app.tab, "answer", None)
        if answer is not None and answer.reason and answer.reason not in self.failures:
            self.failures.append(answer.reason)


def sample(minute: float) -> Sample:
    found = re.search(r"^VmRSS:\s+(\d+) kB$", Path("/proc/self/status").read_text(), re.MULTILINE)
    assert found is not None
    descriptors = len(list(Path("/proc/self/fd").iterdir()))
    return Sample(minute, int(found[1]) * 1024, threading.active_count(), descriptors)


async def watched(minutes: float, rate: float, rows: int, seed: int | None) -> Hour:
    """`seed` None goes the course; a number presses anything."""
    clock = FastClock(rate)
    hour = Hour()
    with demo_workspace(clock, rows=rows) as workspace:
        workspace.warehouse.auto_stop_mins = 10
        os.environ["DATABRICKS_TOKEN"] = workspace.token
        tenant = TenantConfig(source="databricks", host=workspace.url, warehouse_id=workspace.warehouse_id)
        runtime = Runtime(
            Config(tenants={"prod": tenant}, cost=CostConfig(dbu_per_day=100)),
            clock=clock,
            incremental=True,
            patience_s=2.0 * rate,
        )
        app = (SysmonApp if seed is None else Unquitting)(runtime, tenant=None, row_limit=1000)
        try:
            async with app.run_test(size=(120, 40)) as pilot:
                if seed is None:
                    await _course(app, pilot, hour, workspace=workspace, clock=clock, minutes=minutes)
                else:
                    await _anything(
                        app, pilot, hour, workspace=workspace, clock=clock, minutes=minutes, seed=seed
                    )
        finally:
            await runtime.close()
        hour.doubled = _doubled(workspace, within_s=_REFRESH_S / 6 / rate)
        hour.unended = sum(not one.ended.is_set() for one in workspace.statements)
    return hour


async def _course(
    app: SysmonApp, pilot: Pilot[None], hour: Hour, *, workspace: Workspace, clock: FastClock, minutes: float
) -> None:
    in_sight = "1"
    for key, sixtieths in _COURSE:
        seen = len(workspace.statements)
        await pilot.press(key)
        left, in_sight = in_sight, key if key in _PANELS else in_sight
        paused = app.session.paused
        await asyncio.sleep(_UNDER_WAY_S)
        early = [str(one.tags.get("panel")) for one in workspace.statements[seen:]]
        seen += len(early)
        if not paused:
            own = _PANELS[left]
            hour.by_tab.update((own if panel == own else _PANELS[in_sight], panel) for panel in early)
        until_s = clock.monotonic_s() + minutes * 60 / 60 * sixtieths
        while clock.monotonic_s() < until_s:
            await pilot.pause(0.2)
            _let_go(workspace)
            hour.look(app, clock.monotonic_s() / 60)
        asked = workspace.statements[seen:]
        hour.while_paused += len(asked) * paused
        hour.by_tab.update((_PANELS[in_sight], str(one.tags.get("panel"))) for one in asked)


async def _anything(
    app: SysmonApp,
    pilot: Pilot[None],
    hour: Hour,
    *,
    workspace: Workspace,
    clock: FastClock,
    minutes: float,
    seed: int,
) -> None:
    presser = Presser(pilot, seed)
    try:
        while clock.monotonic_s() < minutes * 60 and app.is_running:
            await presser.step()
            _let_go(workspace)
            hour.look(app, clock.monotonic_s() / 60)
    finally:
        hour.steps = presser.steps
        if not app.is_running or sys.exc_info()[0] is not None:
            print(f"step {presser.steps} of seed {seed} broke it; before:", *presser.last, sep="\n  ")


def _let_go(workspace: Workspace) -> None:
    """The stand-in keeps the text and the rows of every statement: no memory of the program's."""
    for one in workspace.statements[:-_READ_LATER]:
        if one.ended.is_set():
            one.frame, one.chunks = pl.DataFrame(), []
            one.body = {**one.body, "statement": _brief(one.text)}


def _brief(text: str) -> str:
    """The same for statements of one text, whatever the comment before them says; brief as it is for what is brief."""
    if len(text) == _BRIEF:
        return text
    return sha256(re.sub(r"/\*.*?\*/", "", text, count=1).encode()).hexdigest()


def _doubled(workspace: Workspace, within_s: float) -> list[str]:
    """Statements with the same text and the same values, so soon after each other that no refresh lies between."""
    last: dict[tuple[str, str], float] = {}
    doubled = []
    for one in workspace.statements:
        values = sorted((name, str(item.get("value"))) for name, item in one.parameters.items())
        key = (_brief(one.text), str(values))
        if one.submitted_s - last.get(key, float("-inf")) < within_s:
            doubled.append(str(one.tags.get("statement")))
        last[key] = one.submitted_s
    return doubled


def troubles(hour: Hour) -> list[str]:
    """What must not be: each a sentence."""
    found = [f"told: {reason}" for reason in hour.failures]
    if hour.unended:
        found.append(f"{hour.unended} left running")
    return found + (_growth(hour) if hour.steps else _astray(hour) + _growth(hour))


def _astray(hour: Hour) -> list[str]:
    """Statements that nobody wanted: keys that are pressed at random want anything."""
    strangers = sorted(f"{panel} for {tab}" for tab, panel in hour.by_tab if tab != panel)
    found = [f"asked for a tab that was not in sight: {one}" for one in strangers]
    silent = set(_PANELS.values()) - {tab for tab, _ in hour.by_tab}
    found += [f"nothing was asked for {tab}" for tab in sorted(silent)]
    found += [f"asked twice at one time: {name}" for name in hour.doubled]
    if hour.while_paused:
        found.append(f"{hour.while_paused} asked while paused")
    return found


def _growth(hour: Hour) -> list[str]:
    found = []
    half = len(hour.samples) // 2
    early, late = hour.samples[1:half], hour.samples[half:]
    for figure, more in (("threads", 4), ("descriptors", 4), ("memory_bytes", 40_000_000)):
        before, after = (max(getattr(one, figure) for one in some) for some in (early, late))
        if after > before + more:
            found.append(f"{figure} grew from {before} to {after}")
    return found


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.tui.hour")
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--rate", type=float, default=30)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--keys", choices=("course", "random"), default="course")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    seed = arguments.seed if arguments.keys == "random" else None
    with tempfile.TemporaryDirectory() as state:
        os.environ |= {
            "SYSMON_STATE_DIR": state,
            "DATABRICKS_CONFIG_FILE": os.devnull,
            "BROWSER": "true",  # the program of that name: links are opened by random keys too
            "TEXTUAL_SCREENSHOT_LOCATION": state,
        }
        with contextlib.chdir(state):  # where exports go
            hour = asyncio.run(watched(arguments.minutes, arguments.rate, arguments.rows, seed))
    print("| tab in sight | panel | statements |\n| --- | --- | ---: |")
    for (tab, panel), count in sorted(hour.by_tab.items()):
        print(f"| {tab} | {panel} | {count} |")
    if hour.steps:
        print(f"\n{hour.steps} steps of seed {arguments.seed}")
    print(f"\nwhile paused: {hour.while_paused}; doubled: {hour.doubled}; not ended: {hour.unended}")
    print(
        f"reasons told: {hour.failures}\n\n| minute | memory | threads | descriptors |\n| ---: | ---: | ---: | ---: |"
    )
    for one in hour.samples:
        print(f"| {one.minute:.0f} | {one.memory_bytes / 1e6:.0f} MB | {one.threads} | {one.descriptors} |")
    found = troubles(hour)
    print("\n".join(["", *(f"FAILED: {one}" for one in found)]) if found else "\nall bars held")
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
