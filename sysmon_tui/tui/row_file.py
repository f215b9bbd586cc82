"""The file of one tab's last rows: what precedes them, the rows as Arrow IPC, and a checksum over both.

Health's document stands in the place of rows as JSON. Nothing is shown of a file that is not exactly what was written.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
from msgspec import Meta, Struct

from sysmon_tui.text import valid_unicode

if TYPE_CHECKING:
    import polars as pl

MAX_TEXT_CHARS = 512
_FORMAT = b"sysmon last rows 1\n"
_Instant = Annotated[datetime, Meta(tz=True)]


class Head(Struct, frozen=True, forbid_unknown_fields=True):
    """What stands before the rows: whose they are, and an answer's fields but for rows, cursor and state."""

    program: str
    scope: str
    tab: str
    fetched_at: _Instant
    key: str = ""
    total: int = 0
    hours: float = 0.0
    start: _Instant | None = None
    end: _Instant | None = None
    as_of: _Instant | None = None
    reason: str | None = None
    extra: dict[str, Any] = {}


def packed(head: Head, payload: bytes) -> bytes:
    body = msgspec.json.encode(head) + b"\n" + payload
    return _FORMAT + hashlib.sha256(body).digest() + body


def unpacked(data: bytes) -> tuple[Head, bytes] | None:
    """None for what is not whole: Polars itself may crash on bytes that are nearly Arrow's."""
    start = len(_FORMAT) + hashlib.sha256().digest_size
    body = data[start:]
    if not data.startswith(_FORMAT) or hashlib.sha256(body).digest() != data[len(_FORMAT) : start]:
        return None
    line, _, payload = body.partition(b"\n")
    try:
        return msgspec.json.decode(line, type=Head), payload
    except (msgspec.DecodeError, msgspec.ValidationError, RecursionError):
        return None


def rows_of(frame: pl.DataFrame) -> bytes:
    """The rows with their texts cut."""
    import polars as pl  # noqa: PLC0415 (after the first paint)

    from sysmon_tui.views.answer import cut_text  # noqa: PLC0415

    texts = [name for name, kind in frame.schema.items() if kind == pl.String()]
    buffer = io.BytesIO()
    cut_text(frame, *texts, max_chars=MAX_TEXT_CHARS).write_ipc(buffer, compression="lz4")
    return buffer.getvalue()


def frame_of(payload: bytes, key: str) -> pl.DataFrame | None:
    """The rows again; None where they lack a field that the rows of `key` have today."""
    import polars as pl  # noqa: PLC0415

    from sysmon_tui.views import alerts, audit, queries, warehouses, workflows  # noqa: PLC0415

    fields: dict[str, tuple[str, ...]] = {
        "workflows": workflows.FIELDS,
        "queries": queries.FIELDS,
        "warehouses": warehouses.FIELDS,
        "events": audit.FIELDS,
        "alerts": tuple(alerts.alert_frame([]).columns),
    }
    try:
        frame = pl.read_ipc(io.BytesIO(payload))
    except (pl.exceptions.PolarsError, OSError, ValueError):
        return None
    return frame if set(fields.get(key, ())) <= set(frame.columns) else None


def cut(value: Any) -> Any:
    """A JSON value with its texts cut."""
    if isinstance(value, str):
        return valid_unicode(value if len(value) <= MAX_TEXT_CHARS else value[: MAX_TEXT_CHARS - 1] + "…")
    if isinstance(value, Mapping):
        return {valid_unicode(str(name)): cut(inner) for name, inner in value.items()}
    return [cut(one) for one in value] if isinstance(value, list | tuple) else value
