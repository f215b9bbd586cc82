"""The last answers on the screen, kept on disk so that the next start has rows at once, marked as old.

One file a tenant and tab, readable by its owner alone. Rows of another workspace never appear: a file is of one scope,
that is a tenant and where its rows come from. Whatever is not exactly what was written is removed and not shown.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
import threading
import time
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from sysmon_tui import __version__
from sysmon_tui.clock import Clock, SystemClock
from sysmon_tui.config import Config
from sysmon_tui.files import new_file
from sysmon_tui.tui.row_file import Head, cut, frame_of, packed, rows_of, unpacked

if TYPE_CHECKING:
    from sysmon_tui.views.answer import Answer

MAX_ROWS = 500
MAX_AGE = timedelta(days=7)
# 500 rows of 30 texts at most; a file that has more is not ours.
_MAX_FILE_BYTES = 32 * 1024**2
# Writing the rows of six tabs takes some 20 ms of a core: not at each refresh.
_EVERY_S = 60.0
# Clocks of one machine are set by seconds; rows from further ahead would look younger than they are.
_AHEAD = timedelta(minutes=5)

_SUFFIX = ".rows"
# The code of an answer whose rows are of an earlier session.
KEPT = "kept"

_log = logging.getLogger(__name__)


def last_rows(config: Config, tenant: str, scope: str, directory: Path, clock: Clock) -> LastRows | None:
    """For a tenant; None where nothing is kept: of invented data, or where the configuration says so.

    Where it says so, what an earlier start has kept is removed.
    """
    if not config.screen.remember_rows:
        for file in _files(directory):
            _remove(file)
        return None
    return None if config.tenants[tenant].source == "demo" else LastRows(directory, scope, clock)


class LastRows:
    """Of one scope. What `keep` was given is written by a thread, at most once a minute, and by `flush`.

    Nothing here raises: rows of an earlier session are a convenience, and the log says why there are none.
    """

    def __init__(self, directory: Path, scope: str, clock: Clock | None = None) -> None:
        self._directory = directory
        self._scope = scope
        self._clock = clock or SystemClock()
        self._waiting: dict[str, Callable[[], bytes | None]] = {}
        self._guard = threading.Lock()
        self._writing = threading.Lock()
        self._written_at_s: float | None = None
        self._remove_old()

    # Keeping

    def keep(self, tab: str, answer: Answer) -> None:
        """An answer's newest rows. One without rows ends what was kept, but for one that knows nothing of them."""
        knows = answer.frame.height > 0 or answer.state not in ("failed", "stale")
        if knows and answer.code != KEPT:
            self._wait(tab, lambda: self._answer_file(tab, answer))

    def keep_document(self, tab: str, document: Mapping[str, Any]) -> None:
        """A JSON document, such as health's."""
        now = self._clock.now()
        self._wait(tab, lambda: self._document_file(tab, document, now))

    def flush(self) -> None:
        """Write what waits, now: at quit."""
        with self._writing:
            with self._guard:
                waiting, self._waiting = self._waiting, {}
                self._written_at_s = self._clock.monotonic_s()
            for tab, make in waiting.items():
                self._write(tab, make)

    def _wait(self, tab: str, make: Callable[[], bytes | None]) -> None:
        with self._guard:
            self._waiting[tab] = make
            now_s = self._clock.monotonic_s()
            if self._written_at_s is not None and now_s - self._written_at_s < _EVERY_S:
                return
            self._written_at_s = now_s
        threading.Thread(target=self.flush, daemon=True, name="sysmon-last-rows").start()

    def _write(self, tab: str, make: Callable[[], bytes | None]) -> None:
        file = self._file(tab)
        try:
            data = make()
            if data is None or len(data) > _MAX_FILE_BYTES:
                _remove(file)
                return
            self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            with new_file(file, replace=True) as stream:
                stream.write(data)
        except Exception as error:  # whatever it is, in a thread or at quit it is worth no more than a line
            _log.warning("the last rows of %s could not be kept: %s", tab, error)

    def _answer_file(self, tab: str, answer: Answer) -> bytes | None:
        """None where there are no rows: what a person may not see any more does not stay on disk either."""
        frame = answer.frame.head(MAX_ROWS)
        if not frame.height:
            return None
        head = Head(
            __version__,
            self._scope,
            tab,
            answer.fetched_at,
            answer.key,
            answer.total,
            answer.window.hours,
            answer.window.start,
            answer.window.end,
            answer.as_of,
            answer.reason,
            cut(answer.extra),
        )
        return packed(head, rows_of(frame))

    def _document_file(self, tab: str, document: Mapping[str, Any], now: datetime) -> bytes:
        return packed(Head(__version__, self._scope, tab, now), msgspec.json.encode(cut(document)))

    # Showing

    def answer(self, tab: str) -> Answer | None:
        """The answer that a tab showed last, as a stale one with the code `kept`; None where there is none to show."""
        from sysmon_tui.views.answer import Answer, Window  # noqa: PLC0415 (polars: after the first paint)

        read = self._read(tab)
        if read is None:
            return None
        head, payload = read
        frame = frame_of(payload, head.key)
        if frame is None or head.start is None or head.end is None:
            _remove(self._file(tab))
            return None
        reason = "These rows are of an earlier session."
        return Answer(
            head.key,
            frame,
            head.total,
            Window(head.hours, head.start, head.end),
            head.as_of,
            head.fetched_at,
            "stale",
            f"{reason} {head.reason}" if head.reason else reason,
            extra=head.extra,
            code=KEPT,
        )

    def document(self, tab: str) -> dict[str, Any] | None:
        """The document that a tab showed last; its age is its own `fetched_at`."""
        read = self._read(tab)
        if read is None:
            return None
        try:
            document = msgspec.json.decode(read[1])
        except (msgspec.DecodeError, RecursionError):
            document = None
        if isinstance(document, dict):
            return document
        _remove(self._file(tab))
        return None

    def _read(self, tab: str) -> tuple[Head, bytes] | None:
        """What precedes the rows, and their bytes; a file that is not whole, ours and young is removed."""
        file = self._file(tab)
        try:
            with file.open("rb") as stream:
                data = stream.read(_MAX_FILE_BYTES + 1)
        except OSError:  # mostly: there is none
            return None
        found = unpacked(data)
        now = self._clock.now()
        if (
            found is None
            or (found[0].program, found[0].scope, found[0].tab) != (__version__, self._scope, tab)
            or not now - MAX_AGE <= found[0].fetched_at <= now + _AHEAD
        ):
            _remove(file)
            return None
        return found

    # Files

    def _file(self, tab: str) -> Path:
        # A scope has the tenant's name in it and whatever a file name must not have.
        name = hashlib.sha256(f"{self._scope}\0{tab}".encode(errors="replace")).hexdigest()[:24]
        return self._directory / f"{name}{_SUFFIX}"

    def _remove_old(self) -> None:
        """Also of tenants that are configured no more, and what a killed process left half written."""
        oldest_s = time.time() - MAX_AGE.total_seconds()
        for file in _files(self._directory):
            with contextlib.suppress(OSError):
                if file.stat().st_mtime < oldest_s:
                    _remove(file)


def _files(directory: Path) -> list[Path]:
    with contextlib.suppress(OSError):
        return [file for file in directory.iterdir() if _SUFFIX in file.name]
    return []


def _remove(file: Path) -> None:
    with contextlib.suppress(OSError):
        file.unlink()
