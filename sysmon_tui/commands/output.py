"""Where data goes: standard output, or a new file; and notes beside it."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import click

from sysmon_tui import files
from sysmon_tui.text import one_line

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
        raise files.OutputError(f"Standard output cannot be written: {error.strerror}.") from error


@contextlib.contextmanager
def new_file(path: Path, *, force: bool) -> Iterator[BinaryIO]:
    """As files.new_file; the hint is the command line's."""
    try:
        with files.new_file(path, replace=force) as stream:
            yield stream
    except files.FileExists as error:
        raise files.FileExists(error.message, "Use --force to replace it.") from error
