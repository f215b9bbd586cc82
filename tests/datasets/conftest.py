"""The estate of a golden scenario, and the engine that answers for it.

A scenario is written once and runs on every engine: rows are added by hand, the expected answer is worked out beside
them, and `estate.monitor()` asks the engine of the moment. `live_estate` is for scenarios that add rows between two
questions of one monitor: Spark reads a copy that is made when the monitor is.

Where each trap of the reference is (T = trap):

    test_run_slices      T1 T2 T6 T14           test_queries         T7 T10 T12 T16 T18 T23 T24 T26
    test_run_repairs     T1 T2 T3 T15           test_query_texts     T17 T28
    test_run_windows     T4 T5 T26              test_query_windows   T16 T26
    test_run_names       T7 T8 T9 T10 T11       test_warehouses      T7 T10 T40 T41
    test_run_words       T12 T13                test_uptime          T26 T40 T44
    test_run_tasks       T1 T2 T3 T10 T12       test_busy_time       T16 T18 T23
    test_audit           T17 T19 T21 T22 T24    test_freshness       T2 T10 T26
                         T28 T45                test_workspaces      T10 T21
    test_logins          T19 T22 T23 T24        test_new_columns     T44
    test_times           T20 T27 T47             test_redaction      T10 T17

T46 is the fixture itself. T5 and T16 have a half that no table can show: what has no row yet.
Without data of their own: T25 T39 (screen), T29 to T38 (transport), T42 (no statement names the old schema),
T43 (denied tables). The tables of T7's job_tasks, T12's pipelines and T24's usage are not read.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager

import pytest

from sysmon_tui.sources.base import Source
from sysmon_tui.sources.databricks import DatabricksSource
from tests.estate import Estate, at
from tests.spark_engine import SPARK_MARKS, spark_source
from tests.workspace import Workspace

_Engine = Callable[[], tuple[Source, Mapping[str, str] | None]]


def _embedded(estate: Estate, _stack: ExitStack) -> _Engine:
    return lambda: (estate.source(), None)


def _warehouse(estate: Estate, stack: ExitStack) -> _Engine:
    workspace = stack.enter_context(Workspace(estate.connection, zone="Europe/Lisbon"))
    source = DatabricksSource(host=workspace.url, token=workspace.token, warehouse_id=workspace.warehouse_id)
    stack.callback(source.close)
    return lambda: (source, None)


def _spark(estate: Estate, stack: ExitStack) -> _Engine:
    copies: dict[int, tuple[Source, Mapping[str, str] | None]] = {}

    def engine() -> tuple[Source, Mapping[str, str] | None]:
        if estate.rows_added not in copies:
            copies[estate.rows_added] = spark_source(estate)
            stack.callback(copies[estate.rows_added][0].close)
        return copies[estate.rows_added]

    return engine


_ENGINES: dict[str, Callable[[Estate, ExitStack], _Engine]] = {
    "embedded": _embedded,
    "warehouse": _warehouse,
    "spark": _spark,
}
_LIVE = ("embedded", "warehouse")


@contextmanager
def _on(engine: str) -> Iterator[Estate]:
    estate = Estate(at("12:00"))
    with ExitStack() as stack:
        stack.callback(estate.connection.close)
        estate.engine = _ENGINES[engine](estate, stack)
        yield estate


@pytest.fixture(params=[*_LIVE, pytest.param("spark", marks=SPARK_MARKS)])
def estate(request: pytest.FixtureRequest) -> Iterator[Estate]:
    """An empty estate at 12:00 of the scenario's day, on each engine."""
    with _on(request.param) as estate:
        yield estate


@pytest.fixture(params=_LIVE)
def live_estate(request: pytest.FixtureRequest) -> Iterator[Estate]:
    """The same on the engines that see a row as soon as it is added."""
    with _on(request.param) as estate:
        yield estate


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment of whoever runs the tests must not sign in to a real workspace."""
    for name in [name for name in os.environ if name.startswith("DATABRICKS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("DATABRICKS_CONFIG_FILE", os.devnull)
