"""The copy of warehouse events, with what each warehouse was when the window began, and of the warehouses."""

from __future__ import annotations

from sysmon_tui import limits
from sysmon_tui.datasets import catalogue
from sysmon_tui.services.mirror.copy import HOUR_US, OVERLAP_US, Asker, Copy, bounded
from sysmon_tui.sources.embedded import CATALOG
from sysmon_tui.sources.transaction import transaction
from sysmon_tui.threads import together


class EventsCopy(Copy):
    """Of each warehouse the events of the window, and those before it that say what it was when the window began."""

    answers = (catalogue.WAREHOUSE_METRICS, catalogue.WAREHOUSE_EVENT_COUNTS, catalogue.FAILED_STARTS)
    _views = f"""
        CREATE SCHEMA {CATALOG}.compute;
        CREATE VIEW {CATALOG}.compute.warehouse_events AS
            FROM {CATALOG}.main.settled UNION ALL BY NAME FROM {CATALOG}.main.news;
        CREATE VIEW {CATALOG}.compute.warehouses AS
            FROM {CATALOG}.main.warehouses UNION ALL BY NAME FROM {CATALOG}.main.changed_warehouses;
    """

    def _read_whole(self, ask: Asker) -> None:
        events, warehouses = together(
            lambda: bounded(
                ask,
                catalogue.CARRIED_EVENTS,
                {
                    "scan_start_us": self.start_us - int(limits.WAREHOUSE_LOOKBACK_HOURS * HOUR_US),
                    "since_us": self.start_us,
                    "window_end_us": self.whole_us,
                },
            ),
            lambda: bounded(ask, catalogue.CHANGED_WAREHOUSES, {"since_us": 0}),
        )
        self._put_split(events, "event_time")
        self._put("warehouses", warehouses)
        self._put("changed_warehouses", warehouses.clear())

    def _read_news(self, ask: Asker, end_us: int) -> None:
        news = bounded(
            ask,
            catalogue.CARRIED_EVENTS,
            {
                "scan_start_us": self._news_since_us,
                "since_us": self._news_since_us,
                "window_end_us": end_us,
            },
        )
        changed = bounded(ask, catalogue.CHANGED_WAREHOUSES, {"since_us": self.whole_us - OVERLAP_US})
        with transaction(self._connection):
            self._put("news", news)
            self._put("changed_warehouses", changed)
