"""A backtest as lines for people.

Names in it are strangers': nothing leaves here that acts on a terminal.
"""

from __future__ import annotations

import textwrap
from collections import defaultdict
from collections.abc import Iterable, Iterator

from sysmon_tui.clock import rfc3339
from sysmon_tui.text import one_line
from sysmon_tui.views.backtest_report import Noisy, Page, Report, RuleResult, Suggestion, Table, per_week

_WIDTH = 100
_NAME_CHARS = 60
_TIMES_A_LINE = 8

LATE_ROWS = (
    "When rows arrived is not in the tables: this is what would have been raised with all rows there. "
    "Runs that were repaired count by their last result, jobs by the name that they have now."
)


def lines(report: Report) -> list[str]:
    """100 columns wide; times are in UTC."""
    window = f"{rfc3339(report.window.start)} to {rfc3339(report.window.end)}"
    told = f"{report.tenant} ({report.source}): the last {_plural(report.days, 'day')}, {window}"
    found = _wrapped(told)
    found += ["", *(line for table in report.tables for line in _table(table))]
    if report.changed:
        told = ", ".join(f"{name} {report.tried[name]} (is {was})" for name, was in report.changed.items())
        found += ["", *_wrapped(f"Tried instead of what is configured: {told}")]
        if report.unused:
            found += _wrapped(f"No rule that is tried out uses {', '.join(report.unused)}.")
    if report.exit_code == 0:
        found += [
            "",
            f"{_plural(report.total, 'page')}, {per_week(report.total, report.days):.1f} a week",
            "",
        ]
        found += _rules(report.rules)
        found += _days(report)
        found += _noisiest(report.rules)
    if report.suggestion is not None:
        found += ["", *_suggestion(report, report.suggestion)]
    return [*found, "", *_footnotes(report)]


def _table(table: Table) -> Iterator[str]:
    until = "" if table.as_of is None else f"data until {rfc3339(table.as_of.replace(microsecond=0))}"
    told = "; ".join(part for part in (until, table.reason) if part)
    if not table.is_known:
        told += f" Not known: {', '.join(table.rules)}."
    yield from _wrapped(f"{table.state:8}{table.name}: {told}", 8)


def _rules(rules: Iterable[RuleResult]) -> Iterator[str]:
    yield f"{'rule':34}{'severity':10}{'threshold':>9}{'pages':>8}{'highest':>9}"
    for rule in rules:
        threshold = "each" if rule.setting is None else str(rule.threshold)
        pages = str(rule.total) if rule.is_known else "unknown"
        highest = str(max(page.peak for page in rule.pages)) if rule.pages else ""
        yield f"{rule.rule:34}{rule.severity:10}{threshold:>9}{pages:>8}{highest:>9}".rstrip()


def _days(report: Report) -> Iterator[str]:
    by_day = _by_day(report)
    if by_day:
        yield from ("", "By day: when it began and ended, and the highest count")
    for day, rules in by_day.items():
        yield f"{day}  {_plural(sum(map(len, rules.values())), 'page')}"
        for rule, pages in rules.items():
            shown = ", ".join(_span(page) for page in pages[:_TIMES_A_LINE])
            more = f", {len(pages) - _TIMES_A_LINE} more" if len(pages) > _TIMES_A_LINE else ""
            yield from _wrapped(f"  {rule:32}{len(pages):>4}  {shown}{more}", 40)
    if report.is_cut:
        yield from _wrapped("There are more pages than are listed by day: the oldest are left out.")


def _by_day(report: Report) -> dict[str, dict[str, list[Page]]]:
    """Newest day first, and within a day by rule in time's order."""
    found: dict[str, dict[str, list[Page]]] = defaultdict(lambda: defaultdict(list))
    for rule in report.rules:
        for page in rule.pages:
            found[page.started_at.date().isoformat()][rule.rule].append(page)
    return {
        day: {rule: sorted(pages, key=lambda page: page.started_at) for rule, pages in rules.items()}
        for day, rules in sorted(found.items(), reverse=True)
    }


def _span(page: Page) -> str:
    """`01:10-03:40 (15)`; `+1d` where it ended on a later day, `on` where it held at the last row."""
    if page.ended_at is None:
        return f"{page.started_at:%H:%M}-on ({page.peak})"
    later = (page.ended_at.date() - page.started_at.date()).days
    end = (
        ""
        if page.ended_at == page.started_at
        else f"-{page.ended_at:%H:%M}" + (f"+{later}d" if later else "")
    )
    return f"{page.started_at:%H:%M}{end} ({page.peak})"


def _noisiest(rules: Iterable[RuleResult]) -> Iterator[str]:
    noisy = [rule for rule in rules if rule.noisiest]
    if noisy:
        yield from ("", "Noisiest")
    for rule in noisy:
        kinds: dict[tuple[str, str], list[Noisy]] = defaultdict(list)
        for one in rule.noisiest:
            kinds[one.kind, one.unit].append(one)
        yield rule.rule
        for (kind, unit), ones in kinds.items():
            names = ", ".join(f"{_name(one.label)} {one.count}" for one in ones)
            yield from _wrapped(f"  {kind} ({unit}): {names}", 4)


def _name(label: str) -> str:
    return one_line(label, _NAME_CHARS) or "nobody in particular"


def _suggestion(report: Report, made: Suggestion) -> Iterator[str]:
    days, known = report.days, all(table.is_known for table in report.tables)
    yield from _wrapped(
        f"At most {_plural(made.pages_per_week, 'page')} a week: {made.allowed} in {_plural(days, 'day')}"
        + ("" if known else ", of what is known")
    )
    for change in made.changes:
        yield from _wrapped(
            f"  {change.setting} = {change.after}, not {change.before}: "
            f"{change.rule} {change.pages_before} → {_plural(change.pages_after, 'page')}",
            4,
        )
    if made.changes:
        yield from _wrapped(
            f"Counted anew with them: {made.before} → {_plural(made.after, 'page')}, "
            f"{per_week(made.before, days):.1f} → {per_week(made.after, days):.1f} a week."
        )
    if made.said:
        yield from _wrapped(made.said)


def _footnotes(report: Report) -> Iterator[str]:
    yield from _wrapped(f"Not tried: {', '.join(report.not_tried)}, and rules of your own.")
    if report.off:
        yield from _wrapped(f"Turned off by the configuration: {', '.join(report.off)}.")
    yield from _wrapped(LATE_ROWS)


def _plural(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def _wrapped(text: str, indent: int = 0) -> list[str]:
    return textwrap.wrap(
        one_line(text),
        _WIDTH,
        subsequent_indent=" " * indent,
        break_long_words=False,
        break_on_hyphens=False,
    )
