"""`doctor` as a real process: on a stand-in of a workspace, well and lacking, and on the other sources."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
from click.testing import CliRunner

from sysmon_tui.cli import cli
from sysmon_tui.services import doctor
from sysmon_tui.services.warehouse_checks import links_finding
from sysmon_tui.sources.inspection import ResultLinks
from tests.commanding import ROOT, environment, run
from tests.estate import Estate
from tests.sources.databricks.signing import sign_in
from tests.test_import_hygiene import HEAVY, PROGRAM
from tests.workspace import Fault, Workspace, demo_workspace
from tests.workspace.catalog import METASTORE_ID

ENABLE_ACCESS = f"/api/2.1/unity-catalog/metastores/{METASTORE_ID}/systemschemas/access"
ACCESS = ("system.access.audit", "system.access.workspaces_latest")
STATEMENTS = "/api/2.0/sql/statements"


@pytest.fixture(scope="module")
def estate() -> Iterator[Workspace]:
    with demo_workspace(datetime.now(UTC), rows=50_000) as workspace:
        yield workspace


@pytest.fixture
def workspace(estate: Workspace) -> Iterator[Workspace]:
    """The stand-in as it is; its knobs are put back afterwards."""
    estate.requests.clear()
    estate.statements.clear()
    user_name = estate.user_name
    yield estate
    estate.denied_tables = set()
    estate.missing_schemas = set()
    estate.refused_paths = set()
    estate.faults.clear()
    estate.storage_url = None
    estate.user_name = user_name
    estate.warehouse.state = "RUNNING"
    estate.warehouse.start_s = 0.0


@pytest.fixture(autouse=True)
def _nothing_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    """No setting and no credential of whoever runs the tests."""
    for name in [name for name in os.environ if name.startswith(("DATABRICKS_", "SYSMON_", "XDG_"))]:
        monkeypatch.delenv(name)


def variables(workspace: Workspace, **more: str) -> dict[str, str]:
    return {
        "DATABRICKS_HOST": workspace.url,
        "DATABRICKS_TOKEN": workspace.token,
        "DATABRICKS_WAREHOUSE_ID": workspace.warehouse_id,
        **more,
    }


def examine(home: Path, workspace: Workspace, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    """In a process of its own."""
    return run(home, "doctor", *arguments, **variables(workspace))


def document(
    home: Path, workspace: Workspace, exit_code: int, *arguments: str, told: str = "", **more: str
) -> Any:
    """What `--format json` gives, in this process; `told` begins what is said on standard error, if anything is."""
    env = variables(workspace, HOME=str(home), DATABRICKS_CONFIG_FILE=os.devnull, **more)
    ended = CliRunner().invoke(cli, ["doctor", "--format", "json", *arguments], env=env)
    assert ended.exit_code == exit_code, (ended.output, ended.exception)
    assert ended.stderr.startswith(told) and bool(told) == bool(ended.stderr)
    found = json.loads(ended.stdout)
    assert found["exit_code"] == exit_code
    return found


def words(found: Any) -> dict[str, str]:
    return {finding["name"]: finding["word"] for finding in found["findings"]}


def finding(found: Any, name: str) -> Any:
    (one,) = (one for one in found["findings"] if one["name"] == name)
    return one


# All well ------------------------------------------------------------------------------------------------------


def test_all_well(tmp_path: Path, workspace: Workspace) -> None:
    """Exit 0: who we are, the warehouse, eight tables with the lag of four, texts, links and runs; no commands."""
    found = document(tmp_path, workspace, 0)
    assert set(words(found).values()) == {"well"}
    assert found["principal"] == "sysmon@example.com"
    assert (found["missing"], found["api_calls"], found["sql"]) == (0, [], [])
    tables = [one for one in found["findings"] if "table" in one]
    assert len(tables) == 8 and all(one["granted"] and one["enabled"] for one in tables)
    assert [one["table"] for one in tables if one["lag_seconds"] is not None] == [
        "system.lakeflow.job_run_timeline",
        "system.query.history",
        "system.compute.warehouse_events",
        "system.access.audit",
    ]
    warehouse = finding(found, "SQL warehouse")
    assert (warehouse["warehouse_name"], warehouse["size"], warehouse["kind"]) == (
        "Monitoring",
        "2X-Small",
        "serverless",
    )
    assert (warehouse["state"], warehouse["auto_stop_seconds"]) == ("RUNNING", 600)
    assert finding(found, "result links")["host"] == "127.0.0.1"


def test_text_fits_a_narrow_terminal_and_holds_no_secret(tmp_path: Path, workspace: Workspace) -> None:
    """Every line within 80 columns; neither the token nor a link's signature; nothing on standard error."""
    ended = examine(tmp_path, workspace)
    text = ended.stdout.decode()
    assert ended.returncode == 0 and ended.stderr == b""
    assert max(len(line) for line in text.splitlines()) <= 80
    assert "we are sysmon@example.com" in text and text.endswith("All that is needed is there.\n")
    assert workspace.token not in text and "sig" not in text.replace("sysmon", "")


