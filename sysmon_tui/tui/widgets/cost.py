"""What the app's own statements cost, in one line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text

from sysmon_tui.tui.words import age_words, number_words

if TYPE_CHECKING:
    from sysmon_tui.services.meter import Bill, Meter


def cost_text(meter: Meter) -> Text:
    """`cost today ≤ 0.8 DBU, $0.56: warehouse up 12 min for 34 statements · this session ≤ 0.2 DBU, $0.14`."""
    text = Text(" cost today ").append(_bill(meter.today()))
    return text.append(" · this session ").append(_bill(meter.session()))


def _bill(bill: Bill) -> str:
    statements = f"{number_words(bill.total.statements)} statements"
    up = f"up {age_words(bill.awake_s)} for {statements}"
    if bill.dbu is None:
        return f"unknown, {up}"
    price = "" if bill.usd is None else f", ${bill.usd:.2f}"
    return f"≤ {bill.dbu:.2f} DBU{price}, {up}"
