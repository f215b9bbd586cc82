"""What a test may expect something of: the rules of a book, the fields of their entities, and which of them to run."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from msgspec.structs import replace as changed

from sysmon_tui.alerts import rules
from sysmon_tui.alerts.own_rules import own_rules
from sysmon_tui.config.rules import RuleConfig
from sysmon_tui.services.evaluation import RuleBook

_JOB = ("workspace_id", "job_id", "workflow_name")
_WAREHOUSE = ("workspace_id", "warehouse_id", "warehouse_name")
_USER = ("user_email",)
# Of the built-in rules; those that are not here have no entity.
_ENTITIES: dict[str, tuple[str, ...]] = {
    rules.CONSECUTIVE_FAILURES.id: _JOB,
    rules.SLOW_RUNS.id: _JOB,
    rules.QUEUEING.id: _WAREHOUSE,
    rules.FAILED_STARTS.id: _WAREHOUSE,
    rules.IDLE.id: _WAREHOUSE,
    rules.PASSWORD_SPRAY.id: ("source_ip",),
    rules.BRUTE_FORCE.id: _USER,
    rules.ADMIN_GRANTED.id: _USER,
    rules.ACCESS_LIST_CHANGED.id: _USER,
    rules.VENDOR_ACCESS.id: _USER,
    rules.LONG_LIVED_TOKEN.id: _USER,
    rules.DENIED_BURST.id: _USER,
    rules.MASS_DELETE.id: _USER,
    **{rule.id: ("table",) for rule in rules.FRESHNESS.values()},
}


def entities(book: RuleBook) -> dict[str, tuple[str, ...]]:
    """Every rule that is on, with the fields of its entity."""
    found = {name: _ENTITIES.get(name, ()) for name in book.built_in()}
    return found | {own.rule.id: own.group_by for own in own_rules(book.configured)}


def off(book: RuleBook) -> set[str]:
    return {name for name, one in book.configured.items() if one.enabled is False}


def only(book: RuleBook, wanted: Collection[str]) -> RuleBook:
    """The book with what it takes to judge these rules as the whole book would; the rest is off, to be fast.

    Rules of the user's own on one dataset share how far back they read. A table is judged by what its rules have seen.
    """
    on = book.built_in()
    needed = set(wanted)
    for table, freshness in rules.FRESHNESS.items():
        if freshness.id in wanted:
            of_table = [name for name, rule in on.items() if rule.table == table and name != freshness.id]
            needed.update(of_table[:1])
    own = own_rules(book.configured)
    tables = {own_rule.rule.table for own_rule in own if own_rule.rule.id in wanted}
    tables |= {table for table, freshness in rules.FRESHNESS.items() if freshness.id in wanted}
    needed.update(own_rule.rule.id for own_rule in own if own_rule.rule.table in tables)
    configured = {
        name: changed(one, enabled=one.enabled if name in needed else False)
        for name, one in book.configured.items()
    }
    for name in rules.BUILT_IN:
        if name not in needed and name not in configured:
            configured[name] = RuleConfig(enabled=False)
    return replace(book, configured=configured)
