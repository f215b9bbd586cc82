"""Rules on the tables themselves: one that shows nothing new, or can't be read. Pure, by the clock."""

from __future__ import annotations

from datetime import timedelta

from sysmon_tui.alerts.episodes import Episode
from sysmon_tui.alerts.finding import Finding, Seen, Words, minute
from sysmon_tui.alerts.rules import Rule
from sysmon_tui.alerts.verdict import Verdict, document
from sysmon_tui.errors import WarehouseAsleep, WarehouseStarting

# One statement that fails is no news: the next may do better.
REFUSED_FOR = timedelta(minutes=15)
# The table is not late: nobody looks.
_NOT_ASKED = (WarehouseAsleep.code, WarehouseStarting.code)


def verdict(rule: Rule, seen: Seen, stale_after: timedelta, tenant: str) -> Verdict | None:
    """Firing where the table is later than it should be, pending where it can't be read; None where all is well."""
    if seen.code in _NOT_ASKED:
        return None
    late = None if seen.as_of is None else seen.fetched_at - seen.as_of
    if late is not None and late >= stale_after and seen.as_of is not None:
        minutes = late // timedelta(minutes=1)
        words = Words(
            f"{seen.table} has shown nothing new for {minutes} minutes",
            f"{seen.table} has shown nothing newer than {minute(seen.as_of)}: {minutes} minutes (threshold "
            f"{stale_after // timedelta(minutes=1)}). Until it goes on, its rules can't tell a quiet hour.",
        )
        began = seen.as_of + stale_after
        return _of(
            rule, seen, stale_after, tenant, episode=Episode(began, None, minutes), words=words, firing=True
        )
    if seen.state in ("denied", "failed") or (seen.state == "stale" and seen.reason):
        words = Words(f"{seen.table} can't be read ({seen.state})", seen.reason or "No reason is known.")
        return _of(
            rule,
            seen,
            stale_after,
            tenant,
            episode=Episode(seen.fetched_at, None, 0),
            words=words,
            firing=False,
        )
    return None


def _of(
    rule: Rule,
    seen: Seen,
    stale_after: timedelta,
    tenant: str,
    *,
    episode: Episode,
    words: Words,
    firing: bool,
) -> Verdict:
    finding = Finding(
        rule, seen, stale_after // timedelta(minutes=1), [episode], lambda _: words, {"table": seen.table}
    )
    alert = document(
        finding,
        words,
        tenant,
        state="firing" if firing else "pending",
        message=words.message,
        episode=episode,
    )
    if not firing:
        alert["value"] = None
    # Whatever lies between two looks: a table that was well again has ended it.
    return Verdict(alert, episode.started_at, seen.fetched_at, timedelta(days=366))
