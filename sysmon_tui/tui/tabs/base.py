"""What tabs have in common: they ask when they are in sight, and know what their rows answer."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from textual import work
from textual.containers import Vertical
from textual.message import Message

from sysmon_tui.errors import SysmonError
from sysmon_tui.services import asking
from sysmon_tui.text import one_line
from sysmon_tui.tui.jumps import Jump, jump_from
from sysmon_tui.tui.kept import TabKept
from sysmon_tui.tui.session import Session
from sysmon_tui.tui.widgets.frame_table import FrameTable
from sysmon_tui.tui.widgets.status_lines import StatusLines
from sysmon_tui.tui.words import window_words

if TYPE_CHECKING:
    import polars as pl

    from sysmon_tui.services.everywhere import Listings
    from sysmon_tui.tui.last_rows import LastRows


@dataclass(frozen=True)
class Question:
    """What the rows in sight answer, or will."""

    tenant: str | None
    hours: float
    failed_only: bool = False


class Tab(Vertical):
    """`fetch` asks and shows; the rest decides when."""

    can_fail_only: ClassVar[bool] = False
    can_break_down: ClassVar[bool] = False
    has_alerts: ClassVar[bool] = False
    is_list: ClassVar[bool] = False

    class Followed(Message):
        """From an alert to the rows behind it."""

        def __init__(self, jump: Jump) -> None:
            super().__init__()
            self.jump = jump

    class Firing(Message):
        """How many alerts fire, as just read."""

        def __init__(self, count: int) -> None:
            super().__init__()
            self.count = count

    def __init__(self, session: Session, name: str) -> None:
        super().__init__(id=name)
        self.session = session
        self.failed_only = False
        self.status = StatusLines(session)
        self._asking: Question | None = None
        self._answered: Question | None = None
        self._answered_at_s = 0.0
        self.trouble = ""
        # Whether what is shown is only that the warehouse is starting.
        self.awaits_warehouse = False
        self._looked_back = False

    @property
    def keys_without_effect(self) -> list[str]:
        """Names of actions that the footer leaves out here."""
        needed = {
            "failed_only": self.can_fail_only,
            "breakdown": self.can_break_down,
            **dict.fromkeys(("rows", "timeline"), self.has_alerts),
            **dict.fromkeys(("filter", "sort", "shorter_window"), self.is_list),
        }
        return [name for name, here in needed.items() if not here]

    def question(self) -> Question:
        return Question(self.session.tenant, self.session.hours, self.failed_only)

    async def fetch(self, monitor: Listings, question: Question, fresh: bool) -> None:
        """Ask the monitor and put the answer on the screen."""
        raise NotImplementedError

    def tell(self) -> None:
        """Say again what is shown and how old it is."""
        raise NotImplementedError

    def say_loading(self) -> None:
        """Words for the time before the first answer."""
        raise NotImplementedError

    def say_trouble(self, sentence: str) -> None:
        """Words for a tenant that cannot even be asked."""
        raise NotImplementedError

    def say_paused(self) -> None:
        """Words for a tab that has never asked and may not now."""
        raise NotImplementedError

    def take_focus(self) -> None:
        raise NotImplementedError

    def filter(self, text: str) -> None:
        """Keep the rows that pass. Tabs without a list have nothing to filter."""

    async def show_last(self, last: LastRows) -> None:
        """Put on the screen what the last session saw, marked with its age."""

    @property
    def main_table(self) -> FrameTable | None:
        """The table that keys on rows mean where none has the focus."""
        return None

    @property
    def alert_row(self) -> pl.DataFrame | None:
        """The alert under the cursor, where there are alerts."""
        return None

    def go_to_rows(self) -> None:
        """From the alert under the cursor to the rows behind it."""
        alert = self.alert_row
        jump = None if alert is None else jump_from(alert)
        if jump is not None:
            self.follow(jump)
        elif alert is not None:
            self.app.notify("This alert has no rows of its own.", markup=False)

    def restore(self, left: TabKept) -> None:
        """As it was left in the last session. Called once, before anything is shown."""
        self.failed_only = left.failed_only and self.can_fail_only

    def left_with(self) -> TabKept:
        return TabKept(failed_only=self.failed_only)

    def toggle_breakdown(self) -> None:
        """Figures in the place of rows, and back, where a tab has them."""

    def follow(self, left_with: object) -> None:
        """What a detail view was left with: nothing, or the way to other rows."""
        if isinstance(left_with, Jump):
            self.post_message(self.Followed(left_with))

    # When to ask

    def came_in_sight(self) -> None:
        self.take_focus()
        if self.due and not self.session.paused:
            self.load()
        elif self._answered is None and self._asking is None:
            self.say_paused()
        self.tell()

    @property
    def age_s(self) -> float:
        """Since the last answer."""
        return self.session.runtime.clock.monotonic_s() - self._answered_at_s

    @property
    def due(self) -> bool:
        return self._answered != self.question() or self.age_s >= self.session.refresh_s

    def load(self, *, fresh: bool = False, by_the_clock: bool = False) -> None:
        """Ask, unless the same is being asked already. `by_the_clock` is for what nobody asked for just now."""
        question = self.question()
        if self._asking == question and not fresh:
            return
        self._asking = question
        if self._answered is None:
            self.say_loading()
        self._load(question, fresh, by_the_clock)
        self.tell()

    @work(group="load", exclusive=True)
    async def _load(self, question: Question, fresh: bool, by_the_clock: bool) -> None:
        try:
            await self._look_back()
            monitor = await self.session.listings()
            with asking.refreshing() if by_the_clock else nullcontext():
                await self.fetch(monitor, question, fresh)
            self.awaits_warehouse = monitor.is_waiting
        except SysmonError as error:
            self.trouble = one_line(error.sentence if hasattr(error, "sentence") else str(error))
            self.say_trouble(self.trouble)
        else:
            self.trouble = ""
            self._answered = question
            self._answered_at_s = self.session.runtime.clock.monotonic_s()
        self._asking = None
        self.tell()

    async def _look_back(self) -> None:
        """Before the first answer there are the rows of the last session."""
        if self._looked_back or self._answered is not None:
            return
        self._looked_back = True
        last = self.session.last_rows
        if last is not None:
            await self.show_last(last)
            self.tell()

    def stop(self) -> None:
        """Wait for nothing any more: what runs for this tab alone is cancelled."""
        self.workers.cancel_group(self, "load")
        self._asking = None

    def forget(self) -> None:
        """Another tenant: nothing that is shown holds any longer."""
        self.stop()
        self._answered = None
        self._looked_back = False
        self.trouble = ""

    @property
    def asking_words(self) -> str:
        """What is awaited, when it is not just the same again."""
        if self._asking is None or self._asking == self._answered:
            return ""
        return f"asking for the last {window_words(self._asking.hours)} …"
