"""The terminal app. `run_app` is its whole face; nothing of Textual is imported before it is called."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from pathlib import Path
from typing import TYPE_CHECKING

from sysmon_tui import paths

if TYPE_CHECKING:
    from sysmon_tui.runtime import Runtime

# A dropped link or a stop ends the app as `q` does: statements cancelled, terminal restored.
_ENDING_SIGNALS = ("SIGTERM", "SIGHUP")


def run_app(runtime: Runtime, *, tenant: str | None, row_limit: int, demo: bool, low_bandwidth: bool) -> int:
    """Run until the user quits; 0, or 1 when the app broke down. `row_limit` is the most rows that a table loads.

    `demo` opens the demo tenant whatever the default is; `low_bandwidth` leaves out charts and the mouse.
    """
    return asyncio.run(_run(runtime, _demo_tenant(runtime) if demo else tenant, row_limit, low_bandwidth))


def _demo_tenant(runtime: Runtime) -> str | None:
    return next((name for name, tenant in runtime.config.tenants.items() if tenant.source == "demo"), None)


def _state_dir() -> Path | None:
    """None where there can be none: the app works as well, it only remembers nothing."""
    with contextlib.suppress(OSError):
        return paths.state_dir()
    return None


async def _run(runtime: Runtime, tenant: str | None, row_limit: int, low_bandwidth: bool) -> int:
    from sysmon_tui.tui.app import SysmonApp  # noqa: PLC0415 (Textual, only for the app)
    from sysmon_tui.tui.faces import face_of, started_with  # noqa: PLC0415 (the same)

    app = SysmonApp(
        runtime,
        tenant=tenant,
        row_limit=row_limit,
        low_bandwidth=low_bandwidth,
        face=face_of(started_with(), runtime.config.screen.glyphs),
        state_dir=_state_dir(),
    )
    loop = asyncio.get_running_loop()
    for name in _ENDING_SIGNALS:
        with contextlib.suppress(AttributeError, NotImplementedError):  # not on every system
            loop.add_signal_handler(getattr(signal, name), app.exit)
    try:
        await app.run_async(mouse=not low_bandwidth)
    finally:
        await runtime.close()
    return app.return_code or 0
