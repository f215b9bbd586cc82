"""The tenants that a configuration means without naming them, and what one takes from the environment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from sysmon_tui.config.layers import Layer, at
from sysmon_tui.config.model import Config, TenantConfig
from sysmon_tui.errors import ConfigError

DEMO_TENANT = "demo_tenant"
_WAREHOUSE = "DATABRICKS_WAREHOUSE_ID"
# The origin of the demo tenant that stands in where nothing is configured.
UNCONFIGURED = "no tenant configured"
_DEMO = {"source": "demo", "environment": "demo"}
# Whoever sets one of these means a workspace.
_SIGN_IN = ("DATABRICKS_HOST", "DATABRICKS_CONFIG_PROFILE", "DATABRICKS_TOKEN", "DATABRICKS_CLIENT_ID")

# The tenant that is meant where nothing but a warehouse or a session is known.
_ONLY_TENANT = "default"


@dataclass(frozen=True)
class Session:
    """A SparkSession that statements can run on. One that was `given`, for `tenant` or the default one, comes before
    a configured source; another one only stands in where nothing is configured."""

    given: bool
    tenant: str | None = None

    def _name(self, default: object, tenants: Mapping[str, object]) -> str | None:
        """The tenant that runs on it; None where one is named that is not among those configured."""
        if self.tenant is not None:
            return self.tenant if not tenants or self.tenant in tenants else None
        if isinstance(default, str):
            return default
        return next(iter(tenants)) if len(tenants) == 1 else _ONLY_TENANT

    def over(self, tree: dict[str, Any]) -> Layer:
        """What it says of a configuration that is not checked yet."""
        tenants = tree.get("tenants")
        name = self._name(tree.get("default_tenant"), tenants if isinstance(tenants, dict) else {})
        says: dict[str, Any] = {} if name is None else {"tenants": {name: {"source": "spark"}}}
        if self.tenant is None:
            says["default_tenant"] = name
        return Layer("SparkSession given" if self.given else "active SparkSession", says)

    def within(self, config: Config) -> Config:
        """The same of one that is."""
        name = self._name(config.default_tenant, config.tenants)
        if name is None:
            return config
        tenant = config.tenants.get(name, TenantConfig(source="spark"))
        return msgspec.structs.replace(
            config,
            default_tenant=name if self.tenant is None else config.default_tenant,
            tenants={**config.tenants, name: msgspec.structs.replace(tenant, source="spark")},
        )


def implied(
    tree: dict[str, Any], env: Mapping[str, str], *, demo: bool, session: Session | None = None
) -> list[Layer]:
    """What to lay over `tree`; with `demo` the configured tenants are taken out of it.

    Raises ConfigError where a workspace is set up and a warehouse is not: the demo there would deceive.
    """
    if demo:
        tree.pop("default_tenant", None)
        tree["tenants"] = {}
        return [Layer("--demo", {"tenants": {DEMO_TENANT: dict(_DEMO)}})]
    tenants = tree.get("tenants") or {}
    warehouse = env.get(_WAREHOUSE)
    if session is not None and (session.given or not (tenants or warehouse)):
        return [session.over(tree), *(_warehouses(tenants, warehouse) if tenants else [])]
    origin = f"environment {_WAREHOUSE}"
    if not tenants and warehouse:
        tenant = {"source": "databricks", "warehouse_id": warehouse}
        return [Layer(origin, {"tenants": {_ONLY_TENANT: tenant}})]
    for variable in _SIGN_IN:
        if not tenants and env.get(variable):
            raise ConfigError(
                f"environment {variable}: is set, but no tenant is configured and no SQL warehouse is known.",
                f"Set {_WAREHOUSE}, or use --demo.",
            )
    if not tenants:
        return [Layer(UNCONFIGURED, {"tenants": {DEMO_TENANT: dict(_DEMO)}})]
    return _warehouses(tenants, warehouse)


def _warehouses(tenants: object, warehouse: str | None) -> list[Layer]:
    """The warehouse of the environment, for those that name none."""
    if not warehouse or not isinstance(tenants, dict):
        return []
    return [
        at(("tenants", name, "warehouse_id"), warehouse, f"environment {_WAREHOUSE}")
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
