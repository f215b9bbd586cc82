"""Exporting what is shown: the file, its modes and refusals, and the screen that asks for it."""

from __future__ import annotations

import csv
import io
import json
import stat
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from textual.app import App
from textual.pilot import Pilot
from textual.widgets import Input

from sysmon_tui.clock import HeldClock
from sysmon_tui.errors import SysmonError
from sysmon_tui.files import FileExists, OutputError
from sysmon_tui.tui import exporting
from sysmon_tui.tui.screens.export import ExportScreen
from sysmon_tui.tui.screens.save_filter import SaveFilterScreen
from tests.fakes import NOW, frame, run
from tests.tui.driving import screen, settled

HOSTILE = "=cmd|'/c calc'!A1\x1b]52;c;ZXZpbA==\x07"


def rows(count: int = 3) -> pl.DataFrame:
    names = [{"workflow_name": HOSTILE}, {"error_message": 'say "no",\nor'}]
    return frame(
        "workflows", [run(number, **(names[number] if number < 2 else {})) for number in range(count)]
    )


# The file ----------------------------------------------------------------------------------------------------


def test_each_format_has_the_rows_in_their_order(tmp_path: Path) -> None:
    """All columns, the given order, in the format of the name's ending; the size that is told is the file's."""
    shown = rows().reverse()
    for form in exporting.FORMATS:
        path = tmp_path / f"rows.{form.upper() if form == 'csv' else form}"
        assert exporting.write(shown, path, overwrite=False) == path.stat().st_size
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    by_csv = list(csv.reader(io.StringIO((tmp_path / "rows.CSV").read_bytes().decode(), newline="")))
    by_json = json.loads((tmp_path / "rows.json").read_text())
    by_lines = [json.loads(line) for line in (tmp_path / "rows.ndjson").read_text().splitlines()]
    by_parquet = pl.read_parquet(tmp_path / "rows.parquet")
    assert by_csv[0] == list(by_json[0]) == by_parquet.columns == shown.columns
    assert [row[2] for row in by_csv[1:]] == ["2", "1", "0"]
    assert [row["run_id"] for row in by_json] == ["2", "1", "0"]
    assert by_lines == by_json
    assert by_parquet.equals(shown)


def test_texts_are_inert_where_they_could_act(tmp_path: Path) -> None:
    """No spreadsheet runs a name as a formula, no terminal acts on a file that is printed; JSON loses nothing."""
    for form in ("csv", "json", "ndjson"):
        exporting.write(rows(), tmp_path / f"x.{form}", overwrite=False)
        assert not set("\x1b\x07") & set((tmp_path / f"x.{form}").read_text())
    assert ",'=cmd|" in (tmp_path / "x.csv").read_text()
    assert json.loads((tmp_path / "x.json").read_text())[0]["workflow_name"] == HOSTILE


@pytest.mark.parametrize("form", exporting.FORMATS)
def test_no_rows_are_a_valid_file(tmp_path: Path, form: str) -> None:
    """An empty table exports as one, in every format."""
    exporting.write(rows(0), tmp_path / f"x.{form}", overwrite=False)
    data = (tmp_path / f"x.{form}").read_bytes()
    if form == "parquet":
        assert pl.read_parquet(io.BytesIO(data)).height == 0
    else:
        assert (
            data == {"csv": ",".join(rows().columns).encode() + b"\r\n", "json": b"[]\n", "ndjson": b""}[form]
        )


def test_json_of_many_rows_is_one_list(tmp_path: Path) -> None:
    """Rows are made a few thousand at a time; the file is the same as if at once."""
    many = pl.DataFrame({"n": range(12_001)})
    exporting.write(many, tmp_path / "x.json", overwrite=False)
    assert [row["n"] for row in json.loads((tmp_path / "x.json").read_text())] == list(range(12_001))


def test_a_file_is_replaced_only_when_that_is_wanted(tmp_path: Path) -> None:
    """The old one stays whole until the new one is."""
    path = tmp_path / "x.csv"
    path.write_text("precious")
    with pytest.raises(FileExists, match="exists already"):
        exporting.write(rows(), path, overwrite=False)
    assert path.read_text() == "precious"
    exporting.write(rows(), path, overwrite=True)
    assert path.read_text().startswith("workspace_id,")
    assert [each.name for each in tmp_path.iterdir()] == ["x.csv"]


