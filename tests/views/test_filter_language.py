"""What a line of the filter language means, and where it is wrong."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime, time, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sysmon_tui.datasets import asks
from sysmon_tui.datasets.states import FAILED_RUN_STATES
from sysmon_tui.errors import RequestError
from sysmon_tui.views import alerts, audit, queries, warehouses, workflows
from sysmon_tui.views.filter_fields import COLUMNS
from sysmon_tui.views.filter_language import FilterError, Pattern, fields, parsed, quoted
from sysmon_tui.views.filter_values import Age, ClockTime, Moment

DATASETS = ("workflows", "queries", "warehouses", "audit", "alerts")


def values(line: str, dataset: str = "queries") -> tuple[object, ...]:
    (term,) = parsed(line, dataset).terms
    return term.values


def columns(line: str, dataset: str = "queries") -> tuple[str, ...]:
    (term,) = parsed(line, dataset).terms
    assert term.field is not None
    return term.field.columns


def refusal(line: str, dataset: str = "queries") -> FilterError:
    with pytest.raises(FilterError) as caught:
        parsed(line, dataset)
    return caught.value


@pytest.mark.parametrize(
    ("dataset", "names"),
    [
        ("workflows", workflows.FIELDS),
        ("queries", queries.FIELDS),
        ("warehouses", warehouses.FIELDS),
        ("audit", audit.FIELDS),
        ("alerts", alerts.alert_frame([]).columns),
    ],
)
def test_every_field_of_the_rows_has_its_name(dataset: str, names: tuple[str, ...]) -> None:
    """A filter knows each field of a dataset's rows and no other."""
    assert set(COLUMNS[dataset]) == set(names)
    for name in names:
        parsed(f"{name}=-", dataset)


@pytest.mark.parametrize("dataset", DATASETS)
def test_short_names_are_fields(dataset: str) -> None:
    """Each short name that a front end hints at can be typed, in any case."""
    for name in fields(dataset):
        assert columns(f"{name.upper()}=-", dataset)


def test_filters_are_offered_where_rows_are_listed() -> None:
    """Every dataset of HTTP and `query` takes a filter, but for what the Jobs API tells of active runs."""
    assert {name for name, known in asks.DATASETS.items() if "filter" not in known} == {"workflows/active"}


@pytest.mark.parametrize(
    ("line", "parts"),
    [
        ("name=nightly", (("nightly",),)),
        ('name="nightly load"', (("nightly load",),)),
        ('name=nightly" "load', (("nightly load",),)),
        ("name=a,b", (("a",), ("b",))),
        ("name=a*b", (("a", "b"),)),
        ('name="a,b*"', (("a,b*",),)),
        ('name="say ""hi"""', (('say "hi"',),)),
        ('name="-"', (("-",),)),
        ("name~a,b*", (("", "a,b*", ""),)),
        ("name=a=b", (("a=b",),)),
    ],
)
def test_texts_in_values(line: str, parts: tuple[tuple[str, ...], ...]) -> None:
    """`,` and `*` speak in values, quotes take everything as it is, `~` takes all but quotes as it is."""
    assert values(line, "workflows") == tuple(Pattern(one) for one in parts)


@pytest.mark.parametrize("line", ["%_\\", "';", "a->b", "job-1=x", "(a|b)*", '"dur>5m"', '"!x"', '"="', "-"])
def test_words_are_plain_text(line: str) -> None:
    """A word without field and operator, or in quotes, is looked for as it stands."""
    (term,) = parsed(line, "queries").terms
    assert term.field is None
    assert term.values == (Pattern(("", line.strip('"'), "")),)


def test_terms_and_turns() -> None:
    """Spaces part terms, `!` turns one round and two undo each other; nothing asks for nothing."""
    wanted = parsed("  status=failed !user=a !!b\tdur>=5 ", "queries")
    assert [term.is_turned for term in wanted.terms] == [False, True, False, False]
    assert [term.operator for term in wanted.terms] == ["=", "=", "=", ">="]
    assert wanted.text == "status=failed !user=a !!b\tdur>=5"
    for nothing in ("", "   ", '""', '"" ""'):
        assert parsed(nothing, "queries").is_empty


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("dur>5m", 300_000),
        ("dur>250ms", 250),
        ("dur>1h30m", 5_400_000),
        ("dur>2D", 172_800_000),
        ("dur>1.5s", 1500),
        ('dur>"21m 03s"', 1_263_000),
        ("dur>250", 250),
        ("read>10MB", 10_000_000),
        ("read>1GiB", 1 << 30),
        ("read>1kb", 1000),
        ("read>7B", 7),
        ("read>12", 12),
        ("read_rows>-1.5", -1.5),
        ("cached=YES", True),
        ("cached=false", False),
        ("dur=-", None),
        ("start<2h", Age(7200)),
        ("start>02:30", ClockTime(time(2, 30), timedelta(minutes=1))),
        ("start>2:30:05", ClockTime(time(2, 30, 5), timedelta(seconds=1))),
        ("end<2026-03-01", Moment(datetime(2026, 3, 1), timedelta(days=1))),
        ("end<2026-03-01T10:00", Moment(datetime(2026, 3, 1, 10), timedelta(minutes=1))),
        ('end<"2026-03-01 10:00:30"', Moment(datetime(2026, 3, 1, 10, 0, 30), timedelta(seconds=1))),
        (
            "end<2026-03-01T10:00:00.5Z",
            Moment(datetime(2026, 3, 1, 10, 0, 0, 500_000, UTC), timedelta(microseconds=1)),
        ),
    ],
)
def test_values_of_other_kinds(line: str, value: object) -> None:
    """Durations, sizes, flags, no value, ages and times; a bare number is in the column's own unit."""
    assert values(line) == (value,)


