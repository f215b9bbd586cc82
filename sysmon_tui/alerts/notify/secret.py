"""Secrets of the channels: read when something is sent, kept nowhere, taken out of every message."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from urllib.parse import unquote

from sysmon_tui.alerts.notify.failure import DeliveryError

_MAX_BYTES = 64 * 1024
# Shorter parts of an address ("v2", "hooks") are no secret and stand in ordinary sentences.
_MIN_PART_CHARS = 8


def read_secret(what: str, variable: str | None, file: str | None) -> str:
    """The secret from the environment variable or the file that the configuration names.

    Raises DeliveryError (`later`) with a sentence that names the place and not the value.
    """
    if variable is not None:
        value = os.environ.get(variable, "").strip()
        if not value:
            raise DeliveryError(
                f"The environment variable {variable} for the {what} is not set.", retry="later"
            )
        return value
    if file is None:
        raise DeliveryError(f"The configuration names no place for the {what}.", retry="later")
    try:
        value = _read_private(Path(file).expanduser()).strip()
    except (OSError, RuntimeError, ValueError) as error:  # also a home of nobody, and a path that can be none
        said = getattr(error, "strerror", None) or str(error).rstrip(".")
        reason = "it is no text" if isinstance(error, UnicodeError) else said
        raise DeliveryError(
            f"The file {file} for the {what} can't be read: {reason}.", retry="later"
        ) from None
    if not value:
        raise DeliveryError(f"The file {file} for the {what} is empty.", retry="later")
    return value


def _read_private(path: Path) -> str:
    # Links are followed: that is how Kubernetes mounts secrets. What counts is the file that is read.
    with path.open("rb") as file:
        status = os.fstat(file.fileno())
        if os.name == "posix" and status.st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise DeliveryError(f"Others may read {path}: run chmod 600 {path}.", retry="later")
        if os.name == "posix" and status.st_uid not in (0, os.getuid()):
            raise DeliveryError(f"{path} belongs to another user.", retry="later")
        return file.read(_MAX_BYTES).decode()


def redact(text: str, secrets: list[str]) -> str:
    """The text with every secret, and every telling part of a secret address, as `<redacted>`."""
    parts = {part for secret in secrets for part in _telling_parts(secret)}
    for part in sorted(parts, key=len, reverse=True):
        text = text.replace(part, "<redacted>")
    return text


def _telling_parts(secret: str) -> set[str]:
    _scheme, colon, rest = secret.partition("://")
    if not colon:
        return {secret}
    path = rest.partition("/")[2]
    parts = {secret, path, *path.replace("?", "/").replace("&", "/").replace("=", "/").split("/")}
    parts |= {unquote(part) for part in parts}
    return {part for part in parts if len(part) >= _MIN_PART_CHARS}
