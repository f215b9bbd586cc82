"""The layers of a configuration: files and variables as plain trees that know where they came from."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sysmon_tui.config.check import KeyPath, dotted, fits, kind_at
from sysmon_tui.config.model import Config
from sysmon_tui.errors import ConfigError
from sysmon_tui.text import one_line

MAX_FILE_BYTES = 1024**2
# No key lies deeper than tenants.NAME.tables.NAME; what does is wrong and is not walked into.
_MAX_DEPTH = 6

_PREFIX = "SYSMON_"
_NOT_KEYS = {"SYSMON_STATE_DIR", "SYSMON_CONFIG"}

_AT_LINE = re.compile(r" \(at (?:line (\d+), column \d+|end of document)\)")
_HEADER = re.compile(r"^\s*(\[\[?)(.+?)\]\]?\s*(?:#.*)?$")


@dataclass(frozen=True)
class Layer:
    """Values from one place. `text` is the file's, for line numbers."""

    origin: str
    tree: dict[str, Any]
    text: str = ""

    def where(self, path: KeyPath) -> str:
        """The origin, with the line of `path` where a file has one."""
        line = _line_of(self.text, path) if self.text else None
        return self.origin if line is None else f"{self.origin}, line {line}"


def read_file(file: Path, origin: str | None = None) -> Layer:
    """A TOML file (UTF-8, a BOM is fine). Raises ConfigError with one line."""
    origin = origin or str(file)
    try:
        with file.open("rb") as stream:
            data = stream.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        raise ConfigError(one_line(f"{origin}: cannot be read: {error.strerror}.")) from error
    if len(data) > MAX_FILE_BYTES:
        raise ConfigError(one_line(f"{origin}: is larger than 1 MiB; expected a configuration in TOML."))
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise ConfigError(
            one_line(f"{origin}, line {line}: is not UTF-8; expected TOML in UTF-8.")
        ) from error
    try:
        return Layer(origin, tomllib.loads(text), text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(one_line(f"{origin}{_syntax(str(error), text)}")) from error
    except (RecursionError, ValueError) as error:  # nested without end; an integer of thousands of digits
        raise ConfigError(one_line(f"{origin}: a value is too deep or too long; expected TOML.")) from error


def from_environment(env: Mapping[str, str], below: Mapping[str, Any]) -> Iterator[Layer]:
    """A layer for each SYSMON_ variable that is set and not empty; `below` has the names of tenants."""
    for variable in sorted(env):
        if not variable.startswith(_PREFIX) or variable in _NOT_KEYS or not env[variable]:
            continue
        origin = f"environment {variable}"
        parts = variable.removeprefix(_PREFIX).lower().split("__")
        path = _resolve(parts, below, origin)
        yield at(path, _value(env[variable], kind_at(path, Config)), origin)


def at(path: tuple[str, ...], value: object, origin: str) -> Layer:
    """A layer that says one thing."""
    tree: Any = value
    for part in reversed(path):
        tree = {part: tree}
    return Layer(origin, tree)


def merge(tree: dict[str, Any], origins: dict[KeyPath, Layer], layer: Layer) -> None:
    """Lays `layer` over `tree`; `origins` learns who touched each table and leaf last."""
    _merge(tree, layer.tree, (), origins, layer)


def _merge(
    tree: dict[str, Any],
    over: dict[str, Any],
    path: KeyPath,
    origins: dict[KeyPath, Layer],
    layer: Layer,
) -> None:
    for key, value in over.items():
        here = (*path, key)
        if isinstance(value, dict) and len(here) < _MAX_DEPTH:
            if not isinstance(tree.get(key), dict):
                tree[key] = {}
            origins[here] = layer
            _merge(tree[key], value, here, origins, layer)
        else:
            tree[key] = value
            origins[here] = layer


def _resolve(parts: list[str], below: Mapping[str, Any], origin: str) -> tuple[str, ...]:
    """Variables have no '-', '.' or case: EU_WEST is the tenant `eu-west` of a file, else `eu_west`."""
    path: list[str] = []
    here: Any = below
    for part in parts:
        same = [key for key in here if _spoken(key) == part] if isinstance(here, dict) else []
        if len(same) > 1 and part not in same:
            raise ConfigError(
                one_line(f"{origin}: {dotted(tuple(path))}: {' and '.join(same)} both answer to {part}.")
            )
        path.append(part if part in same or not same else same[0])
        here = here.get(path[-1]) if isinstance(here, dict) else None
    return tuple(path)


def _spoken(key: str) -> str:
    return re.sub(r"[^a-z0-9]", "_", key.lower())


def _value(text: str, kind: Any | None) -> object:
    """A TOML value; the bare text where it is none, or where the key takes text (an id of digits)."""
    try:
        tree = tomllib.loads(f"value = {text}")
    except (ValueError, RecursionError):
        return text
    if set(tree) != {"value"}:  # a line break in it has begun another key
        return text
    value: object = tree["value"]
    if kind is not None and not fits(value, kind) and fits(text, kind):
        return text
    return value


def _syntax(message: str, text: str) -> str:
    found = _AT_LINE.search(message)
    reason = _AT_LINE.sub("", message).rstrip(".")
    lines = text.rstrip().split("\n")
    number = int(found[1]) if found and found[1] else len(lines)
    if reason.startswith(("Cannot overwrite", "Cannot declare", "Cannot mutate")):
        name = one_line(lines[number - 1].partition("=")[0].strip(), 80)
        return f", line {number}: {name}: stands there twice; expected each key once."
    return f", line {number}: is not TOML: {reason}."


def _line_of(text: str, path: KeyPath) -> int | None:
    """The line that holds `path`, or the longest beginning of it. Good enough for a message: lines are read
    one by one, so a line inside a text of several lines can mislead it."""
    best, length = None, 0
    header: KeyPath = ()
    counts: dict[KeyPath, int] = {}
    for number, line in enumerate(text.split("\n"), start=1):
        here: KeyPath = ()
        if match := _HEADER.match(line):
            header = key_parts(match[2])
            if match[1] == "[[":
                counts[header] = counts.get(header, -1) + 1
                header = (*header, counts[header])
            here = header
        elif "=" in line and path[: len(header)] == header:
            here = (*header, *key_parts(line.partition("=")[0]))
        if len(here) > length and here == path[: len(here)]:
            best, length = number, len(here)
    return best


def key_parts(key: str) -> KeyPath:
    """`a."b.c"` → ("a", "b.c"); nothing for what is no key."""
    try:
        tree: Any = tomllib.loads(f"{key} = 0")
    except (ValueError, RecursionError):
        return ()
    parts: list[str | int] = []
    while isinstance(tree, dict) and tree and len(parts) < _MAX_DEPTH:
        part, tree = next(iter(tree.items()))
        parts.append(part)
    return tuple(parts)
