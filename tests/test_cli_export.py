"""Answers as table, csv, json and ndjson: what hostile text, nulls and wide letters become; and where files go."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest
from rich.cells import cell_len

from sysmon_tui.commands.output import new_file
from sysmon_tui.files import OutputError
from sysmon_tui.views import export
from sysmon_tui.views.answer import Answer, Window

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
HOSTILE = "\x1b]52;c;ZXZpbA==\x07\x9b31m\u202e[/x]\r\nnext"


def answer(*names: str | None, value: float = -5.0) -> Answer:
    """One workflow row a name."""
    frame = pl.DataFrame(
        {
            "workflow_name": pl.Series(names, dtype=pl.String()),
            "status": pl.Series(["FAILED"] * len(names), dtype=pl.String()),
            "start_time": pl.Series([NOW] * len(names), dtype=pl.Datetime("us", "UTC")),
            "duration_seconds": pl.Series([value] * len(names), dtype=pl.Float64()),
            "attempts": pl.Series([None] * len(names), dtype=pl.Int64()),
        }
    )
    return Answer("workflows", frame, len(names), Window.before(NOW, 24.0), NOW, NOW, "fresh")


def text(shown: Answer, form: str, width: int = 120) -> str:
    return b"".join(export.write(shown, "t", form, width=width)).decode()


@pytest.mark.parametrize("form", ["table", "csv", "json", "ndjson"])
def test_hostile_text_is_inert(form: str) -> None:
    """No byte that acts on a terminal comes out of any text format."""
    found = text(answer(HOSTILE), form)
    assert not [each for each in "\x1b\x07\x9b\u202e" if each in found]
    assert "[/x]" in found


def test_hostile_text_round_trips_in_json() -> None:
    """Escaped, not changed: who parses the JSON gets the name as it is."""
    assert json.loads(text(answer(HOSTILE), "json"))["workflows"][0]["workflow_name"] == HOSTILE
    assert json.loads(text(answer(HOSTILE), "ndjson"))["workflow_name"] == HOSTILE


@pytest.mark.parametrize("name", ["=cmd|'/c calc'!A1", "+1", "@SUM(A1)", "-2+3", "\tx", "＝1"])  # noqa: RUF001
def test_csv_formulas_are_guarded(name: str) -> None:
    """Texts that a spreadsheet would run get an apostrophe; numbers stay numbers."""
    (row,) = csv.DictReader(io.StringIO(text(answer(name), "csv"), newline=""))
    assert row["workflow_name"].startswith("'")
    assert row["duration_seconds"] == "-5.0"


@pytest.mark.parametrize("name", ['a "quoted", name', "two\nlines", "", "plain"])
def test_csv_quotes(name: str) -> None:
    """Commas, quotes and line breaks survive a reader of RFC 4180; null is nothing."""
    (row,) = csv.DictReader(io.StringIO(text(answer(name), "csv"), newline=""))
    assert row == {
        "workflow_name": name,
        "status": "FAILED",
        "start_time": "2026-03-10T12:00:00Z",
        "duration_seconds": "-5.0",
        "attempts": "",
    }


def test_no_rows() -> None:
    """No rows: the header alone, or nothing, never an error."""
    assert text(answer(), "csv") == "workflow_name,status,start_time,duration_seconds,attempts\r\n"
    assert text(answer(), "ndjson") == ""
    assert text(answer(), "table").startswith("status  workflow_name  start_time")


def test_no_number_is_no_json_nan() -> None:
    """NaN is nothing, in every format."""
    assert (
        json.loads(text(answer("x", value=float("nan")), "json"))["workflows"][0]["duration_seconds"] is None
    )
    (row,) = csv.DictReader(io.StringIO(text(answer("x", value=float("nan")), "csv"), newline=""))
    assert row["duration_seconds"] == ""


@pytest.mark.parametrize("width", [1, 20, 40, 80, 120, 300])
def test_table_fits(width: int) -> None:
    """No line is wider than the terminal, however long or wide the text; the columns stay aligned."""
    lines = text(answer("日本語の名前" * 20, "e\u0301" * 30, "plain", None), "table", width).splitlines()
    assert max(map(cell_len, lines)) <= width
    if width >= 80:
        starts = {cell_len(line[: line.index("2026-03-10")]) for line in lines[1:]}
        assert len(starts) == 1


def test_file_error_leaves_nothing(tmp_path: Path) -> None:
    """An error while writing removes the new file and leaves the old one that it would have replaced."""
    fresh, old = tmp_path / "fresh", tmp_path / "old"
    old.write_text("precious")
    for file, force in ((fresh, False), (old, True)):
        with pytest.raises(KeyboardInterrupt), new_file(file, force=force) as stream:
            stream.write(b"half")
            raise KeyboardInterrupt
    assert [each.name for each in tmp_path.iterdir()] == ["old"]
    assert old.read_text() == "precious"


@pytest.mark.parametrize("force", [False, True])
def test_links_directories_and_devices_are_refused(tmp_path: Path, force: bool) -> None:
    """A link is not followed, a directory or device is not replaced, a missing directory is said."""
    (tmp_path / "target").write_text("precious")
    (tmp_path / "link").symlink_to(tmp_path / "target")
    (tmp_path / "dangling").symlink_to(tmp_path / "made")
    places = [tmp_path / "link", tmp_path / "dangling", tmp_path, Path("/dev/null"), tmp_path / "no" / "x"]
    for place in places:
        with pytest.raises(OutputError), new_file(place, force=force) as stream:
            stream.write(b"x")
    assert (tmp_path / "target").read_text() == "precious"
    assert not (tmp_path / "made").exists()
    assert Path("/dev/null").is_char_device()
