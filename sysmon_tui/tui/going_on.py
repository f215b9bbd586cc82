"""From one session to the next: tab, window, filters, sorting and theme as the tenant was left."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import cast

from sysmon_tui.errors import SysmonError
from sysmon_tui.tui import kept
from sysmon_tui.tui.kept import TabName
from sysmon_tui.tui.session import Session
from sysmon_tui.tui.tabs.base import Tab

_SCREEN_FILE = "screen.json"
_ROWS_DIR = "last_rows"


class GoingOn:
    """`state_dir` None keeps nothing and goes on from nothing."""

    def __init__(self, session: Session, state_dir: Path | None) -> None:
        self._session = session
        self._state_dir = state_dir
        self._is_restored = False
        if state_dir is not None:
            session.kept = kept.load(state_dir / _SCREEN_FILE)
            session.last_rows_in = state_dir / _ROWS_DIR
        self._theme = session.kept.theme

    def restore(self, tabs: Mapping[str, Tab]) -> str | None:
        """Put everything as the first tenant that is seen was left; the tab that was open, None where none is known."""
        session = self._session
        if self._is_restored or session.tenant is None or session.every_tenant:
            return None
        self._is_restored = True
        left = session.kept.of_tenant(session.tenant)
        session.hours = left.hours or session.hours
        if left.refresh_s is not None:
            session.refresh_every(left.refresh_s)
        for name, tab in tabs.items():
            tab.restore(left.of_tab(cast(TabName, name)))
        return left.tab

    def keep(self, tabs: Mapping[str, Tab], open_tab: str, theme: str | None) -> str:
        """A sentence where it could not be kept, else nothing. `theme` None is the one that was not chosen here."""
        session = self._session
        if self._state_dir is None:
            return "What this screen shows is not kept: there is no directory for it."
        session.kept.theme = theme or self._theme
        # What was never put as it was left would be lost: somebody who quits at once changes nothing.
        if self._is_restored and session.tenant is not None and not session.every_tenant:
            left = session.kept.of_tenant(session.tenant)
            left.tab, left.hours = cast(TabName, open_tab), session.hours
            left.refresh_s = None if session.chosen_refresh_s is None else round(session.chosen_refresh_s)
            left.tabs = {cast(TabName, name): tab.left_with() for name, tab in tabs.items()}
        session.flush()
        try:
            session.kept.save(self._state_dir / _SCREEN_FILE)
        except SysmonError as error:
            return f"What this screen shows could not be kept: {error.message}"
        return ""
