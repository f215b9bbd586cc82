"""Whether plain values say what the structs allow; the first fault names its key and what was expected.

msgspec checks the same but leaves dict keys out of its paths and knows no nearest key, so it does the leaves
alone. Values are not repeated in a fault, for a secret may have been pasted in the wrong place; numbers are.
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Collection
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import msgspec
from msgspec import Meta, Struct

KeyPath = tuple[str | int, ...]

# What people look for in the wrong place.
_SECRET_KEYS = (
    "token",
    "password",
    "secret",
    "client_secret",
    "url",
    "webhook_url",
    "routing_key",
    "access_token",
)


class Fault(Exception):
    """Something wrong at `path`; `text` is the rest of the sentence."""

    def __init__(self, path: KeyPath, text: str) -> None:
        super().__init__(text)
        self.path = path
        self.text = text


def check(value: object, kind: Any, path: KeyPath = ()) -> None:
    """Raises Fault unless `msgspec.convert(value, kind)` would work."""
    kind = _present(kind)
    structs = _structs(kind)
    if structs:
        _check_struct(_table(value, path), structs, path)
    elif get_origin(kind) is dict:
        key_kind, value_kind = get_args(kind)
        for key, inner in _table(value, path).items():
            _check_key(key, key_kind, (*path, key))
            check(inner, value_kind, (*path, key))
    elif get_origin(kind) is tuple:
        if not isinstance(value, list):
            raise Fault(path, f"expected a list, found {_found(value)}")
        for index, inner in enumerate(value):
            check(inner, get_args(kind)[0], (*path, index))
    else:
        _check_leaf(value, kind, path)


def kind_at(path: KeyPath, kind: Any) -> Any | None:
    """The kind of the value at `path` below `kind`; None where no such key can be."""
    kind = _present(kind)
    if not path:
        return kind
    for struct in _structs(kind):
        for field in msgspec.structs.fields(struct):
            if field.encode_name == path[0]:
                return kind_at(path[1:], field.type)
    if get_origin(kind) is dict:
        return kind_at(path[1:], get_args(kind)[1])
    return None


def fits(value: object, kind: Any) -> bool:
    try:
        check(value, kind)
    except Fault:
        return False
    return True


def nearest(word: str, known: Collection[str]) -> str:
    """The end of a sentence: `; did you mean "x"?`, or what is known when nothing is near."""
    close = difflib.get_close_matches(word, known, n=1)
    if close:
        return f'; did you mean "{close[0]}"?'
    return f"; known here: {', '.join(sorted(known))}." if known else "."


def dotted(path: KeyPath) -> str:
    """`tenants.prod.tables.audit`, `notifications.routes[0].channels`; unusual parts in quotes as in TOML."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            plain = part.replace("_", "").replace("-", "").isalnum() and part.isascii()
            text += ("." if text else "") + (part if plain else f'"{part}"')
    return text


def _check_struct(table: dict[str, Any], structs: tuple[type[Struct], ...], path: KeyPath) -> None:
    struct, tag = structs[0], structs[0].__struct_config__.tag_field
    if tag is not None:
        by_tag = {str(each.__struct_config__.tag): each for each in structs}
        if table.get(tag) not in by_tag:
            found = table.get(tag)
            near = nearest(found, by_tag) if isinstance(found, str) else ""
            raise Fault((*path, tag), f"expected one of {', '.join(by_tag)}{near if 'mean' in near else ''}")
        struct = by_tag[table[tag]]
    fields = {field.encode_name: field for field in msgspec.structs.fields(struct)}
    for key, inner in table.items():
        if key == tag:
            continue
        if key not in fields:
            raise Fault((*path, key), _unknown(key, [*fields, *([tag] if tag else [])]))
        check(inner, fields[key].type, (*path, key))
    for key, field in fields.items():
        if field.required and key not in table:
            raise Fault((*path, key), f"is missing; expected {_expected(_present(field.type))}")


def _unknown(key: str, known: Collection[str]) -> str:
    if key in _SECRET_KEYS:
        own = [name for name in known if name.startswith(f"{key}_")]
        places = own or [name for name in known if name.endswith(("_env", "_file", "profile"))]
        if places:
            return f"unknown key; a secret does not stand here, it is found through {' or '.join(places)}"
    return f"unknown key{nearest(key, known)}"


def _check_key(key: str, kind: Any, path: KeyPath) -> None:
    try:
        msgspec.convert(key, kind)
    except msgspec.ValidationError:
        known = (_meta(kind).extra or {}).get("known")
        text = _unknown(key, known) if known else f"the name is not {_expected(kind)}"
        raise Fault(path, text) from None


def _check_leaf(value: object, kind: Any, path: KeyPath) -> None:
    try:
        msgspec.convert(value, kind)
    except (msgspec.ValidationError, OverflowError):
        near = ""
        if get_origin(kind) is Literal and isinstance(value, str):
            near = nearest(value, get_args(kind))
        # A text where a text belongs is wrong by what it says, and that is not repeated.
        found = "" if isinstance(value, str) and _takes_text(kind) else f", found {_found(value)}"
        text = f"expected {_expected(kind)}{found}"
        raise Fault(path, text + (near if "mean" in near else "")) from None


def _table(value: object, path: KeyPath) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise Fault(path, f"expected a table, found {_found(value)}")
    return value


def _present(kind: Any) -> Any:
    """The kind without its `| None`: TOML has no null."""
    if get_origin(kind) in (Union, UnionType):
        others = tuple(each for each in get_args(kind) if each is not NoneType)
        return others[0] if len(others) == 1 else Union[others]  # noqa: UP007 (made at run time)
    return kind


def _structs(kind: Any) -> tuple[type[Struct], ...]:
    members = get_args(kind) if get_origin(kind) in (Union, UnionType) else (kind,)
    return tuple(each for each in members if isinstance(each, type) and issubclass(each, Struct))


def _meta(kind: Any) -> Meta:
    if get_origin(kind) is Annotated:
        return next(each for each in get_args(kind) if isinstance(each, Meta))
    return Meta()


def _takes_text(kind: Any) -> bool:
    return get_origin(kind) is Literal or get_args(kind)[:1] == (str,)


def _expected(kind: Any) -> str:
    if get_origin(kind) is Literal:
        return "one of " + ", ".join(get_args(kind))
    if get_origin(kind) is tuple:
        return f"a list, each {_expected(get_args(kind)[0])}"
    return _meta(kind).description or "a table"


def _found(value: object) -> str:
    if isinstance(value, bool):
        return "true or false"
    if isinstance(value, int | float):
        if isinstance(value, float) and not math.isfinite(value):
            return "no finite number"
        return f"{value}" if abs(value) < 10**15 else "a huge number"
    words: dict[type, str] = {str: "a text", dict: "a table", list: "a list"}
    return words.get(type(value), "a date or time")
