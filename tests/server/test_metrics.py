"""/metrics: both formats, the numbers of health, labels that stay few."""

from __future__ import annotations

import httpx
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_text

from tests.server.rows import API

OPENMETRICS = "application/openmetrics-text; version=1.0.0"


def samples(client: httpx.Client) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in parse_text(client.get("/metrics").text)
        for sample in family.samples
    }


def of(name: str, **labels: str) -> tuple[str, tuple[tuple[str, str], ...]]:
    return name, tuple(sorted({"tenant": "demo_tenant", **labels}.items()))


def test_numbers_are_those_of_health(client: httpx.Client) -> None:
    """Runs, queries, failures, alerts, lags and states are what /api/monitoring/health says."""
    health, found = client.get(f"{API}/health").json(), samples(client)
    summary = health["summary"]
    for dataset, tally in summary.items():
        assert found[of("sysmon_failures", dataset=dataset)] == tally["failed"]
    for metric, dataset in (("sysmon_runs", "workflows"), ("sysmon_queries", "queries")):
        assert found[of(metric, status="failed")] == summary[dataset]["failed"]
        assert sum(value for (name, _), value in found.items() if name == metric) == summary[dataset]["total"]
        assert found[of(metric, status="other")] == 0
    audit = [value for (name, _), value in found.items() if name == "sysmon_audit_events"]
    assert sum(audit) == summary["audit"]["total"]
    for severity, count in health["alerts"]["by_severity"].items():
        assert found[of("sysmon_alerts", severity=severity)] == count
    for table, source in health["sources"].items():
        assert found[of("sysmon_table_lag_seconds", table=table)] == source["lag_seconds"]
        for state in ("fresh", "stale", "empty", "denied", "failed"):
            assert found[of("sysmon_table_state", table=table, state=state)] == (source["state"] == state)
    assert found[of("sysmon_tenant_up")] == 1


def test_process_figures_are_there(client: httpx.Client) -> None:
    """Memory, descriptors and CPU of the monitor itself."""
    found = {name for name, _ in samples(client)}
    assert {"process_resident_memory_bytes", "process_open_fds", "process_cpu_seconds_total"} <= found


def test_format_follows_accept(client: httpx.Client) -> None:
    """Text by default, OpenMetrics for those who ask, both as their parsers want them."""
    plain = client.get("/metrics")
    assert plain.headers["content-type"].startswith("text/plain; version=0.0.4")
    opened = client.get("/metrics", headers={"Accept": OPENMETRICS})
    assert opened.headers["content-type"].startswith("application/openmetrics-text; version=1.0.0")
    assert opened.text.endswith("# EOF\n")
    names = {family.name for family in parse_text(plain.text) if family.name.startswith("sysmon_")}
    opened_names = {family.name for family in parse_openmetrics(opened.text)}  # type: ignore[no-untyped-call]
    assert {name.removesuffix("_info") for name in names} <= opened_names


def test_labels_hold_no_strangers_text(client: httpx.Client) -> None:
    """Labels come from the configuration and from fixed words: a thousand jobs make no thousand series."""
    labels = {
        name for (metric, pairs) in samples(client) if metric.startswith("sysmon_") for name, _ in pairs
    }
    assert labels == {"tenant", "status", "dataset", "severity", "table", "state", "version", "panel"}


def test_scrape_runs_no_statement(client: httpx.Client) -> None:
    """However often it is scraped, the warehouse is not asked for it."""

    def statements() -> list[int]:
        sources = client.get("/health/detailed").json()["sources"].values()
        return [source["statements"] for source in sources]

    before = statements()
    for _ in range(5):
        client.get("/metrics")
    assert statements() == before