def test_nothing_but_reads_leaves_the_process(tmp_path: Path, workspace: Workspace) -> None:
    """GETs, and POSTs that hand in statements which begin with SELECT or WITH; also where much is missing."""
    workspace.denied_tables = {"system.query.history"}
    workspace.missing_schemas = {"system.access"}
    examine(tmp_path, workspace)
    assert {(method, path) for method, path in workspace.requests if method != "GET"} == {
        ("POST", STATEMENTS)
    }
    texts = [one.text.split("*/", 1)[1].split() for one in workspace.statements]
    assert len(texts) >= 11 and {text[0] for text in texts} <= {"SELECT", "WITH"}


# Tables ----------------------------------------------------------------------------------------------------------


def test_a_table_without_a_grant(tmp_path: Path, workspace: Workspace) -> None:
    """Exit 1, `denied`, and the one grant that is missing, for who we are; the other tables are read."""
    workspace.denied_tables = {"system.access.audit"}
    found = document(tmp_path, workspace, 1)
    assert {name for name, word in words(found).items() if word != "well"} == {"system.access.audit"}
    denied = finding(found, "system.access.audit")
    assert (denied["word"], denied["enabled"], denied["granted"]) == ("denied", True, False)
    assert found["sql"] == ["GRANT USE SCHEMA, SELECT ON SCHEMA system.access TO `sysmon@example.com`"]
    assert found["api_calls"] == []


def test_no_table_of_the_catalog_can_be_read(tmp_path: Path, workspace: Workspace) -> None:
    """Then the grant on the catalog is among those to run: first, and once; in the text as a block to copy."""
    tables = ("lakeflow.jobs", "lakeflow.job_run_timeline", "lakeflow.job_task_run_timeline", "query.history")
    others = ("compute.warehouses", "compute.warehouse_events", "access.audit", "access.workspaces_latest")
    workspace.denied_tables = {f"system.{table}" for table in (*tables, *others)}
    ended = examine(tmp_path, workspace)
    lines = ended.stdout.decode().splitlines()
    block = lines[lines.index("An admin runs:") + 1 :]
    assert block[: block.index("")] == [
        "  GRANT USE CATALOG ON CATALOG system TO `sysmon@example.com`;",
        *(
            f"  GRANT USE SCHEMA, SELECT ON SCHEMA system.{schema} TO `sysmon@example.com`;"
            for schema in ("lakeflow", "query", "compute", "access")
        ),
    ]
    assert ended.returncode == 1


