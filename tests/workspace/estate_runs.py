"""The demo estate's job runs in the shapes and the words of the Jobs API."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any, Final

from tests.workspace.engine import Engine
from tests.workspace.run_errors import error, error_trace, state_message

_RUNS: Final = Path(__file__).with_name("estate_runs.sql").read_text(encoding="utf-8")
_TASKS: Final = Path(__file__).with_name("estate_tasks.sql").read_text(encoding="utf-8")

# The tables' result_state -> (life_cycle_state, result_state).
_STATES: Final = {
    "SUCCEEDED": ("TERMINATED", "SUCCESS"),
    "FAILED": ("TERMINATED", "FAILED"),
    "TIMED_OUT": ("TERMINATED", "TIMEDOUT"),
    "CANCELLED": ("TERMINATED", "CANCELED"),
    "ERROR": ("INTERNAL_ERROR", "FAILED"),
    "SKIPPED": ("SKIPPED", None),
    "BLOCKED": ("SKIPPED", None),
}
_RESULTS: Final = {
    "SUCCESS_WITH_FAILURES": "SUCCESS_WITH_FAILURES",
    "MAX_CONCURRENT_RUNS_EXCEEDED": "MAXIMUM_CONCURRENT_RUNS_REACHED",
}
_TRIGGERS: Final = {"CRON": "PERIODIC", "ONETIME": "ONE_TIME", "ONETIME_RETRY": "RETRY"}


class EstateRuns:
    """Answers with nothing where the connection has no demo estate. `workspace_id` is the workspace that is asked."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def listed(self, workspace_id: str, *, active_only: bool) -> list[dict[str, Any]]:
        """Without their tasks, the latest first."""
        rows = self._look(_RUNS, workspace_id=workspace_id, run_id=None, active_only=active_only)
        return [_run(row, None) for row in rows]

    def run(self, workspace_id: str, run_id: int) -> dict[str, Any] | None:
        """A job run with its tasks."""
        rows = self._look(_RUNS, workspace_id=workspace_id, run_id=str(run_id), active_only=False)
        if not rows:
            return None
        tasks = self.tasks(workspace_id, run_id)
        failed = [task for task in tasks if task["state"].get("result_state") == "FAILED"]
        return {**_run(rows[0], failed[-1] if failed else None), "tasks": tasks}

    def tasks(self, workspace_id: str, run_id: int) -> list[dict[str, Any]]:
        """A repaired task is there once for each attempt."""
        attempts: Counter[str] = Counter()
        tasks = []
        for row in self._look(_TASKS, workspace_id=workspace_id, run_id=str(run_id)):
            key = row["task_key"]
            tasks.append({"task_key": key, "attempt_number": attempts[key], **_timed(row, _state(row))})
            attempts[key] += 1
        return tasks

    def output(self, workspace_id: str, run_id: int) -> dict[str, Any] | None:
        """Of a task run."""
        rows = self._look(_TASKS, workspace_id=workspace_id, run_id=str(run_id))
        row = next((row for row in rows if int(row["run_id"]) == run_id), None)
        if row is None:
            return None
        state = _state(row)
        metadata = {"job_id": int(row["job_id"]), "task_key": row["task_key"], **_timed(row, state)}
        if state.get("result_state") != "FAILED":
            return {"metadata": metadata, "notebook_output": {}}
        code = row["termination_code"]
        trace = error_trace(run_id, code, row["task_key"])
        output = {"metadata": metadata, "error": error(run_id, code)}
        return output if trace is None else {**output, "error_trace": trace}

    def _look(self, text: str, **parameters: Any) -> list[dict[str, Any]]:
        there = "SELECT 1 FROM duckdb_databases() WHERE database_name = 'demo_estate'"
        return self._engine.look(text, parameters) if self._engine.look(there, {}) else []


def _run(row: dict[str, Any], failed_task: dict[str, Any] | None) -> dict[str, Any]:
    state = _state(row)
    if failed_task is not None and state.get("result_state") == "FAILED":
        why = failed_task["state"]["state_message"].rstrip(".")
        state["state_message"] = f"Task {failed_task['task_key']} failed with message: {why}."
    run_id = int(row["run_id"])
    return {
        "job_id": int(row["job_id"]),
        "number_in_job": run_id,
        "original_attempt_run_id": run_id,
        "creator_user_name": row["creator_user_name"] or "",
        "run_name": row["run_name"] or "Untitled",
        "run_type": row["run_type"],
        "trigger": _TRIGGERS.get(row["trigger_type"], row["trigger_type"]),
        "format": "MULTI_TASK",
        "queue_duration": _ms(row, "queue_s"),
        "run_duration": 0 if row["is_active"] else row["end_ms"] - row["start_ms"],
        **_timed(row, state),
    }


def _timed(row: dict[str, Any], state: dict[str, Any]) -> dict[str, Any]:
    return {
        "run_id": int(row["run_id"]),
        "state": state,
        "status": _status(row, state["state_message"]),
        "start_time": row["start_ms"],
        "setup_duration": _ms(row, "setup_s"),
        "execution_duration": _ms(row, "execution_s"),
        "cleanup_duration": _ms(row, "cleanup_s"),
        "end_time": 0 if row["is_active"] else row["end_ms"],
    }


def _ms(row: dict[str, Any], name: str) -> int:
    return 0 if row["is_active"] else 1000 * int(row[name] or 0)


def _state(row: dict[str, Any]) -> dict[str, Any]:
    if row["is_active"]:
        return {"life_cycle_state": "RUNNING", "state_message": "", "user_cancelled_or_timedout": False}
    code = row["termination_code"]
    life, result = _STATES[row["result_state"]]
    result = _RESULTS.get(code, result)
    return {
        "life_cycle_state": life,
        **({"result_state": result} if result else {}),
        "state_message": state_message(code),
        "user_cancelled_or_timedout": result in ("CANCELED", "TIMEDOUT"),
    }


def _status(row: dict[str, Any], message: str) -> dict[str, Any]:
    if row["is_active"]:
        return {"state": "RUNNING"}
    code = row["termination_code"]
    # The tables have no type on their older rows; the service has always known it.
    kind = row["termination_type"] or ("SUCCESS" if code.startswith("SUCCESS") else "CLIENT_ERROR")
    return {
        "state": "TERMINATED",
        "termination_details": {"code": code, "type": kind, "message": message},
    }
