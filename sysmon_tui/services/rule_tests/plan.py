"""A test as it is run: everything in it read and found to be right."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sysmon_tui.services.evaluation import RuleBook
from sysmon_tui.services.rule_tests.rows import Row
from sysmon_tui.services.rule_tests.times import Times

Alert = dict[str, Any]


@dataclass(frozen=True)
class Change:
    """From `at` on the state is this. `values` and `message` are those of the alerts that are in it."""

    at: datetime
    state: str
    values: tuple[int | None, ...] = ()
    message: str = ""


@dataclass(frozen=True)
class Expected:
    """`value` None where any will do."""

    at: datetime
    state: str
    value: int | None

    def is_met_by(self, change: Change) -> bool:
        return (self.at, self.state) == (change.at, change.state) and (
            self.value is None or self.value in change.values
        )


@dataclass(frozen=True)
class Expectation:
    rule: str
    entity: dict[str, str]
    states: Sequence[Expected]

    def is_about(self, alert: Alert) -> bool:
        """What can't be known of a rule can't be known of any of its entities."""
        if alert["rule"] != self.rule:
            return False
        entity = alert["entity"]
        return (alert["state"] == "unknown" and not entity) or all(
            entity.get(name) == value for name, value in self.entity.items()
        )


@dataclass(frozen=True)
class RuleTest:
    """`others` false: what no expectation is about must not fire."""

    name: str
    instants: Sequence[datetime]
    rows: Sequence[Row]
    expectations: Sequence[Expectation]
    others: bool


@dataclass(frozen=True)
class Suite:
    """A file's tests, and the rules that they are of."""

    file: str
    book: RuleBook
    times: Times
    tests: Sequence[RuleTest]


@dataclass(frozen=True)
class Stray:
    """An alert that fired although nothing else should."""

    at: datetime
    rule: str
    entity: dict[str, Any]
    message: str


@dataclass
class Outcome:
    """Of each expectation the changes that were found."""

    test: RuleTest
    found: list[list[Change]]
    strays: list[Stray] = field(default_factory=list)

    @property
    def failures(self) -> list[tuple[Expectation, list[Change]]]:
        return [
            (expectation, found)
            for expectation, found in zip(self.test.expectations, self.found, strict=True)
            if len(found) != len(expectation.states)
            or not all(
                wanted.is_met_by(change) for wanted, change in zip(expectation.states, found, strict=True)
            )
        ]

    @property
    def passed(self) -> bool:
        return not self.failures and not self.strays
