"""`query` and `check` as real processes on the demo estate and on tables that can't be read."""

from __future__ import annotations

import csv
import io
import json
import signal
import stat
import subprocess
import time
from pathlib import Path

import duckdb
import polars as pl
import pytest

from sysmon_tui.alerts import rules
from tests.commanding import COMMAND, environment, run

NEVER = "1000000"
_COUNTED = (
    "failed_workflows_per_hour",
    "failed_queries_per_hour",
    "failed_logins_per_hour",
    "consecutive_failures",
)
QUIET = {f"SYSMON_THRESHOLDS__{name.upper()}": NEVER for name in _COUNTED}


@pytest.fixture
def quiet(tmp_path: Path) -> dict[str, str]:
    """Nothing fires on the demo estate: the rules on counts never, all others are off."""
    counted = {rule.id for rule in rules.BUILT_IN.values() if rule.setting in _COUNTED}
    file = tmp_path / "quiet.toml"
    off = [f'[rules."{name}"]\nenabled = false\n' for name in rules.BUILT_IN if name not in counted]
    file.write_text("".join(off))
    return {**QUIET, "SYSMON_CONFIG": str(file)}


@pytest.fixture
def blind(tmp_path: Path) -> Path:
    """A configuration whose tenant has none of the tables."""
    duckdb.connect(tmp_path / "empty.duckdb").close()
    file = tmp_path / "blind.toml"
    file.write_text(f'[tenants.blind]\nsource = "embedded"\ndatabase = "{tmp_path / "empty.duckdb"}"\n')
    return file


# query -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("dataset", "key"),
    [
        ("workflows", "workflows"),
        ("queries/failed", "queries"),
        ("warehouses", "warehouses"),
        ("audit", "events"),
        ("alerts", "alerts"),
    ],
)
def test_json_is_the_whole_document(tmp_path: Path, dataset: str, key: str) -> None:
    """JSON is the answer as on HTTP: envelope, exact total, rows; standard error tells state and age."""
    ended = run(tmp_path, "query", dataset, "--demo", "--format", "json")
    document = json.loads(ended.stdout)
    assert ended.returncode == 0
    assert document["tenant"] == "demo_tenant"
    assert document["state"] == "fresh"
    assert document["count"] == len(document[key]) > 0
    told = ended.stderr.decode()
    assert told.startswith(
        f"fresh: data until {document['as_of']}, {document['lag_seconds']} s old when read; "
    )
    assert f"{document['count']} of {document['total']} rows" in told
    assert told.count("\n") == 1


def test_filters_and_pages(tmp_path: Path) -> None:
    """Filters reach the statement, and the cursor that standard error gives leads to the next page."""
    arguments = ("query", "queries", "--demo", "--status", "failed", "--limit", "3", "--format", "ndjson")
    first = run(tmp_path, *arguments, "--hours", "6")
    rows = [json.loads(line) for line in first.stdout.splitlines()]
    assert [row["status"] for row in rows] == ["FAILED"] * 3
    cursor = first.stderr.decode().partition("--cursor ")[2].strip()
    second = run(tmp_path, *arguments, "--hours", "6", "--cursor", cursor)
    older = [json.loads(line) for line in second.stdout.splitlines()]
    assert second.returncode == 0
    assert max(row["end_time"] for row in older) <= min(row["end_time"] for row in rows)


def test_filter_line(tmp_path: Path) -> None:
    """--filter keeps the rows that pass, over the whole window, and counts them whatever the limit."""
    arguments = ("query", "queries", "--demo", "--format", "json", "--hours", "6")
    whole = json.loads(run(tmp_path, *arguments, "--limit", "10000").stdout)
    ended = run(tmp_path, *arguments, "--limit", "1", "--filter", "status=failed !err=-")
    document = json.loads(ended.stdout)
    assert (ended.returncode, document["count"]) == (0, 1)
    assert [row["status"] for row in document["queries"]] == ["FAILED"]
    failed = [
        row
        for row in whole["queries"]
        if row["status"] == "FAILED" and (row["error_class"] or row["error_message"])
    ]
    # A moment lies between the two demos.
    assert abs(document["total"] - len(failed)) <= 2
    assert f"1 of {document['total']} rows" in ended.stderr.decode()


