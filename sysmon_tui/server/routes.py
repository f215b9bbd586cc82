"""The one table of routes: the router, the parameter checks and the OpenAPI document are made from it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sysmon_tui.datasets.asks import DATASETS, check_named
from sysmon_tui.errors import RequestError
from sysmon_tui.server import handlers

Handler = Callable[[Request, Mapping[str, str]], Awaitable[Response]]


@dataclass(frozen=True)
class Endpoint:
    """`answer` names a schema of schemas.py, or is a media type where the answer is not JSON.

    `per_tenant` routes take X-Tenant-ID.
    """

    path: str
    summary: str
    handler: Handler
    answer: str
    dataset: str | None = None
    per_tenant: bool = True
    may_be_unready: bool = False

    @property
    def parameters(self) -> tuple[str, ...]:
        return DATASETS[self.dataset] if self.dataset is not None else ()

    def route(self) -> Route:
        async def endpoint(request: Request) -> Response:
            if request.scope["path"] != self.path:  # Starlette's `$` lets a line break at the end pass
                raise HTTPException(404)
            return await self.handler(request, single_parameters(request, self.parameters))

        return Route(self.path, endpoint, methods=["GET"], name=self.path)


def single_parameters(request: Request, known: tuple[str, ...]) -> dict[str, str]:
    """The query's parameters, each known, given once and not empty."""
    found: dict[str, str] = {}
    for name, value in request.query_params.multi_items():
        check_named("This route", name, value, known)
        if name in found:
            raise RequestError(f"{name} is given more than once.", parameter=name)
        found[name] = value
    return found


def _listing(path: str, dataset: str, answer: str, summary: str) -> Endpoint:
    return Endpoint(f"/api/monitoring/{path}", summary, handlers.dataset(dataset), answer, dataset)


ENDPOINTS: tuple[Endpoint, ...] = (
    Endpoint(
        "/api/monitoring/health",
        "Is anything wrong, and how old is that knowledge?",
        handlers.health,
        "Health",
    ),
    Endpoint(
        "/health/detailed",
        "Health, and how the monitor itself is doing",
        handlers.detailed_health,
        "DetailedHealth",
    ),
    _listing("workflows", "workflows", "Workflows", "Job runs, one row a run"),
    _listing("workflows/failed", "workflows/failed", "Workflows", "Runs that failed, by their end"),
    _listing("workflows/active", "workflows/active", "ActiveRuns", "Runs under way now, from the Jobs API"),
    _listing("queries", "queries", "Queries", "Statements that ended in the window"),
    _listing("queries/failed", "queries/failed", "Queries", "Statements that failed"),
    _listing("warehouse/metrics", "warehouses", "Warehouses", "Use of each SQL warehouse"),
    _listing("audit", "audit", "AuditEvents", "Audit events"),
    _listing("alerts", "alerts", "Alerts", "What is firing, pending or unknown now"),
    _listing(
        "alerts/workflows",
        "alerts/workflows",
        "Alerts",
        "Workflow alerts, resolved ones within the window too",
    ),
    _listing(
        "alerts/security", "alerts/security", "Alerts", "Security alerts, resolved ones within the window too"
    ),
    Endpoint("/livez", "Does the event loop run?", handlers.livez, "Liveness", per_tenant=False),
    Endpoint(
        "/readyz",
        "Has every tenant an answer, or a stated reason for none?",
        handlers.readyz,
        "Readiness",
        per_tenant=False,
        may_be_unready=True,
    ),
    Endpoint("/metrics", "Prometheus metrics", handlers.metrics, "text/plain", per_tenant=False),
    Endpoint("/openapi.json", "This document", handlers.openapi, "OpenApi", per_tenant=False),
)