def test_a_schema_that_is_not_enabled(tmp_path: Path, workspace: Workspace) -> None:
    """`absent`, with the call that enables it in this metastore, in both forms, and the grant that follows."""
    workspace.missing_schemas = {"system.access"}
    found = document(tmp_path, workspace, 1)
    assert {name: word for name, word in words(found).items() if word != "well"} == dict.fromkeys(
        ACCESS, "absent"
    )
    assert finding(found, ACCESS[0])["enabled"] is False
    assert found["api_calls"] == [
        {
            "method": "PUT",
            "path": ENABLE_ACCESS,
            "body": None,
            "shell": f"databricks api put {ENABLE_ACCESS}",
        }
    ]
    assert found["sql"] == ["GRANT USE SCHEMA, SELECT ON SCHEMA system.access TO `sysmon@example.com`"]
    lines = examine(tmp_path, workspace).stdout.decode().splitlines()
    assert lines.count(f"  PUT {ENABLE_ACCESS}") == lines.count(f"  databricks api put {ENABLE_ACCESS}") == 1


def test_whether_a_schema_is_enabled_can_not_be_seen(tmp_path: Path, workspace: Workspace) -> None:
    """`missing`: both are told, the call and the grant, and that the list was refused."""
    workspace.missing_schemas = {"system.access"}
    workspace.refused_paths = {"systemschemas"}
    found = document(tmp_path, workspace, 1)
    audit = finding(found, "system.access.audit")
    assert (audit["word"], audit["enabled"], audit["granted"]) == ("missing", None, None)
    assert "not enabled, or not granted" in audit["said"]
    assert [call["path"] for call in found["api_calls"]] == [ENABLE_ACCESS]
    assert len(found["sql"]) == 1
    schemas = finding(found, "system schemas")
    assert (schemas["word"], schemas["needed"]) == ("unknown", False) and "refused" in schemas["said"]


def test_the_engine_itself_tells_a_missing_grant(tmp_path: Path, workspace: Workspace) -> None:
    """Where the list is refused and the engine names a privilege, no call is offered."""
    workspace.denied_tables = {"system.access.audit"}
    workspace.refused_paths = {"systemschemas"}
    found = document(tmp_path, workspace, 1)
    assert finding(found, "system.access.audit")["word"] == "denied"
    assert (found["api_calls"], len(found["sql"])) == ([], 1)


def test_a_metastore_that_is_not_told(tmp_path: Path, workspace: Workspace) -> None:
    """The call and the grant have a place for what an admin has to fill in; nothing is made up."""
    workspace.missing_schemas = {"system.access"}
    workspace.refused_paths = {"current-metastore-assignment", "/scim/"}
    found = document(tmp_path, workspace, 1)
    (call,) = found["api_calls"]
    assert call["path"] == "/api/2.1/unity-catalog/metastores/<metastore_id>/systemschemas/access"
    assert call["shell"] == f"databricks api put '{call['path']}'"
    assert found["principal"] is None and found["sql"][0].endswith("TO `<principal>`")


@pytest.mark.parametrize(
    ("state", "word", "calls"),
    [
        ("", "absent", 1),
        ("UNAVAILABLE", "absent", 0),
        ("ENABLE_INITIALIZED", "absent", 0),
        ("MANAGED", "denied", 0),
        ("SOMETHING_NEW", "absent", 1),
    ],
)
def test_the_states_of_a_schema(
    tmp_path: Path, workspace: Workspace, state: str, word: str, calls: int
) -> None:
    """Opt-in is offered where it is possible; an enabled schema whose tables are not seen is not granted."""
    workspace.missing_schemas = {"system.access"}
    listed = {"schemas": [{"schema": "access", "state": state}]}
    workspace.faults.append(Fault(200, listed, path="systemschemas"))
    found = document(tmp_path, workspace, 1)
    assert {words(found)[table] for table in ACCESS} == {word}
    assert len(found["api_calls"]) == calls


