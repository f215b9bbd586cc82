"""AlertingService: the alert rules for scripts, notebooks and jobs. Synchronous, whatever loop the caller runs.

It evaluates in an event loop of its own on a daemon thread, so it works where a loop is already running.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import os
import threading
from collections.abc import Coroutine
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, TypeVar

from sysmon_tui.clock import Clock
from sysmon_tui.config import Config, Session, load
from sysmon_tui.config.model import FACT_TABLES
from sysmon_tui.errors import ConfigError, SourceError
from sysmon_tui.views.answer import Answer

if TYPE_CHECKING:
    from sysmon_tui.alerts.notify.notifier import Outcome
    from sysmon_tui.runtime import Runtime, Tells, Tenant

T = TypeVar("T")

# How soon Ctrl-C is heard while a statement runs.
_HEED_S = 0.25


class AlertingService:
    """The rules of one tenant, and its notification channels.

    `config` is a file like `--config`, or a Config. With `spark`, a SparkSession, the statements run on it, whatever
    source is configured for the tenant; in a Databricks runtime the active one stands in where nothing is. Raises
    ConfigError before anything runs when the configuration is wrong or the tenant does not exist. A table that can't
    be read raises nothing: it stands in `sources` with its reason and its rules come back `unknown`.

    Lives of alerts, silences and deliveries are kept in the state directory, shared with the app and `serve`; where
    that can't be written, alerts are answered all the same. Of alerts that were sent before and have ended since, the
    channels hear with the next check. `tells` is for whoever leaves the sending to the routes: see Runtime.
    """

    def __init__(
        self,
        tenant: str | None = None,
        config: str | Path | Config | None = None,
        *,
        spark: Any | None = None,
        clock: Clock | None = None,
        demo_rows: int | None = None,
        tells: Tells = "follow_ups",
    ) -> None:
        from sysmon_tui.runtime import Runtime  # noqa: PLC0415 (the runtime puts services together)

        session = _session(spark, tenant)
        # Invented alerts that nobody asked for must page nobody: a job whose variables got lost, for one.
        self._sends_nothing = False
        if not isinstance(config, Config):
            file = None if config is None else Path(config)
            loaded = load(file=file, env=os.environ, session=session)
            config, self._sends_nothing = loaded.config, loaded.nothing_configured
        elif spark is not None and session is not None:
            config = session.within(config)
        self._runtime = Runtime(
            config,
            clock=clock,
            demo_rows=demo_rows,
            spark=spark,
            tells="nobody" if self._sends_nothing else tells,
        )
        self._tenant = _chosen(self._runtime, tenant)
        if self._tenant.config.source == "spark":
            _check_session(self._tenant, spark)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True, name="sysmon-alerting")
        self._thread.start()
        self._closed = False
        self._tells = tells

    def check_all_alerts(self) -> dict[str, Any]:
        """What `/api/monitoring/alerts` answers, and `sources`: each table with its state and reason."""
        found = self._document(self._tenant.monitor.alerts(fresh=True))
        if self._tells == "follow_ups":
            self.deliver()
        return found

    def check_workflow_alerts(self, hours: float = 24) -> dict[str, Any]:
        """Open workflow alerts, and those that fired and resolved within `hours`."""
        return self._narrow("workflow", hours)

    def check_query_alerts(self, hours: float = 24) -> dict[str, Any]:
        return self._narrow("query", hours)

    def check_security_alerts(self, hours: float = 24) -> dict[str, Any]:
        return self._narrow("security", hours)

    def _narrow(self, category: str, hours: float) -> dict[str, Any]:
        return self._document(self._tenant.monitor.alerts(hours=hours, category=category, fresh=True))

    def _document(self, question: Coroutine[Any, Any, Answer]) -> dict[str, Any]:
        document = self._run(question).document(self._tenant.name)
        tables = self._tenant.monitor.service.tables
        used = [name for name in FACT_TABLES if tables.asked(name)]
        return {**document, "sources": {name: tables.source(name) for name in used}}

    def send_alert_notification(self, alert: dict[str, Any]) -> dict[str, Outcome]:
        """To the channels that the configuration routes the alert to: per channel `result` and `reason`.

        `result` is `sent`, `skipped` or `failed`. Once for each state of an alert, however often it is called; a
        failed delivery is kept and tried again with the next call. Raises nothing for a channel that is down.
        """
        if self._sends_nothing:
            reason = "No tenant is configured, and invented alerts are sent to nobody."
            return {
                name: {"result": "skipped", "reason": reason}
                for name in self._runtime.config.notifications.channels
            }
        notifier = self._tenant.notifier
        return {} if notifier is None else notifier.send(alert)

    def deliver(self) -> dict[str, list[Outcome]]:
        """Send what waits in the outbox and is due: per channel what came of each notice."""
        from sysmon_tui.alerts.store import StoreError  # noqa: PLC0415

        notifier = None if self._sends_nothing else self._tenant.notifier
        try:
            if notifier is None or not notifier.is_due():
                return {}
        except StoreError:
            return {}  # the answer has said so
        return notifier.deliver_due()

    def tell_alive(self) -> None:
        """Tell the dead man's switch of the configuration that an evaluation is done."""
        from sysmon_tui.services.courier import Courier  # noqa: PLC0415

        courier = Courier(dict, self._runtime.clock, self._runtime.config.notifications.heartbeat)
        courier.evaluated(self._tenant.name)
        courier.tell_alive(self._tenant.name)

    def _run(self, question: Coroutine[Any, Any, T]) -> T:
        if self._closed:
            question.close()
            raise RuntimeError("This AlertingService is closed.")
        answer = asyncio.run_coroutine_threadsafe(question, self._loop)
        try:
            # In slices: an untimed wait in the main thread does not hear Ctrl-C on every system.
            while not answer.done():
                concurrent.futures.wait([answer], timeout=_HEED_S)
            return answer.result()
        except BaseException:
            answer.cancel()
            raise

    def close(self) -> None:
        """Cancel what runs and end the thread. A second call is nothing to do."""
        if self._closed:
            return
        self._run(self._runtime.close())
        self._closed = True
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(timeout=5)
        if not self._thread.is_alive():
            self._loop.close()

    def __enter__(self) -> AlertingService:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _chosen(runtime: Runtime, tenant: str | None) -> Tenant:
    from sysmon_tui.errors import RequestError  # noqa: PLC0415

    try:
        return runtime.tenant(tenant)
    except RequestError as error:
        known = ", ".join(runtime.tenants) or "none"
        raise ConfigError(f"tenant: {error.message} Configured: {known}.") from error


def _session(spark: Any | None, tenant: str | None) -> Session | None:
    if spark is not None:
        if not callable(getattr(spark, "sql", None)):
            raise ConfigError("spark: expected a SparkSession.")
        return Session(given=True, tenant=tenant)
    if os.environ.get("DATABRICKS_RUNTIME_VERSION"):
        from sysmon_tui.sources.spark import active_session  # noqa: PLC0415 (only where Spark is at home)

        if active_session() is not None:
            return Session(given=False)
    return None


def _check_session(tenant: Tenant, spark: Any | None) -> None:
    from sysmon_tui.sources.spark import found_session  # noqa: PLC0415 (only for a tenant that wants it)

    try:
        found_session(spark)
    except SourceError as error:
        raise ConfigError(f"tenants.{tenant.name}.source: spark: {error.message}", error.hint) from error
