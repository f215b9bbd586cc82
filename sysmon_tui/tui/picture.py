"""Pictures of the screen (SVG) that stand the same in every viewer."""

from __future__ import annotations

import re

# Rich draws a cell this wide.
_CELL = 12.2
_INDENTED = re.compile(r'( x=")([\d.]+)(" y="[\d.]+" textLength=")([\d.]+)("[^>]*>)((?:&#160;)+)(?=[^<])')


def upright(svg: str) -> str:
    """Texts begin with their first letter: viewers that are no browsers drop the spaces before it."""

    def moved(found: re.Match[str]) -> str:
        x, length, cells = float(found[2]), float(found[4]), len(found[6]) // len("&#160;")
        return f"{found[1]}{x + cells * _CELL:g}{found[3]}{length - cells * _CELL:g}{found[5]}"

    return _INDENTED.sub(moved, svg)
