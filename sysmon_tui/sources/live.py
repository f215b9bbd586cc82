"""What a workspace's REST API knows that system tables can't know yet. Free of charge, and starts nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, runtime_checkable

import polars as pl

_INSTANT = pl.Datetime("us", "UTC")

ACTIVE_RUNS: dict[str, pl.DataType] = {
    "workspace_id": pl.String(),
    "job_id": pl.String(),
    "run_id": pl.String(),
    "workflow_name": pl.String(),
    "status": pl.String(),
    "start_time": _INSTANT,
    "url": pl.String(),
}


@dataclass(frozen=True)
class WarehouseNow:
    """A SQL warehouse as the API shows it. `auto_stop_s` 0 never stops; `kind` is serverless, pro or classic."""

    warehouse_id: str
    name: str
    state: str
    size: str
    kind: str
    auto_stop_s: float
    read_at: datetime

    @property
    def is_up(self) -> bool:
        """Whether a statement would wake nothing."""
        return self.state in ("RUNNING", "STARTING")


@dataclass(frozen=True)
class TaskFailure:
    """Why a task of a run failed, as the API tells it. Its texts are strangers'."""

    task_key: str
    run_id: str
    status: str
    message: str
    trace: str = ""


class Live(Protocol):
    """Blocking, from any thread. Every method raises SourceError alone."""

    def warehouse(self) -> WarehouseNow:
        """The warehouse that our statements run on."""

    def warehouses(self) -> list[WarehouseNow]:
        """All that we may see in the workspace."""

    def workspace_id(self) -> str | None:
        """The workspace that we are connected to; None where it does not say."""

    def active_runs(self) -> pl.DataFrame:
        """The job runs under way, newest first, in the columns of ACTIVE_RUNS."""

    def run_failures(self, run_id: str) -> list[TaskFailure]:
        """Per failed task of a job run, why. Empty where the run is not known any more (60 days)."""


@runtime_checkable
class TellsMany(Protocol):
    """A live lane that tells of many runs at once, and so of every one of a listing."""

    def failures_of(self, run_ids: Sequence[str]) -> dict[str, list[TaskFailure]]:
        """By run id, as `run_failures`; without those that have nothing to tell."""


@runtime_checkable
class HasLive(Protocol):
    """A source with an API beside its statements."""

    @property
    def live(self) -> Live: ...
