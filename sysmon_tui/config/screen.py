"""What a configuration says about the app's screen, and the filters that it offers by name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from msgspec import Meta, Struct

from sysmon_tui.config.check import Fault
from sysmon_tui.config.kinds import Name, Text

# A filter is about the rows of one tab.
FilterTab = Literal["workflows", "queries", "warehouse", "audit", "alerts"]
FilterName = Annotated[
    str,
    Meta(
        pattern=r"^[\w-](?:[\w -]{0,38}[\w-])?\Z",
        description="a name of 1 to 40 letters, digits, spaces, '-' and '_', no space at its ends",
    ),
]


class ScreenConfig(Struct, frozen=True, forbid_unknown_fields=True):
    """`theme` None: one that suits the terminal. `remember_rows`: whether the rows last shown are kept on disk."""

    theme: Name | None = None
    glyphs: Literal["auto", "braille", "blocks", "ascii"] = "auto"
    remember_rows: bool = True


class FilterConfig(Struct, frozen=True, forbid_unknown_fields=True):
    """A line of the filter language, for the rows of `tab`."""

    tab: FilterTab
    filter: Text


def dataset_of(tab: str) -> str:
    """What the filter language calls the rows of a tab."""
    return "warehouses" if tab == "warehouse" else tab


def check_filters(filters: Mapping[str, FilterConfig]) -> None:
    """Raises Fault for a line that is not of the filter language."""
    if not filters:
        return
    from sysmon_tui.views.filter_language import FilterError, parsed  # noqa: PLC0415 (only where there are filters)

    for name, one in filters.items():
        try:
            parsed(one.filter, dataset_of(one.tab))
        except FilterError as error:
            raise Fault(("filters", name, "filter"), f"column {error.column + 1}: {error.message}") from error
