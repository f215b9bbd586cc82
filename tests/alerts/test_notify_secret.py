"""Secrets: where they are read, the sentence when they can't be, and what is taken out of a text."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from types import SimpleNamespace

import pytest

from sysmon_tui.alerts.notify.failure import DeliveryError
from sysmon_tui.alerts.notify.secret import _read_private, read_secret, redact


def private(path: Path, content: bytes) -> str:
    path.touch(0o600)
    path.write_bytes(content)
    return str(path)


def failure(variable: str | None, file: str | None) -> DeliveryError:
    with pytest.raises(DeliveryError) as caught:
        read_secret("key", variable, file)
    assert caught.value.retry == "later"
    assert caught.value.__cause__ is None
    return caught.value


def test_the_variable_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where both are named the file is not read; blanks around the value are none of it."""
    monkeypatch.setenv("TEST_SECRET", " \tone two\n")
    assert read_secret("key", "TEST_SECRET", str(tmp_path / "none")) == "one two"


@pytest.mark.parametrize("value", [None, "", " \n"])
def test_a_variable_that_says_nothing(value: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Unset and empty are the same."""
    monkeypatch.delenv("TEST_SECRET", raising=False)
    if value is not None:
        monkeypatch.setenv("TEST_SECRET", value)
    assert failure("TEST_SECRET", None).message == (
        "The environment variable TEST_SECRET for the key is not set."
    )


def test_no_place_at_all() -> None:
    """The configuration names neither a variable nor a file."""
    assert failure(None, None).message == "The configuration names no place for the key."


def test_a_file(tmp_path: Path) -> None:
    """Its text without the blanks around it."""
    assert read_secret("key", None, private(tmp_path / "a", " geheimes ö \r\n\n".encode())) == "geheimes ö"


def test_a_file_at_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`~` is the home of whoever runs the program."""
    private(tmp_path / "a", b"at home")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert read_secret("key", None, "~/a") == "at home"


def test_a_file_that_is_too_long(tmp_path: Path) -> None:
    """Of a file of any length 64 KiB are read."""
    assert read_secret("key", None, private(tmp_path / "a", b"x" * 65_537)) == "x" * 65_536


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("none", "The file {} for the key can't be read: No such file or directory."),
        (".", "The file {} for the key can't be read: Is a directory."),
        ("binary", "The file {} for the key can't be read: it is no text."),
        ("empty", "The file {} for the key is empty."),
        ("blank", "The file {} for the key is empty."),
        ("open", "Others may read {}: run chmod 600 {}."),
    ],
)
def test_a_file_that_cannot_be_used(tmp_path: Path, name: str, sentence: str) -> None:
    """The sentence names the file and what is wrong with it, not what it says."""
    private(tmp_path / "binary", b"\xff\xfe")
    private(tmp_path / "empty", b"")
    private(tmp_path / "blank", b" \n")
    private(tmp_path / "open", b"planted")
    (tmp_path / "open").chmod(0o640)
    path = str(tmp_path / name)
    assert failure(None, path).message == sentence.replace("{}", path)


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("~nosuchuser/key", "Could not determine home directory"),
        ("a\0b", "embedded null byte"),
    ],
)
def test_a_path_that_leads_nowhere(path: str, reason: str) -> None:
    """The home of nobody, and what no system takes for a path."""
    assert failure(None, path).message == f"The file {path} for the key can't be read: {reason}."


@pytest.mark.parametrize("mode", [0o640, 0o620, 0o610, 0o604, 0o602, 0o601])
def test_a_file_that_others_can_use(tmp_path: Path, mode: int) -> None:
    """No right for the group or for all, of whatever kind."""
    path = private(tmp_path / "a", b"planted")
    (tmp_path / "a").chmod(mode)
    assert failure(None, path).message == f"Others may read {path}: run chmod 600 {path}."


@pytest.mark.parametrize(("owner", "mine"), [(0, True), (4711, True), (4712, False), (1, False)])
def test_whose_file_it_is(tmp_path: Path, owner: int, mine: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """One's own or root's; whoever else owns it could exchange it."""
    path = private(tmp_path / "a", b"planted")
    status = SimpleNamespace(st_mode=stat.S_IFREG | 0o600, st_uid=owner)
    monkeypatch.setattr(os, "fstat", lambda _: status)
    monkeypatch.setattr(os, "getuid", lambda: 4711)
    if mine:
        assert read_secret("key", None, path) == "planted"
    else:
        assert failure(None, path).message == f"{path} belongs to another user."


def test_a_system_without_owners(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the system has neither rights nor owners of this kind, the file is read."""
    path = tmp_path / "a"
    private(path, b"planted")
    status = SimpleNamespace(st_mode=stat.S_IFREG | 0o666, st_uid=4711)
    with monkeypatch.context() as patch:
        patch.setattr(os, "fstat", lambda _: status)
        patch.setattr(os, "name", "nt")
        said = _read_private(path)
    assert said == "planted"


@pytest.mark.parametrize(
    ("text", "secrets", "shown"),
    [
        ("nothing of it", [], "nothing of it"),
        ("the key abc", ["abc"], "the key <redacted>"),
        ("one two one", ["one", "two"], "<redacted> <redacted> <redacted>"),
        ("keykey1 key", ["key", "keykey1"], "<redacted> <redacted>"),
        ("at x/plant%41ed", ["x/plant%41ed"], "at <redacted>"),
    ],
)
def test_redaction_of_plain_secrets(text: str, secrets: list[str], shown: str) -> None:
    """A secret that is no address goes as a whole, however short, and the longest first."""
    assert redact(text, secrets) == shown


URL = "https://hooks.example.com/hooks/12345678/a%20b%20c%20d?token=abcdefgh&short=1234567&n=zyxwvuts"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (URL, "<redacted>"),
        (f"POST {URL}: no", "POST <redacted>: no"),
        (f"POST {URL.removeprefix('https://hooks.example.com')}: no", "POST /<redacted>: no"),
        ("/hooks/12345678", "/hooks/<redacted>"),
        ("12345678 1234567", "<redacted> 1234567"),
        ("a%20b%20c%20d", "<redacted>"),
        ("a b c d", "a b c d"),
        ("token=abcdefgh", "token=<redacted>"),
        ("short=1234567", "short=1234567"),
        ("n=zyxwvuts", "n=<redacted>"),
        ("hooks.example.com", "hooks.example.com"),
        ("https://", "https://"),
    ],
)
def test_redaction_of_an_address(text: str, shown: str) -> None:
    """The whole, its path and every part of it of 8 characters or more; the host is no secret."""
    assert redact(text, [URL]) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plant/ed is gone", "<redacted> is gone"),
        ("plant%2Fed is gone", "<redacted> is gone"),
        ("https://inner.example.com", "https://inner.example.com"),
    ],
)
def test_redaction_of_what_is_written_otherwise(text: str, shown: str) -> None:
    """A part is taken out as it stands in the address and as it reads without its escapes."""
    assert redact(text, ["https://a.example.com/plant%2Fed"]) == shown


def test_redaction_of_an_address_within_an_address() -> None:
    """The scheme is what stands first: the rest is path."""
    url = "https://a.example.com/first/planted1?to=http://b.example.com/planted2"
    assert redact("planted1 planted2 b.example.com", [url]) == "<redacted> <redacted> <redacted>"


def test_redaction_of_an_address_without_a_path() -> None:
    """It is taken out as a whole, and nothing else is."""
    assert redact("to https://a.example.com now", ["https://a.example.com"]) == "to <redacted> now"
