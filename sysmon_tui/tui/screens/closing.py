"""What every screen over the tabs is: closed once, however often the key is pressed."""

from __future__ import annotations

from textual.await_complete import AwaitComplete
from textual.screen import Screen, ScreenResultType


class Closing(Screen[ScreenResultType]):
    """A second escape may still be on its way to a screen that the first has closed.

    Textual would pop whatever screen is on top by then, and end the app where there is none.
    """

    def dismiss(self, result: ScreenResultType | None = None) -> AwaitComplete:
        return super().dismiss(result) if self.is_active else AwaitComplete()