@pytest.mark.parametrize(
    ("line", "caret"),
    [("status=failed stats=x", 14), ('"größe 漢" dur>soon', 15), ("\x1b[31m stats=x", 6)],
)
def test_wrong_filter_is_pointed_at(tmp_path: Path, line: str, caret: int) -> None:
    """Exit 2; standard error shows the line harmless, a caret under the place, and one sentence; no file is made."""
    ended = run(tmp_path, "query", "queries", "--demo", "--filter", line, "--output", "out")
    shown, pointed, said = ended.stderr.decode().splitlines()
    assert (ended.returncode, ended.stdout) == (2, b"")
    assert shown == line.replace("\x1b", "␛")
    assert pointed == " " * caret + "^"
    assert said.startswith("sysmon-tui: filter: ")
    assert list(tmp_path.iterdir()) == []


def test_table_is_for_pipes_120_wide(tmp_path: Path) -> None:
    """Piped, a table has a header, lines of at most 120 cells and no escape sequence."""
    ended = run(tmp_path, "query", "queries", "--demo", "--limit", "50")
    lines = ended.stdout.decode().splitlines()
    assert lines[0].split()[:2] == ["status", "user_email"]
    assert len(lines) == 51
    assert max(map(len, lines)) <= 120
    assert "\x1b" not in ended.stdout.decode()


def test_csv_by_rfc_4180(tmp_path: Path) -> None:
    """CSV: CRLF, a header of the contract's fields, as many rows as told."""
    ended = run(tmp_path, "query", "queries", "--demo", "--limit", "200", "--format", "csv")
    text = ended.stdout.decode()
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    assert len(rows) == 200
    assert rows[0]["start_time"].endswith("Z")
    assert text.split("\r\n")[0].startswith("workspace_id,statement_id,status,user_email,")


