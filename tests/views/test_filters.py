"""Which rows a filter keeps: cases by hand, and against an implementation in plain Python."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sysmon_tui.views import filters
from sysmon_tui.views.filter_fields import COLUMNS, Field
from sysmon_tui.views.filter_language import Filter, FilterError, Pattern, Term, parsed, quoted
from sysmon_tui.views.filter_values import Age, ClockTime, Moment

NOW = datetime(2026, 3, 10, 1, 30, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")
TYPES: dict[str, pl.DataType] = {
    "instant": pl.Datetime("us", "UTC"),
    "number": pl.Int64(),
    "milliseconds": pl.Int64(),
    "bytes": pl.Int64(),
    "seconds": pl.Float64(),
    "share": pl.Float64(),
    "flag": pl.Boolean(),
}


def frame(dataset: str, rows: list[dict[str, Any]]) -> pl.DataFrame:
    schema = {name: TYPES.get(kind, pl.String()) for name, kind in COLUMNS[dataset].items()}
    return pl.DataFrame(
        [{name: row.get(name) for name in schema} for row in rows], schema=schema, orient="row"
    )


def kept(line: str, rows: pl.DataFrame, dataset: str = "queries", zone: ZoneInfo = BERLIN) -> list[int]:
    """The numbers of the rows that a filter keeps."""
    keep = rows.select(filters.matching(parsed(line, dataset), rows.schema, NOW, zone)).to_series()
    assert keep.dtype == pl.Boolean and len(keep) == rows.height and keep.null_count() == 0
    return keep.arg_true().to_list()


def of_texts(*texts: str | None) -> pl.DataFrame:
    return frame("queries", [{"user_email": text} for text in texts])


# Texts -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "numbers"),
    [
        ("user=etl", [0, 1]),
        ("user!=etl", [2, 3, 4]),
        ("!user=etl", [2, 3, 4, 5, 6]),
        ("user~etl", [0, 1, 2, 3]),
        ("user!~etl", [4]),
        ("user=etl*", [0, 1, 2]),
        ("user=*etl*", [0, 1, 2, 3]),
        ("user=e*l,ÄRGER", [0, 1, 4]),
        ("user=-", [5, 6]),
        ("user!=-", [0, 1, 2, 3, 4]),
        ("!user=-", [0, 1, 2, 3, 4]),
        ("user=-,etl", [0, 1, 5, 6]),
        ("user!=-,etl", [2, 3, 4]),
        ("user=*", [0, 1, 2, 3, 4]),
        ("ETL", [0, 1, 2, 3]),
        ("!etl", [4, 5, 6]),
        ("etl dev", [2]),
        ("ärger", [4]),
    ],
)
def test_texts(line: str, numbers: list[int]) -> None:
    """Whole values, any characters, any of several, parts and words, without regard to case; an empty text is none."""
    assert kept(line, of_texts("etl", "ETL", "etl\ndev", "the etl", "Ärger", None, "")) == numbers


@pytest.mark.parametrize(
    "text", ["%", "_", "\\", ".*", "'; DROP TABLE x --", "(a|b", "[x", "$", "\n", "$1", "\\z"]
)
def test_no_character_is_special(text: str) -> None:
    """What patterns, expressions or SQL give a meaning stands for itself, as a word, a part and a whole value."""
    rows = of_texts(f"a{text}b", text, "abc", "x", "")
    assert kept(quoted(text), rows) == kept(f"user~{quoted(text)}", rows) == [0, 1]
    assert kept(f"user={quoted(text)}", rows) == [1]
    assert kept(f"user=a{quoted(text)}*", rows) == [0]


def test_ascii_letters_find_themselves_alone() -> None:
    """`k` finds no sign for Kelvin, in parts as in whole values; letters that are not ASCII find their other case."""
    rows = of_texts("\u212a", "K", "\u03a3", "\u03c2")
    assert kept("user=k", rows) == kept("user~k", rows) == kept("k", rows) == [1]
    assert kept("user=\u03c3", rows) == kept("user~\u03c3", rows) == [2, 3]


def test_a_word_looks_into_texts_and_not_into_links() -> None:
    """Any text of the row counts, ids and errors too; links don't, because all of them hold the same words."""
    rows = frame(
        "queries",
        [
            {"error_message": "no jobs"},
            {"url": "https://x/jobs/1"},
            {"statement_id": "jobs7"},
            {"read_rows": 7},
        ],
    )
    assert kept("JOBS", rows) == [0, 2]
    assert kept("7", rows) == [2]
    assert kept("url~/jobs/", rows) == [1]


