"""/metrics: what the background refresh found, as gauges with bounded labels, and the process's own figures.

Names from the warehouse (jobs, users, warehouses) are never labels: their number has no bound, and they are
strangers' text.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import polars as pl
from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector
from prometheus_client.metrics_core import GaugeMetricFamily, InfoMetricFamily, Metric
from prometheus_client.registry import Collector

from sysmon_tui import __version__
from sysmon_tui.alerts.rules import SEVERITIES
from sysmon_tui.datasets.asks import FAILED_RUN_STATES
from sysmon_tui.runtime import Tenant
from sysmon_tui.server import own
from sysmon_tui.server.warmth import Warmer, Warmth
from sysmon_tui.views.answer import STATES

_RUN_GROUPS = {
    "SUCCEEDED": "succeeded",
    **dict.fromkeys(FAILED_RUN_STATES, "failed"),
    "CANCELLED": "cancelled",
    "SKIPPED": "not_run",
    "BLOCKED": "not_run",
    "RUNNING": "running",
}
_QUERY_GROUPS = {"FINISHED": "finished", "FAILED": "failed", "CANCELED": "canceled"}
_AUDIT_GROUPS = {"success": "success", "failure": "failure", "failed_login": "failed_login"}

# dataset: (metric, what it counts, status to group)
_COUNTED = {
    "workflows": ("sysmon_runs", "Job runs of the last 24 hours by status group", _RUN_GROUPS),
    "queries": (
        "sysmon_queries",
        "Statements that ended in the last 24 hours by status group",
        _QUERY_GROUPS,
    ),
    "audit": ("sysmon_audit_events", "Audit events of the last 24 hours by outcome", _AUDIT_GROUPS),
}


def registry_for(warmer: Warmer) -> CollectorRegistry:
    registry = CollectorRegistry()
    registry.register(TenantCollector(warmer))
    ProcessCollector(registry=registry)
    PlatformCollector(registry=registry)
    GCCollector(registry=registry)
    return registry


class TenantCollector(Collector):
    """Made anew at each scrape: a tenant or a table that is gone leaves no old value behind."""

    def __init__(self, warmer: Warmer) -> None:
        self._warmer = warmer

    def describe(self) -> Iterator[Metric]:
        """Nothing: the registry need not collect to know the names."""
        return iter(())

    def collect(self) -> Iterator[Metric]:
        latest = dict(self._warmer.latest)
        yield InfoMetricFamily("sysmon_build", "The program's version", {"version": __version__})
        yield from _counts(latest)
        yield _failures(latest)
        yield _alerts(latest)
        yield from _tables(latest)
        yield _refreshed(latest)
        yield from _spent(latest)
        yield _notices(self._warmer.known_tenants())
        yield _up(latest)


def _counts(latest: dict[str, Warmth]) -> Iterator[Metric]:
    for dataset, (name, meaning, groups) in _COUNTED.items():
        gauge = GaugeMetricFamily(name, meaning, labels=("tenant", "status"))
        for tenant, warmth in latest.items():
            answer = warmth.counts.get(dataset)
            if answer is None or answer.state in ("denied", "failed"):
                continue  # an unknown count is absent, never zero
            sums = dict.fromkeys((*groups.values(), "other"), 0)
            for status, count in answer.frame.group_by("status").agg(pl.col("count").sum()).iter_rows():
                sums[groups.get(status, "other")] += count
            for group, count in sums.items():
                gauge.add_metric((tenant, group), count)
        yield gauge


def _failures(latest: dict[str, Warmth]) -> Metric:
    gauge = GaugeMetricFamily(
        "sysmon_failures", "Failures of the last 24 hours by dataset", labels=("tenant", "dataset")
    )
    for tenant, warmth in latest.items():
        for dataset, numbers in (warmth.health or {}).get("summary", {}).items():
            if numbers["failed"] is not None:
                gauge.add_metric((tenant, dataset), numbers["failed"])
    return gauge


def _alerts(latest: dict[str, Warmth]) -> Metric:
    gauge = GaugeMetricFamily("sysmon_alerts", "Alerts that are firing", labels=("tenant", "severity"))
    for tenant, warmth in latest.items():
        if warmth.health is None:
            continue
        by_severity = warmth.health["alerts"]["by_severity"]
        for severity in SEVERITIES:
            gauge.add_metric((tenant, severity), by_severity.get(severity, 0))
    return gauge


def _tables(latest: dict[str, Warmth]) -> Iterator[Metric]:
    lag = GaugeMetricFamily(
        "sysmon_table_lag_seconds",
        "Age of a system table's newest event when it was last read",
        labels=("tenant", "table"),
    )
    state = GaugeMetricFamily(
        "sysmon_table_state", "1 for the state that a system table is in", labels=("tenant", "table", "state")
    )
    for tenant, warmth in latest.items():
        for table, source in (warmth.health or {}).get("sources", {}).items():
            if source["lag_seconds"] is not None:
                lag.add_metric((tenant, table), source["lag_seconds"])
            for name in STATES:
                state.add_metric((tenant, table, name), float(source["state"] == name))
    yield lag
    yield state


def _refreshed(latest: dict[str, Warmth]) -> Metric:
    """When the figures above were read: refreshes come farther apart when nobody looks."""
    gauge = GaugeMetricFamily(
        "sysmon_refreshed_timestamp_seconds", "When the tenant was last read", labels=("tenant",)
    )
    for tenant, warmth in latest.items():
        if warmth.health is not None:
            gauge.add_metric((tenant,), datetime.fromisoformat(warmth.health["fetched_at"]).timestamp())
    return gauge


def _spent(latest: dict[str, Warmth]) -> Iterator[Metric]:
    """What the monitor's own statements have cost today (UTC); what is not known is absent."""
    labels = ("tenant", "panel")
    families = {
        "statements": GaugeMetricFamily("sysmon_own_statements_today", "Own statements today", labels=labels),
        "seconds": GaugeMetricFamily("sysmon_own_seconds_today", "Seconds they took", labels=labels),
        "rows": GaugeMetricFamily("sysmon_own_rows_today", "Rows they answered", labels=labels),
        "bytes": GaugeMetricFamily("sysmon_own_bytes_today", "Bytes they answered", labels=labels),
    }
    bills = {
        "awake_seconds": GaugeMetricFamily(
            "sysmon_own_awake_seconds_today",
            "Time that the SQL warehouse was up for them",
            labels=("tenant",),
        ),
        "dbu": GaugeMetricFamily(
            "sysmon_own_dbu_today", "DBU of that time, an estimate and a ceiling", labels=("tenant",)
        ),
        "usd": GaugeMetricFamily(
            "sysmon_own_usd_today", "Dollars of that time, at list price or as configured", labels=("tenant",)
        ),
    }
    for tenant, warmth in latest.items():
        today = warmth.spent.get("today", {})
        for panel, spent in today.get("by_panel", {}).items():
            for name, family in families.items():
                family.add_metric((tenant, panel), spent[name])
        for name, family in bills.items():
            if today.get(name) is not None:
                family.add_metric((tenant,), today[name])
    yield from families.values()
    yield from bills.values()


def _notices(tenants: list[tuple[Tenant, tuple[str, ...]]]) -> Metric:
    """Without tenants that notify nobody, and without what the store does not tell."""
    gauge = GaugeMetricFamily(
        "sysmon_notices", "Notices about alerts by their standing", labels=("tenant", "channel", "status")
    )
    for tenant, channels in tenants:
        for channel, standing in own.backlog(tenant, channels)["channels"].items() if channels else ():
            for status in own.STANDINGS:
                gauge.add_metric((tenant.name, channel, status), standing.get(status, 0))
    return gauge


def _up(latest: dict[str, Warmth]) -> Metric:
    gauge = GaugeMetricFamily("sysmon_tenant_up", "1 while the tenant can be asked", labels=("tenant",))
    for tenant, warmth in latest.items():
        gauge.add_metric((tenant,), float(warmth.health is not None))
    return gauge
