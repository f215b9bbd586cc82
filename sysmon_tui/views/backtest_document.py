"""A backtest for programs."""

from __future__ import annotations

from collections import Counter
from typing import Any

from sysmon_tui.clock import rfc3339
from sysmon_tui.text import valid_unicode
from sysmon_tui.views.backtest_report import EXIT_KNOWN, Report, RuleResult, Suggestion, Table, per_week


def document(report: Report) -> dict[str, Any]:
    """Names are as they are; whoever prints it makes them harmless (text.inert_json)."""
    return {
        "tenant": report.tenant,
        "source": report.source,
        "days": report.days,
        "window": report.window.document(),
        "exit_code": report.exit_code,
        "thresholds": dict(report.tried),
        "changed": {
            name: {"configured": was, "tried": report.tried[name]} for name, was in report.changed.items()
        },
        "unused": list(report.unused),
        "tables": [_table(table) for table in report.tables],
        "total_pages": report.total if report.exit_code == EXIT_KNOWN else None,
        "pages_per_week": round(per_week(report.total, report.days), 2)
        if report.exit_code == EXIT_KNOWN
        else None,
        "truncated": report.is_cut,
        "rules": [_rule(rule) for rule in report.rules],
        "by_day": _by_day(report),
        "pages": _pages(report),
        "suggestion": None if report.suggestion is None else _suggestion(report, report.suggestion),
        "not_tried": list(report.not_tried),
        "off": list(report.off),
        "arrival_times_known": False,
    }


def _table(table: Table) -> dict[str, Any]:
    return {
        "table": table.table,
        "name": table.name,
        "state": table.state,
        "reason": None if table.reason is None else valid_unicode(table.reason),
        "as_of": rfc3339(table.as_of),
        "known": table.is_known,
        "rules": list(table.rules),
    }


def _rule(rule: RuleResult) -> dict[str, Any]:
    return {
        "rule": rule.rule,
        "severity": rule.severity,
        "table": rule.table,
        "setting": rule.setting,
        "threshold": None if rule.setting is None else rule.threshold,
        "known": rule.is_known,
        "pages": rule.total if rule.is_known else None,
        "highest": max((page.peak for page in rule.pages), default=None),
        "noisiest": [
            {"kind": one.kind, "name": valid_unicode(one.label), one.unit: one.count} for one in rule.noisiest
        ],
    }


def _by_day(report: Report) -> list[dict[str, Any]]:
    """Days without a page are left out; newest first."""
    found: dict[str, Counter[str]] = {}
    for rule in report.rules:
        for page in rule.pages:
            found.setdefault(page.started_at.date().isoformat(), Counter())[rule.rule] += 1
    return [
        {"day": day, "pages": counts.total(), "by_rule": dict(counts)}
        for day, counts in sorted(found.items(), reverse=True)
    ]


def _pages(report: Report) -> list[dict[str, Any]]:
    found = [
        {
            "rule": rule.rule,
            "severity": rule.severity,
            "entity": valid_unicode(page.label) or None,
            "started_at": rfc3339(page.started_at),
            "ended_at": rfc3339(page.ended_at),
            "highest": page.peak,
        }
        for rule in report.rules
        for page in rule.pages
    ]
    return sorted(found, key=lambda page: str(page["started_at"]), reverse=True)


def _suggestion(report: Report, made: Suggestion) -> dict[str, Any]:
    return {
        "pages_per_week": made.pages_per_week,
        "allowed": made.allowed,
        "met": made.is_met,
        "before": made.before,
        "after": made.after,
        "before_per_week": round(per_week(made.before, report.days), 2),
        "after_per_week": round(per_week(made.after, report.days), 2),
        "thresholds": {change.setting: change.after for change in made.changes},
        "changes": [
            {
                "setting": change.setting,
                "rule": change.rule,
                "from": change.before,
                "to": change.after,
                "pages_before": change.pages_before,
                "pages_after": change.pages_after,
            }
            for change in made.changes
        ],
        "said": made.said or None,
    }
