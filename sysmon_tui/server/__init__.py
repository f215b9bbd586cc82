"""The headless mode: contract/http.md over one tenant's Monitor.

`create_app` is the ASGI application, `serve` runs it. One table of routes makes the router, the parameter
checks and the OpenAPI document.
"""

from __future__ import annotations

from sysmon_tui.server.app import create_app
from sysmon_tui.server.run import serve

__all__ = ["create_app", "serve"]
