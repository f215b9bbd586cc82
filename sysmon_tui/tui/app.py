"""The app composes and routes; it computes nothing."""

from __future__ import annotations

import asyncio
import contextlib
import os
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, cast

from rich.text import Text
from textual.app import ComposeResult
from textual.await_complete import AwaitComplete
from textual.binding import BindingType
from textual.command import CommandPalette
from textual.events import Event, InputEvent
from textual.widgets import ContentSwitcher

from sysmon_tui.config.check import nearest
from sysmon_tui.config.screen import FilterTab
from sysmon_tui.errors import SysmonError
from sysmon_tui.services import asking
from sysmon_tui.text import many_lines, one_line
from sysmon_tui.tui import keymap, screens, tabs
from sysmon_tui.tui.actions import TABS, bindings, footer
from sysmon_tui.tui.faces import Face, line_filters
from sysmon_tui.tui.going_on import GoingOn
from sysmon_tui.tui.jumps import Jump
from sysmon_tui.tui.palette import Commands, LoadedRows
from sysmon_tui.tui.picture import upright
from sysmon_tui.tui.row_actions import RowActions
from sysmon_tui.tui.session import Session
from sysmon_tui.tui.tabs.base import Tab
from sysmon_tui.tui.themes import THEMES, VARIABLES, ansi_color, for_terminal
from sysmon_tui.tui.widgets.lines import KeyLine, TabLine, TopLine

if TYPE_CHECKING:
    from sysmon_tui.runtime import Runtime

# What works on the rows of a tab, and so not over a detail view.
_OF_THE_TAB = frozenset(
    {
        "acknowledge",
        "breakdown",
        "clear_filter",
        "failed_only",
        "filter",
        "interval",
        "pause",
        "reverse",
        "save_filter",
        "silence",
        "sort",
        "tenant",
        "window",
    }
)
# Ages are told in minutes; twice a minute keeps them right.
_AGES_S = 30.0
# How soon it is noticed that rows are due, and how often a warehouse that is starting is asked for them.
_LOOK_S = 5.0
_STARTING_S = 1.0


