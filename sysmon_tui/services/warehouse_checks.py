"""The warehouse, the way of large answers and the live API, examined."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Final, TypeVar

from sysmon_tui.errors import SignInRefused, SourceError, StatementFailed, WarehouseMissing
from sysmon_tui.services import grants
from sysmon_tui.services.live import LiveLane
from sysmon_tui.services.query import QueryService
from sysmon_tui.sources.inspection import Inspection
from sysmon_tui.sources.live import WarehouseNow
from sysmon_tui.threads import in_daemon_thread
from sysmon_tui.views.findings import Finding

T = TypeVar("T")

_WAREHOUSE: Final = "SQL warehouse"
# A warehouse that is up takes a statement sooner.
_WORTH_TELLING_S: Final = 3.0

_log = logging.getLogger(__name__)


async def warehouse_finding(
    service: QueryService,
    inspection: Inspection,
    principal: str | None,
    timeout_s: float,
    tell: Callable[[str], None],
) -> tuple[Finding, bool]:
    """The finding, and whether statements can run."""
    told = await service.live.warehouse()
    seen = told.value if told.reason is None else None
    described, facts = _described(seen, inspection.warehouse_id)
    try:
        if service.pace.must_see(by_the_clock=False):
            service.pace.check_awake(seen)
        await _run_one(inspection, seen, timeout_s, tell)
    except WarehouseMissing as error:
        return Finding(_WAREHOUSE, "absent", error.message, error.hint, facts=facts), False
    except SignInRefused as error:
        calls = (grants.to_use(inspection.warehouse_id, principal),)
        found = Finding(_WAREHOUSE, "denied", error.message, error.hint, calls, facts=facts)
        return found, False
    except SourceError as error:
        said = f"{described}. {error.message}"
        return Finding(_WAREHOUSE, "unknown", said, error.hint, facts=facts), False
    return Finding(_WAREHOUSE, "well", f"{described}; statements run on it.", facts=facts), True


async def _run_one(
    inspection: Inspection, seen: WarehouseNow | None, timeout_s: float, tell: Callable[[str], None]
) -> None:
    running = asyncio.ensure_future(called(lambda: inspection.run_statement(timeout_s)))
    try:
        if seen is None or seen.state == "RUNNING":
            await asyncio.wait({running}, timeout=_WORTH_TELLING_S)
        if not running.done():
            state = "busy" if seen is None or seen.state == "RUNNING" else seen.state.lower()
            tell(
                f"The SQL warehouse {inspection.warehouse_id} is {state}; "
                f"it is waited for, {timeout_s:.0f} s at most."
            )
        await running
    finally:
        running.cancel()


def _described(seen: WarehouseNow | None, warehouse_id: str) -> tuple[str, dict[str, object]]:
    facts: dict[str, object] = {"warehouse_id": warehouse_id}
    if seen is None:
        return f"{warehouse_id}, of which no more can be seen", facts
    facts |= {
        "warehouse_name": seen.name,
        "size": seen.size,
        "kind": seen.kind,
        "state": seen.state,
        "auto_stop_seconds": seen.auto_stop_s,
    }
    stops = (
        f"stops after {seen.auto_stop_s / 60:.0f} min idle" if seen.auto_stop_s else "never stops by itself"
    )
    was = "running" if seen.state == "RUNNING" else f"was {seen.state.lower()}"
    return f"{seen.name} ({warehouse_id}), {seen.size} {seen.kind}, {was}, {stops}", facts


async def links_finding(inspection: Inspection, timeout_s: float) -> Finding:
    """Whether answers that are too large to come inline reach us."""
    name = "result links"
    try:
        links = await called(lambda: inspection.result_links(timeout_s))
    except SourceError as error:
        return Finding(name, "unknown", error.message, error.hint, needed=False)
    facts = {"host": links.host}
    if links.reachable:
        where = "the storage" if links.host is None else links.host
        said = f"large answers come from {where}, and it can be reached."
        return Finding(name, "well", said, needed=False, facts=facts)
    if links.host is None:
        return Finding(
            name,
            "missing",
            "external links are switched off in this workspace: answers over 25 MiB can't be read.",
            "Databricks support switches them on.",
            needed=False,
            facts=facts,
        )
    return Finding(
        name,
        "missing",
        f"the storage {links.host} can't be reached from here: answers over 25 MiB can't be read.",
        f"Let the firewall or the proxy pass {links.host} on port 443.",
        needed=False,
        facts=facts,
    )


async def live_findings(lane: LiveLane, *, is_absent: bool) -> list[Finding]:
    """What the API tells beside the tables; a warehouse that `is_absent` has nothing to show."""
    if not lane.enabled:
        return []
    runs = await lane.active_runs()
    if runs.value is None:
        told = Finding(
            "active runs",
            "missing",
            runs.reason or "",
            "Grant CAN VIEW on the jobs; without it runs are seen when the tables have them.",
            needed=False,
        )
    else:
        said = f"{runs.value.height} can be seen now, of the jobs that we may view."
        told = Finding("active runs", "well", said, needed=False)
    warehouse = await lane.warehouse()
    if warehouse.value is not None or is_absent:
        return [told]
    state = Finding(
        "warehouse state",
        "missing",
        warehouse.reason or "",
        "Grant CAN VIEW on the SQL warehouse; without it its state and cost are guessed.",
        needed=False,
    )
    return [told, state]


async def called(ask: Callable[[], T]) -> T:
    """Raises SourceError alone: what nobody foresaw ends this step, not the examination."""
    try:
        return await in_daemon_thread(ask)
    except SourceError:
        raise
    except Exception as error:
        _log.exception("a step of the examination failed in an unforeseen way")
        raise StatementFailed(f"This could not be found out ({type(error).__name__}).") from error
