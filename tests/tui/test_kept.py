"""What the app was left with: kept, found again, and never in the way when it can't be read."""

from __future__ import annotations

import json
import multiprocessing
import stat
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sysmon_tui.files import OutputError
from sysmon_tui.tui.kept import Kept, SavedFilter, TabKept, TenantKept, load


def full() -> Kept:
    kept = Kept(theme="textual-light")
    prod = kept.of_tenant("prod")
    prod.tab, prod.hours, prod.refresh_s = "queries", 168.0, 30
    prod.of_tab("queries").filter = "status=failed"
    prod.tabs["workflows"] = TabKept(
        filter='name="nightly load"', sort="duration_seconds", descending=True, failed_only=True
    )
    kept.of_tenant("eu-west").tab = "health"
    kept.save_filter("long runs", "workflows", "dur>30m")
    kept.save_filter("größte", "queries", "bytes>1GB")
    return kept


def test_what_is_saved_is_found_again(tmp_path: Path) -> None:
    """By tenant and tab, with theme and filters; no file is nothing kept, and no trouble."""
    file = tmp_path / "screen.json"
    assert load(file) == Kept()
    full().save(file)
    assert load(file) == full()


def test_the_file_is_private_and_nothing_is_left_beside_it(tmp_path: Path) -> None:
    """0600 whatever the process gives, and whatever was there before."""
    file = tmp_path / "screen.json"
    file.write_text("{}")
    file.chmod(0o644)
    full().save(file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [each.name for each in tmp_path.iterdir()] == ["screen.json"]


@pytest.mark.parametrize(
    "data",
    [b"", b"{", b"[]", b"null", b"\xff\xfe", b'{"version": 1', b'{"version": "1"}', b"{}", b"[" * 100_000],
    ids=["empty", "cut", "list", "null", "bytes", "cut later", "text version", "no version", "deep"],
)
def test_a_damaged_file_is_put_aside_with_a_sentence(tmp_path: Path, data: bytes) -> None:
    """The app starts as if nothing was kept; the old file is there for whoever wants to see it."""
    file = tmp_path / "screen.json"
    file.write_bytes(data)
    kept = load(file)
    assert kept == Kept(trouble=kept.trouble)
    assert kept.trouble == (
        "What the screen was left with is not known: screen.json was damaged, and is screen.json.unread now."
    )
    assert [each.name for each in tmp_path.iterdir()] == ["screen.json.unread"]
    assert (tmp_path / "screen.json.unread").read_bytes() == data


def test_a_file_of_a_newer_version_is_put_aside(tmp_path: Path) -> None:
    """It is not overwritten at quit, and is called newer, not damaged."""
    file = tmp_path / "screen.json"
    file.write_text('{"version": 2, "tenants": []}')
    assert "screen.json is of a newer version" in load(file).trouble
    assert (tmp_path / "screen.json.unread").exists()


def test_a_place_that_cannot_be_read_stays_where_it_is(tmp_path: Path) -> None:
    """A directory in the file's place: said when it is read, an error of ours when it is written."""
    (tmp_path / "screen.json").mkdir()
    assert "cannot be read (Is a directory)" in load(tmp_path / "screen.json").trouble
    assert (tmp_path / "screen.json").is_dir()
    with pytest.raises(OutputError):
        Kept().save(tmp_path / "screen.json")


def test_trouble_is_not_kept(tmp_path: Path) -> None:
    """A sentence of this start says nothing about the next one, not even if a file has one."""
    file = tmp_path / "screen.json"
    Kept(trouble="x").save(file)
    assert "x" not in file.read_text()
    file.write_text('{"version": 1, "trouble": "y"}')
    assert load(file).trouble == ""


@pytest.mark.parametrize(
    ("wrong", "change"),
    [
        ({"tab": "nowhere"}, {"tab": None}),
        ({"hours": 0}, {"hours": None}),
        ({"hours": "24"}, {"hours": None}),
        ({"hours": 1e9}, {"hours": None}),
        ({"refresh_s": 1}, {"refresh_s": None}),
        ({"refresh_s": 10**30}, {"refresh_s": None}),
        ({"tabs": []}, {"tabs": {}}),
        ({"later": 1}, {}),
    ],
    ids=lambda value: str(value)[:30],
)
def test_one_wrong_value_costs_only_itself(tmp_path: Path, wrong: dict[str, Any], change: Any) -> None:
    """What is out of range or of another kind is as if it had not been kept; the rest holds."""
    file = tmp_path / "screen.json"
    full().save(file)
    document = json.loads(file.read_text())
    document["tenants"]["prod"] |= wrong
    file.write_text(json.dumps(document))
    expected = full()
    for name, value in change.items():
        setattr(expected.tenants["prod"], name, value)
    assert load(file) == expected


def test_wrong_entries_of_tables_and_lists_go_by_themselves(tmp_path: Path) -> None:
    """A tenant, tab or filter that can't be is left out; its neighbours stay."""
    file = tmp_path / "screen.json"
    document = {
        "version": 1,
        "theme": ["x"],
        "tenants": {
            "a b": {"tab": "audit"},
            "list": [],
            "ok": {"tabs": {"audit": {"filter": "a\nb", "failed_only": True}, "nowhere": {}, "alerts": 3}},
        },
        "filters": [
            {"name": "no tab", "filter": "x"},
            {"name": " x", "tab": "audit", "filter": "x"},
            {"name": "x" * 41, "tab": "audit", "filter": "x"},
            {"name": "ok", "tab": "audit", "filter": "user=a", "later": 1},
            {"name": "of health", "tab": "health", "filter": "x"},
            7,
        ],
    }
    file.write_text(json.dumps(document))
    assert load(file) == Kept(
        tenants={"ok": TenantKept(tabs={"audit": TabKept(failed_only=True)})},
        filters=[SavedFilter("ok", "audit", "user=a")],
    )


_JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(("tenants", "filters", "prod", "tabs", "tab", "audit", "x")), inner)
    ),
    max_leaves=12,
)