def test_views_of_the_tenant_in_another_catalog(tmp_path: Path, workspace: Workspace) -> None:
    """What is asked for is on their catalog, schema and table, and nothing is to be enabled for them."""
    (tmp_path / "c.toml").write_text(
        '[tenants.prod]\nsource = "databricks"\n[tenants.prod.tables]\naudit = "ops-eu.monitoring.audit_view"\n'
    )
    found = document(tmp_path, workspace, 1, "--config", str(tmp_path / "c.toml"))
    audit = finding(found, "ops-eu.monitoring.audit_view")
    assert (audit["word"], audit["enabled"]) == ("missing", None)
    assert found["api_calls"] == []
    to = "TO `sysmon@example.com`"
    assert found["sql"] == [
        f"GRANT USE CATALOG ON CATALOG `ops-eu` {to}",
        f"GRANT USE SCHEMA ON SCHEMA `ops-eu`.monitoring {to}",
        f"GRANT SELECT ON TABLE `ops-eu`.monitoring.audit_view {to}",
    ]
    assert not any(path.endswith("systemschemas") for _, path in workspace.requests)


@contextmanager
def by_hand(statements: int = 0, text: str | None = None) -> Iterator[Workspace]:
    """A stand-in over tables whose only rows are a run of ten days ago and failed statements of an hour ago."""
    now = datetime.now(UTC)
    estate = Estate(now)
    estate.slice("1", now - timedelta(days=10, hours=1), now - timedelta(days=10), "SUCCEEDED")
    for number in range(statements):
        start = now - timedelta(hours=1)
        estate.query(f"{number}", start, start, "FAILED", statement_text=text, error_message=text)
    with Workspace(estate.connection) as workspace:
        yield workspace
    estate.connection.close()


def test_stale_and_empty_tables_are_told_and_are_not_missing(tmp_path: Path) -> None:
    """Silence for longer than is usual is `stale`, no row at all is `empty`: two words, and exit 0."""
    with by_hand() as workspace:
        found = document(tmp_path, workspace, 0)
    run_slices = finding(found, "system.lakeflow.job_run_timeline")
    assert run_slices["word"] == "stale" and 863_900 < run_slices["lag_seconds"] < 864_100
    audit = finding(found, "system.access.audit")
    assert (audit["word"], audit["granted"], audit["as_of"], audit["lag_seconds"]) == (
        "empty",
        True,
        None,
        None,
    )


def test_silence_is_stale(tmp_path: Path, workspace: Workspace) -> None:
    """Past freshness.stale_after_minutes: `stale`, with the usual silence beside it, exit 0."""
    limit = {"SYSMON_FRESHNESS__STALE_AFTER_MINUTES__AUDIT": "1"}
    found = document(tmp_path, workspace, 0, **limit)
    audit = finding(found, "system.access.audit")
    assert audit["word"] == "stale" and audit["lag_seconds"] > 60
    assert "usual" in audit["said"]


# Texts and links -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", [None, ""])
def test_texts_that_are_kept_back(tmp_path: Path, text: str | None) -> None:
    """All of five rows without a text: customer-managed keys are named, and the exit stays 0."""
    with by_hand(5, text) as workspace:
        found = document(tmp_path, workspace, 0)
    texts = finding(found, "texts of statements")
    assert (texts["word"], texts["without_text"], texts["without_message"]) == ("redacted", 5, 5)
    assert "Customer-managed keys" in texts["said"]
    assert "statement_text" in texts["said"] and "error_message" in texts["said"]


@pytest.mark.parametrize(("statements", "text", "word"), [(4, "", "unknown"), (5, "null", "well")])
def test_texts_that_are_not(tmp_path: Path, statements: int, text: str, word: str) -> None:
    """Under five rows nothing is proved, and the text 'null' is a text."""
    with by_hand(statements, text) as workspace:
        found = document(tmp_path, workspace, 0)
    assert words(found)["texts of statements"] == word


