"""Where a SparkSession comes among the sources that a configuration means."""

from __future__ import annotations

from pathlib import Path

import pytest

from sysmon_tui.config import Config, Session, TenantConfig
from tests.configuring import TENANTS, loaded, message

GIVEN, ACTIVE = Session(given=True), Session(given=False)
WAREHOUSE = {"DATABRICKS_WAREHOUSE_ID": "abc"}
SIGN_IN = {"DATABRICKS_HOST": "https://adb-1.azuredatabricks.net"}
TWO = TENANTS + '[tenants.dev]\nsource = "demo"\n'


@pytest.mark.parametrize(
    ("text", "env", "session", "default", "sources"),
    [
        ("", {}, GIVEN, "default", {"default": "spark"}),
        ("", {}, ACTIVE, "default", {"default": "spark"}),
        ("", SIGN_IN, GIVEN, "default", {"default": "spark"}),
        ("", SIGN_IN, ACTIVE, "default", {"default": "spark"}),
        ("", WAREHOUSE, GIVEN, "default", {"default": "spark"}),
        ("", WAREHOUSE, ACTIVE, "default", {"default": "databricks"}),
        ("", {}, Session(given=True, tenant="a.b"), "a.b", {"a.b": "spark"}),
        (TENANTS, {}, GIVEN, "prod", {"prod": "spark"}),
        (TENANTS, {}, ACTIVE, "prod", {"prod": "databricks"}),
        (TWO, {}, GIVEN, "default", {"prod": "databricks", "dev": "demo", "default": "spark"}),
        (TWO, {}, Session(given=True, tenant="dev"), None, {"prod": "databricks", "dev": "spark"}),
        (TWO, {}, Session(given=True, tenant="dve"), None, {"prod": "databricks", "dev": "demo"}),
        ('default_tenant = "dev"\n' + TWO, {}, GIVEN, "dev", {"prod": "databricks", "dev": "spark"}),
    ],
)
def test_a_session_and_the_other_sources(
    tmp_path: Path,
    *,
    text: str,
    env: dict[str, str],
    session: Session,
    default: str | None,
    sources: dict[str, str],
) -> None:
    """One that is given comes first, for the tenant that is meant; an active one stands in where nothing is."""
    config = loaded(tmp_path, text, env, session=session).config
    assert {name: tenant.source for name, tenant in config.tenants.items()} == sources
    assert config.default_tenant == default


@pytest.mark.parametrize("tenant", [None, "dev", "dve"])
def test_a_config_in_python_means_the_same_as_a_file(tmp_path: Path, tenant: str | None) -> None:
    """The session is laid over either."""
    session = Session(given=True, tenant=tenant)
    before = loaded(tmp_path, TWO).config
    assert session.within(before) == loaded(tmp_path, TWO, session=session).config
    assert session.within(Config()).tenants == {tenant or "default": TenantConfig(source="spark")}


def test_the_rest_of_a_tenant_stays(tmp_path: Path) -> None:
    """Only the source changes; a warehouse that is missing there is not missed."""
    text = '[tenants.prod]\nsource = "databricks"\nenvironment = "production"\n'
    assert loaded(tmp_path, text, session=GIVEN).config.tenants == {
        "prod": TenantConfig(source="spark", environment="production")
    }
    assert "warehouse_id: is missing" in message(tmp_path, text, session=ACTIVE)


@pytest.mark.parametrize(
    ("session", "origin"), [(GIVEN, "SparkSession given"), (ACTIVE, "active SparkSession")]
)
def test_the_origin_is_the_session(tmp_path: Path, session: Session, origin: str) -> None:
    """What was not written anywhere does not claim to have been; nothing is called unconfigured."""
    found = loaded(tmp_path, session=session)
    assert found.origins["tenants.default.source"] == origin
    assert not found.nothing_configured