def test_reader_goes_away(tmp_path: Path) -> None:
    """`| head -1` ends quietly: 141, and nothing about it on standard error."""
    for form in ("table", "csv", "json", "ndjson"):
        producer = subprocess.Popen(
            [*COMMAND, "query", "audit", "--demo", "--limit", "10000", "--format", form],
            env=environment(tmp_path),
            cwd=tmp_path,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        assert producer.stdout is not None
        assert producer.stderr is not None
        assert producer.stdout.read(1)
        producer.stdout.close()
        assert producer.wait(timeout=30) == 141
        assert producer.stderr.read() == b""
        producer.stderr.close()


@pytest.mark.parametrize("words", [("query", "workflows"), ("check",)])
def test_interrupt(tmp_path: Path, words: tuple[str, ...]) -> None:
    """Ctrl-C while a large demo is still being built: 130 long before it is done, nothing on standard error."""
    process = subprocess.Popen(
        [*COMMAND, *words, "--demo", "--demo-rows", "20000000"],
        env=environment(tmp_path),
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    time.sleep(1.5)
    started = time.monotonic()
    process.send_signal(signal.SIGINT)
    assert process.communicate(timeout=30) == (b"", b"")
    assert process.returncode == 130
    assert time.monotonic() - started < 20  # the build takes a minute


def test_output_file(tmp_path: Path) -> None:
    """--output writes a new file for the user alone, refuses to overwrite, and replaces with --force."""
    arguments = (
        "query",
        "audit",
        "--demo",
        "--limit",
        "20",
        "--format",
        "parquet",
        "--output",
        "out.parquet",
    )
    file = tmp_path / "out.parquet"
    assert run(tmp_path, *arguments).returncode == 0
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    frame = pl.read_parquet(file)
    assert frame.height == 20
    assert frame.schema["event_time"] == pl.Datetime("us", "UTC")
    file.write_text("precious")
    refused = run(tmp_path, *arguments)
    assert (refused.returncode, refused.stdout) == (2, b"")
    assert refused.stderr == b"sysmon-tui: out.parquet exists already. Use --force to replace it.\n"
    assert file.read_text() == "precious"
    assert run(tmp_path, *arguments, "--force").returncode == 0
    assert pl.read_parquet(file).height == 20
    assert [each.name for each in tmp_path.iterdir()] == ["out.parquet"]


def test_parquet_to_a_pipe(tmp_path: Path) -> None:
    """Standard output that is no terminal takes Parquet."""
    ended = run(tmp_path, "query", "alerts", "--demo", "--format", "parquet")
    assert pl.read_parquet(io.BytesIO(ended.stdout)).columns[:2] == ["id", "rule"]


@pytest.mark.parametrize("form", ["table", "csv", "ndjson", "parquet"])
def test_unreadable_tables_write_nothing(tmp_path: Path, blind: Path, form: str) -> None:
    """Denied: exit 3, the sentence on standard error, and no file that looks like "nothing there"."""
    more = ("--output", "out", "--format", form)
    ended = run(tmp_path, "--config", str(blind), "query", "queries", *more)
    assert ended.returncode == 3
    told = ended.stderr.decode()
    assert told.startswith("denied: ") and "rows" not in told
    assert not (tmp_path / "out").exists()


def test_unreadable_tables_as_json(tmp_path: Path, blind: Path) -> None:
    """JSON can say what is wrong, so the document comes, with exit 3."""
    ended = run(tmp_path, "--config", str(blind), "query", "queries", "--format", "json")
    document = json.loads(ended.stdout)
    assert ended.returncode == 3
    assert (document["state"], document["queries"]) == ("denied", [])
    assert document["reason"]


# check -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("thresholds", "code", "severities"),
    [
        ({}, 0, set()),
        ({"SYSMON_THRESHOLDS__FAILED_QUERIES_PER_HOUR": "1"}, 1, {"medium"}),
        ({"SYSMON_THRESHOLDS__FAILED_WORKFLOWS_PER_HOUR": "1"}, 2, {"high"}),
        ({"SYSMON_THRESHOLDS__CONSECUTIVE_FAILURES": "1"}, 2, {"critical"}),
    ],
    ids=["nothing", "medium", "high", "critical"],
)
def test_check_exit_codes(
    tmp_path: Path, quiet: dict[str, str], thresholds: dict[str, str], code: int, severities: set[str]
) -> None:
    """0 nothing fires, 1 medium, 2 high or critical; one line for each alert."""
    ended = run(tmp_path, "check", "--demo", **{**quiet, **thresholds})
    lines = ended.stdout.decode().splitlines()
    assert (ended.returncode, ended.stderr) == (code, b"")
    assert {line.split()[0] for line in lines} == severities
    assert {line.split()[1] for line in lines} <= {"firing"}


def test_check_blind(tmp_path: Path, blind: Path) -> None:
    """3 when a table can't be read and nothing fires: the rules are unknown, standard error says which tables."""
    ended = run(tmp_path, "check", "--config", str(blind))
    assert ended.returncode == 3
    assert {line.split()[1] for line in ended.stdout.decode().splitlines()} == {"unknown"}
    assert {line.partition(": ")[0] for line in ended.stderr.decode().splitlines()} == {
        "job_run_timeline",
        "query_history",
        "warehouse_events",
        "audit",
    }
    assert run(tmp_path, "check", "--config", str(blind), "--format", "json").returncode == 3


def test_check_json(tmp_path: Path) -> None:
    """JSON is what the Python service answers."""
    document = json.loads(run(tmp_path, "check", "--demo", "--format", "json").stdout)
    assert document["total_alerts"] == sum(document["by_severity"].values()) > 0
    assert set(document["sources"]) == {"job_run_timeline", "query_history", "warehouse_events", "audit"}


def test_check_notify_without_channels(tmp_path: Path) -> None:
    """Without channels nothing is sent, and the exit code is still the alerts'."""
    ended = run(tmp_path, "check", "--demo", "--notify")
    assert ended.returncode == 2
    assert ended.stderr == b"notifications: 0 sent, 0 failed\n"


def test_check_tells_that_nothing_is_configured(tmp_path: Path, quiet: dict[str, str]) -> None:
    """Without tenant and variables the demo stands in: standard error says so, and --notify is refused."""
    ended = run(tmp_path, "check", **quiet)
    assert ended.returncode == 0
    assert "DEMO DATA" in ended.stderr.decode()
    ended = run(tmp_path, "check", "--notify")
    assert (ended.returncode, ended.stdout) == (2, b"")
    assert "invented alerts are sent to nobody" in ended.stderr.decode()


def test_check_notify_dead_channel(tmp_path: Path, quiet: dict[str, str]) -> None:
    """A channel that is down is told on standard error without its secret; the exit code stays the alerts'."""
    file = tmp_path / "c.toml"
    file.write_text(
        '[notifications.channels.ops]\ntype = "slack"\nurl_env = "HOOK"\nallow_hosts = ["127.0.0.1"]\n'
        + Path(quiet["SYSMON_CONFIG"]).read_text()
    )
    hook = {"HOOK": "http://127.0.0.1:9/services/planted", "SYSMON_STATE_DIR": str(tmp_path / "state")}
    once = {**quiet, "SYSMON_THRESHOLDS__FAILED_QUERIES_PER_HOUR": "1"}
    ended = run(tmp_path, "--config", str(file), "check", "--demo", "--notify", **hook, **once)
    assert ended.returncode == 1
    assert b"ops: " in ended.stderr
    assert ended.stderr.endswith(b"notifications: 0 sent, 1 failed\n")
    assert b"planted" not in ended.stderr