def test_short_names_of_several_columns() -> None:
    """`wh` is the name, else the id, as on the screen; `err` is found in the class and in the message."""
    rows = frame(
        "queries",
        [
            {"warehouse_name": "prod", "warehouse_id": "a1"},
            {"warehouse_name": None, "warehouse_id": "a1"},
            {"warehouse_name": "", "warehouse_id": "prod"},
            {"error_class": "DIVIDE_BY_ZERO", "error_message": "[DIVIDE_BY_ZERO] Division by zero."},
            {"error_message": "Timed out."},
        ],
    )
    assert kept("wh=prod", rows) == [0, 2]
    assert kept("wh=a1", rows) == [1]
    assert kept("wh=-", rows) == [3, 4]
    assert kept("err=divide_by_zero", rows) == kept("err~division", rows) == [3]
    assert kept("err!~zero", rows) == [4]
    assert kept("err=-", rows) == [0, 1, 2]


def test_statuses() -> None:
    """`failed` keeps the failed group of runs; a run that went well has no error though it has a code."""
    runs = frame(
        "workflows",
        [
            {"status": status, "termination_code": code}
            for status, code in (
                ("FAILED", "RUN_EXECUTION_ERROR"),
                ("TIMED_OUT", None),
                ("SUCCEEDED", "SUCCESS"),
                ("CANCELLED", "USER_CANCELED"),
                ("ERROR", "CLUSTER_ERROR"),
            )
        ],
    )
    assert kept("status=failed", runs, "workflows") == [0, 1, 4]
    assert kept("status!=failed,canceled", runs, "workflows") == [2]
    assert kept("status=fail*", runs, "workflows") == [0]
    assert kept("err=-", runs, "workflows") == [1, 2]
    assert kept("err~cluster", runs, "workflows") == [4]


def test_an_audit_status_is_an_outcome_or_a_code() -> None:
    """As on HTTP."""
    events = frame(
        "audit",
        [
            {"status": "failure", "status_code": 403},
            {"status": "success", "status_code": 200},
            {"status_code": None},
        ],
    )
    for line in ("status=403", "status=failed", "status=failure", "code=403", "status=4*", "code>=400"):
        assert kept(line, events, "audit") == [0]
    assert kept("status!=403", events, "audit") == [1]


# Other values ------------------------------------------------------------------------------------------------


def test_numbers() -> None:
    """Comparisons are exact, no value compares with nothing, and what is no finite number is no value."""
    rows = frame(
        "warehouses",
        [
            {"utilization": share, "starts": starts}
            for share, starts in ((0.45, 3), (math.nan, None), (math.inf, 0), (1.0, 5))
        ],
    )
    assert kept("busy=45%", rows, "warehouses") == [0]
    assert kept("busy>45%", rows, "warehouses") == [3]
    assert kept("busy!=1", rows, "warehouses") == [0]
    assert kept("busy=-", rows, "warehouses") == [1, 2]
    assert kept("starts<=3", rows, "warehouses") == [0, 2]
    assert kept("starts=3,5", rows, "warehouses") == [0, 3]
    assert kept("!starts<99", rows, "warehouses") == [1]


def test_flags() -> None:
    """True, false and no value are three things."""
    rows = frame("queries", [{"from_result_cache": True}, {"from_result_cache": False}, {}])
    assert [kept(f"cached={word}", rows) for word in ("yes", "no", "-")] == [[0], [1], [2]]
    assert kept("cached!=true", rows) == [1]


def started(*times: str | None) -> pl.DataFrame:
    return frame("queries", [{"start_time": time and datetime.fromisoformat(time)} for time in times])