def test_units_are_the_columns_own() -> None:
    """The same duration is seconds where the column counts seconds, a share may be in percent."""
    assert values("dur>5m", "workflows") == (300,)
    assert values("busy>=45%", "warehouses") == values("busy>=0.45", "warehouses") == (0.45,)


@pytest.mark.parametrize(
    ("line", "dataset", "words"),
    [
        ("status=Failed", "workflows", FAILED_RUN_STATES),
        ("status=failed", "queries", ("failed",)),
        ("status=failed", "audit", ("failure",)),
        ("status=canceled", "workflows", ("CANCELED", "CANCELLED")),
        ("status=CANCELLED", "queries", ("CANCELED", "CANCELLED")),
        ("status=running,failed", "workflows", ("running", *FAILED_RUN_STATES)),
    ],
)
def test_statuses_are_read_as_on_http(line: str, dataset: str, words: tuple[str, ...]) -> None:
    """`failed` is the failed group of runs and a failure in the audit log; both spellings of CANCEL(L)ED are one."""
    assert values(line, dataset) == tuple(Pattern((word,)) for word in words)


@pytest.mark.parametrize(
    ("line", "column", "said"),
    [
        ("status=failed stats=x", 14, "nearest: status"),
        ("!stats=x", 1, "nearest: status"),
        ("stat=x", 0, "nearest: status"),
        ("zzzz=x", 0, "there are status, user, dur"),
        ('a "b', 2, "not closed"),
        ("user=", 5, "user=- finds rows without a value"),
        ('user=""', 5, "user=- finds rows without a value"),
        ("a !", 2, "Nothing stands after `!`"),
        ("dur > 5m", 4, "without spaces"),
        ("user=a,,b", 7, "before this `,`"),
        ("user=a,", 6, "after this `,`"),
        ("user>a", 5, "compare with = or ~"),
        ("cached<yes", 7, "compare with =."),
        ("dur~5", 4, "looks into texts"),
        ("dur>soon", 4, "such as 250ms, 5m or 1h30m"),
        ("dur>10MB", 4, "milliseconds"),
        ("read>10", None, ""),
        ("read>10M", 5, "such as 10MB or 1GiB"),
        ("read>1_0", 5, "such as 10MB"),
        ("read_rows=1*", 10, "a number such as 403"),
        ("read_rows=1,x", 12, "a number such as 403"),
        ("dur>-", 4, "dur=-"),
        ("start=2h", 6, "start<2h"),
        ("start>25:00", 6, "such as 02:30"),
        ("start>2026-02-30", 6, "such as 02:30"),
        ("start>0001-01-01", 6, "such as 02:30"),
        ("start<999999999999999w", 6, "an age such as 2h"),
        ("cached=maybe", 7, "true or false"),
        ("a " * 21, 40, "at most 20 terms"),
        ("x" * 5000, 4096, "at most 4096 characters"),
        ("user=" + "a," * 100 + "a", 205, "at most 100 values"),
    ],
)
def test_errors_say_where_and_what_to_do(line: str, column: int | None, said: str) -> None:
    """A line that can't be understood is one sentence for the parameter `filter`, with its column."""
    if column is None:
        parsed(line, "queries")
        return
    error = refusal(line)
    assert isinstance(error, RequestError) and error.parameter == "filter" and error.status == 400
    assert (error.column, said in error.message) == (column, True), error.message


def test_errors_are_harmless() -> None:
    """What a stranger typed is repeated without what could act on a terminal, and cut."""
    error = refusal("dur>" + "\x1b]52;c;" + "x" * 500)
    assert "\x1b" not in error.message and len(error.message) < 200


# Pieces that meet often in real lines, so that most tries get further than the first letter.
_PIECES = st.sampled_from(
    [
        "status",
        "dur",
        "start",
        "cached",
        "wh",
        "=",
        "!=",
        "~",
        "!~",
        ">",
        "<=",
        "!",
        '"',
        ",",
        "*",
        "-",
        " ",
        "5m",
        "02:30",
    ]
)
LINES = st.lists(_PIECES | st.text(max_size=3), max_size=12).map("".join) | st.text()


@given(line=LINES, dataset=st.sampled_from(DATASETS))
@example(line='"', dataset="queries")
@example(line="\ud800=\0", dataset="audit")
def test_any_line_is_read_or_refused_at_a_place_in_it(line: str, dataset: str) -> None:
    """Nothing but a FilterError is raised, and its column points into the line or right behind it."""
    try:
        parsed(line, dataset)
    except FilterError as error:
        assert 0 <= error.column <= len(line)
        assert "\n" not in error.message and error.message.endswith(".")


@given(text=st.text(min_size=1, max_size=200))
def test_quoted_text_stands_for_itself(text: str) -> None:
    """`quoted` gives a word, and a value, that is exactly the text."""
    (word,) = parsed(quoted(text), "queries").terms
    assert word.values == (Pattern(("", text, "")),)
    assert values(f"user={quoted(text)}") == (Pattern((text,)),)


def test_reading_a_line_loads_no_engine() -> None:
    """The app reads filters before its first paint: neither polars nor the engines are imported for it."""
    code = (
        "import sys; from sysmon_tui.views.filter_language import parsed; parsed('status=failed', 'queries');"
        "print(sorted({'polars', 'duckdb', 'databricks', 'difflib'} & set(sys.modules)))"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout == "[]\n"
