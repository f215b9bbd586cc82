"""What a tenant's principal can see, examined step by step: connection, warehouse, tables, texts, result links, API.

A step that fails does not keep the others from being taken, unless they rest on it. Nothing is changed: reads alone,
and for what is missing the words that an admin needs.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from datetime import timedelta

from sysmon_tui.errors import SourceError
from sysmon_tui.services.asking import of_panel
from sysmon_tui.services.query import QueryService
from sysmon_tui.services.table_checks import read_tables, table_findings, text_finding
from sysmon_tui.services.warehouse_checks import called, links_finding, live_findings, warehouse_finding
from sysmon_tui.sources.inspection import Inspection, Metastore
from sysmon_tui.views.findings import CONNECTION, Finding, Report


async def examine(
    service: QueryService,
    *,
    source: str,
    stale_after: Mapping[str, timedelta],
    timeout_s: float,
    tell: Callable[[str], None],
) -> Report:
    """`source` is the kind of it; `tell` hears what is being waited for. Raises nothing for a source that is down."""
    examination = _Examination(service, source, stale_after, timeout_s, tell)
    with of_panel("doctor"):
        findings = await examination.findings()
    now = service.clock.now().replace(microsecond=0)
    return Report(service.tenant, source, now, examination.principal, tuple(findings))


class _Examination:
    def __init__(
        self,
        service: QueryService,
        source: str,
        stale_after: Mapping[str, timedelta],
        timeout_s: float,
        tell: Callable[[str], None],
    ) -> None:
        self._service = service
        self._source = source
        self._stale_after = stale_after
        self._timeout_s = timeout_s
        self._tell = tell
        self.principal: str | None = None

    async def findings(self) -> list[Finding]:
        try:
            inspection = await self._service.inspection()
            if inspection is None:
                return await self._tables(None)
            self.principal = await called(inspection.principal)
        except SourceError as error:
            return [_no_connection(error.sentence, denied=error.denied)]
        found = [self._connection(inspection)]
        warehouse, can_ask = await warehouse_finding(
            self._service, inspection, self.principal, self._timeout_s, self._tell
        )
        found.append(warehouse)
        if can_ask:
            tables, links = await asyncio.gather(
                self._tables(inspection), links_finding(inspection, self._timeout_s)
            )
            found += [*tables, links]
        else:
            said = "not looked at, because no statement can run; nor texts and result links."
            found.append(Finding("tables", "unknown", said))
        return found + await live_findings(self._service.live, is_absent=warehouse.word == "absent")

    def _connection(self, inspection: Inspection) -> Finding:
        who = "it does not tell who we are" if self.principal is None else f"we are {self.principal}"
        facts = {"url": inspection.url}
        return Finding(CONNECTION, "well", f"{inspection.url} answers; {who}.", facts=facts)

    async def _tables(self, inspection: Inspection | None) -> list[Finding]:
        readings = await read_tables(self._service)
        if readings.lost is not None:
            return [_no_connection(readings.lost.reason or "", denied=False)]
        metastore = None
        if inspection is not None and readings.refused_system_tables:
            try:
                metastore = await called(inspection.metastore)
            except SourceError as error:
                metastore = Metastore(None, None, error.message)
        found = []
        if metastore is not None and metastore.schemas is None:
            said = f"which of them are enabled can't be seen: {metastore.reason}"
            found.append(Finding("system schemas", "unknown", said, needed=False))
        found += table_findings(
            readings,
            self._stale_after,
            has_grants=self._source in ("databricks", "spark"),
            principal=self.principal,
            metastore=metastore,
        )
        return found if self._source == "demo" else [*found, await text_finding(self._service)]


def _no_connection(sentence: str, *, denied: bool) -> Finding:
    return Finding(CONNECTION, "denied" if denied else "missing", sentence)
