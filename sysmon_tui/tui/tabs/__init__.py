"""One file a tab, imported when it is put on the screen: the first paint needs the first alone."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from sysmon_tui.tui.tabs.alerts import AlertsTab as AlertsTab
    from sysmon_tui.tui.tabs.audit import AuditTab as AuditTab
    from sysmon_tui.tui.tabs.health import HealthTab as HealthTab
    from sysmon_tui.tui.tabs.list_tab import ListTab as ListTab
    from sysmon_tui.tui.tabs.queries import QueriesTab as QueriesTab
    from sysmon_tui.tui.tabs.warehouse import WarehouseTab as WarehouseTab
    from sysmon_tui.tui.tabs.workflows import WorkflowsTab as WorkflowsTab

_MODULE_OF: Final = {
    "AlertsTab": "alerts",
    "AuditTab": "audit",
    "HealthTab": "health",
    "ListTab": "list_tab",
    "QueriesTab": "queries",
    "WarehouseTab": "warehouse",
    "WorkflowsTab": "workflows",
}


def __getattr__(name: str) -> object:
    if name not in _MODULE_OF:
        raise AttributeError(name)
    return getattr(import_module(f"{__name__}.{_MODULE_OF[name]}"), name)