@pytest.mark.parametrize("overwrite", [False, True])
def test_links_directories_and_devices_are_refused(tmp_path: Path, overwrite: bool) -> None:
    """Nothing is written through a link or over a directory or device, whether it exists or not."""
    (tmp_path / "target.csv").write_text("precious")
    (tmp_path / "link.csv").symlink_to(tmp_path / "target.csv")
    (tmp_path / "dangling.csv").symlink_to(tmp_path / "made.csv")
    (tmp_path / "dir.csv").mkdir()
    for name in ("link.csv", "dangling.csv", "dir.csv"):
        with pytest.raises(OutputError, match="is no regular file"):
            exporting.write(rows(), tmp_path / name, overwrite=overwrite)
    assert (tmp_path / "target.csv").read_text() == "precious"
    assert not (tmp_path / "made.csv").exists()
    with pytest.raises(SysmonError):
        exporting.write(rows(), Path("/dev/full"), overwrite=overwrite)


@pytest.mark.parametrize("overwrite", [False, True])
def test_a_stop_leaves_nothing(tmp_path: Path, overwrite: bool) -> None:
    """Left or quit in the middle: no part of a file, and an old one as it was."""
    path = tmp_path / "x.csv"
    if overwrite:
        path.write_text("precious")
    stop = threading.Event()
    stop.set()
    with pytest.raises(exporting.Stopped):
        exporting.write(rows(), path, overwrite=overwrite, stop=stop)
    assert [(each.name, each.read_text()) for each in tmp_path.iterdir()] == (
        [("x.csv", "precious")] if overwrite else []
    )


def test_a_disk_that_is_full_leaves_nothing(tmp_path: Path) -> None:
    """What the file system refuses while it is written is an error of ours, and the part is removed."""
    import resource  # noqa: PLC0415 (not on every system)
    import signal  # noqa: PLC0415

    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, before[1]))
    try:
        with pytest.raises(OutputError, match="cannot be written: File too large"):
            exporting.write(rows(2000), tmp_path / "x.csv", overwrite=False)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)
    assert list(tmp_path.iterdir()) == []


def test_where_a_name_leads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`~`, the working directory and links on the way are written out; the file itself is not followed."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    (tmp_path / "real").mkdir()
    (tmp_path / "way").symlink_to("real")
    (tmp_path / "link.csv").symlink_to("real/x.csv")
    assert exporting.place(" x.csv ") == tmp_path / "x.csv"
    assert exporting.place("~/x.JSON") == tmp_path / "home" / "x.JSON"
    assert exporting.place("way/../way/x.csv") == tmp_path / "real" / "x.csv"
    assert exporting.place("link.csv") == tmp_path / "link.csv"