@pytest.mark.parametrize(
    ("line", "numbers"),
    [
        # It is 02:30 in Berlin: 02:00 is today's, 02:31 and 23:30 are yesterday's.
        ("start=02:00", [1]),
        ("start>02:00", [0]),
        ("start>=02:00", [0, 1]),
        ("start<02:00", [2, 3, 4]),
        ("start<=02:00", [1, 2, 3, 4]),
        ("start=23:30", [2]),
        ("start>02:31", [0, 1, 2]),
        ("start=2026-03-10", [0, 1]),
        ("start=2026-03-09", [2]),
        ("start>2026-03-08", [0, 1, 2]),
        ("start<2026-03-09", [3, 4]),
        ("start<=2026-03-09", [2, 3, 4]),
        ("start>=2026-03-08T12:00Z", [0, 1, 2, 3]),
        ("start>2026-03-08T13:00+01:00", [0, 1, 2]),
        ("start<1h", [0, 1]),
        ("start>1h", [2, 3, 4]),
        ("start<=2d", [0, 1, 2, 3]),
        ("start=-", [5]),
        ("start!=2026-03-09", [0, 1, 3, 4]),
    ],
)
def test_times(line: str, numbers: list[int]) -> None:
    """Days and minutes are whole and in the user's zone, a time of day that lies ahead was yesterday's, a duration is
    an age."""
    rows = started(
        "2026-03-10T01:29:00Z",
        "2026-03-10T01:00:59Z",
        "2026-03-09T22:30:00Z",
        "2026-03-08T12:00:30Z",
        "2026-03-01T12:00:00Z",
        None,
    )
    assert kept(line, rows) == numbers


def test_a_day_is_as_long_as_the_calendar_has_it() -> None:
    """On the day when clocks go forward the last hour still belongs to it, and none of the next day's."""
    rows = started(
        "2026-03-28T22:59:59Z", "2026-03-28T23:00:00Z", "2026-03-29T21:59:59Z", "2026-03-29T22:00:00Z"
    )
    assert kept("start=2026-03-29", rows) == [1, 2]


# Frames ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "numbers"),
    [
        ("user=-", [0, 1]),
        ("!user=x", [0, 1]),
        ("user!=x", []),
        ("dur>1", []),
        ("x", []),
        ("!x wh=-", [0, 1]),
        ("", [0, 1]),
    ],
)
def test_fields_that_a_frame_lacks_have_no_value(line: str, numbers: list[int]) -> None:
    """A frame without a field, or with one that never had a value, is like one where all its values are missing."""
    assert kept(line, pl.DataFrame({"other": [1, 2]})) == numbers
    assert (
        kept(line, pl.DataFrame({"user_email": [None, None], "total_duration_ms": [None, None]})) == numbers
    )


def test_a_frame_without_rows_keeps_none() -> None:
    """Also then the answer is a column of true and false."""
    for line in ("", "x", "dur>1", "!user=-"):
        assert kept(line, frame("queries", [])) == []


def test_many_rows_are_kept_in_their_places() -> None:
    """What is worked out in parts stands in the order of the rows."""
    rows = of_texts(*(f"u{number}" for number in range(123_457)))
    assert kept("user=u0,u61728,u123456", rows) == [0, 61_728, 123_456]
    assert rows.filter(filters.matching(parsed("u12345", "queries"), rows.schema, NOW, BERLIN)).height == 8


# Plain Python -------------------------------------------------------------------------------------------------

# Unicode's folding of single characters, as far as the letters below need it.
_FOLDS = {"\u03c2": "\u03c3", "\u017f": "s", "\u212a": "k", "ẞ": "ß"}
# Few, so that texts and what is looked for in them often meet.
LETTERS = 'kK\u212as\u017f\u03c3Σ\u03c2ßẞ%*,"\n '
COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    "=": lambda a, b: a == b,
}


def folded(text: str, *, only_ascii: bool) -> str:
    if only_ascii:
        return "".join(char.lower() if char.isascii() else char for char in text)
    return "".join(_FOLDS.get(low, low) for low in (_FOLDS.get(char, char.lower()) for char in text))


