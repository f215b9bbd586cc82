"""Where data goes: standard output, or a file that nobody else can read and that is whole or not there."""

from __future__ import annotations

import contextlib
import os
import stat
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import click

from sysmon_tui.errors import SysmonError
from sysmon_tui.text import one_line


class OutputError(SysmonError):
    """Data could not be written where it should go."""

    code = "output_failed"


# Where no colour or title can say it.
DEMO_DATA = "DEMO DATA, every row is invented"


def note(sentence: str) -> None:
    """One line on standard error: what is not data."""
    click.echo(one_line(sentence), err=True)


def write_stdout(data: bytes) -> None:
    """Raises BrokenPipeError when the reader has gone, OutputError when there is no room."""
    stream = sys.stdout.buffer
    try:
        stream.write(data)
        stream.flush()
    except OSError as error:
        # Python flushes what is left at its end; that must not complain about the same thing again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
        if isinstance(error, BrokenPipeError):
            raise
        raise OutputError(f"Standard output cannot be written: {error.strerror}.") from error


@contextlib.contextmanager
def new_file(path: Path, *, force: bool) -> Iterator[BinaryIO]:
    """A new file with 0600; an error or an interruption leaves none behind.

    With `force` a regular file is replaced, by a rename when the new one is whole. Links are not followed.
    """
    target = path.with_name(f".{path.name}.{os.getpid()}.part") if force else path
    try:
        if force:
            _refuse_special(path)
        descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    except FileExistsError as error:
        raise OutputError(f"{path} exists already.", "Use --force to replace it.") from error
    except (OSError, ValueError) as error:
        raise _failed(path, error) from error
    try:
        with os.fdopen(descriptor, "wb") as stream:
            yield stream
        if force:
            target.replace(path)
    except BaseException as error:
        target.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise _failed(path, error) from error
        raise


def _refuse_special(path: Path) -> None:
    """A rename over a device or a directory would take its place."""
    with contextlib.suppress(FileNotFoundError):
        if not stat.S_ISREG(path.lstat().st_mode):
            raise OutputError(f"{path} is no regular file.", "Use a pipe, or another name.")


def _failed(path: Path, error: OSError | ValueError) -> OutputError:
    reason = error.strerror if isinstance(error, OSError) else str(error)
    return OutputError(f"{path} cannot be written: {reason}.")
