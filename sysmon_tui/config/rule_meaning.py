"""Faults in alert rules that no single value shows."""

from __future__ import annotations

import re

from sysmon_tui.config.check import Fault, KeyPath, nearest
from sysmon_tui.config.model import Config
from sysmon_tui.config.rules import AT_ONCE, BUILT_IN, OF_OWN_RULES, RuleConfig, number_columns, text_columns

_NUMBER = re.compile(r"(>=|<=|>|<|=)?\s*-?[0-9]{1,15}(\.[0-9]{1,6})?\Z", re.ASCII)


def check_rules(config: Config) -> None:
    """Raises Fault."""
    places: list[tuple[KeyPath, dict[str, RuleConfig]]] = [((), config.rules)]
    places += [(("environments", name), one.rules) for name, one in config.environments.items()]
    places += [(("tenants", name), one.rules) for name, one in config.tenants.items()]
    own = {name for _, rules in places for name, rule in rules.items() if rule.dataset is not None}
    for place, rules in places:
        for name, rule in rules.items():
            path = (*place, "rules", name)
            if name not in BUILT_IN and name not in own:
                near = nearest(name, BUILT_IN)
                near = near if "mean" in near else "."
                raise Fault(path, f"is no built-in rule, and one of your own needs dataset and value{near}")
            _check_rule(name, rule, path)
    for tenant in config.tenants:
        for name, rule in config.rules_for(tenant).items():
            if name in own:
                _check_own(rule, ("rules", name))


def _check_rule(name: str, rule: RuleConfig, path: KeyPath) -> None:
    if name in BUILT_IN:
        for key in OF_OWN_RULES:
            if getattr(rule, key) is not None:
                raise Fault((*path, key), f"{name} is a built-in rule; its threshold stands in [thresholds]")
    if name in AT_ONCE and rule.for_minutes:
        raise Fault((*path, "for_minutes"), f"{name} fires at once: there is nothing that holds for a while")
    if name.startswith("freshness.") and rule.keep_firing_minutes is not None:
        raise Fault((*path, "keep_firing_minutes"), f"{name} ends as soon as the table goes on")


def _check_own(rule: RuleConfig, path: KeyPath) -> None:
    if rule.dataset is None or rule.value is None:
        missing = "dataset" if rule.dataset is None else "value"
        raise Fault((*path, missing), "is missing; a rule of your own needs dataset and value")
    texts, numbers = text_columns(rule.dataset), number_columns(rule.dataset)
    for column, text in (rule.filter or {}).items():
        if column not in (*texts, *numbers):
            raise Fault(
                (*path, "filter", column),
                f"{rule.dataset} has no such column{nearest(column, (*texts, *numbers))}",
            )
        if column in numbers and not _NUMBER.match(text):
            raise Fault((*path, "filter", column), 'expected a number or a comparison such as ">= 600"')
    for column in rule.group_by or ():
        if column not in texts:
            raise Fault(
                (*path, "group_by"), f"{rule.dataset} has no such text column{nearest(column, texts)}"
            )
