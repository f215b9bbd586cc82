"""The ASGI application: the route table, the guard before it, the background refresh beside it."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware

from sysmon_tui.errors import RequestError, SysmonError
from sysmon_tui.runtime import Runtime
from sysmon_tui.server import metrics, openapi, problems
from sysmon_tui.server.guard import Guard
from sysmon_tui.server.routes import ENDPOINTS
from sysmon_tui.server.warmth import Warmer


def create_app(runtime: Runtime) -> Starlette:
    """The application over `runtime`, which stays its maker's to close."""
    warmer = Warmer(runtime)

    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        warmer.start()
        runtime.start_courier()
        try:
            yield
        finally:
            await warmer.stop()

    app = Starlette(
        routes=[endpoint.route() for endpoint in ENDPOINTS],
        middleware=[Middleware(Guard)],
        exception_handlers={
            HTTPException: problems.on_router_error,
            RequestError: problems.on_request_error,
            SysmonError: problems.on_own_error,
        },
        lifespan=lifespan,
    )
    # A redirect to the path with or without its slash would send the client's own text back to it.
    app.router.redirect_slashes = False
    app.state.runtime = runtime
    app.state.warmer = warmer
    app.state.registry = metrics.registry_for(warmer)
    app.state.openapi = openapi.document()
    return app
