"""An estate whose rows come late and out of order, and every answer that a monitor gives about it."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from sysmon_tui.alerts import rules
from sysmon_tui.services.monitor import Monitor
from tests.estate import OTHER_WORKSPACE, WORKSPACE, Estate

_STATES = ["SUCCEEDED", "SUCCEEDED", "FAILED", "TIMED_OUT", "CANCELED", "SKIPPED"]
_EVENTS = ["STARTING", "RUNNING", "SCALED_UP", "SCALED_DOWN", "STOPPING", "STOPPED"]


class Arriving:
    """Makes what happens by chance from a seed; a row is in its table from its arrival on, up to `late` later."""

    def __init__(self, estate: Estate, seed: int, late: timedelta) -> None:
        self.estate = estate
        self.random = random.Random(seed)  # noqa: S311 (a schedule, no secret)
        self._late_s = late.total_seconds()
        self._waiting: list[tuple[datetime, int, Callable[[], None]]] = []
        self._ids = 0
        self._runs: list[tuple[str, str, str, datetime]] = []  # ended: run, job, workspace, end

    def _id(self) -> int:
        self._ids += 1
        return self._ids

    def _arrives(self, event: datetime, row: Callable[[], None]) -> None:
        # Most rows take minutes; some take all the time that a row may take.
        share = self.random.random() ** (1 if self.random.random() < 0.2 else 6)
        self._waiting.append((event + timedelta(seconds=self._late_s * share), self._id(), row))

    def between(self, start: datetime, end: datetime, per_hour: float) -> None:
        """Lets happen what happens from start to end: of each kind about `per_hour`."""
        hours = (end - start).total_seconds() / 3600
        for make in (self._run, self._repair, self._query, self._event, self._warehouse_event, self._job):
            for _ in range(int(per_hour * hours + self.random.random())):
                make(start + (end - start) * self.random.random())

    def arrive(self, now: datetime) -> None:
        """Puts into the tables what has arrived by now."""
        self._waiting.sort(key=lambda one: one[:2])
        while self._waiting and self._waiting[0][0] <= now:
            self._waiting.pop(0)[2]()

    def _run(self, start: datetime) -> None:
        run, job = str(10_000 + self._id()), str(self.random.randint(1, 6))
        workspace = self.random.choice([WORKSPACE, OTHER_WORKSPACE])
        end = start + timedelta(minutes=self.random.choice([1, 7, 50, 130, 400, 3000]))
        cuts = [start]
        while end - cuts[-1] > timedelta(hours=1):
            cuts.append(cuts[-1] + timedelta(hours=1))
        cuts.append(end)
        state = self.random.choice(_STATES)
        ends = self.random.random() < 0.9
        for number, (begin, until) in enumerate(pairwise(cuts)):
            last = number == len(cuts) - 2
            self._part((run, job, workspace), begin, until, state if last and ends else None)
        if ends:
            self._runs.append((run, job, workspace, end))

    def _repair(self, end: datetime) -> None:
        """An ended run goes on, hours or days later."""
        before = [one for one in self._runs if one[3] < end - timedelta(minutes=10)]
        if not before:
            return
        run, job, workspace, _ = self.random.choice(before)
        self._part((run, job, workspace), end - timedelta(minutes=5), end, self.random.choice(_STATES))

    def _part(self, run: tuple[str, str, str], begin: datetime, end: datetime, state: str | None) -> None:
        run_id, job_id, workspace_id = run
        add = self.estate.slice
        self._arrives(end, lambda: add(run_id, begin, end, state, job_id=job_id, workspace_id=workspace_id))

    def _query(self, end: datetime) -> None:
        name, begin = f"q{self._id()}", end - timedelta(seconds=self.random.choice([1, 40, 4_000, 200_000]))
        status = self.random.choice(["FINISHED", "FINISHED", "FAILED", "CANCELED"])
        warehouse = self.random.choice(["wh1", "wh2"])
        message = self.random.choice([None, "[TABLE_OR_VIEW_NOT_FOUND] no", "[DIVIDE_BY_ZERO] x"])
        for _ in range(self.random.choice([1, 1, 1, 2])):  # now and then a row comes twice
            self._arrives(
                end,
                lambda: self.estate.query(
                    name, begin, end, status, warehouse_id=warehouse, error_message=message
                ),
            )

    def _event(self, when: datetime) -> None:
        name, status = f"e{self._id()}", self.random.choice([200, 200, 401, 403, 500])
        action = self.random.choice(["login", "tokenLogin", "createCluster"])
        for _ in range(self.random.choice([1, 1, 1, 2])):
            self._arrives(when, lambda: self.estate.event(name, when, action, status))

    def _warehouse_event(self, when: datetime) -> None:
        kind, warehouse = self.random.choice(_EVENTS), self.random.choice(["wh1", "wh2", "wh3"])
        clusters = self.random.randint(1, 3)
        self._arrives(when, lambda: self.estate.warehouse_event(kind, when, clusters, warehouse_id=warehouse))

    def _job(self, when: datetime) -> None:
        if self.random.random() < 0.7:
            return
        job, name = str(self.random.randint(1, 6)), f"job named at {when:%H:%M}"
        gone = when if self.random.random() < 0.2 else None
        self._arrives(when, lambda: self.estate.job(job, name, when, delete_time=gone))


async def everything(monitor: Monitor) -> dict[str, Any]:
    """All answers over several windows, filters and page sizes, without the cursors."""
    asked = {
        "runs": monitor.workflows(limit=1000),
        "page": monitor.workflows(limit=7),
        "hour": monitor.workflows(hours=1),
        "days": monitor.workflows(hours=80, status="failed"),
        "failed": monitor.failed_workflows(limit=20),
        "one job": monitor.workflows(workflow_name="job*", status="succeeded"),
        "queries": monitor.queries(limit=1000),
        "failed queries": monitor.queries(status="failed", limit=5),
        "six hours": monitor.queries(hours=6, limit=9),
        "audit": monitor.audit(limit=1000),
        "refused": monitor.audit(status="403", limit=6),
        "warehouses": monitor.warehouses(),
        "one warehouse": monitor.warehouses(warehouse_id="wh2", hours=5),
        **{
            f"counts of {kind}": monitor.counts(kind)
            for kind in ("workflows", "queries", "warehouses", "audit")
        },
    }
    answers = await asyncio.gather(*asked.values())
    found: dict[str, Any] = {}
    for name, answer in zip(asked, answers, strict=True):
        found[name] = {**answer.document("t"), "next_cursor": answer.next_cursor is not None}
    # After the others: it is dated by what they have seen of the table.
    history = await monitor.job_history(OTHER_WORKSPACE, "3")
    found["one job's history"] = {**history.document("t"), "next_cursor": history.next_cursor is not None}
    # What the rules find; what is known of an alert besides is of the time at which it was found. Baselines of runs are
    # kept for an hour.
    judged = await monitor.desk.evaluation.judged(hours=30, category=None, fresh=False)
    found["alerts"] = {
        one.rule.id: [verdict.alert for verdict in one.verdicts]
        for one in judged
        if one.rule is not rules.SLOW_RUNS
    }
    health = await monitor.health()
    return {**found, "health": {name: health[name] for name in health.keys() - {"alerts", "status"}}}