def test_storage_that_can_not_be_reached(tmp_path: Path, workspace: Workspace) -> None:
    """Told with the host to let through; large answers come inline up to 25 MiB, so the exit stays 0."""
    workspace.storage_url = "http://127.0.0.1:9"
    found = document(tmp_path, workspace, 0)
    links = finding(found, "result links")
    assert (links["word"], links["needed"], links["host"]) == ("missing", False, "127.0.0.1")
    assert "25 MiB" in links["said"] and "443" in links["todo"]
    assert "sig=" not in json.dumps(found)


async def test_links_that_are_switched_off(workspace: Workspace) -> None:
    """The workspace refuses to give links: that is said, and no host to let through."""
    refused = {"error_code": "INVALID_PARAMETER_VALUE", "message": "EXTERNAL_LINKS is disabled."}
    workspace.faults.append(Fault(400, refused, method="POST", path=STATEMENTS))
    source = sign_in(workspace)
    told = await links_finding(source.inspection, 20)
    source.close()
    assert (told.word, told.needed, told.facts["host"]) == ("missing", False, None)
    assert "switched off" in told.said and "443" not in told.todo


@pytest.mark.parametrize("status", [302, 403, 502])
def test_a_proxy_in_the_place_of_the_storage(workspace: Workspace, status: int) -> None:
    """Its answer is no way through: the host is told as one that can't be reached."""
    workspace.faults.append(Fault(status, b"<html>blocked</html>", path="/storage/", times=None))
    source = sign_in(workspace)
    assert source.inspection.result_links(20) == ResultLinks("127.0.0.1", reachable=False)
    source.close()


# Connection and warehouse ----------------------------------------------------------------------------------------


def test_a_wrong_token(tmp_path: Path, workspace: Workspace) -> None:
    """Exit 3, what to check, and nothing else is tried; the token is nowhere."""
    found = document(tmp_path, workspace, 3, DATABRICKS_TOKEN="dapi-wrong-secret")
    assert words(found) == {"connection": "denied"}
    assert "DATABRICKS_TOKEN" in finding(found, "connection")["said"]
    assert "dapi-wrong-secret" not in json.dumps(found)
    assert {path for _, path in workspace.requests} <= {
        "/.well-known/databricks-config",
        "/api/2.0/preview/scim/v2/Me",
    }


def test_a_host_that_does_not_answer(tmp_path: Path, workspace: Workspace) -> None:
    """Exit 3 within seconds, with the host's name."""
    found = document(tmp_path, workspace, 3, DATABRICKS_HOST="http://127.0.0.1:9")
    assert words(found) == {"connection": "missing"}
    assert "127.0.0.1:9" in finding(found, "connection")["said"]


def test_who_we_are_is_not_told(tmp_path: Path, workspace: Workspace) -> None:
    """A refusal of that one question is no lost connection."""
    workspace.refused_paths = {"/scim/"}
    found = document(tmp_path, workspace, 0)
    assert found["principal"] is None and words(found)["connection"] == "well"


def test_an_unknown_warehouse(tmp_path: Path, workspace: Workspace) -> None:
    """Exit 1: `absent`, with the id; the tables are unknown, which is said once."""
    found = document(tmp_path, workspace, 1, DATABRICKS_WAREHOUSE_ID="feedfeedfeedfeed")
    assert words(found) == {
        "connection": "well",
        "SQL warehouse": "absent",
        "tables": "unknown",
        "active runs": "well",
    }
    assert "feedfeedfeedfeed" in finding(found, "SQL warehouse")["said"]