class SysmonApp(RowActions):
    """`row_limit` is the most rows that a table loads; `tenant` None takes the default one, or asks."""

    CSS_PATH = "app.tcss"
    BINDINGS: ClassVar[list[BindingType]] = bindings("app")
    COMMANDS = {Commands, LoadedRows}  # noqa: RUF012 (Textual declares it so)
    ENABLE_COMMAND_PALETTE = True
    VERTICAL_BREAKPOINTS = [(0, "-tiny"), (12, "-low"), (32, "-high")]  # noqa: RUF012 (Textual declares it so)

    def __init__(
        self,
        runtime: Runtime,
        *,
        tenant: str | None = None,
        row_limit: int,
        low_bandwidth: bool = False,
        face: Face = "blocks",
        state_dir: Path | None = None,
    ) -> None:
        super().__init__(ansi_color=ansi_color(os.environ))
        self.session = Session.start(runtime, tenant=tenant, row_limit=row_limit, low_bandwidth=low_bandwidth)
        self.session.rebound = keymap.rebound(runtime.config.keys)
        self.session.face = face
        self._going_on = GoingOn(self.session, state_dir)
        self._filters.extend(line_filters(face))
        for theme in THEMES:
            self.register_theme(theme)
        self._first_theme = self.theme = self._theme()
        self.animation_level = "none"
        self._open = self._first_tab = TABS[0][0]
        self._tabs: dict[str, Tab] = {self._first_tab: tabs.HealthTab(self.session, self._first_tab)}
        self._top_line, self._tab_line = TopLine(self.session), TabLine(self.session)
        self._key_line = KeyLine((), self.session)
        self._is_complete = self._is_chosen = False
        self._beside: list[asyncio.Task[None]] = []

    def compose(self) -> ComposeResult:
        yield self._top_line
        yield self._tab_line
        with ContentSwitcher(initial=self._first_tab):
            yield self._tabs[self._first_tab]  # the others would be half of what the first paint lays out
        yield self._key_line

    def on_mount(self) -> None:
        # No worker: those end, and are waited for.
        self._beside = [asyncio.create_task(self._keep_fresh()), asyncio.create_task(self._keep_watch())]
        self.session.runtime.start_courier()
        self.set_interval(_AGES_S, self._tell_ages)
        # The first paint comes before anything is loaded or asked.
        self.call_after_refresh(self._start)

    async def _start(self) -> None:
        self.session.warm_up()
        hidden = self._other_tabs()
        for tab in hidden.values():
            tab.display = False
        switcher = self.screen_stack[0].query_one(ContentSwitcher)
        if not switcher.is_attached:  # somebody quits before anything began
            return
        await switcher.mount(*hidden.values())
        self._tabs.update(hidden)
        self._is_complete = True
        self.set_keymap({name: keys for name, (keys, _) in self.session.rebound.items()})
        self._go_on()
        self.tell(self.session.kept.trouble)
        self._tell_of_theme()
        if self.session.tenant is None:
            self.action_tenant()

    def _other_tabs(self) -> dict[str, Tab]:
        kinds = (tabs.WorkflowsTab, tabs.QueriesTab, tabs.WarehouseTab, tabs.AuditTab, tabs.AlertsTab)
        return {name: kind(self.session, name) for (name, _), kind in zip(TABS[1:], kinds, strict=True)}

    def _go_on(self) -> None:
        """Where the last session was left, if this tenant is the first; else the open tab again."""
        left = self._going_on.restore(self._tabs)
        self._show(self._open if left is None or self._is_chosen else left)
        self._is_chosen = False
        self._top_line.update()

    def _theme(self) -> str:
        """Chosen in the palette, else configured, else what suits the terminal."""
        for name in (self.session.kept.theme, self.session.runtime.config.screen.theme):
            if name in self.available_themes:
                return name or ""
        return for_terminal(os.environ)

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """For themes that are not ours."""
        return VARIABLES

    def refresh_css(self, animate: bool = True) -> None:
        """As Textual's own; before there is a screen the variables alone, and what is parsed then is parsed once."""
        if self.screen_stack:
            super().refresh_css(animate)
        else:
            self.stylesheet.set_variables(self.get_css_variables())

    def _tell_of_theme(self) -> None:
        name = self.session.runtime.config.screen.theme
        if name is not None and name not in self.available_themes:
            self.tell(f'There is no theme "{one_line(name, 40)}"{nearest(name, self.available_themes)}')

    # Tabs

    @property
    def tab(self) -> Tab:
        return self._tabs[self._open if self._is_complete else self._first_tab]

    def _show(self, name: str) -> None:
        self._open = name
        if not self._is_complete:  # a key before all tabs are there: it is followed once they are
            self._is_chosen = True
            return
        self.screen_stack[0].query_one(ContentSwitcher).current = name
        self._tab_line.open(name)
        self._key_line.show(footer(("table", "app"), self.tab.keys_without_effect))
        if self.session.tenant is not None:
            self.tab.came_in_sight()

    @property
    def _over_a_detail(self) -> bool:
        return len(self.screen_stack) > 1

    def action_command_palette(self) -> None:
        """As Textual's own, without the id: the last one may still be closing, and two of one name end the app."""
        if not isinstance(self.screen, CommandPalette):
            self.push_screen(CommandPalette())

    def pop_screen(self) -> AwaitComplete:
        """As Closing has it, for Textual's own screens: the palette's escape may come twice too."""
        return super().pop_screen() if self._over_a_detail else AwaitComplete()

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
        tab.filter(jump.filter)
        self._show(jump.tab)

    # Asking

    def on_unmount(self) -> None:
        for task in self._beside:
            task.cancel()

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
                monitor = await self.session.listings()
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
        if isinstance(self.screen, screens.Detail):
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

    def action_interval(self, step: int) -> None:
        if self.session.step_interval(step):
            self._top_line.update()

    def action_failed_only(self) -> None:
        if self.tab.can_fail_only:
            self.tab.failed_only = not self.tab.failed_only
            self.tab.load()

    # Rows

    def action_filter(self) -> None:
        if isinstance(self.tab, tabs.ListTab):
            self.tab.open_filter()

    def action_save_filter(self) -> None:
        tab = self.tab
        if not isinstance(tab, tabs.ListTab) or not tab.table.filter_text:
            self.tell(self.session.with_keys("There is no filter here to save: {filter} writes one."))
            return
        text = tab.table.filter_text

        def named(name: str | None) -> None:
            if name is not None:
                self.session.kept.save_filter(name, cast(FilterTab, self._open), text)
                trouble = self.keep()
                told = f"It holds until you quit. {trouble}" if trouble else ""
                self.tell(f"Saved as {name}: ↑ in the filter line and the palette have it. {told}".rstrip())

        self.push_screen(screens.SaveFilterScreen(text), named)

    def action_breakdown(self) -> None:
        self.tab.toggle_breakdown()

    def action_sort(self) -> None:
        if (table := self.table_in_use) is not None:
            table.sort_by_next()

    def action_reverse(self) -> None:
        if (table := self.table_in_use) is not None:
            table.reverse()

    def action_clear_filter(self) -> None:
        if isinstance(self.tab, tabs.ListTab):
            self.tab.clear_filter()

    # Alerts

    def action_acknowledge(self) -> None:
        if isinstance(self.tab, tabs.AlertsTab):
            self.tab.acknowledge()

    def action_silence(self) -> None:
        if isinstance(self.tab, tabs.AlertsTab):
            self.tab.silence()

    def action_rows(self) -> None:
        """To the rows behind the alert under the cursor; on a detail view, behind what it shows."""
        if isinstance(self.screen, screens.AlertScreen):
            self.screen.jump()
        elif not self._over_a_detail:
            self.tab.go_to_rows()

    def action_timeline(self) -> None:
        row = self.screen.row if isinstance(self.screen, screens.AlertScreen) else None
        if row is None and not self._over_a_detail:
            row = self.tab.alert_row
        if row is not None:
            self.push_screen(screens.TimelineScreen(self.session, row))

    # Over the tabs

    def action_tenant(self) -> None:
        self.push_screen(screens.TenantScreen(self.session), self._choose_tenant)

    def _choose_tenant(self, name: str | None) -> None:
        if name is None and self.session.tenant is None:
            self.tab.say_trouble(self.session.with_keys("No tenant is chosen: {tenant} lists them."))
        if name is None or name == self.session.tenant:
            return
        self.session.tenant = name
        self._tab_line.note("alerts", "")
        for tab in self._tabs.values():
            tab.forget()
        self._go_on()

    def action_help(self) -> None:
        if not isinstance(self.screen, screens.HelpScreen):
            self.push_screen(screens.HelpScreen(self.session))

    async def action_quit(self) -> None:
        self.exit()

    def keep(self) -> str:
        """For the next session: what is in sight, and the filters that were saved. A sentence where it can't be."""
        theme = self.theme if self.theme != self._first_theme else None
        return one_line(self._going_on.keep(self._tabs, self._open, theme))

    def exit(self, *arguments: Any, **named: Any) -> None:
        if trouble := self.keep():
            named.setdefault("message", Text(trouble))
        super().exit(*arguments, **named)

    def export_screenshot(self, *, title: str | None = None, simplify: bool = False) -> str:
        return upright(super().export_screenshot(title=title, simplify=simplify))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return not (action in _OF_THE_TAB and self._over_a_detail)

    def _fatal_error(self) -> None:
        """Textual's own prints the local variables of every frame: rows, and whatever secret is at hand."""
        error = self._exception
        told = "" if error is None else "".join(traceback.format_exception(error))
        self.bell()
        self.panic(Text(many_lines(f"sysmon-tui broke down. Please report this:\n{told}")))

    @property
    def list_tabs(self) -> list[tabs.ListTab]:
        return [tab for tab in self._tabs.values() if isinstance(tab, tabs.ListTab)]