@pytest.mark.parametrize("text", ["", "x", "x.txt", ".csv", "~nobody-has-this-name/x.csv", "x\0/y.csv", ".."])
def test_what_names_no_file_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    """An unknown ending, a directory, a user that is not there, a NUL."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SysmonError):
        exporting.write(rows(), Path(text), overwrite=False)
    assert list(tmp_path.iterdir()) == []


def test_the_default_name_says_what_and_when() -> None:
    """In UTC, and with nothing that a file system minds."""
    assert exporting.default_name("workflows", NOW) == "workflows-2026-03-10T1200Z.csv"


# The screens -------------------------------------------------------------------------------------------------


class _Asking(App[None]):
    """One screen, and what it answered."""

    def __init__(self, asked: ExportScreen | SaveFilterScreen) -> None:
        super().__init__()
        self.asked = asked
        self.answers: list[str | None] = []

    def on_mount(self) -> None:
        self.push_screen(self.asked, self.answers.append)


@asynccontextmanager
async def asking(
    asked: ExportScreen | SaveFilterScreen, size: tuple[int, int] = (80, 24)
) -> AsyncIterator[tuple[_Asking, Pilot[None]]]:
    app = _Asking(asked)
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        yield app, pilot


async def enter(pilot: Pilot[None], text: str) -> None:
    pilot.app.screen.query_one(Input).value = text
    await pilot.pause()
    await pilot.press("enter")
    await settled(pilot)


@pytest.fixture
def export(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ExportScreen:
    monkeypatch.chdir(tmp_path)
    return ExportScreen(rows(), "workflows", clock=HeldClock(NOW))


async def test_enter_writes_the_file_that_is_offered(export: ExportScreen, tmp_path: Path) -> None:
    """One key, and the sentence says what was written where."""
    async with asking(export) as (app, pilot):
        assert "Export 3 rows, as shown" in screen(app)
        assert "workflows-2026-03-10T1200Z.csv" in screen(app)
        await pilot.press("enter")
        await settled(pilot)
        path = tmp_path / "workflows-2026-03-10T1200Z.csv"
        assert app.answers == [f"Exported 3 rows to {path} ({path.stat().st_size} bytes)."]


async def test_an_old_file_is_asked_for_and_replaced_by_a_second_enter(
    export: ExportScreen, tmp_path: Path
) -> None:
    """The question stands for the name that it was asked for: another name that is taken is asked for again."""
    for name in ("a.csv", "b.csv"):
        (tmp_path / name).write_text("precious")
    async with asking(export) as (app, pilot):
        await enter(pilot, "a.csv")
        assert "exists already. Enter once more replaces it." in " ".join(screen(app).split())
        await enter(pilot, "b.csv")
        assert app.answers == []
        await pilot.press("enter")
        await settled(pilot)
        assert len(app.answers) == 1
    assert (tmp_path / "a.csv").read_text() == "precious"
    assert (tmp_path / "b.csv").read_text().startswith("workspace_id,")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("no/such/x.csv", "cannot be written: No such file or directory."),
        ("x.xlsx", "The name's ending says the format"),
        ("/dev/full", "The name's ending says the format"),
        ("there.csv", "is no regular file."),
        ("[/x][bold.csv/y.csv", "[/x][bold.csv/y.csv cannot be written"),
    ],
)
async def test_an_error_is_a_sentence_in_the_screen(
    export: ExportScreen, tmp_path: Path, text: str, said: str
) -> None:
    """Nothing ends: the name can be mended, and escape leaves."""
    (tmp_path / "there.csv").mkdir()
    async with asking(export) as (app, pilot):
        await enter(pilot, text)
        assert "".join(said.split()) in "".join(screen(app).split())
        assert app.answers == []
        await pilot.press("escape")
        await pilot.pause()
        assert app.answers == [None]


async def test_an_impatient_enter_counts_once(export: ExportScreen, tmp_path: Path) -> None:
    """Three at once write one file, and ask nothing about it."""
    async with asking(export) as (app, pilot):
        field = app.screen.query_one(Input)
        for _ in range(3):
            field.post_message(Input.Submitted(field, "x.csv"))
        await settled(pilot)
        assert [str(answer).startswith("Exported") for answer in app.answers] == [True]


async def test_letters_that_are_keys_elsewhere_belong_to_the_name(export: ExportScreen) -> None:
    """`q`, `?`, digits and space are typed, not done."""
    async with asking(export) as (app, pilot):
        await pilot.press("home", "q", "1", "space", "question_mark")
        assert app.screen.query_one(Input).value.startswith("q1 ?workflows")


async def test_leaving_while_it_writes_leaves_no_file(
    export: ExportScreen, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Escape in the middle of a long export: the part is removed, the screen is gone at once."""
    begun, go_on, ended = threading.Event(), threading.Event(), threading.Event()
    write = exporting.write

    def slowly(*arguments: Any, **more: Any) -> int:
        begun.set()
        go_on.wait(10)
        try:
            return write(*arguments, **more)
        finally:
            ended.set()

    monkeypatch.setattr(exporting, "write", slowly)
    async with asking(export) as (app, pilot):
        await pilot.press("enter")
        while not begun.is_set():
            await pilot.pause()
        assert "Writing" in screen(app)
        await pilot.press("escape")
        await pilot.pause()
        assert app.answers == [None]
        go_on.set()
        while not ended.is_set():
            await pilot.pause()
    assert list(tmp_path.iterdir()) == []


async def test_a_filter_is_saved_under_a_name() -> None:
    """The text is shown as it is, also one that looks like markup; a name that can't be is explained."""
    async with asking(SaveFilterScreen("user~[/x] \x1b[2J")) as (app, pilot):
        assert "user~[/x] ␛[2J" in screen(app)
        for wrong in ("", "   ", "a/b", "x" * 41, "a.b"):
            await enter(pilot, wrong)
            assert "A name is 1 to 40 letters" in screen(app), wrong
        await enter(pilot, " long größte-runs_2 ")
        assert app.answers == ["long größte-runs_2"]


async def test_no_filter_is_saved_when_it_is_left() -> None:
    """Escape answers nothing, and `q` is a letter."""
    async with asking(SaveFilterScreen("x")) as (app, pilot):
        await pilot.press("q", "escape")
        await pilot.pause()
        assert app.answers == [None]


@pytest.mark.parametrize("size", [(20, 8), (80, 24), (200, 50)])
async def test_the_question_fits_every_screen(export: ExportScreen, size: tuple[int, int]) -> None:
    """Its field is in sight and takes keys on the smallest and the largest."""
    async with asking(export, size) as (app, pilot):
        await enter(pilot, "x.csv")
        assert app.answers[0] is not None
        assert app.answers[0].startswith("Exported 3 rows")
