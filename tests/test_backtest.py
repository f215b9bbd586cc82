"""`backtest` as a real process: on the demo estate, on a database of its own, and on tables that can't be read."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.commanding import run
from tests.estate import Estate

NOW = datetime.now(UTC).replace(microsecond=0)
HOSTILE = "\x1b]0;owned\x07[red]job\u202e\nnext"

# Days ago, and how many statements failed then, one every ten seconds.
BURSTS = ((1, 12), (3, 15), (4, 9))

Place = Callable[..., Path]


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """A configuration of the tenant `t` on a database with bursts of failures; `more` is added to it."""
    estate = Estate(NOW, tmp_path / "estate.duckdb")
    for days, count in BURSTS:
        for number in range(count):
            when = NOW - timedelta(days=days, seconds=10 * number)
            estate.query(f"{days}/{number}", when, when, "FAILED", executed_by=HOSTILE)
    for number in range(3):
        when = NOW - timedelta(days=1, hours=number)
        estate.slice(str(number), when, when, "FAILED", run_name=HOSTILE)
    estate.query("head", NOW - timedelta(hours=1), NOW - timedelta(minutes=5))
    estate.slice("head", NOW - timedelta(hours=1), NOW - timedelta(minutes=5), "SUCCEEDED", job_id="8")
    estate.event("head", NOW - timedelta(minutes=5), "logout")
    estate.connection.execute("CHECKPOINT system_tables")
    estate.connection.close()

    def write(more: str = "") -> Path:
        file = tmp_path / "t.toml"
        tenant = f'[tenants.t]\nsource = "embedded"\ndatabase = "{tmp_path / "estate.duckdb"}"\n'
        file.write_text(tenant + more)
        return file

    return write


def backtest(home: Path, *arguments: str, file: Path | None = None) -> subprocess.CompletedProcess[bytes]:
    given = () if file is None else ("--config", str(file))
    return run(home, "backtest", *given, *arguments)


def document(ended: subprocess.CompletedProcess[bytes]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(ended.stdout)
    return found


def rule(found: dict[str, Any], name: str) -> dict[str, Any]:
    return next(one for one in found["rules"] if one["rule"] == name)


def test_json_on_the_demo(tmp_path: Path) -> None:
    """Every rule is there with its threshold; pages, days and rules add up to the total, within the window."""
    ended = backtest(tmp_path, "--demo", "--days", "30", "--format", "json")
    found = document(ended)
    assert (ended.returncode, found["exit_code"], found["tenant"]) == (0, 0, "demo_tenant")
    assert ended.stderr.decode() == "DEMO DATA, every row is invented.\n"
    assert found["window"]["hours"] == 720
    assert {table["state"] for table in found["tables"]} == {"fresh"}
    counted = [sum(one["pages"] for one in found[key]) for key in ("rules", "by_day")]
    assert counted == [found["total_pages"]] * 2 == [len(found["pages"])] * 2
    assert found["total_pages"] > 100
    assert {one["rule"] for one in found["rules"] if not one["pages"]} == {"query.slow_per_hour"}
    started = [one["started_at"] for one in found["pages"]]
    assert started == sorted(started, reverse=True)
    assert found["window"]["start"] <= started[-1] <= started[0] < found["window"]["end"]
    assert found["suggestion"]["met"] is False  # what pages for each event is more than seven a week
    assert found["arrival_times_known"] is False
    assert "workflow.slow" in found["not_tried"]


def test_text_on_the_demo(tmp_path: Path) -> None:
    """Window, tables, rules, days, what is noisiest, the suggestion and what is not told, in 100 columns."""
    ended = backtest(tmp_path, "--demo", "--days", "14", "--pages-per-week", "40")
    lines = ended.stdout.decode().splitlines()
    assert ended.returncode == 0
    assert lines[0].startswith("demo_tenant (demo): the last 14 days, ")
    assert max(map(len, lines)) <= 100
    text = " ".join(lines)
    for part in (
        "fresh system.query.history: data until",
        "security.brute_force critical each",
        "By day",
        "Noisiest",
        "At most 40 pages a week: 80 in 14 days",
        "Counted anew with them: ",
        "Not tried: freshness.audit, ",
        "When rows arrived is not in the tables",
    ):
        assert part in " ".join(text.split()), part


def test_configured_thresholds_and_others(tmp_path: Path, place: Place) -> None:
    """The narrowest configured threshold is tried; --set stands in for it, for this run."""
    file = place(
        'environment = "prod"\n[tenants.t.thresholds]\nfailed_queries_per_hour = 13\n'
        "[environments.prod.thresholds]\nfailed_queries_per_hour = 2\nconsecutive_failures = 4\n"
    )
    found = document(backtest(tmp_path, "--days", "7", "--format", "json", file=file))
    failed = rule(found, "query.failed_per_hour")
    assert (failed["threshold"], failed["pages"], failed["highest"]) == (13, 1, 15)
    assert rule(found, "workflow.consecutive_failures")["pages"] == 0
    assert found["changed"] == {}
    words = ("--set", "failed_queries_per_hour=9", "--set", "consecutive_failures=3")
    found = document(backtest(tmp_path, "--days", "7", "--format", "json", *words, file=file))
    assert rule(found, "query.failed_per_hour")["pages"] == 3
    assert rule(found, "workflow.consecutive_failures")["pages"] == 1
    assert found["changed"]["failed_queries_per_hour"] == {"configured": 13, "tried": 9}
    # The ninth of each burst, which comes ten seconds before the next.
    ninths = [NOW - timedelta(days=days, seconds=10 * (count - 9)) for days, count in BURSTS]
    assert [page["started_at"] for page in found["pages"] if page["rule"] == "query.failed_per_hour"] == [
        ninth.isoformat().replace("+00:00", "Z") for ninth in ninths
    ]
    assert {ninth.date().isoformat() for ninth in ninths} <= {one["day"] for one in found["by_day"]}
    assert sum(one["by_rule"].get("query.failed_per_hour", 0) for one in found["by_day"]) == 3


def test_a_threshold_of_a_rule_that_is_not_tried(tmp_path: Path, place: Place) -> None:
    """It is taken, and that it changes nothing is said."""
    words = ("--days", "7", "--set", "idle_warehouse_minutes=5", "--set", "slow_query_seconds=9")
    text = backtest(tmp_path, *words, file=place()).stdout.decode()
    text = " ".join(text.split())
    assert "idle_warehouse_minutes 5 (is 120), slow_query_seconds 9 (is 600)" in text
    assert "No rule that is tried out uses idle_warehouse_minutes." in text


def test_a_suggestion_that_holds(tmp_path: Path, place: Place) -> None:
    """A run with what is suggested has as many pages as were told, and needs no suggestion."""
    words = ("--days", "7", "--pages-per-week", "2", "--format", "json")
    first = document(backtest(tmp_path, *words, file=place()))["suggestion"]
    assert (first["before"], first["met"]) == (3, True)
    changes = [f"{name}={value}" for name, value in first["thresholds"].items()]
    assert changes
    more = [word for change in changes for word in ("--set", change)]
    again = document(backtest(tmp_path, *words, *more, file=place()))
    assert again["total_pages"] == first["after"] <= 2
    assert again["suggestion"]["changes"] == []


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--set", "failed_query_per_hour=2"), 'did you mean "failed_queries_per_hour"?'),
        (("--set", "idle"), "expected NAME=VALUE"),
        (("--set", "deletes_per_day=0"), "deletes_per_day: expected a whole number of 1 or more."),
        (("--set", "deletes_per_day=1.5"), "deletes_per_day: expected a whole number of 1 or more."),
        (("--set", "deletes_per_day="), "deletes_per_day: expected a whole number of 1 or more."),
        (("--set", "deletes_per_day=9999999999"), "deletes_per_day: expected a whole number"),
        (("--set", "\x1b[31m=1"), "is no threshold"),
        (("--days", "0"), "--days"),
        (("--days", "366"), "--days"),
        (("--pages-per-week", "0"), "--pages-per-week"),
    ],
    ids=[
        "unknown",
        "no value",
        "none",
        "fraction",
        "empty",
        "huge",
        "escape",
        "no day",
        "many days",
        "no page",
    ],
)
def test_wrong_words(tmp_path: Path, words: tuple[str, ...], told: str) -> None:
    """A flag that is wrong is one line that says what was expected, and exit 2, before anything is read."""
    ended = backtest(tmp_path, "--demo", "--days", "2", *words)
    assert (ended.returncode, ended.stdout) == (2, b"")
    assert told in ended.stderr.decode()
    assert b"\x1b" not in ended.stderr


def test_days_are_asked_for(tmp_path: Path) -> None:
    """Without --days nothing is read."""
    ended = backtest(tmp_path, "--demo")
    assert ended.returncode == 2
    assert b"--days" in ended.stderr


def test_hostile_names(tmp_path: Path, place: Place) -> None:
    """Names of jobs and users act on no terminal, as text and as JSON, where they stay what they are."""
    file = place()
    text = backtest(tmp_path, "--days", "7", file=file).stdout
    assert b"\xe2\x90\x9b]0;owned" in text
    assert not {b"\x1b", b"\x07", "\u202e".encode()} & {
        text[at : at + n] for n in (1, 3) for at in range(len(text))
    }
    ended = backtest(tmp_path, "--days", "7", "--format", "json", file=file)
    assert b"\x1b" not in ended.stdout and "\u202e".encode() not in ended.stdout
    names = {one["name"] for one in rule(document(ended), "workflow.consecutive_failures")["noisiest"]}
    assert names == {HOSTILE}


def test_a_table_that_is_not_there(tmp_path: Path, place: Place) -> None:
    """Its rules are unknown and named; the others are counted, and the exit code is 0."""
    file = place('[tenants.t.tables]\naudit = "access.nothing_of_the_kind"\n')
    ended = backtest(tmp_path, "--days", "7", file=file)
    text = " ".join(ended.stdout.decode().split())
    assert ended.returncode == 0
    assert "denied access.nothing_of_the_kind: " in text
    assert "Not known: security.failed_logins_per_hour, " in text
    assert "security.mass_delete high 50 unknown" in text
    assert "query.failed_per_hour medium 10 2" in text
    assert "of what is known" in text
    found = document(backtest(tmp_path, "--days", "7", "--format", "json", file=file))
    assert (rule(found, "security.mass_delete")["known"], rule(found, "security.mass_delete")["pages"]) == (
        False,
        None,
    )


def test_nothing_that_can_be_read(tmp_path: Path) -> None:
    """Exit 3: no number is told where none is known."""
    duckdb.connect(tmp_path / "empty.duckdb").close()
    file = tmp_path / "blind.toml"
    file.write_text(f'[tenants.blind]\nsource = "embedded"\ndatabase = "{tmp_path / "empty.duckdb"}"\n')
    ended = backtest(tmp_path, "--days", "7", file=file)
    text = ended.stdout.decode()
    assert ended.returncode == 3
    assert text.count("denied") >= 3
    assert "pages" not in text
    found = document(backtest(tmp_path, "--days", "7", "--format", "json", file=file))
    assert (found["exit_code"], found["total_pages"], found["suggestion"]) == (3, None, None)
