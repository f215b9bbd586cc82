"""Writing the rows of a table to a file, as they are shown: the same filter, the same order, all their columns."""

from __future__ import annotations

import itertools
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from sysmon_tui.errors import SysmonError
from sysmon_tui.files import new_file

if TYPE_CHECKING:
    import polars as pl

FORMATS = ("csv", "json", "ndjson", "parquet")


class NoSuchPlace(SysmonError):
    """What was given names no file that can be written."""

    code = "export_refused"


class Stopped(SysmonError):
    """Nobody waits for the file any more."""

    code = "export_stopped"


def default_name(name: str, now: datetime) -> str:
    """`workflows-2026-03-10T0930Z.csv`; no colon, which not every system allows in a name."""
    return f"{name}-{now.astimezone(UTC):%Y-%m-%dT%H%MZ}.csv"


def place(text: str) -> Path:
    """The file that was meant: `~` and the working directory written out, the last name not followed if it is a link.

    Raises NoSuchPlace, also for a name whose ending is no format.
    """
    try:
        path = Path(text.strip()).expanduser()
        path = path.parent.resolve() / path.name
    except (RuntimeError, OSError, ValueError) as error:  # ~nobody, a loop of links, NUL
        raise NoSuchPlace(f"That is no place for a file: {error}.") from error
    if path.suffix.lower().removeprefix(".") not in FORMATS:
        raise NoSuchPlace("The name's ending says the format: .csv, .json, .ndjson or .parquet.")
    return path


def write(frame: pl.DataFrame, path: Path, *, overwrite: bool, stop: threading.Event | None = None) -> int:
    """Write the rows to `path`, 0600, in the format of its ending, and return its size in bytes.

    Nothing is left behind by an error or a `stop`. Raises FileExists for a regular file without `overwrite`,
    OutputError where it can't be written, NoSuchPlace, Stopped.
    """
    from sysmon_tui.views.export import ROW_FORMATS  # noqa: PLC0415 (polars: there are rows)

    path = place(str(path))
    parts = ROW_FORMATS[path.suffix.lower().removeprefix(".")](frame)
    # Parquet is one part that takes its time: made before there is a file that a quit could leave half written.
    first = next(parts, b"")
    size_bytes = 0
    with new_file(path, replace=overwrite) as stream:
        for part in itertools.chain((first,), parts):
            if stop is not None and stop.is_set():
                raise Stopped("The export was stopped; no file was written.")
            stream.write(part)
            size_bytes += len(part)
    return size_bytes