@settings(max_examples=150, deadline=None)
@given(tree=st.dictionaries(st.sampled_from(("tenants", "filters", "theme")), _JSON))
def test_no_document_is_too_strange(tmp_path_factory: pytest.TempPathFactory, tree: dict[str, Any]) -> None:
    """Whatever JSON the file holds, the app starts, and what was sound can be saved and read again."""
    file = tmp_path_factory.mktemp("kept") / "screen.json"
    file.write_text(json.dumps({**tree, "version": 1}))
    kept = load(file)
    kept.save(file)
    assert load(file) == kept


def test_a_filter_of_the_same_name_and_tab_is_replaced() -> None:
    """The newest meaning of a name holds; the same name may stand for another tab."""
    kept = Kept()
    for name, tab, text in (
        ("x", "audit", "1"),
        ("y", "audit", "2"),
        ("x", "queries", "3"),
        ("x", "audit", "4"),
    ):
        kept.save_filter(name, tab, text)  # type: ignore[arg-type]
    assert [(one.name, one.tab, one.filter) for one in kept.filters] == [
        ("y", "audit", "2"),
        ("x", "queries", "3"),
        ("x", "audit", "4"),
    ]


def _save_often(file: Path, theme: str) -> None:
    for number in range(40):
        Kept(theme=theme, filters=[SavedFilter(theme, "audit", theme * 50)] * (number % 7 * 20)).save(file)


def test_two_apps_at_once_never_mix_a_file(tmp_path: Path) -> None:
    """Whoever saves last wins; a reader sees one whole file or the other, never a part or a mixture."""
    file = tmp_path / "screen.json"
    Kept(theme="a").save(file)
    context = multiprocessing.get_context("spawn")
    writers = [context.Process(target=_save_often, args=(file, theme)) for theme in ("a", "b")]
    for writer in writers:
        writer.start()
    seen = 0
    while any(writer.is_alive() for writer in writers) or not seen:
        kept = load(file)
        assert kept.trouble == ""
        assert {one.name for one in kept.filters} <= {kept.theme}
        seen += 1
    for writer in writers:
        writer.join()
        assert writer.exitcode == 0
    assert [each.name for each in tmp_path.iterdir()] == ["screen.json"]