def is_like(text: str, parts: tuple[str, ...]) -> bool:
    """Whether the parts make the whole text with any characters in between."""

    def begins(part: str, at: int) -> bool:
        only_ascii = part.isascii()
        return folded(text[at : at + len(part)], only_ascii=only_ascii) == folded(part, only_ascii=only_ascii)

    def fits(number: int, at: int) -> bool:
        part = parts[number]
        places = [at] if number == 0 else range(at, len(text) - len(part) + 1)
        if number == len(parts) - 1:
            places = [place for place in places if place + len(part) == len(text)]
            return any(begins(part, place) for place in places)
        return any(begins(part, place) and fits(number + 1, place + len(part)) for place in places)

    return fits(0, 0)


def holds(value: Any, operator: str, wanted: Any, zone: ZoneInfo) -> bool:
    if isinstance(wanted, Pattern):
        return is_like(str(value), wanted.parts)
    if isinstance(wanted, Age):
        return COMPARE[operator]((NOW - value).total_seconds(), wanted.seconds)
    if isinstance(wanted, ClockTime | Moment):
        begin, end = filters.span(wanted, NOW, zone)
        sides = {"<": value < begin, ">=": value >= begin, ">": value >= end, "<=": value < end}
        return bool(sides.get(operator, begin <= value < end))
    return COMPARE[operator](value, wanted)


def passes(term: Term, row: dict[str, Any], dataset: str, zone: ZoneInfo) -> bool:
    texts = tuple(name for name, kind in COLUMNS[dataset].items() if kind in ("text", "status"))
    field = term.field or Field("", "text", texts)
    nothing = (None, "", field.nothing)
    values = [value for name in field.columns if (value := row.get(name)) not in nothing]
    values = [value for value in values if not isinstance(value, float) or math.isfinite(value)]
    if field.is_first:
        values = values[:1]
    operator = "=" if term.operator == "!=" else term.operator
    found = any(
        holds(value, operator, one, zone) for value in values for one in term.values if one is not None
    )
    found = found or (None in term.values and not values)
    if term.operator == "!=":
        found = bool(values) and not found
    return found != term.is_turned


def expected(wanted: Filter, rows: list[dict[str, Any]], zone: ZoneInfo) -> list[int]:
    return [
        number
        for number, row in enumerate(rows)
        if all(passes(term, row, wanted.dataset, zone) for term in wanted.terms)
    ]


TEXTS = st.text(alphabet=LETTERS, max_size=3)
ALTERNATIVES = st.lists(
    st.lists(TEXTS.filter(bool).map(quoted) | st.just("*"), min_size=1, max_size=3).map("".join)
    | st.just("-"),
    min_size=1,
    max_size=3,
).map(",".join)
TIMES = st.sampled_from(["01:30", "02:30", "02:31", "2026-03-10", "2026-03-09T23:30", "2026-03-09T22:30:30Z"])
AGES = st.sampled_from(["0s", "1h", "26h", "3d"])
ORDERS = st.sampled_from(["<", "<=", ">", ">="])
EQUALS = st.sampled_from(["=", "!="])
DURATIONS = st.sampled_from(["0", "1500", "1.5s", "2m", "0.0015"])
TERMS = st.one_of(
    TEXTS.filter(bool).map(quoted),
    st.builds("{}{}{}".format, st.sampled_from(["user", "wh", "err", "text"]), EQUALS, ALTERNATIVES),
    st.builds(
        "{}{}{}".format,
        st.sampled_from(["user", "wh", "err"]),
        st.sampled_from(["~", "!~"]),
        TEXTS.filter(bool).map(quoted),
    ),
    st.builds("dur{}{}".format, ORDERS | EQUALS, DURATIONS),
    st.builds("start{}{}".format, ORDERS | EQUALS, TIMES),
    st.builds("start{}{}".format, ORDERS, AGES),
    st.builds("{}{}-".format, st.sampled_from(["user", "wh", "err", "dur", "start", "cached"]), EQUALS),
    st.builds("cached{}{}".format, EQUALS, st.sampled_from(["yes", "no"])),
)
QUERIES = st.fixed_dictionaries(
    {
        **{
            name: st.none() | TEXTS
            for name in (
                "user_email",
                "warehouse_name",
                "warehouse_id",
                "error_class",
                "error_message",
                "statement_text",
            )
        },
        "total_duration_ms": st.none() | st.sampled_from([0, 1, 1500, 120_000]),
        "start_time": st.none()
        | st.integers(0, 8 * 60).map(lambda minutes: NOW - timedelta(minutes=15 * minutes, seconds=30)),
        "from_result_cache": st.none() | st.booleans(),
    }
)


