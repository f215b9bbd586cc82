"""The store of alerts under whatever happens: rows come late, tables go, processes share it and start anew."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections import Counter
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import polars as pl
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from sysmon_tui.alerts.finding import Seen
from sysmon_tui.alerts.store import AlertStore, Telling
from sysmon_tui.alerts.store_file import StoreFile, _connect
from sysmon_tui.views.answer import State
from tests.alerts.lateness import LATENESS, MINUTE, ROUTES, Kind, Memory, Row, instant, judged, seen_of

_FOLDER = Path("/dev/shm")  # noqa: S108
KIND = Kind("each", 2)
TELLING = Telling(ROUTES, timedelta(days=30), 1000)


class Lives(RuleBasedStateMachine):
    """One table, its late rows, and processes that evaluate one rule on it."""

    @initialize()
    def begin(self) -> None:
        place = _FOLDER if os.access(_FOLDER, os.W_OK) else None
        self.folder = Path(tempfile.mkdtemp(prefix="sysmon-lives-", dir=place))
        self.processes = [self.process(), self.process()]
        self.now = 200
        self.rows = [Row(0, 0, "")]
        self.state: State = "fresh"

    def process(self) -> AlertStore:
        return AlertStore(StoreFile(self.folder / "alerts.sqlite"), "t")

    def teardown(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)

    @rule(late=st.integers(0, LATENESS), who=st.sampled_from(("a", "a", "b", "")), more=st.integers(1, 3))
    def arrive(self, late: int, who: str, more: int) -> None:
        """Rows that came just now."""
        self.rows += [Row(max(0, self.now - late), self.now, who)] * more

    @rule(minutes=st.sampled_from((1, 1, 10, 60, 300)))
    def pass_time(self, minutes: int) -> None:
        # Rows come within the allowed lateness of the newest: the head never goes by itself.
        self.now += minutes

    @rule(state=st.sampled_from(("fresh", "stale", "denied", "failed")))
    def table_turns(self, state: State) -> None:
        self.state = state

    @rule(one=st.integers(0, 1))
    def evaluate(self, one: int) -> None:
        """By either process."""
        before = self.resolved()
        self.apply(one)
        firing = self.select("SELECT DISTINCT id FROM life WHERE state = 'firing'")
        assert set(firing) == set(self.select("SELECT key FROM incident WHERE is_open")), "what fires is told"
        if self.state != "fresh":
            assert self.resolved() == before, "resolved, or born resolved, on a table that can't be trusted"

    @rule(one=st.integers(0, 1))
    def evaluate_again(self, one: int) -> None:
        """What one has told no other tells again."""
        self.apply(one)
        before = self.notices()
        self.apply(1 - one)
        self.apply(one)
        assert self.notices() == before

    @rule(by=st.sampled_from(("ann", None)))
    def acknowledge(self, by: str | None) -> None:
        for life in self.processes[0].lives():
            self.processes[1].acknowledge(life.id, by, instant(self.now))

    @rule(one=st.integers(0, 1))
    def restart(self, one: int) -> None:
        self.processes[one] = self.process()

    @precondition(lambda self: self.state == "fresh")
    @rule()
    def all_comes_to_rest(self) -> None:
        """Long after the last row nothing fires."""
        self.now += 2000
        self.rows.append(Row(self.now, self.now, ""))
        self.apply(0)
        assert [life for life in self.processes[1].lives() if life.state == "firing"] == []

    def apply(self, one: int) -> None:
        if self.state in ("fresh", "stale"):
            seen = seen_of(KIND, self.rows, self.now, self.state)
        else:
            nothing: pl.DataFrame = KIND.frame([])
            reason = f"It is {self.state}."
            seen = Seen("t", nothing, 0, None, instant(self.now), self.state, reason, LATENESS * MINUTE)
        found = judged(KIND, seen)
        rule_id = found.rule.id
        self.processes[one].apply([found], frozenset([rule_id]), instant(self.now), TELLING, {rule_id: {}})

    def select(self, text: str) -> list[tuple[Any, ...]]:
        with closing(_connect(self.folder / "alerts.sqlite")) as connection:
            return [tuple(row) for row in connection.execute(text)]

    def resolved(self) -> list[tuple[Any, ...]]:
        return self.select("SELECT id, incident FROM life WHERE state = 'resolved' ORDER BY 1, 2")

    def notices(self) -> list[tuple[Any, ...]]:
        return self.select("SELECT channel, key, opened, kind, number FROM notice ORDER BY id")

    @invariant()
    def one_incident(self) -> None:
        """Of an alert a channel knows one open incident at most, and of that one end."""
        if not hasattr(self, "folder"):
            return
        still = self.select("SELECT channel, key FROM incident WHERE is_open")
        assert len(still) == len(set(still))
        ends = Counter(one[:3] for one in self.notices() if one[3] == "resolved")
        assert all(count == 1 for count in ends.values())


Lives.TestCase.settings = settings(max_examples=60, stateful_step_count=25, deadline=None, derandomize=True)
TestLives = Lives.TestCase


def test_nothing_is_over_at_its_first_sight_on_a_stale_table() -> None:
    """Late rows of a time long past come while the table is stale: whether that is over is told when it is fresh."""
    memory = Memory()
    rows = [Row(0, 290, "a"), Row(1, 290, "a"), Row(270, 290, "")]
    memory.apply(judged(KIND, seen_of(KIND, rows, 300, "stale")), instant(300))
    assert list(memory.lives.values()) == []
    memory.apply(judged(KIND, seen_of(KIND, rows, 310)), instant(310))
    assert [life.state for life in memory.lives.values()] == ["resolved"]
    assert [notice.kind for notice in memory.notices] == ["firing", "resolved"]
