"""From a file of rule tests to tests that can be run. Whatever is wrong with it is one line."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec

from sysmon_tui.config.check import Fault, KeyPath, check, dotted, nearest
from sysmon_tui.config.layers import Layer, read_file
from sysmon_tui.config.model import FACT_TABLES, Config, TenantConfig
from sysmon_tui.config.rule_meaning import check_rules
from sysmon_tui.config.rules import RuleConfig
from sysmon_tui.errors import ConfigError
from sysmon_tui.services.evaluation import RuleBook
from sysmon_tui.services.rule_tests.document import Case, Document, Every, Expect, Rows
from sysmon_tui.services.rule_tests.known import entities, off
from sysmon_tui.services.rule_tests.places import line_of
from sysmon_tui.services.rule_tests.plan import Expectation, Expected, RuleTest, Suite
from sysmon_tui.services.rule_tests.rows import Row, RowMaker, Schema, heartbeat
from sysmon_tui.services.rule_tests.times import Times
from sysmon_tui.text import one_line

_MOST_INSTANTS = 2_000
_MOST_ROWS = 100_000
# Heartbeats begin so long before the first evaluation: a table that has only just begun is no table.
_HEARTBEATS_BEFORE = timedelta(hours=1)
_MINUTE = timedelta(minutes=1)
_NO_EVALUATE = (
    'is missing; expected when to evaluate, such as { from = "10:00", until = "18:00", every_minutes = 5 }, '
    "here or for all tests at the top"
)


def load(file: Path, book_of: Callable[[bool], RuleBook], schema: Schema) -> Suite:
    """`book_of` has the rules by what the file says of `defaults`. Raises ConfigError."""
    layer = read_file(file)
    try:
        check(layer.tree, Document)
        document = msgspec.convert(layer.tree, Document)
        if not 2000 <= document.day.year < 2100:
            raise Fault(("day",), "expected a day from 2000 to 2099")
        book = _book(book_of(document.defaults), document, layer)
        times = Times(document.day)
        if not document.tests:
            raise Fault(("tests",), "is missing; expected a test at least")
        tests = [
            _test(document, case, ("tests", number), _Of(book, times, schema))
            for number, case in enumerate(document.tests)
        ]
    except Fault as fault:
        line = line_of(layer.text, fault.path)
        where = layer.origin if line is None else f"{layer.origin}, line {line}"
        end = "" if fault.text.endswith(("?", ".")) else "."
        raise ConfigError(one_line(f"{where}: {dotted(fault.path)}: {fault.text}{end}")) from fault
    return Suite(str(file), book, times, tests)


class _Of:
    """What the parts of a test are read with."""

    def __init__(self, book: RuleBook, times: Times, schema: Schema) -> None:
        self.times = times
        self.schema = schema
        self.entities = entities(book)
        self.off = off(book)


def _book(book: RuleBook, document: Document, layer: Layer) -> RuleBook:
    """What the file says over what holds without it."""
    configured = dict(book.configured)
    for name, rule in document.rules.items():
        said = {key: value for key, value in msgspec.structs.asdict(rule).items() if value is not None}
        configured[name] = msgspec.structs.replace(configured.get(name, RuleConfig()), **said)
    check_rules(Config(rules=configured, tenants={"tested": TenantConfig(source="demo")}))
    # Only what stands there: the struct has every table.
    minutes: dict[str, dict[str, int]] = layer.tree.get("freshness", {})
    return replace(
        book,
        thresholds=msgspec.structs.replace(book.thresholds, **document.thresholds),
        lateness=book.lateness | _spans(minutes.get("allowed_lateness_minutes", {})),
        stale_after=book.stale_after | _spans(minutes.get("stale_after_minutes", {})),
        configured=configured,
    )


def _spans(minutes: dict[str, int]) -> dict[str, timedelta]:
    return {table: timedelta(minutes=count) for table, count in minutes.items()}


def _test(document: Document, case: Case, path: KeyPath, of: _Of) -> RuleTest:
    if not case.expect and case.others:
        raise Fault((*path, "expect"), "is missing; a test expects something, or says others = false")
    if case.evaluate is not None:
        instants = _instants(case.evaluate, (*path, "evaluate"), of.times)
    elif document.evaluate is not None:
        instants = _instants(document.evaluate, ("evaluate",), of.times)
    else:
        raise Fault((*path, "evaluate"), _NO_EVALUATE)
    maker = RowMaker(of.schema, of.times)
    rows: list[Row] = []
    for number, said in enumerate(case.rows):
        rows += maker.rows(said, (*path, "rows", number))
    minutes = document.heartbeat_minutes if case.heartbeat_minutes is None else case.heartbeat_minutes
    beats = _heartbeats(case, path, of.times, minutes * _MINUTE, instants)
    count = sum(said.times for said in (*case.rows, *beats))
    if count > _MOST_ROWS:
        raise Fault((*path, "rows"), f"expected at most {_MOST_ROWS} with the heartbeat's, found {count}")
    for said in beats:
        rows += maker.rows(said, path)
    expectations = [
        _expectation(expect, (*path, "expect", number), of, instants)
        for number, expect in enumerate(case.expect)
    ]
    return RuleTest(case.name, instants, rows, expectations, case.others)


def _instants(value: Any, path: KeyPath, times: Times) -> list[datetime]:
    if isinstance(value, list):
        found = [times.read(one, (*path, number)) for number, one in enumerate(value)]
        for number, (one, following) in enumerate(itertools.pairwise(found), start=1):
            if following <= one:
                raise Fault((*path, number), "expected a time after the one before it")
    elif not isinstance(value, dict):
        raise Fault(path, "expected a list of times, or a table with from, until and every_minutes")
    else:
        check(value, Every, path)
        every = msgspec.convert(value, Every)
        first, last = times.read(every.from_, (*path, "from")), times.read(every.until, (*path, "until"))
        if last < first:
            raise Fault((*path, "until"), "expected a time that is not before `from`")
        step = every.every_minutes * _MINUTE
        count = (last - first) // step + 1
        found = [first + number * step for number in range(min(count, _MOST_INSTANTS + 1))]
    if not 1 <= len(found) <= _MOST_INSTANTS:
        raise Fault(path, f"expected 1 to {_MOST_INSTANTS} evaluations")
    return found


def _heartbeats(
    case: Case, path: KeyPath, times: Times, every: timedelta, instants: list[datetime]
) -> list[Rows]:
    silent_from: dict[str, datetime] = {
        table: times.read(value, (*path, "silent_from", table)) for table, value in case.silent_from.items()
    }
    found: list[Rows] = []
    for table in FACT_TABLES:
        if not every or table in case.silent:
            continue
        until = silent_from.get(table, instants[-1] + _MINUTE) - timedelta(microseconds=1)
        found.append(heartbeat(table, every, instants[0] - _HEARTBEATS_BEFORE, until, times.midnight))
    return found


def _expectation(expect: Expect, path: KeyPath, of: _Of, instants: list[datetime]) -> Expectation:
    if expect.rule not in of.entities:
        if expect.rule in of.off:
            raise Fault((*path, "rule"), f"{expect.rule} is off in this configuration")
        raise Fault((*path, "rule"), f"there is no such rule{nearest(expect.rule, of.entities)}")
    fields = of.entities[expect.rule]
    for name in expect.entity:
        if name not in fields:
            known = nearest(name, fields) if fields else "; it counts everybody together."
            raise Fault((*path, "entity", name), f"alerts of {expect.rule} have no such field{known}")
    states: list[Expected] = []
    for number, state in enumerate(expect.states):
        where = (*path, "states", number)
        at = of.times.read(state.at, (*where, "at"))
        if at not in instants:
            near = min(instants, key=lambda instant: abs(instant - at))
            raise Fault(
                (*where, "at"),
                f"nothing is evaluated then; the nearest evaluation is at {of.times.text(near)}",
            )
        before = states[-1].state if states else "inactive"
        if states and at <= states[-1].at:
            raise Fault((*where, "at"), "expected a time after the state before it")
        if state.state == before and before != "resolved":
            raise Fault((*where, "state"), f"expected a change; it is {before} already")
        if state.value is not None and state.state not in ("pending", "firing", "resolved"):
            raise Fault((*where, "value"), f"a rule that is {state.state} has no value")
        states.append(Expected(at, state.state, state.value))
    return Expectation(expect.rule, expect.entity, states)
