"""The words for how a test went. What comes from files and rows is made harmless here."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sysmon_tui.services.rule_tests.plan import Change, Expected, Outcome
from sysmon_tui.services.rule_tests.times import Times
from sysmon_tui.text import one_line

# Of a timeline that went another way as a whole the first moments tell enough.
_MESSAGES = 3


def lines(outcome: Outcome, times: Times, file: str | None) -> Iterator[str]:
    """`file` where there are several."""
    name = f"{file}: {outcome.test.name}" if file else outcome.test.name
    yield one_line(f"{'ok  ' if outcome.passed else 'FAIL'}  {name}")
    for expectation, found in outcome.failures:
        yield one_line(f"      {expectation.rule}{_entity(expectation.entity)}")
        yield one_line(f"        expected  {_expected(expectation.states, times)}")
        yield one_line(f"        found     {_found(found, times)}")
        for change in _unforeseen(expectation.states, found):
            yield one_line(f"        at {times.text(change.at)}, {change.state}: {change.message}")
    for stray in outcome.strays:
        what = f"{stray.rule}{_entity(stray.entity)}"
        yield one_line(
            f"      {what} fires at {times.text(stray.at)}, and nothing else should: {stray.message}"
        )


def _unforeseen(expected: Sequence[Expected], found: Sequence[Change]) -> list[Change]:
    """From where the two part, those of which there is something to say."""
    pairs = itertools.zip_longest(expected, found)
    parted = itertools.dropwhile(lambda pair: pair[0] and pair[1] and pair[0].is_met_by(pair[1]), pairs)
    return [change for _, change in parted if change is not None and change.message][:_MESSAGES]


def _expected(states: Sequence[Expected], times: Times) -> str:
    words = [
        f"{times.text(one.at)} {one.state}{'' if one.value is None else f' {one.value}'}" for one in states
    ]
    return ", ".join(words) or "inactive throughout"


def _found(changes: Sequence[Change], times: Times) -> str:
    words = []
    for change in changes:
        values = sorted({value for value in change.values if value is not None})
        words.append(" ".join([times.text(change.at), change.state, "/".join(map(str, values))]).strip())
    return ", ".join(words) or "inactive throughout"


def _entity(entity: Mapping[str, Any]) -> str:
    return f" ({', '.join(f'{name} {value}' for name, value in entity.items())})" if entity else ""
