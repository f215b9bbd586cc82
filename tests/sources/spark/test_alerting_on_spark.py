"""AlertingService on a SparkSession: in a script, where a loop runs already, and where nothing else is configured."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from sysmon_tui.config import Config, TenantConfig
from sysmon_tui.errors import ConfigError
from sysmon_tui.services.alerting import AlertingService
from tests.estate import Estate, at
from tests.spark_engine import load, requires_spark, session

CLUSTER = ("DATABRICKS_RUNTIME_VERSION", "17.3")


@pytest.fixture(autouse=True)
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither the settings nor the files of whoever runs the tests."""
    for name in [name for name in os.environ if name.startswith(("DATABRICKS_", "SYSMON_"))]:
        monkeypatch.delenv(name)
    for name in ("HOME", "XDG_CONFIG_HOME", "SYSMON_STATE_DIR"):
        monkeypatch.setenv(name, str(tmp_path))


@pytest.fixture
def estate() -> Estate:
    """Six failed runs of a job within the hour, in Spark too."""
    estate = Estate(at("12:00"))
    estate.job("7", "journey_orchestrator", at("01:00"))
    for number in range(6):
        estate.slice(f"f{number}", at("11:00"), at(f"11:{10 + number}"), "FAILED")
    load(estate.connection)
    return estate


def fired(document: dict[str, Any]) -> set[str]:
    return {alert["rule"] for alert in document["alerts"] if alert["state"] == "firing"}


FAILURES = {"workflow.consecutive_failures", "workflow.failed_per_hour"}


@requires_spark
def test_a_session_is_all_that_it_needs(estate: Estate) -> None:
    """In a plain script: the rules on the tables of the session, as the tenant `default`."""
    with AlertingService(spark=session(), clock=estate.clock) as alerting:
        document = alerting.check_all_alerts()
    assert fired(document) == FAILURES
    assert document["tenant"] == "default"
    assert document["sources"]["job_run_timeline"]["state"] == "fresh"


@requires_spark
async def test_it_works_where_a_loop_runs(estate: Estate) -> None:
    """A notebook's loop is running while the statements are."""
    with AlertingService(spark=session(), clock=estate.clock) as alerting:
        assert fired(alerting.check_workflow_alerts()) == FAILURES


@requires_spark
def test_a_tenant_is_asked_on_the_session_with_its_own_settings(estate: Estate, tmp_path: Path) -> None:
    """The session stands in for the configured source; thresholds and names of tables are the tenant's."""
    file = tmp_path / "c.toml"
    file.write_text(
        '[tenants.prod]\nsource = "databricks"\nthresholds = { failed_workflows_per_hour = 7 }\n'
        'tables = { audit = "system.access.audit_of_old" }\n[tenants.other]\nsource = "demo"\n'
    )
    with AlertingService("prod", file, spark=session(), clock=estate.clock) as alerting:
        document = alerting.check_all_alerts()
    assert fired(document) == {"workflow.consecutive_failures"}
    assert document["sources"]["audit"]["state"] == "denied"
    assert "audit_of_old" in document["sources"]["audit"]["reason"]


@requires_spark
def test_a_config_that_is_made_in_python_gets_the_session_too(estate: Estate) -> None:
    """As a file does."""
    config = Config(tenants={"prod": TenantConfig(source="demo"), "other": TenantConfig(source="demo")})
    with AlertingService("prod", config, spark=session(), clock=estate.clock) as alerting:
        assert fired(alerting.check_workflow_alerts()) == FAILURES


@requires_spark
def test_on_a_cluster_the_active_session_stands_in(estate: Estate, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a Databricks runtime with nothing configured it is asked, not the demo, whoever is signed in."""
    session()
    monkeypatch.setenv(*CLUSTER)
    monkeypatch.setenv("DATABRICKS_HOST", "https://adb-1.azuredatabricks.net")
    with AlertingService(clock=estate.clock) as alerting:
        assert fired(alerting.check_workflow_alerts()) == FAILURES


@requires_spark
def test_elsewhere_a_session_is_nobodys_wish(estate: Estate) -> None:
    """A session that happens to be active outside a Databricks runtime is left alone: the demo answers."""
    session()
    with AlertingService(demo_rows=50_000) as alerting:
        assert alerting.check_workflow_alerts()["tenant"] == "demo_tenant"


def test_a_tenant_on_spark_needs_a_session(monkeypatch: pytest.MonkeyPatch) -> None:
    """Before anything runs, and it says where one comes from."""
    monkeypatch.setattr("sysmon_tui.sources.spark.session.active_session", lambda: None)
    with pytest.raises(ConfigError) as caught:
        AlertingService(config=Config(tenants={"job": TenantConfig(source="spark")}))
    assert caught.value.message.startswith("tenants.job.source: spark: There is no SparkSession")
    assert "spark=" in caught.value.hint


def test_what_is_no_session_is_refused() -> None:
    """Before anything runs."""
    with pytest.raises(ConfigError, match="expected a SparkSession"):
        AlertingService(spark="session")


def test_a_tenant_that_is_not_there_is_not_made_up(tmp_path: Path) -> None:
    """A misspelt name would lose its thresholds: refused, as without a session."""
    file = tmp_path / "c.toml"
    file.write_text('[tenants.prod]\nsource = "demo"\n')

    class NoSession:
        def sql(self, text: str) -> None:
            raise AssertionError(text)

    with pytest.raises(ConfigError, match="prod"):
        AlertingService("prd", file, spark=NoSession())
