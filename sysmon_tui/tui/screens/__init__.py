"""What opens over the tabs: detail views, help, the choice of a tenant.

Each is imported when the first of it opens: the first paint needs none of them.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from sysmon_tui.tui.screens.alert import AlertScreen as AlertScreen
    from sysmon_tui.tui.screens.detail import Detail as Detail
    from sysmon_tui.tui.screens.export import ExportScreen as ExportScreen
    from sysmon_tui.tui.screens.help import HelpScreen as HelpScreen
    from sysmon_tui.tui.screens.query import QueryScreen as QueryScreen
    from sysmon_tui.tui.screens.run import RunScreen as RunScreen
    from sysmon_tui.tui.screens.save_filter import SaveFilterScreen as SaveFilterScreen
    from sysmon_tui.tui.screens.tenant import TenantScreen as TenantScreen
    from sysmon_tui.tui.screens.timeline import TimelineScreen as TimelineScreen

_MODULE_OF: Final = {
    "AlertScreen": "alert",
    "Detail": "detail",
    "ExportScreen": "export",
    "HelpScreen": "help",
    "QueryScreen": "query",
    "RunScreen": "run",
    "SaveFilterScreen": "save_filter",
    "TenantScreen": "tenant",
    "TimelineScreen": "timeline",
}


def __getattr__(name: str) -> object:
    if name not in _MODULE_OF:
        raise AttributeError(name)
    return getattr(import_module(f"{__name__}.{_MODULE_OF[name]}"), name)
