"""The tenants that a configuration means without naming them, and what one takes from the environment."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sysmon_tui.config.layers import Layer, at
from sysmon_tui.config.model import Config
from sysmon_tui.errors import ConfigError

DEMO_TENANT = "demo_tenant"
_WAREHOUSE = "DATABRICKS_WAREHOUSE_ID"
# The origin of the demo tenant that stands in where nothing is configured.
UNCONFIGURED = "no tenant configured"
_DEMO = {"source": "demo", "environment": "demo"}
# Whoever sets one of these means a workspace.
_SIGN_IN = ("DATABRICKS_HOST", "DATABRICKS_CONFIG_PROFILE", "DATABRICKS_TOKEN", "DATABRICKS_CLIENT_ID")


def implied(tree: dict[str, Any], env: Mapping[str, str], *, demo: bool) -> list[Layer]:
    """What to lay over `tree`; with `demo` the configured tenants are taken out of it.

    Raises ConfigError where a workspace is set up and a warehouse is not: the demo there would deceive.
    """
    if demo:
        tree.pop("default_tenant", None)
        tree["tenants"] = {}
        return [Layer("--demo", {"tenants": {DEMO_TENANT: dict(_DEMO)}})]
    tenants = tree.get("tenants") or {}
    warehouse = env.get(_WAREHOUSE)
    origin = f"environment {_WAREHOUSE}"
    if not tenants and warehouse:
        tenant = {"source": "databricks", "warehouse_id": warehouse}
        return [Layer(origin, {"tenants": {"default": tenant}})]
    for variable in _SIGN_IN:
        if not tenants and env.get(variable):
            raise ConfigError(
                f"environment {variable}: is set, but no tenant is configured and no SQL warehouse is known.",
                f"Set {_WAREHOUSE}, or use --demo.",
            )
    if not tenants:
        return [Layer(UNCONFIGURED, {"tenants": {DEMO_TENANT: dict(_DEMO)}})]
    if not warehouse or not isinstance(tenants, dict):
        return []
    return [
        at(("tenants", name, "warehouse_id"), warehouse, origin)
        for name, tenant in tenants.items()
        if isinstance(tenant, dict) and tenant.get("source") == "databricks" and "warehouse_id" not in tenant
    ]


def check_credentials(config: Config, env: Mapping[str, str]) -> None:
    """A profile and the environment are not mixed: the SDK would send the token of one to the host of the other.

    Raises ConfigError that names the tenant and the variable.
    """
    for name, tenant in config.tenants.items():
        if tenant.source != "databricks" or tenant.profile is None:
            continue
        for variable in ("DATABRICKS_HOST", "DATABRICKS_TOKEN"):
            if env.get(variable):
                raise ConfigError(
                    f"tenants.{name}.profile: {variable} is set too, and the SDK would mix it with the profile.",
                    f"Unset {variable}, or take `profile` out.",
                )
