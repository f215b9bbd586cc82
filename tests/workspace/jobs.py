"""The Jobs API's view of runs: the list, a run, the output of a task run.

A test says what there is with `active_runs`, `runs` and `outputs`; the demo estate answers for the rest.
"""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING, Any

from tests.workspace.routing import Refusal, Request, Route

if TYPE_CHECKING:
    from tests.workspace.workspace import Workspace

_PATH = "/api/2.2/jobs/runs"
_MOST = 24


def _list(workspace: Workspace, request: Request) -> dict[str, Any]:
    """The latest start first. An empty list has no field `runs`, as the service leaves out what is empty."""
    limit = request.integer("limit", 20)
    if not 1 <= limit <= _MOST:
        raise Refusal(
            400, "INVALID_PARAMETER_VALUE", f"Invalid limit {limit} - it has to be between 1 and {_MOST}."
        )
    active_only, completed_only = request.flag("active_only"), request.flag("completed_only")
    if active_only and completed_only:
        raise Refusal(400, "INVALID_PARAMETER_VALUE", "active_only and completed_only cannot both be true.")
    found = sorted(_listable(workspace, active_only=active_only), key=_place, reverse=True)
    if completed_only:
        found = [run for run in found if not _is_active(run)]
    token = request.asked("page_token")
    if token:
        after = _read_token(token)
        found = [run for run in found if _place(run) < after]
    page = found[:limit]
    answer: dict[str, Any] = {"has_more": len(found) > limit}
    if page:
        answer["runs"] = [_as_listed(workspace, run, tasks=request.flag("expand_tasks")) for run in page]
    if len(found) > limit:
        answer["next_page_token"] = _token(page[-1])
    return answer


def _listable(workspace: Workspace, *, active_only: bool) -> list[dict[str, Any]]:
    """The runs of a test and of the estate; a test's are in place of the estate's with the same id."""
    runs = {
        run["run_id"]: run for run in workspace.estate_runs.listed(workspace.org_id, active_only=active_only)
    }
    runs |= {run_id: run for run_id, run in workspace.runs.items() if not active_only or _is_active(run)}
    runs |= {run["run_id"]: run for run in workspace.active_runs}
    return list(runs.values())


def _is_active(run: dict[str, Any]) -> bool:
    ended = ("TERMINATED", "SKIPPED", "INTERNAL_ERROR")
    return run.get("state", {}).get("life_cycle_state") not in ended


def _place(run: dict[str, Any]) -> tuple[int, int]:
    return run.get("start_time", 0), run["run_id"]


def _as_listed(workspace: Workspace, run: dict[str, Any], *, tasks: bool) -> dict[str, Any]:
    """The list has the tasks of a run only where they are asked for."""
    listed = {name: value for name, value in _linked(workspace, run).items() if name != "tasks"}
    if tasks:
        known = run.get("tasks")
        listed["tasks"] = (
            workspace.estate_runs.tasks(workspace.org_id, run["run_id"]) if known is None else known
        )
    return listed


def _token(run: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode("{}:{}".format(*_place(run)).encode()).decode()


def _read_token(token: str) -> tuple[int, int]:
    try:
        start_ms, run_id = base64.urlsafe_b64decode(token).decode().split(":")
        return int(start_ms), int(run_id)
    except (binascii.Error, ValueError):
        raise Refusal(400, "INVALID_PARAMETER_VALUE", f"Invalid page token {token}.") from None


def _linked(workspace: Workspace, run: dict[str, Any]) -> dict[str, Any]:
    page = f"{workspace.url}/?o={workspace.org_id}#job/{run.get('job_id', 0)}/run/{run['run_id']}"
    return {"run_page_url": page, **run}


def _get(workspace: Workspace, request: Request) -> dict[str, Any]:
    run_id = request.integer("run_id")
    run = _given(workspace, run_id) or workspace.estate_runs.run(workspace.org_id, run_id)
    if run is None:
        raise _unknown(run_id)
    return _linked(workspace, run)


def _given(workspace: Workspace, run_id: int) -> dict[str, Any] | None:
    """What a test has said of a run."""
    active = next((run for run in workspace.active_runs if run["run_id"] == run_id), None)
    return workspace.runs.get(run_id) or active


def _unknown(run_id: int) -> Refusal:
    return Refusal(400, "INVALID_PARAMETER_VALUE", f"Run {run_id} does not exist.")


def _output(workspace: Workspace, request: Request) -> dict[str, Any]:
    """A job run that has tasks has no output of its own, not even when it has one task."""
    run_id = request.integer("run_id")
    if run_id in workspace.outputs:
        return workspace.outputs[run_id]
    run = _given(workspace, run_id) or workspace.estate_runs.run(workspace.org_id, run_id)
    if run is not None and run.get("tasks"):
        raise Refusal(
            400,
            "INVALID_PARAMETER_VALUE",
            "Retrieving the output of runs with multiple tasks is not supported. Please retrieve the output of each "
            "individual task run instead.",
        )
    if run is not None:
        return {"metadata": _linked(workspace, run), "notebook_output": {}}
    task = _given_task(workspace, run_id)
    if task is not None:
        return {"metadata": task, "notebook_output": {}}
    output = workspace.estate_runs.output(workspace.org_id, run_id)
    if output is None:
        raise _unknown(run_id)
    return output


def _given_task(workspace: Workspace, run_id: int) -> dict[str, Any] | None:
    runs = [*workspace.runs.values(), *workspace.active_runs]
    return next((task for run in runs for task in run.get("tasks", ()) if task["run_id"] == run_id), None)


ROUTES = (
    Route("GET", f"{_PATH}/list", _list),
    Route("GET", f"{_PATH}/get", _get),
    Route("GET", f"{_PATH}/get-output", _output),
)
