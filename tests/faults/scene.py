"""What the tests of faults share: a small estate behind a stand-in, the program configured for it, what it says."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sysmon_tui.clock import Clock
from sysmon_tui.config import Config, load
from sysmon_tui.datasets.statement import TABLES
from sysmon_tui.runtime import Runtime
from sysmon_tui.services.monitor import Monitor
from sysmon_tui.views.answer import Answer
from tests.estate import WORKSPACE, Estate, at
from tests.faults.selective import SelectiveWorkspace
from tests.workspace import Workspace
from tests.workspace.statements import StandInStatement

NOW = at("12:00")
STATEMENTS = "/api/2.0/sql/statements"
PANELS = ("workflows", "queries", "warehouses", "audit")
ENDED = ("SUCCEEDED", "FAILED", "CANCELED", "CLOSED")
# The table that each panel can't do without, by its key in TABLES.
TABLE_OF = {
    "workflows": "job_run_timeline",
    "queries": "query_history",
    "warehouses": "warehouse_events",
    "audit": "audit",
}


# Rows by the dozen: one INSERT of a whole table is as quick as one of a row.
_ROWS = """
INSERT INTO system_tables.lakeflow.job_run_timeline BY NAME
    SELECT $workspace_id AS workspace_id, '7' AS job_id, 'r' || hour AS run_id, 'JOB_RUN' AS run_type,
        $now - to_hours(hour) AS period_start_time, $now - to_hours(hour) + INTERVAL 20 MINUTE AS period_end_time,
        if(hour % 5 = 0, 'FAILED', 'SUCCEEDED') AS result_state
    FROM range(1, 37) AS hours(hour);
INSERT INTO system_tables.query.history BY NAME
    SELECT $workspace_id AS workspace_id, 'q' || hour || '-' || minute AS statement_id,
        if(hour % 6 = 0 AND minute = 12, 'FAILED', 'FINISHED') AS execution_status,
        'ann@example.com' AS executed_by, 'SELECT 1' AS statement_text, 9000 AS total_duration_ms,
        {'type': 'WAREHOUSE', 'cluster_id': NULL, 'warehouse_id': 'wh1'} AS compute,
        $now - to_hours(hour) + to_minutes(minute) + INTERVAL 375 MILLISECOND AS start_time,
        $now - to_hours(hour) + to_minutes(minute) + INTERVAL 9375 MILLISECOND AS end_time
    FROM range(1, 37) AS hours(hour), range(2, 60, 20) AS minutes(minute);
INSERT INTO system_tables.access.audit BY NAME
    SELECT *, event_time::DATE AS event_date, '0' AS workspace_id, 'accounts' AS service_name
    FROM (
        SELECT 'e' || hour || '-' || minute AS event_id, 'getTable' AS action_name,
            $now - to_hours(hour) + to_minutes(minute) + INTERVAL 375 MILLISECOND AS event_time,
            {'status_code': 200, 'error_message': NULL, 'result': NULL} AS response,
            {'email': 'ann@example.com', 'subject_name': NULL} AS user_identity
        FROM range(1, 37) AS hours(hour), range(2, 60, 20) AS minutes(minute)
        UNION ALL BY NAME
        SELECT 'l' || minute AS event_id, 'login' AS action_name,
            $now - INTERVAL 50 MINUTE + to_minutes(minute) AS event_time,
            {'status_code': 401, 'error_message': NULL, 'result': NULL} AS response,
            {'email': 'mallory@example.com', 'subject_name': NULL} AS user_identity
        FROM range(25) AS minutes(minute)
    );
INSERT INTO system_tables.compute.warehouse_events BY NAME
    SELECT $workspace_id AS workspace_id, 'wh1' AS warehouse_id, 1 AS cluster_count,
        if(hour % 2 = 1, 'RUNNING', 'STOPPED') AS event_type,
        $now - to_hours(hour) + INTERVAL 5 MINUTE AS event_time
    FROM range(1, 37) AS hours(hour);
