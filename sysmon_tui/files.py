"""Files that nobody else can read, and that are whole or not there."""

from __future__ import annotations

import contextlib
import os
import secrets
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from sysmon_tui.errors import SysmonError


class OutputError(SysmonError):
    """Data could not be written where it should go."""

    code = "output_failed"


class FileExists(OutputError):
    """A regular file is in the way."""


@contextlib.contextmanager
def new_file(path: Path, *, replace: bool) -> Iterator[BinaryIO]:
    """A new file with 0600; an error or an interruption leaves none behind. Raises OutputError.

    With `replace` it takes the place of a regular file, by a rename when it is whole; of two writers the last wins.
    Links are not followed, and a directory or device stays what it is.
    """
    # No process id in it: in a container that is the same at each start, and a killed process leaves its file behind.
    target = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part") if replace else path
    try:
        _refuse_special(path)
        descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    except FileExistsError as error:
        raise FileExists(f"{path} exists already.") from error
    except (OSError, ValueError) as error:
        raise _failed(path, error) from error
    try:
        with os.fdopen(descriptor, "wb") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())  # a full disk may say so only now
        if replace:
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
            raise OutputError(f"{path} is no regular file.", "Give another name.")


def _failed(path: Path, error: OSError | ValueError) -> OutputError:
    reason = error.strerror if isinstance(error, OSError) else str(error)
    return OutputError(f"{path} cannot be written: {reason}.")
