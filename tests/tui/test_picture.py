"""Pictures of the screen: where their texts begin."""

from __future__ import annotations

from sysmon_tui.tui.picture import upright

_TEXT = '<text class="r1" x="{}" y="44.4" textLength="{}" clip-path="url(#line-1)">{}</text>'


def test_a_text_begins_with_its_first_letter() -> None:
    """Spaces before it become its place; spaces inside and after it stay, and so does what has none before it."""
    indented = _TEXT.format("12.2", "85.4", "&#160;&#160;a&#160;b&#160;&#160;")
    plain = _TEXT.format("0", "122", "[1&#160;Health]")
    assert upright(indented + plain) == _TEXT.format("36.6", "61", "a&#160;b&#160;&#160;") + plain