"""


def furnished(now: datetime = NOW) -> Estate:
    """A day and a half of a small company: what runs by the hour, and an hour of many failed logins at its end."""
    estate = Estate(now)
    estate.add("workspaces", workspace_id=WORKSPACE, workspace_url="prod.example.com")
    estate.job("7", "nightly", now - timedelta(days=9))
    estate.warehouse("wh1", "Monitoring", now - timedelta(days=9))
    values = {"now": now.replace(tzinfo=None), "workspace_id": WORKSPACE}
    for text in estate.connection.extract_statements(_ROWS):
        estate.connection.execute(text, {name: values[name] for name in text.named_parameters})
    return estate


@dataclass
class Scene:
    """A stand-in, what lies behind it, and where the program's files are."""

    workspace: SelectiveWorkspace
    estate: Estate
    home: Path

    def toml(self, text: str = "", *, host: str | None = None) -> str:
        return (
            f'[tenants.prod]\nsource = "databricks"\nhost = "{host or self.workspace.url}"\n'
            f'warehouse_id = "{self.workspace.warehouse_id}"\n{text}\n'
        )

    def config(self, text: str = "", *, host: str | None = None) -> Config:
        file = self.home / "config.toml"
        file.write_text(self.toml(text, host=host), encoding="utf-8")
        return load(file=file, env={}, user_file=self.home / "none.toml").config

    @asynccontextmanager
    async def monitored(
        self, text: str = "", *, host: str | None = None, clock: Clock | None = None, **settings: Any
    ) -> AsyncIterator[Monitor]:
        """The tenant's monitor by this configuration, on the estate's held clock; closed afterwards."""
        runtime = Runtime(self.config(text, host=host), clock=clock or self.estate.clock, **settings)
        try:
            yield runtime.tenant(None).monitor
        finally:
            await runtime.close()

    def sent(self, *tables: str, since: int = 0) -> list[StandInStatement]:
        """The statements that reached the warehouse and read one of the tables (keys of TABLES); all without one."""
        names = [TABLES[table] for table in tables]
        found = self.workspace.statements[since:]
        return [one for one in found if not names or any(name in one.text for name in names)]

    def posts(self) -> int:
        """How often a statement was handed in, answered or not."""
        return self.workspace.requests.count(("POST", STATEMENTS))

    def cancels(self) -> list[str]:
        return [path for method, path in self.workspace.requests if path.endswith("/cancel")]


async def look(monitor: Monitor, *, fresh: bool = False) -> dict[str, Answer]:
    """Every panel's answer."""
    calls: dict[str, Callable[..., Awaitable[Answer]]] = {name: getattr(monitor, name) for name in PANELS}
    answers = await asyncio.gather(*(call(fresh=fresh) for call in calls.values()))
    return dict(zip(calls, answers, strict=True))


def states(answers: dict[str, Answer]) -> dict[str, str]:
    return {name: answer.state for name, answer in answers.items()}


def others(answers: dict[str, Answer], *but: str) -> set[str]:
    """The states of the panels that are not meant."""
    return {answer.state for name, answer in answers.items() if name not in but}


def all_ended(workspace: Workspace, *, within_s: float = 8.0) -> bool:
    """Whether the server has ended every statement that it was given."""
    return eventually(lambda: all(one.state in ENDED for one in workspace.statements), within_s)


def running(workspace: Workspace) -> list[str]:
    return [one.state for one in workspace.statements if one.state not in ENDED]


def eventually(holds: Callable[[], bool], within_s: float = 10.0) -> bool:
    until_s = time.monotonic() + within_s
    while not holds():
        if time.monotonic() > until_s:
            return False
        time.sleep(0.01)
    return True


async def comes_true(holds: Callable[[], bool], within_s: float = 10.0) -> bool:
    """The same, with the event loop free meanwhile."""
    until_s = time.monotonic() + within_s
    while not holds():
        if time.monotonic() > until_s:
            return False
        await asyncio.sleep(0.01)
    return True


def no_secret(workspace: Workspace, texts: Iterable[str | bytes | None]) -> bool:
    for text in texts:
        shown = text.decode(errors="replace") if isinstance(text, bytes) else text or ""
        if workspace.token in shown or "sig=" in shown or "secret-" in shown:
            return False
    return True
