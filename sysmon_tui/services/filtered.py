"""A listing under a filter: what SQL parameters can't say is looked for in all rows of the window, not in one page.

The window is read whole, up to limits.MAX_TABLE_ROWS, and kept like every answer: other filters and pages look into the
same rows. What a status asks for the statement does itself. Where the window holds more rows than are read, the answer
keeps its state, for what it shows is true, and says in `reason` that older rows were not looked at.

Rejected: filters as SQL (a second meaning beside the screen's, and statements that strangers write), and a page of rows
narrowed after the statement (its total would be wrong).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from zoneinfo import ZoneInfo

import polars as pl

from sysmon_tui import limits
from sysmon_tui.alerts.verdict import by_severity
from sysmon_tui.clock import to_micros
from sysmon_tui.datasets import catalogue
from sysmon_tui.datasets.asks import Ask
from sysmon_tui.datasets.statement import Value
from sysmon_tui.datasets.states import QUERY_STATES, RUN_STATES
from sysmon_tui.services.cursor import Cursor
from sysmon_tui.services.result import Result
from sysmon_tui.services.values import page_rows
from sysmon_tui.views import filters
from sysmon_tui.views.answer import Answer
from sysmon_tui.views.filter_language import Filter, Pattern, Term, parsed

# What clients are shown is in UTC.
_ZONE = ZoneInfo("UTC")
PARTIAL = "filter_partial"
_STATES = {*RUN_STATES, *QUERY_STATES}
# What a row of a listing is known by.
_KEYS = {
    catalogue.RUNS.name: ("workspace_id", "run_id"),
    catalogue.QUERIES.name: ("workspace_id", "statement_id"),
    catalogue.AUDIT_EVENTS.name: ("event_id",),
}
_TIMES = {catalogue.QUERIES.name: "end_time", catalogue.AUDIT_EVENTS.name: "event_time"}


def matches(wanted: Filter, rows: pl.DataFrame, now: datetime) -> pl.Series:
    """For each row whether the filter keeps it."""
    return rows.select(filters.matching(wanted, rows.schema, now, _ZONE).alias("keep")).to_series()


@dataclass(frozen=True)
class Narrowed:
    """A page of what a filter keeps. `ask` is the question whose rows `page` takes."""

    ask: Ask
    wanted: Filter
    tenant: str
    limit: int
    before: Cursor | None
    question: Ask  # what the cursors belong to

    def page(self, result: Result, rows: pl.DataFrame) -> tuple[Result, pl.DataFrame]:
        """What the result says under the filter, and the rows of this page; `rows` are all, made for clients."""
        keep = matches(self.wanted, rows, result.window.end)
        places = _places(self.ask, result.frame).filter(keep)
        begin = 0 if self.before is None else _behind(places, self.before)
        following = None
        if begin + self.limit < places.height:
            following = self._cursor(result, places.head(begin + self.limit))
        told = replace(
            result,
            total=places.height,
            next_cursor=None if following is None else following.encode(self.tenant, self.question),
        )
        return _partial(told, result), rows.filter(keep).slice(begin, self.limit)

    def _cursor(self, result: Result, given: pl.DataFrame) -> Cursor:
        last_us, last_key = given.row(-1)
        seen_us = to_micros(result.as_of or result.window.end) if self.before is None else self.before.seen_us
        same = given.filter(sort_us=last_us, row_key=last_key).height
        return Cursor(result.window.end, seen_us, last_us, last_key, same)


def narrowed(line: str, dataset: str, ask: Ask, tenant: str, now: datetime) -> Narrowed | None:
    """How to answer a listing under a filter; None for a line without terms.

    Raises FilterError, and RequestError for a cursor of another question.
    """
    wanted = parsed(line, dataset)
    if wanted.is_empty:
        return None
    question = replace(ask, cursor=None, values=(*ask.values, ("filter", wanted.text)))
    before = None if ask.cursor is None else Cursor.decode(ask.cursor, tenant, question, now)
    values = dict(ask.values) | _pushed(wanted, ask) | {"row_limit": limits.MAX_TABLE_ROWS}
    whole = replace(ask, cursor=None, values=tuple(values.items()))
    if before is not None:
        # The window of the first page, from its newest row on.
        begin = Cursor(before.window_end, before.seen_us, to_micros(before.window_end), "", 1)
        whole = replace(whole, cursor=begin.encode(tenant, whole))
    return Narrowed(whole, wanted, tenant, page_rows(ask), before, question)


def _pushed(wanted: Filter, ask: Ask) -> dict[str, Value]:
    """What of the filter the statement can do itself, where no parameter has asked for another status."""
    values = dict(ask.values)
    words = next((words for term in wanted.terms if (words := _status_words(term))), frozenset())
    if values.get("statuses") == "" and words and words <= {*_STATES, "CANCELED", "CANCELLED"}:
        return {"statuses": ",".join(sorted(words))}
    if "outcome" in values and values["outcome"] is None and values["status_code"] is None:
        outcome = {word.lower() for word in words}
        return {"outcome": outcome.pop()} if outcome in ({"success"}, {"failure"}) else {}
    return {}


def _status_words(term: Term) -> frozenset[str]:
    """The statuses of which each row that the term keeps has one; empty where it can't be said."""
    if term.field is None or term.field.kind != "status" or term.operator != "=" or term.is_turned:
        return frozenset()
    words = [one.parts[0].upper() for one in term.values if isinstance(one, Pattern) and len(one.parts) == 1]
    return frozenset(words) if len(words) == len(term.values) else frozenset()


def _places(ask: Ask, rows: pl.DataFrame) -> pl.DataFrame:
    """sort_us and row_key of each row, by which a cursor finds it again."""
    name = ask.statement.name
    time = _TIMES.get(name) or ("end_time" if dict(ask.values)["newest_by_end"] else "start_time")
    return rows.select(
        pl.col(time).dt.epoch("us").fill_null(0).alias("sort_us"),
        pl.concat_str([pl.col(key).fill_null("") for key in _KEYS[name]], separator="/").alias("row_key"),
    )


def _behind(places: pl.DataFrame, before: Cursor) -> int:
    """Where the page after a cursor begins; by its time where its row is gone."""
    same = places.select(
        ((pl.col("sort_us") == before.after_us) & (pl.col("row_key") == before.after_key)).arg_true()
    ).to_series()
    if len(same):
        return int(same[min(before.given, len(same)) - 1]) + 1
    older = places.select((pl.col("sort_us") < before.after_us).arg_true()).to_series()
    return int(older[0]) if len(older) else places.height


def _partial(told: Result, read: Result) -> Result:
    """Says so where the window holds more rows than the filter has looked at."""
    if read.total <= read.frame.height or read.state in ("denied", "failed"):
        return told
    reason = (
        f"The filter has looked at the newest {read.frame.height:,} of {read.total:,} rows: "
        "choose a shorter window, or name a status."
    )
    return replace(
        told, reason=f"{read.reason} {reason}" if read.reason else reason, code=read.code or PARTIAL
    )


def alerts(wanted: Filter, answer: Answer) -> Answer:
    """The alerts that the filter keeps, and how many of those fire."""
    keep = matches(wanted, answer.frame, answer.fetched_at)
    records = [record for record, kept in zip(answer.rows(), keep, strict=True) if kept]
    severities = by_severity(records)
    extra = {**answer.extra, "total_alerts": sum(severities.values()), "by_severity": severities}
    return replace(answer, frame=answer.frame.filter(keep), records=records, total=len(records), extra=extra)
