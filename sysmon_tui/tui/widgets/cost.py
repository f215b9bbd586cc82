"""What the app's own statements cost, in one line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text

from sysmon_tui.tui.words import age_words, number_words

if TYPE_CHECKING:
    from sysmon_tui.services.meter import Bill, Meter


def cost_text(meter: Meter) -> Text:
    """` cost today ≤ 0.80 DBU $0.56, up 12 min for 34 statements · session ≤ 0.20 DBU $0.14`."""
    today, session = meter.today(), meter.session()
    up = f"up {age_words(today.awake_s)} for {number_words(today.total.statements)} statements"
    return Text(f" cost today {_price(today)}, {up} · session {_price(session)}")


def _price(bill: Bill) -> str:
    """A ceiling, because others may keep the warehouse up as well."""
    if bill.dbu is None:
        return "unknown"
    return f"≤ {bill.dbu:.2f} DBU" + ("" if bill.usd is None else f" ${bill.usd:.2f}")
