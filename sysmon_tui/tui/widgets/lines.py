"""The one-line widgets around a tab: where we are, which tab, what the rows are worth, which keys there are.

Each makes a rich Text of plain strings; none parses markup.
"""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text
from textual.events import Click
from textual.message import Message
from textual.widget import Widget

from sysmon_tui.text import one_line
from sysmon_tui.tui.actions import TABS, Action, as_bound
from sysmon_tui.tui.marks import STYLES, marked, tone
from sysmon_tui.tui.session import Session
from sysmon_tui.tui.words import clock_words, is_production, window_words


class Line(Widget):
    """One line of plain text; `tell` repaints only when it changed."""

    def __init__(
        self, text: Text | None = None, *, id: str | None = None, classes: str | None = None
    ) -> None:
        super().__init__(id=id, classes=classes)
        self._text = text or Text()

    def render(self) -> Text:
        return self._text

    def tell(self, text: Text) -> None:
        if text != self._text or text.spans != self._text.spans:
            self._text = text
            self.refresh()


_ROOMY = 90


class TopLine(Line):
    """Tenant, environment, source, DEMO DATA, window and refresh: always there, always in this order."""

    def __init__(self, session: Session) -> None:
        super().__init__(classes="top-line")
        self._session = session

    def on_mount(self) -> None:
        self.update()

    def update(self) -> None:
        session = self._session
        config = session.tenant_config
        environment = config.environment if config else None
        self.set_class(session.shows_production, "production")
        parts = Text().append(f" {one_line(_whose(session), 20)}", style="bold")
        if session.every_tenant and session.shows_production:
            parts.append("  ").append(" ■ PRODUCTION AMONG THEM ■ ", style="reverse bold")
        if config is not None:
            word = one_line((environment or "no environment"), 14)
            name = f" ■ {word.upper()} ■ " if is_production(environment) else f" {word} "
            parts.append("  ").append(name, style="reverse bold" if is_production(environment) else "")
            parts.append(f" source {config.source} ")
            if config.source == "demo":
                parts.append(" DEMO DATA ", style="bold black on yellow")
        parts.append(f"  last {window_words(session.hours)}")
        if session.paused_at is not None:
            stood = clock_words(session.paused_at, session.zone, session.paused_at, zone_name=False)
            since = " since" if self.size.width >= _ROOMY else ""
            parts.append("  ").append(f" PAUSED{since} {stood} ", style="reverse")
        else:
            parts.append(f"  every {_spacing_words(session.spacing_s)}")
        self.tell(parts)


def _whose(session: Session) -> str:
    if session.every_tenant:
        return f"all {len(session.runtime.config.tenants)} tenants"
    return session.tenant or "no tenant"


def _spacing_words(seconds: float) -> str:
    return f"{seconds:g} s" if seconds < 100 else f"{seconds / 60:.0f} min"


class TabLine(Line):
    """The tabs by key; the one that is open stands between brackets, besides its colour."""

    class Chosen(Message):
        def __init__(self, name: str) -> None:
            super().__init__()
            self.name = name

    def __init__(self, session: Session) -> None:
        super().__init__(classes="tab-line")
        self._session = session
        self._ends: list[tuple[int, str]] = []
        self._open = TABS[0][0]
        self._notes: dict[str, str] = {}

    def on_mount(self) -> None:
        self.open(self._open)

    def open(self, name: str) -> None:
        self._open = name
        self._draw()

    def note(self, name: str, note: str) -> None:
        """A few characters after a tab's title, such as how many alerts fire."""
        if self._notes.get(name, "") != note:
            self._notes[name] = note
            self._draw()

    def _draw(self) -> None:
        text, self._ends = Text(), []
        for name, title in TABS:
            key = self._session.with_keys(f"{{{name}}}")
            label = f"{key} {title}{self._notes.get(name, '')}"
            text.append(
                f"[{label}]" if name == self._open else f" {label} ",
                "bold reverse" if name == self._open else "",
            )
            self._ends.append((text.cell_len, name))
        self.tell(text)

    def on_click(self, event: Click) -> None:
        for end, name in self._ends:
            if event.x < end:
                self.post_message(self.Chosen(name))
                return


class KeyLine(Line):
    """The keys that do something here; the least needed are left out on a narrow screen."""

    def __init__(self, actions: Sequence[Action], session: Session) -> None:
        super().__init__(classes="key-line")
        self._session = session
        self._actions = as_bound(actions, session.rebound)

    def on_mount(self) -> None:
        self.set_class(self._session.shows_production, "production")

    def on_resize(self) -> None:
        self._draw()

    def show(self, actions: Sequence[Action]) -> None:
        self.set_class(self._session.shows_production, "production")
        self._actions = as_bound(actions, self._session.rebound)
        self._draw()

    def _draw(self) -> None:
        kept = list(self._actions)
        while kept and sum(len(a.shown) + len(a.footer) + 3 for a in kept) > self.size.width:
            kept.remove(max(kept, key=lambda action: (action.rank, kept.index(action))))
        text = Text()
        for action in kept:
            text.append(" ").append(action.shown, style="bold").append(f" {action.footer} ")
        self.tell(text)


def state_text(word: str) -> Text:
    """A state with its glyph and colour."""
    return Text(marked(word), style=STYLES[tone(word)])
