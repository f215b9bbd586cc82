"""The pictures in the README are of the app as it is."""

from __future__ import annotations

import pytest

from tests.tui.pictures import PICTURED, PICTURES, drawn


@pytest.mark.long
@pytest.mark.parametrize("name", PICTURED)
async def test_pictures_are_of_this_app(name: str) -> None:
    """The script draws each picture again to the byte; where it doesn't, run it and look at what changed."""
    assert await drawn(PICTURED[name]) == (PICTURES / f"{name}.svg").read_text(encoding="utf-8")
