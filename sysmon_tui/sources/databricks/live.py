"""The live lane: reads of the Warehouses and Jobs APIs. GET alone; nothing is started, nothing is billed."""

from __future__ import annotations

import re
import threading
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

import polars as pl
from databricks.sdk.errors import BadRequest, NotFound

from sysmon_tui import limits
from sysmon_tui.clock import EPOCH, Clock
from sysmon_tui.sources.databricks import failures
from sysmon_tui.sources.databricks.api import WorkspaceApi
from sysmon_tui.sources.live import ACTIVE_RUNS, TaskFailure, WarehouseNow
from sysmon_tui.text import valid_unicode

_WAREHOUSES: Final = "/api/2.0/sql/warehouses"
_RUNS: Final = "/api/2.2/jobs/runs"
_PAGE_RUNS: Final = 24  # the most that a page may hold

_FAILED: Final = frozenset({"FAILED", "TIMEDOUT", "INTERNAL_ERROR", "UPSTREAM_FAILED"})
# Their own cause comes first: a task that failed because another did says nothing new.
_BECAUSE_OF_ANOTHER: Final = frozenset({"UPSTREAM_FAILED", "UPSTREAM_CANCELED"})
_ANSI = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")


class LiveWorkspace:
    """One workspace, and the warehouse in it that our statements run on."""

    def __init__(self, api: WorkspaceApi, warehouse_id: str, clock: Clock) -> None:
        self._api = api
        self._warehouse_id = warehouse_id
        self._clock = clock
        self._closing = threading.Event()

    def warehouse(self) -> WarehouseNow:
        return self._warehouse(self._get(f"{_WAREHOUSES}/{self._warehouse_id}"))

    def warehouses(self) -> list[WarehouseNow]:
        return [self._warehouse(one) for one in self._get(_WAREHOUSES).get("warehouses") or ()]

    def workspace_id(self) -> str | None:
        return self._api.workspace_id

    def active_runs(self) -> pl.DataFrame:
        found: list[dict[str, Any]] = []
        token: str | None = None
        for _ in range(limits.ACTIVE_RUNS // _PAGE_RUNS):
            query = {"active_only": "true", "limit": _PAGE_RUNS, **({"page_token": token} if token else {})}
            answer = self._get(f"{_RUNS}/list", query)
            found += answer.get("runs") or ()
            token = answer.get("next_page_token")
            if not token:
                break
        rows = [self._active(run) for run in found]
        return pl.DataFrame(rows, schema=ACTIVE_RUNS, orient="row").sort(
            "start_time", descending=True, nulls_last=True
        )

    def run_failures(self, run_id: str) -> list[TaskFailure]:
        try:
            run = self._get(f"{_RUNS}/get", {"run_id": run_id})
        except _GoneError:
            return []
        # A run of one task may stand for itself.
        tasks = run.get("tasks") or [{**run, "task_key": ""}]
        failed = [task for task in tasks if _result(task) in _FAILED]
        failed.sort(key=lambda task: _result(task) in _BECAUSE_OF_ANOTHER)
        found = [self._failure(task) for task in failed[: limits.TASK_ERRORS]]
        if not found and _result(run) in _FAILED:
            return [TaskFailure("", str(run_id), _result(run), _said(run))]
        return found

    def _failure(self, task: Mapping[str, Any]) -> TaskFailure:
        status, run_id, said = _result(task), str(task.get("run_id") or ""), _said(task)
        trace = ""
        if status not in _BECAUSE_OF_ANOTHER and run_id:
            try:
                output = self._get(f"{_RUNS}/get-output", {"run_id": run_id})
            except _GoneError:
                output = {}
            said = _text(output.get("error")) or said
            trace = _text(output.get("error_trace"))
        return TaskFailure(_text(task.get("task_key")), run_id, status, said, trace)

    def _active(self, run: Mapping[str, Any]) -> tuple[Any, ...]:
        job_id, run_id = _id(run.get("job_id")), _id(run.get("run_id"))
        name = _text(run.get("run_name")) or (f"job {job_id}" if job_id else None)
        state = _text((run.get("status") or {}).get("state") or _life(run)) or "RUNNING"
        return (
            self._api.workspace_id,
            job_id,
            run_id,
            name,
            state,
            _instant(run.get("start_time")),
            _text(run.get("run_page_url")) or None,
        )

    def _warehouse(self, one: Mapping[str, Any]) -> WarehouseNow:
        kind = str(one.get("warehouse_type") or "").lower()
        return WarehouseNow(
            str(one.get("id") or self._warehouse_id),
            _text(one.get("name")),
            _text(one.get("state")) or "UNKNOWN",
            _text(one.get("cluster_size")),
            "serverless" if one.get("enable_serverless_compute") else kind,
            60.0 * int(one.get("auto_stop_mins") or 0),
            self._clock.now(),
        )

    def _get(self, path: str, query: Mapping[str, Any] | None = None) -> dict[str, Any]:
        until_s = self._clock.monotonic_s() + limits.LIVE_TIMEOUT_S
        try:
            return self._api.call("GET", path, query=query, stop=self._closing, until_s=until_s)
        except (BadRequest, NotFound) as error:
            if "run_id" in (query or {}):
                raise _GoneError from error
            raise failures.of_call(error, self._api.label) from None
        except (OSError, ValueError) as error:
            raise failures.of_call(error, self._api.label) from None

    def close(self) -> None:
        self._closing.set()


class _GoneError(Exception):
    """The API knows no such run, any more or at all."""


def _life(run: Mapping[str, Any]) -> str:
    return str((run.get("state") or {}).get("life_cycle_state") or "")


def _result(run: Mapping[str, Any]) -> str:
    state = run.get("state") or {}
    return _text(state.get("result_state") or state.get("life_cycle_state"))


def _said(run: Mapping[str, Any]) -> str:
    details = (run.get("status") or {}).get("termination_details") or {}
    return _text((run.get("state") or {}).get("state_message")) or _text(details.get("message"))


def _text(value: object) -> str:
    """As the API has it, cut and without the colours of a notebook's trace; the screens make the rest safe."""
    return _ANSI.sub("", valid_unicode(str(value or ""))[: limits.MAX_ERROR_CHARS])


def _id(value: object) -> str | None:
    return None if value in (None, 0, "") else str(value)


def _instant(value: object) -> datetime | None:
    return EPOCH + timedelta(milliseconds=value) if isinstance(value, int) and value > 0 else None