def test_a_warehouse_that_is_not_ours_to_use(tmp_path: Path, workspace: Workspace) -> None:
    """Exit 1: `denied`, with the call that grants CAN USE to who we are."""
    refused = {
        "error_code": "PERMISSION_DENIED",
        "message": f"You do not have permission to use the SQL warehouse {workspace.warehouse_id}.",
    }
    workspace.faults.append(Fault(403, refused, method="POST", path=STATEMENTS, times=None))
    found = document(tmp_path, workspace, 1)
    assert words(found)["SQL warehouse"] == "denied" and words(found)["tables"] == "unknown"
    (call,) = found["api_calls"]
    assert (call["method"], call["path"]) == (
        "PATCH",
        f"/api/2.0/permissions/warehouses/{workspace.warehouse_id}",
    )
    assert json.loads(call["body"]) == {
        "access_control_list": [{"user_name": "sysmon@example.com", "permission_level": "CAN_USE"}]
    }


def test_a_warehouse_that_is_stopped_is_waited_for(tmp_path: Path, workspace: Workspace) -> None:
    """It is started by our statement; standard error says that it is waited for, and how long at most."""
    workspace.warehouse.start_s = 1.0
    workspace.warehouse.state = "STOPPED"
    told = f"The SQL warehouse {workspace.warehouse_id} is stopped; it is waited for, 120 s at most."
    found = document(tmp_path, workspace, 0, told=told)
    assert "was stopped" in finding(found, "SQL warehouse")["said"]
    assert workspace.warehouse.state == "RUNNING"


def test_a_warehouse_that_nobody_may_wake(tmp_path: Path, workspace: Workspace) -> None:
    """With refresh.wake = "never" a stopped warehouse stays so, and the tables are unknown: exit 1."""
    workspace.warehouse.state = "STOPPED"
    found = document(tmp_path, workspace, 1, SYSMON_REFRESH__WAKE="never")
    assert words(found)["SQL warehouse"] == words(found)["tables"] == "unknown"
    assert workspace.warehouse.state == "STOPPED" and workspace.statements == []


def test_the_live_lane_is_told_and_not_needed(tmp_path: Path, workspace: Workspace) -> None:
    """Jobs and warehouse that we may not view: what to grant, and exit 0; switched off, they are not asked for."""
    workspace.refused_paths = {"/jobs/", "/api/2.0/sql/warehouses"}
    found = document(tmp_path, workspace, 0)
    for name in ("active runs", "warehouse state"):
        told = finding(found, name)
        assert (told["word"], told["needed"]) == ("missing", False) and "CAN VIEW" in told["todo"]
    workspace.requests.clear()
    off = document(tmp_path, workspace, 0, SYSMON_LIVE__ENABLED="false")
    assert not {"active runs", "warehouse state"} & set(words(off))
    assert not any("/jobs/" in path or "/sql/warehouses" in path for _, path in workspace.requests)


# Other sources, strangers' names, help ---------------------------------------------------------------------------


def test_the_demo_has_tables_and_their_lag_alone(tmp_path: Path) -> None:
    """Exit 0, eight tables, and standard error says that the rows are invented."""
    ended = run(tmp_path, "doctor", "--demo", "--format", "json")
    found = json.loads(ended.stdout)
    assert ended.returncode == 0 and ended.stderr == b"DEMO DATA, every row is invented.\n"
    assert (found["source"], len(found["findings"])) == ("demo", 8)
    assert set(words(found).values()) == {"well"}


@pytest.mark.parametrize("there", [True, False])
def test_a_file_has_no_grants(tmp_path: Path, there: bool) -> None:
    """Tables that are not in it are `absent` and no SQL is offered: exit 1. A file that is not there is exit 3."""
    file = tmp_path / "tables.duckdb"
    if there:
        duckdb.connect(file).close()
    (tmp_path / "c.toml").write_text(f'[tenants.laptop]\nsource = "embedded"\ndatabase = "{file}"\n')
    ended = run(tmp_path, "doctor", "--config", "c.toml", "--format", "json")
    found = json.loads(ended.stdout)
    assert (found["sql"], found["api_calls"]) == ([], [])
    if there:
        assert ended.returncode == 1 and list(words(found).values()) == ["absent"] * 8 + ["unknown"]
    else:
        assert ended.returncode == 3 and words(found) == {"connection": "missing"}


