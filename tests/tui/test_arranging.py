"""Which rows are shown: a filter that narrows the one before looks only where that one found something."""

from __future__ import annotations

import polars as pl

from sysmon_tui.tui.arranging import Arranging, Keep, Shape
from sysmon_tui.tui.columns import Column

FRAME = pl.DataFrame({"n": list(range(100)), "name": [f"job_{number}" for number in range(100)]})
BY_N = Column("n", "n", 5, "count")


def watched(text: str, looked: list[int]) -> Keep:
    """The rows whose name contains the text; how many rows were looked at goes to `looked`."""

    def holds(names: pl.Series) -> pl.Series:
        looked.append(len(names))
        return names.str.contains(text, literal=True)

    return lambda schema: pl.col("name").map_batches(holds, return_dtype=pl.Boolean())


def found(rows: pl.Series | None) -> list[int]:
    assert rows is not None
    return rows.to_list()


def test_letters_that_narrow_look_among_the_few() -> None:
    """Of two filters the second narrows the first: it looks at the rows of the first, and finds the same."""
    arranging, looked = Arranging(), list[int]()
    first, second, third = (watched(text, looked) for text in ("job_9", "job_98", "job_9"))
    assert len(found(arranging.rows(FRAME, Shape(first)))) == 11
    assert found(arranging.rows(FRAME, Shape(second, within=(first,)))) == [98]
    assert looked == [100, 11]
    assert (
        len(found(arranging.rows(FRAME, Shape(third)))) == 11
    )  # nobody says that it narrows, and it doesn't
    assert looked == [100, 11, 100]


def test_a_filter_that_was_passed_over_matters_nothing() -> None:
    """Where the filter between the two was never worked out, the third still looks among the first's rows."""
    arranging, looked = Arranging(), list[int]()
    first, second, third = (watched(text, looked) for text in ("_9", "_98", "_98"))
    arranging.rows(FRAME, Shape(first))
    assert found(arranging.rows(FRAME, Shape(third, within=(first, second)))) == [98]
    assert looked == [100, 11]


def test_many_rows_are_looked_through_whole() -> None:
    """To gather most of the rows would take longer than to look at all."""
    arranging, looked = Arranging(), list[int]()
    first, second = watched("job", looked), watched("job_98", looked)
    arranging.rows(FRAME, Shape(first))
    assert found(arranging.rows(FRAME, Shape(second, within=(first,)))) == [98]
    assert looked == [100, 100]


def test_another_order_looks_at_nothing_again() -> None:
    """The same filter in another order, and back."""
    arranging, looked = Arranging(), list[int]()
    keep = watched("job_9", looked)
    arranging.rows(FRAME, Shape(keep))
    assert found(arranging.rows(FRAME, Shape(keep, by=BY_N, descending=True)))[:2] == [99, 98]
    assert found(arranging.rows(FRAME, Shape(keep)))[:2] == [9, 90]
    assert looked == [100]


def test_other_rows_are_looked_through_whole() -> None:
    """A refresh brings another frame: what was found in the one before says nothing."""
    arranging, looked = Arranging(), list[int]()
    keep = watched("job_9", looked)
    arranging.rows(FRAME, Shape(keep))
    assert found(arranging.rows(FRAME.reverse(), Shape(keep)))[0] == 0
    assert looked == [100, 100]


def test_no_filter_and_no_order_is_all_as_they_are() -> None:
    """None: nothing is listed for a million rows that are shown as they came."""
    arranging = Arranging()
    assert arranging.rows(FRAME, Shape()) is None
    assert found(arranging.rows(FRAME, Shape(by=BY_N, descending=True)))[0] == 99
