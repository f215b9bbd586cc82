"""Values of a file as the tables' columns want them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from sysmon_tui.config.check import Fault, KeyPath, nearest
from sysmon_tui.services.rule_tests.times import Times

_WHOLE_BITS = {"tinyint": 8, "integer": 32, "bigint": 64}
# In a text: the number of the row among those that are written as one.
_NUMBER = "{n}"


def column_value(value: object, kind: Any, path: KeyPath, times: Times, number: int) -> Any:
    """`kind` is DuckDB's type of the column. Raises Fault."""
    if kind.id == "struct":
        fields = dict(kind.children)
        given = _table(value, path)
        for name in given:
            if name not in fields:
                raise Fault((*path, name), f"unknown field{nearest(name, fields)}")
        return {
            name: column_value(given[name], inner, (*path, name), times, number) if name in given else None
            for name, inner in fields.items()
        }
    if kind.id == "map":
        inner = dict(kind.children)["value"]
        given = _table(value, path)
        found = {key: column_value(one, inner, (*path, key), times, number) for key, one in given.items()}
        return {
            "key": list(found),
            "value": list(found.values()),
        }  # a MAP to DuckDB; a dict would be a STRUCT
    if kind.id == "list":
        if not isinstance(value, list):
            raise Fault(path, "expected a list")
        inner = dict(kind.children)["child"]
        return [column_value(one, inner, (*path, index), times, number) for index, one in enumerate(value)]
    return _plain(value, kind.id, path, times, number)


def _plain(value: object, kind: str, path: KeyPath, times: Times, number: int) -> Any:
    if kind == "timestamp":
        return times.read(value, path)
    if kind == "date":
        if not isinstance(value, date) or isinstance(value, datetime):
            raise Fault(path, "expected a date such as 2026-03-10")
        return value
    if kind == "boolean":
        if not isinstance(value, bool):
            raise Fault(path, "expected true or false")
        return value
    if kind in _WHOLE_BITS:
        most = 2 ** (_WHOLE_BITS[kind] - 1) - 1
        if not isinstance(value, int) or isinstance(value, bool) or not -most <= value <= most:
            raise Fault(path, f"expected a whole number of at most {most}")
        return value
    if not isinstance(value, str):
        raise Fault(
            path, f"expected a text{f', such as {chr(34)}{value}{chr(34)}' if _is_number(value) else ''}"
        )
    return value.replace(_NUMBER, str(number))


def over(defaults: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """`given` over `defaults`, table by table."""
    found = dict(defaults)
    for name, value in given.items():
        below = found.get(name)
        if isinstance(below, dict) and isinstance(value, dict):
            value = over(below, value)  # noqa: PLW2901
        found[name] = value
    return found


def _table(value: object, path: KeyPath) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise Fault(path, "expected a table")
    return value


def _is_number(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) < 10**18
