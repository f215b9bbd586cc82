"""A report on a tenant's connection: as lines for people, with commands that can be copied, and as a document.

Names in it are strangers': nothing leaves here that acts on a terminal or a shell.
"""

from __future__ import annotations

import shlex
import textwrap
from collections.abc import Iterator
from typing import Any

from sysmon_tui.clock import rfc3339
from sysmon_tui.text import one_line
from sysmon_tui.views.findings import EXIT_NO_CONNECTION, ApiCall, Finding, Report

_WIDTH = 80
_WORD_WIDTH = 10


def lines(report: Report) -> list[str]:
    """80 columns wide, commands excepted: those are never broken."""
    found = list(_wrapped(f"{report.tenant} ({report.source}), examined {rfc3339(report.examined_at)}", 0))
    found.append("")
    for finding in report.findings:
        found += _finding(finding)
    found += _for_an_admin(report)
    found += ["", *_wrapped(_summary(report), 0)]
    return found


def _finding(finding: Finding) -> Iterator[str]:
    told = f"{finding.word:{_WORD_WIDTH}}{finding.name}: {finding.said}"
    yield from _wrapped(told, _WORD_WIDTH)
    if finding.todo:
        yield from _wrapped(" " * _WORD_WIDTH + finding.todo, _WORD_WIDTH)


def _for_an_admin(report: Report) -> Iterator[str]:
    if report.calls:
        yield from ("", "An admin calls:")
        yield from (one_line(f"  {call.method} {call.path} {call.body}".rstrip()) for call in report.calls)
        yield "or, from a shell:"
        yield from (f"  {_shell(call)}" for call in report.calls)
    if report.sql:
        yield from ("", f"{'Then an' if report.calls else 'An'} admin runs:")
        yield from (f"  {one_line(text)};" for text in report.sql)


def _shell(call: ApiCall) -> str:
    words = ["databricks", "api", call.method.lower(), call.path]
    if call.body:
        words += ["--json", call.body]
    return shlex.join(one_line(word) for word in words)


def _summary(report: Report) -> str:
    checks = f"{len(report.findings)} checks"
    if report.exit_code == EXIT_NO_CONNECTION:
        return "Nothing more can be examined without a connection."
    if report.missing:
        return f"Of {checks} {report.missing} found something missing or unknown."
    if report.is_lacking:
        return f"All that is needed is there; not all of the {checks} are well."
    return "All that is needed is there."


def _wrapped(text: str, indent: int) -> list[str]:
    return textwrap.wrap(
        one_line(text),
        _WIDTH,
        subsequent_indent=" " * indent,
        break_long_words=False,
        break_on_hyphens=False,
        drop_whitespace=True,
    )


def document(report: Report) -> dict[str, Any]:
    """The same for programs."""
    return {
        "tenant": report.tenant,
        "source": report.source,
        "examined_at": rfc3339(report.examined_at),
        "principal": _clean(report.principal),
        "exit_code": report.exit_code,
        "missing": report.missing,
        "findings": [
            {
                "name": _clean(finding.name),
                "word": finding.word,
                "needed": finding.needed,
                "said": _clean(finding.said),
                "todo": _clean(finding.todo) or None,
                **{key: _clean(value) for key, value in finding.facts.items()},
            }
            for finding in report.findings
        ],
        "api_calls": [
            {
                "method": call.method,
                "path": _clean(call.path),
                "body": _clean(call.body) or None,
                "shell": _shell(call),
            }
            for call in report.calls
        ],
        "sql": [_clean(text) for text in report.sql],
    }


def _clean(value: Any) -> Any:
    return one_line(value) if isinstance(value, str) else value
