"""The README's pictures, made from the running app by `python -m tests.tui.pictures`: the same bytes each time.

The demo estate stands at a held time, so that nothing in them depends on when or where they are made.
"""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

from tests.tui.driving import press, running
from tests.tui.walk import PLACES, walked_app

PICTURES = Path(__file__).parent / "pictures"
SIZE = (110, 34)
# Which places of the walk, by the name of the file.
PICTURED = {"health": "health", "run": "run", "timeline": "timeline", "queries": "queries broken down"}


async def drawn(place: str) -> str:
    """The place as SVG."""
    app = walked_app()
    try:
        async with running(app, size=SIZE) as pilot:
            await press(pilot, *PLACES[place])
            return app.export_screenshot(title=f"sysmon-tui: {place}")
    finally:
        await app.session.runtime.close()


def main() -> None:
    os.environ["TZ"] = "UTC"
    PICTURES.mkdir(exist_ok=True)
    for name, place in PICTURED.items():
        (PICTURES / f"{name}.svg").write_text(asyncio.run(drawn(place)), encoding="utf-8")


if __name__ == "__main__":
    main()
