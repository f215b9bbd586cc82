"""Shared by the tests of the configuration: load a text, catch its error, know every key."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_args

import msgspec
import pytest

from sysmon_tui.config import Loaded, load
from sysmon_tui.errors import ConfigError

NOWHERE = Path("/nonexistent/sysmon_tui/config.toml")
TENANTS = '[tenants.prod]\nsource = "databricks"\nwarehouse_id = "abc"\nenvironment = "production"\n'


def loaded(
    tmp_path: Path, text: str | bytes = "", env: Mapping[str, str] | None = None, **more: Any
) -> Loaded:
    """`text` as the file of --config, no user file, and no variables but `env`."""
    file = tmp_path / "given.toml"
    file.write_bytes(text.encode() if isinstance(text, str) else text)
    return load(file=file, env=env or {}, user_file=NOWHERE, **more)


def message(tmp_path: Path, text: str | bytes = "", env: Mapping[str, str] | None = None, **more: Any) -> str:
    with pytest.raises(ConfigError) as raised:
        loaded(tmp_path, text, env, **more)
    assert "\n" not in raised.value.sentence
    return raised.value.sentence.replace(str(tmp_path), "DIR")


def keys_of(kind: Any) -> set[str]:
    """Every key of a struct and of the structs in it."""
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        found = set()
        for field in msgspec.structs.fields(kind):
            found |= {field.encode_name} | keys_of(field.type)
        return found
    return {key for inner in get_args(kind) if not isinstance(inner, str) for key in keys_of(inner)}
