"""The app composes and routes; it computes nothing."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterable
from typing import TYPE_CHECKING, ClassVar

from textual.app import App, ComposeResult, SystemCommand
from textual.binding import BindingType
from textual.events import Event, InputEvent
from textual.screen import Screen
from textual.widgets import ContentSwitcher

from sysmon_tui.errors import SysmonError
from sysmon_tui.services import asking
from sysmon_tui.tui.actions import ACTIONS, TABS, bindings, footer
from sysmon_tui.tui.screens.alert import Jump
from sysmon_tui.tui.screens.detail import Detail
from sysmon_tui.tui.screens.help import HelpScreen
from sysmon_tui.tui.screens.tenant import TenantScreen
from sysmon_tui.tui.session import Session
from sysmon_tui.tui.tabs.alerts import AlertsTab
from sysmon_tui.tui.tabs.audit import AuditTab
from sysmon_tui.tui.tabs.base import Tab
from sysmon_tui.tui.tabs.health import HealthTab
from sysmon_tui.tui.tabs.list_tab import ListTab
from sysmon_tui.tui.tabs.queries import QueriesTab
from sysmon_tui.tui.tabs.warehouse import WarehouseTab
from sysmon_tui.tui.tabs.workflows import WorkflowsTab
from sysmon_tui.tui.widgets.lines import KeyLine, TabLine, TopLine

if TYPE_CHECKING:
    from sysmon_tui.runtime import Runtime

_TABS: dict[str, type[Tab]] = {
    "health": HealthTab,
    "workflows": WorkflowsTab,
    "queries": QueriesTab,
    "warehouse": WarehouseTab,
    "audit": AuditTab,
    "alerts": AlertsTab,
}
# What works on the rows of a tab, and so not over a detail view.
_OF_THE_TAB = frozenset(
    {"filter", "failed_only", "window", "sort", "reverse", "pause", "tenant", "acknowledge", "silence"}
)
# Ages are told in minutes; twice a minute keeps them right.
_AGES_S = 30.0
# How soon it is noticed that rows are due, and how often a warehouse that is starting is asked for them.
_LOOK_S = 5.0
_STARTING_S = 1.0


class SysmonApp(App[None]):
    """`row_limit` is the most rows that a table loads; `tenant` None takes the default one, or asks."""

    CSS_PATH = "app.tcss"
    BINDINGS: ClassVar[list[BindingType]] = bindings("app")
    VERTICAL_BREAKPOINTS = [(0, "-low"), (32, "-high")]  # noqa: RUF012 (Textual declares it so)

    def __init__(
        self, runtime: Runtime, *, tenant: str | None = None, row_limit: int, low_bandwidth: bool = False
    ) -> None:
        super().__init__()
        self.session = Session.start(runtime, tenant=tenant, row_limit=row_limit, low_bandwidth=low_bandwidth)
        self.animation_level = "none"
        self._tabs = {name: _TABS[name](self.session, name) for name, _ in TABS}
        self._top_line, self._tab_line = TopLine(self.session), TabLine()
        self._key_line = KeyLine(())
        self._open = TABS[0][0]

    def compose(self) -> ComposeResult:
        yield self._top_line
        yield self._tab_line
        with ContentSwitcher(initial=self._open):
            yield from self._tabs.values()
        yield self._key_line

    def on_mount(self) -> None:
        # No worker: those end, and are waited for.
        self._keeper = asyncio.create_task(self._keep_fresh())
        self._watch = asyncio.create_task(self._keep_watch())
        self.session.runtime.start_courier()
        self.set_interval(_AGES_S, self._tell_ages)
        # The first paint comes before anything is loaded or asked.
        self.call_after_refresh(self._start)

    def _start(self) -> None:
        self._show(self._open)
        if self.session.tenant is None:
            self.action_tenant()

    # Tabs

    @property
    def tab(self) -> Tab:
        return self._tabs[self._open]

    def _show(self, name: str) -> None:
        self._open = name
        self.screen_stack[0].query_one(ContentSwitcher).current = name
        self._tab_line.open(name)
        without = ("filter", "sort", "failed_only") if not isinstance(self.tab, ListTab) else ()
        if not self.tab.can_fail_only:
            without = (*without, "failed_only")
        self._key_line.show(footer(("table", "app"), without))
        if self.session.tenant is not None:
            self.tab.came_in_sight()

    @property
    def _over_a_detail(self) -> bool:
        return len(self.screen_stack) > 1

    def action_tab(self, name: str) -> None:
        while self._over_a_detail:
            self.pop_screen()
        self._show(name)

    def on_tab_line_chosen(self, event: TabLine.Chosen) -> None:
        self._show(event.name)

    def on_tab_followed(self, event: Tab.Followed) -> None:
        self._follow(event.jump)

    def on_tab_firing(self, event: Tab.Firing) -> None:
        self.tell_firing(event.count)

    def tell_firing(self, count: int) -> None:
        self._tab_line.note("alerts", f" {count} firing" if count else "")

    def _follow(self, jump: Jump) -> None:
        tab = self._tabs[jump.tab]
        tab.failed_only = tab.can_fail_only
        tab.filter(jump.containing)
        self._show(jump.tab)

    # Asking

    def on_unmount(self) -> None:
        self._keeper.cancel()
        self._watch.cancel()

    async def _keep_fresh(self) -> None:
        """By the program's clock, so that an hour of it can be watched in a minute."""
        while True:
            wait_s = _STARTING_S if self.tab.awaits_warehouse else min(_LOOK_S, self.session.refresh_s)
            await self.session.runtime.clock.sleep(wait_s)
            self._refresh_due()

    async def _keep_watch(self) -> None:
        """Where somebody is to be told of alerts, they are evaluated whatever is in sight, unless all is paused."""
        while self.session.runtime.tells_somebody:
            await self.session.runtime.clock.sleep(self.session.spacing_s)
            if self.session.tenant is None or self.session.paused:
                continue
            with contextlib.suppress(SysmonError):  # the tabs say it
                monitor = await self.session.monitor()
                with asking.refreshing():
                    answer = await monitor.alerts()
                self.tell_firing(answer.extra["total_alerts"])

    def _refresh_due(self) -> None:
        if self.session.paused or self._over_a_detail or self.session.tenant is None:
            return
        if self.tab.awaits_warehouse or self.tab.age_s >= self.session.spacing_s:
            self.tab.load(by_the_clock=True)

    async def on_event(self, event: Event) -> None:
        if isinstance(event, InputEvent) and self.session.look():
            self._top_line.update()
            self._refresh_due()
        await super().on_event(event)

    def _tell_ages(self) -> None:
        if not self.session.paused:
            self._top_line.update()
            self.tab.tell()

    def action_refresh(self) -> None:
        self.session.touch()
        self._top_line.update()
        if isinstance(self.screen, Detail):
            self.screen.load(fresh=True)
        elif self.session.tenant is not None:
            self.tab.load(fresh=True)

    def action_pause(self) -> None:
        self.session.pause()
        self._top_line.update()
        if self.session.paused:
            for tab in self._tabs.values():
                tab.stop()
            self.tab.tell()
        else:
            self.tab.came_in_sight()

    def action_window(self, step: int) -> None:
        if self.session.step_window(step):
            self._top_line.update()
            self.tab.load()

    def action_failed_only(self) -> None:
        if self.tab.can_fail_only:
            self.tab.failed_only = not self.tab.failed_only
            self.tab.load()

    # Rows

    def action_filter(self) -> None:
        if isinstance(self.tab, ListTab):
            self.tab.open_filter()

    def action_sort(self) -> None:
        if isinstance(self.tab, ListTab):
            self.tab.table.sort_by_next()

    def action_reverse(self) -> None:
        if isinstance(self.tab, ListTab):
            self.tab.table.reverse()

    def action_clear_filter(self) -> None:
        if isinstance(self.tab, ListTab):
            self.tab.clear_filter()

    # Alerts

    def action_acknowledge(self) -> None:
        if isinstance(self.tab, AlertsTab):
            self.tab.acknowledge()

    def action_silence(self) -> None:
        if isinstance(self.tab, AlertsTab):
            self.tab.silence()

    # Over the tabs

    def action_tenant(self) -> None:
        self.push_screen(TenantScreen(self.session), self._choose_tenant)

    def _choose_tenant(self, name: str | None) -> None:
        if name is None and self.session.tenant is None:
            self.tab.say_trouble("No tenant is chosen: t lists them.")
        if name is None or name == self.session.tenant:
            return
        self.session.tenant = name
        self._top_line.update()
        self._tab_line.note("alerts", "")
        for tab in self._tabs.values():
            tab.forget()
        self.tab.came_in_sight()

    def action_help(self) -> None:
        if not isinstance(self.screen, HelpScreen):
            self.push_screen(HelpScreen(self.session))

    async def action_quit(self) -> None:
        self.exit()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return not (action in _OF_THE_TAB and self._over_a_detail)

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        yield from super().get_system_commands(screen)
        for action in ACTIONS:
            if action.place == "app" and action.call != "quit":
                title = f"{action.help.split(':')[0].rstrip('.')}  ({action.shown})"
                yield SystemCommand(title, action.help, self._command(action.call))

    def _command(self, call: str) -> Callable[[], Awaitable[None]]:
        async def run() -> None:
            await self.run_action(call)

        return run