@settings(max_examples=300, deadline=None)
@given(
    terms=st.lists(st.tuples(st.sampled_from(["", "!"]), TERMS).map("".join), max_size=4),
    rows=st.lists(QUERIES, max_size=6),
)
def test_the_expression_keeps_what_plain_python_keeps(terms: list[str], rows: list[dict[str, Any]]) -> None:
    """Any filter keeps the same rows as one that looks at a row at a time, in Python."""
    line = " ".join(terms)
    assert kept(line, frame("queries", rows)) == expected(parsed(line, "queries"), rows, BERLIN)


@settings(max_examples=200, deadline=None)
@given(
    line=st.lists(st.tuples(st.sampled_from(["", "!"]), TERMS).map("".join), min_size=1, max_size=3).map(
        " ".join
    ),
    ends=st.tuples(st.integers(1, 40), st.integers(1, 40)),
    rows=st.lists(QUERIES, min_size=1, max_size=6),
)
def test_what_narrows_keeps_no_other_row(
    line: str, ends: tuple[int, int], rows: list[dict[str, Any]]
) -> None:
    """As a line is typed: where one filter says that it narrows another, its rows are among the other's."""
    shorter, longer = line[: min(ends)], line[: max(ends)]
    try:
        narrows = parsed(longer, "queries").narrows(parsed(shorter, "queries"))
    except FilterError:
        return
    if narrows:
        table = frame("queries", rows)
        assert set(kept(longer, table)) <= set(kept(shorter, table))


@pytest.mark.parametrize(
    ("longer", "shorter", "narrows"),
    [
        ("pears", "pear", True),
        ("status=failed pears", "status=failed pear", True),
        ("pear dur>5m", "pear", True),
        ("dur>5m pear", "pear dur>5m", True),
        ("user~anna", "user~ann", True),
        ("pear", "", True),
        ("pear", "pears", False),
        ("!pears", "!pear", False),
        ("user!=anna*", "user!=ann*", False),
        ("user~ann", "wh~ann", False),
        ("dur>5m", "dur>4m", False),  # true, and worth nothing: nobody types that
        ("start<2h pear", "start<2h", False),  # two hours ago is another time by then
        ("start<02:30 pear", "start<02:30", False),
        ("cafék", "k", False),  # é brings Unicode's folding, where the sign for Kelvin is a k
        ("cafék", "fé", True),
    ],
)
def test_which_filters_narrow(longer: str, shorter: str, narrows: bool) -> None:
    """A term more, or more letters of a text; not what is turned round, and not what is told from now."""
    assert parsed(longer, "queries").narrows(parsed(shorter, "queries")) is narrows


@settings(max_examples=100, deadline=None)
@given(
    rows=st.lists(st.none() | st.floats(width=32), max_size=8),
    order=ORDERS | EQUALS,
    wanted=st.integers(0, 3),
)
def test_numbers_compare_as_in_plain_python(rows: list[float | None], order: str, wanted: int) -> None:
    """No finite number is lost or gained, and what is not finite is no value."""
    line = f"up{order}{wanted}"
    cells: list[dict[str, Any]] = [{"uptime_seconds": value} for value in rows]
    assert kept(line, frame("warehouses", cells), "warehouses") == expected(
        parsed(line, "warehouses"), cells, BERLIN
    )


def test_rows_of_all_tenants_are_found_by_tenant() -> None:
    """Where rows of several tenants stand in one table, `tenant=` keeps those of one; rows of one tenant have none."""
    wanted = parsed("tenant=prod", "workflows")
    joint = pl.DataFrame({"tenant": ["prod", "dev"], "run_id": ["1", "2"]})
    kept = joint.filter(filters.matching(wanted, joint.schema, NOW, BERLIN))
    assert kept.get_column("run_id").to_list() == ["1"]
    own = joint.drop("tenant")
    assert own.filter(filters.matching(wanted, own.schema, NOW, BERLIN)).is_empty()
