"""What a tenant's configuration makes of a built-in rule."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from sysmon_tui.alerts import rules
from sysmon_tui.alerts.rules import Rule, configured
from sysmon_tui.config import Thresholds
from sysmon_tui.config.rules import RuleConfig


@pytest.mark.parametrize("config", [None, RuleConfig(), RuleConfig(enabled=True)])
def test_without_a_word_a_rule_is_as_it_is_built(config: RuleConfig | None) -> None:
    """Each of them, with what it waits for and how long it keeps firing."""
    assert [configured(rule, config) for rule in rules.BUILT_IN.values()] == [*rules.BUILT_IN.values()]


def test_a_rule_that_is_off_is_none() -> None:
    """Whatever else is said of it."""
    assert configured(rules.SLOW_RUNS, RuleConfig(enabled=False, severity="high")) is None


def test_a_rule_as_a_configuration_wants_it() -> None:
    """Its severity, how long it waits and keeps firing, and where its runbook is; zero is a number like others."""
    wanted = RuleConfig(
        severity="critical", for_minutes=5, keep_firing_minutes=0, runbook_url="https://example.com/run"
    )
    assert configured(rules.SLOW_RUNS, wanted) == replace(
        rules.SLOW_RUNS,
        severity="critical",
        wait=timedelta(minutes=5),
        keep=timedelta(0),
        runbook_url="https://example.com/run",
    )


@pytest.mark.parametrize(
    ("rule", "threshold"), [(rules.FAILED_LOGINS, 7), (rules.ADMIN_GRANTED, 1), (rules.FAILED_RUNS, 5)]
)
def test_a_threshold_is_the_settings(rule: Rule, threshold: int) -> None:
    """A rule without one fires at the first."""
    assert rule.threshold(Thresholds(failed_logins_per_hour=7)) == threshold
