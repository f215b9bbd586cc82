"""What the app was left with, so that the next start goes on there: `screen.json` in the state directory.

No rows are in it (last_rows.py) and nothing that it can't do without: what can't be read is put aside, with a sentence.
"""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_origin

import msgspec
from msgspec import Meta, Struct

from sysmon_tui import limits
from sysmon_tui.config.kinds import Name, Text
from sysmon_tui.config.screen import FilterName, FilterTab
from sysmon_tui.files import new_file
from sysmon_tui.text import one_line

VERSION = 1
# What people save in years is far below it.
_MAX_FILE_BYTES = 1024**2

TabName = Literal["health", "workflows", "queries", "warehouse", "audit", "alerts"]
_Hours = Annotated[float, Meta(gt=0, le=limits.MAX_HOURS)]
_Seconds = Annotated[int, Meta(ge=5, le=86_400)]
_Column = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_]{0,63}\Z")]


class TabKept(Struct, omit_defaults=True):
    """`sort` is a column, None for the order that the rows come in."""

    filter: Text | None = None
    sort: _Column | None = None
    descending: bool = False
    failed_only: bool = False


class TenantKept(Struct, omit_defaults=True):
    """`refresh_s` only where a person has changed it, in seconds."""

    tab: TabName | None = None
    hours: _Hours | None = None
    refresh_s: _Seconds | None = None
    tabs: dict[TabName, TabKept] = {}

    def of_tab(self, name: TabName) -> TabKept:
        """That of a tab, made at the first call: what is set there is kept."""
        return self.tabs.setdefault(name, TabKept())


class SavedFilter(Struct, frozen=True):
    """A line of the filter language under a name, for the rows of `tab`."""

    name: FilterName
    tab: FilterTab
    filter: Text


class Kept(Struct, omit_defaults=True):
    """By tenant what its screen was left with, and what is the same for all. `filters`: in the order of saving."""

    tenants: dict[Name, TenantKept] = {}
    theme: Name | None = None
    filters: list[SavedFilter] = []
    # What became of a file that could not be read: for the screen, never for the file.
    trouble: str = ""

    def of_tenant(self, name: str) -> TenantKept:
        """That of a tenant, made at the first call."""
        return self.tenants.setdefault(name, TenantKept())

    def save_filter(self, name: str, tab: FilterTab, text: str) -> None:
        """In the place of one of the same name and tab, else at the end."""
        saved = SavedFilter(name, tab, text)
        others = [one for one in self.filters if (one.name, one.tab) != (name, tab)]
        self.filters = [*others, saved]

    def save(self, path: Path) -> None:
        """Whole or not at all; of two apps the last one wins. Raises OutputError where it can't be written."""
        document = {"version": VERSION, **msgspec.to_builtins(self)}
        document.pop("trouble", None)
        with new_file(path, replace=True) as stream:
            stream.write(msgspec.json.format(msgspec.json.encode(document), indent=1) + b"\n")


class _Unread(Exception):
    """Its text is the rest of the sentence."""


def load(path: Path) -> Kept:
    """What is kept at `path`; nothing where there is no file. A value that is out of range is left out by itself.

    A file that can't be read as a whole, or of a newer version, is renamed to `<name>.unread`, and `trouble` says so.
    """
    try:
        document = _document(path)
    except FileNotFoundError:
        return Kept()
    except _Unread as error:
        return Kept(trouble=one_line(f"What the screen was left with is not known: {path.name} {error}."))
    document.pop("trouble", None)
    kept: Kept = _sound(document, Kept)
    return kept


def _document(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as stream:
            data = stream.read(_MAX_FILE_BYTES + 1)
    except FileNotFoundError:
        raise
    except OSError as error:  # no permission, a directory: it is not ours to move
        raise _Unread(f"cannot be read ({error.strerror})") from error
    try:
        document = msgspec.json.decode(data) if len(data) <= _MAX_FILE_BYTES else None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        document = None
    version = document.get("version") if isinstance(document, dict) else None
    if version == VERSION and isinstance(document, dict):
        return document
    is_newer = isinstance(version, int) and version > VERSION
    aside = path.with_name(f"{path.name}.unread")
    with contextlib.suppress(OSError):
        path.replace(aside)
    raise _Unread(f"{'is of a newer version' if is_newer else 'was damaged'}, and is {aside.name} now")


class _Unsound(Exception):
    """A value that is not of its kind."""


def _sound(value: object, kind: Any) -> Any:
    """`value` as `kind`, without what does not fit in it. Raises _Unsound where nothing is left of it."""
    try:
        return msgspec.convert(value, kind)
    except (msgspec.ValidationError, OverflowError) as error:
        if not isinstance(value, dict | list):
            raise _Unsound from error
    if get_origin(kind) is list and isinstance(value, list):
        found = [_sound_or_none(one, get_args(kind)[0]) for one in value]
        return [one for one in found if one is not None]
    if get_origin(kind) is dict and isinstance(value, dict):
        pairs = [tuple(map(_sound_or_none, pair, get_args(kind))) for pair in value.items()]
        return {name: inner for name, inner in pairs if None not in (name, inner)}
    if not (isinstance(kind, type) and issubclass(kind, Struct) and isinstance(value, dict)):
        raise _Unsound
    fields = {field.encode_name: field for field in msgspec.structs.fields(kind)}
    sound = {
        name: inner
        for name, field in fields.items()
        if name in value and (inner := _sound_or_none(value[name], field.type)) is not None
    }
    if any(field.required and name not in sound for name, field in fields.items()):
        raise _Unsound
    return kind(**sound)


def _sound_or_none(value: object, kind: Any) -> Any:
    try:
        return _sound(value, kind)
    except _Unsound:
        return None