def test_no_session_is_no_connection(tmp_path: Path) -> None:
    """Source `spark` in a process without a SparkSession: exit 3, and why."""
    (tmp_path / "c.toml").write_text('[tenants.notebook]\nsource = "spark"\n')
    ended = run(tmp_path, "doctor", "--config", "c.toml", "--format", "json")
    assert ended.returncode == 3 and words(json.loads(ended.stdout)) == {"connection": "missing"}


async def test_a_session_tells_neither_who_we_are_nor_what_is_enabled() -> None:
    """On Spark a table that is not there gets both, the call and the grants, with places to fill in."""
    estate = Estate(datetime(2026, 3, 10, tzinfo=UTC))
    estate.connection.execute("DROP TABLE system_tables.access.audit")
    service = estate.monitor().service
    report = await doctor.examine(service, source="spark", stale_after={}, timeout_s=5, tell=print)
    await service.close()
    (audit,) = (one for one in report.findings if one.is_missing)
    assert (audit.name, audit.word, report.exit_code) == ("system.access.audit", "missing", 1)
    assert [call.path for call in report.calls] == [
        "/api/2.1/unity-catalog/metastores/<metastore_id>/systemschemas/access"
    ]
    assert report.sql == ("GRANT USE SCHEMA, SELECT ON SCHEMA system.access TO `<principal>`",)


HOSTILE = "a`; DROP TABLE x; --\u202e\x1b]0;pwned\x07\nb'$(id)"


def test_a_hostile_name_is_harmless(tmp_path: Path, workspace: Workspace) -> None:
    """A user's name stays one name in SQL and one word in a shell, on one line, and acts on no terminal."""
    workspace.user_name = HOSTILE
    workspace.denied_tables = {"system.access.audit"}
    found = document(tmp_path, workspace, 1)
    (grant,) = found["sql"]
    name = grant.split(" TO ", 1)[1]
    assert name.startswith("`a``; DROP") and name.endswith("`") and "`" not in name[1:-1].replace("``", "")
    refused = {"error_code": "PERMISSION_DENIED", "message": "no permission on this warehouse \x1b[31m\n"}
    workspace.faults.append(Fault(403, refused, method="POST", path=STATEMENTS, times=None))
    for form in ("text", "json"):
        out = examine(tmp_path, workspace, "--format", form).stdout.decode()
        assert not {"\x1b", "\x07", "\u202e"} & set(out)
    text = examine(tmp_path, workspace).stdout.decode()
    (shell,) = (line for line in text.splitlines() if line.startswith("  databricks api patch"))
    echoed = subprocess.run(
        ["/bin/sh", "-c", shell.replace("databricks", "printf '%s\\n'", 1)],
        capture_output=True,
        check=True,
        text=True,
    )
    assert echoed.stdout.splitlines()[:1] == ["api"] and "uid=" not in echoed.stdout
    assert len(echoed.stdout.splitlines()) == 5


def test_a_service_principal_is_named_as_one(tmp_path: Path, workspace: Workspace) -> None:
    """Its name is its application id."""
    workspace.user_name = "0f2cc8de-1111-4222-8333-0123456789ab"
    refused = {"error_code": "PERMISSION_DENIED", "message": "no permission on this warehouse"}
    workspace.faults.append(Fault(403, refused, method="POST", path=STATEMENTS, times=None))
    (call,) = document(tmp_path, workspace, 1)["api_calls"]
    assert json.loads(call["body"])["access_control_list"][0]["service_principal_name"] == workspace.user_name


def test_help_loads_nothing_heavy(tmp_path: Path) -> None:
    """Neither the engines nor the SDK."""
    ended = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(arguments=["doctor", "--help"], heavy=HEAVY)],
        env=environment(tmp_path),
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "Exit 0" in ended.stdout and ended.stderr.split() == ["0"]
