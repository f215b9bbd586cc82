"""The figures of a run, as the processes hand them on."""

from __future__ import annotations

from statistics import median

import msgspec


class Cost(msgspec.Struct, frozen=True):
    """What some questions cost.

    `seconds` is the wall time from the first question to the last answer. `rows` are those that the statements'
    predicates let through the engine's table scans: what an engine reads whose files are clustered by time. A scan
    that a statement makes twice counts twice. `sent` are the bytes of the workspace's answers as they went out,
    polls and results behind links among them.
    """

    seconds: float
    rows: int
    sent: int
    statements: int


class Course(msgspec.Struct, frozen=True):
    """The same questions at first, and again: `refresh` has of each figure the median, `dearest` the most rows."""

    first: Cost
    refresh: Cost
    dearest: int


class Peaks(msgspec.Struct, frozen=True):
    """The most memory that the client's process has held so far, in bytes, after each stage."""

    first: int
    refreshes: int
    reread: int


class Size(msgspec.Struct, frozen=True):
    """An estate of `rows`: all routes in one process as they come, and each route alone in a service of its own.

    `reread` is the asking after limits.FULL_READ_S, which reads everything anew.
    """

    rows: int
    course: Course
    reread: Cost
    peaks: Peaks
    routes: dict[str, Course]


def course(first: Cost, refreshes: list[Cost]) -> Course:
    middle = Cost(
        median(one.seconds for one in refreshes),
        int(median(one.rows for one in refreshes)),
        int(median(one.sent for one in refreshes)),
        int(median(one.statements for one in refreshes)),
    )
    return Course(first, middle, max(one.rows for one in refreshes))
