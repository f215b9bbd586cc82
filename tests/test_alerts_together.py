"""Several processes and callers on one store: nobody is paged twice, and all see the same."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from sysmon_tui.config import Config, load
from sysmon_tui.runtime import Runtime
from sysmon_tui.services.alerting import AlertingService
from tests.alerts.receivers import http_receiver
from tests.commanding import COMMAND, environment
from tests.estate import Estate, at

ROOT = Path(__file__).parent.parent


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A tenant on a DuckDB file with one alert that fires, and a pager."""
    now = datetime.now(UTC)
    estate = Estate(now, tmp_path / "estate.duckdb")
    for number in range(3):
        ended = now - timedelta(minutes=30 - number)
        estate.slice(f"f{number}", ended - timedelta(minutes=5), ended, "FAILED", job_id="j")
    estate.connection.close()
    file = tmp_path / "c.toml"
    file.write_text(
        f'[tenants.prod]\nsource = "embedded"\ndatabase = "{tmp_path / "estate.duckdb"}"\n'
        '[notifications.channels.pager]\ntype = "pagerduty"\nrouting_key_env = "PAGER_KEY"\n'
        'url = "http://127.0.0.1:1/"\nallow_hosts = ["127.0.0.1"]\n'
        '[[notifications.routes]]\nchannels = ["pager"]\nrules = ["workflow.consecutive_failures"]\n'
    )
    return file


def to(config: Path, port: int) -> Path:
    config.write_text(config.read_text().replace("127.0.0.1:1/", f"127.0.0.1:{port}/v2/enqueue"))
    return config


def test_checks_at_once_page_once(config: Path, tmp_path: Path) -> None:
    """Four processes of `check --notify` in one moment, and one after: a single trigger."""
    with http_receiver() as receiver:
        command = [*COMMAND, "--config", str(to(config, receiver.port)), "check", "--notify"]
        env = environment(tmp_path, PAGER_KEY="planted-routing-key")
        running = [
            subprocess.Popen(command, env=env, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            for _ in range(4)
        ]
        ended = [process.communicate(timeout=60) for process in running]
        assert [process.returncode for process in running] == [2] * 4
        subprocess.run(command, env=env, cwd=tmp_path, capture_output=True, timeout=60, check=False)
    assert [document["event_action"] for document in receiver.documents] == ["trigger"]
    sent = sum(b"notifications: 1 sent" in err for _, err in ended)
    assert sent == 1 and b"planted" not in b"".join(err for _, err in ended)


_EXAMPLE = """
from sysmon_tui.services.alerting import AlertingService

alerting = AlertingService(config={config!r})
alerts = alerting.check_all_alerts()

if alerts["total_alerts"] > 0:
    for alert in alerts["alerts"]:
        outcomes = alerting.send_alert_notification(alert)
        if any(outcome["result"] == "sent" for outcome in outcomes.values()):
            print(alert["rule"])
"""


def test_the_example_of_the_contract_in_a_plain_script(config: Path, tmp_path: Path) -> None:
    """Run twice: the first pages, the second finds that it was told."""
    with http_receiver() as receiver:
        script = tmp_path / "job.py"
        script.write_text(_EXAMPLE.format(config=str(to(config, receiver.port))))
        env = environment(tmp_path, PAGER_KEY="planted-routing-key")
        said = [
            subprocess.run(
                [sys.executable, str(script)],
                env=env,
                cwd=tmp_path,
                capture_output=True,
                timeout=60,
                check=True,
            )
            for _ in range(2)
        ]
    assert [one.stdout for one in said] == [b"workflow.consecutive_failures\n", b""]
    assert [one.stderr for one in said] == [b"", b""]
    assert len(receiver.documents) == 1


async def test_the_example_of_the_contract_where_a_loop_runs(
    config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a notebook: synchronous calls while the notebook's own loop is running."""
    monkeypatch.setenv("PAGER_KEY", "planted-routing-key")
    with http_receiver() as receiver, AlertingService(config=to(config, receiver.port)) as alerting:
        alerts = alerting.check_all_alerts()
        assert alerts["total_alerts"] > 0
        outcomes = [alerting.send_alert_notification(alert) for alert in alerts["alerts"]]
        json.dumps(alerts)
    results = [outcome["pager"]["result"] for outcome in outcomes]
    assert results.count("sent") == 1 and set(results) == {"sent", "skipped"}
    assert len(receiver.documents) == 1


def test_a_job_hears_of_the_end_of_what_it_sent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The job's loop sends what fires; that it is over goes out with the check that finds it."""
    estate = Estate(at("12:00"))
    for number in range(3):
        estate.slice(f"f{number}", at("11:00"), at(f"11:1{number}"), "FAILED", job_id="j")
    monkeypatch.setenv("PAGER_KEY", "planted-routing-key")
    monkeypatch.setattr(Runtime, "_opener", lambda *_: estate.source)
    with http_receiver() as receiver:
        file = tmp_path / "c.toml"
        file.write_text(
            '[tenants.prod]\nsource = "embedded"\ndatabase = "x.duckdb"\n'
            '[notifications.channels.pager]\ntype = "pagerduty"\nrouting_key_env = "PAGER_KEY"\n'
            f'url = "http://127.0.0.1:{receiver.port}/"\nallow_hosts = ["127.0.0.1"]\n'
            '[[notifications.routes]]\nchannels = ["pager"]\ncategories = ["workflow"]\n'
        )
        with AlertingService(config=file, clock=estate.clock) as alerting:
            (alert,) = [one for one in alerting.check_workflow_alerts()["alerts"] if one["state"] == "firing"]
            assert alerting.send_alert_notification(alert)["pager"]["result"] == "sent"
            estate.slice("s", at("12:10"), at("12:20"), "SUCCEEDED", job_id="j")
            estate.clock.advance(3600)
            alerting.check_all_alerts()
            alerting.check_all_alerts()
    actions = [document["event_action"] for document in receiver.documents]
    keys = {document["dedup_key"] for document in receiver.documents}
    assert (actions, len(keys)) == (["trigger", "resolve"], 1)


async def test_one_evaluates_and_the_others_see_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two runtimes that go on evaluating, on one store: the second asks its source nothing, and says the same.

    When the first is closed, the second takes over.
    """
    estate = Estate(at("12:00"))
    for number in range(3):
        estate.slice(f"f{number}", at("11:00"), at(f"11:1{number}"), "FAILED", job_id="j")
    asked: list[str] = []

    def opener(runtime: Runtime, name: str, tenant: Any) -> Any:
        def open_source() -> Any:
            source, process = estate.source(), names[id(runtime)]

            class Counted:
                def execute(self, request: Any) -> Any:
                    asked.append(process)
                    return source.execute(request)

                def cancel(self, request_id: str) -> None:
                    source.cancel(request_id)

                def close(self) -> None:
                    """The estate is the other's too."""

            return Counted()

        return open_source

    names: dict[int, str] = {}
    monkeypatch.setattr(Runtime, "_opener", opener)
    config = _two_channels(tmp_path)
    first, second = (Runtime(config, clock=estate.clock, incremental=True, tells="all") for _ in range(2))
    names |= {id(first): "first", id(second): "second"}
    one = await first.tenant("prod").monitor.alerts()
    other = await second.tenant("prod").monitor.alerts()
    assert set(asked) == {"first"}
    assert other.rows() == one.rows() and other.extra["rules"] == one.extra["rules"]
    assert other.fetched_at == one.fetched_at and other.state == one.state
    await first.close()
    estate.clock.advance(61)
    await second.tenant("prod").monitor.alerts()
    assert "second" in asked
    await second.close()


def _two_channels(folder: Path) -> Config:
    file = folder / "c.toml"
    file.write_text(
        '[tenants.prod]\nsource = "embedded"\ndatabase = "x.duckdb"\n'
        '[notifications.channels.ops]\ntype = "slack"\nurl_env = "HOOK"\n'
    )
    return load(file=file, user_file=folder / "none.toml", env={}).config


def test_serve_evaluates_and_tells_by_itself(config: Path, tmp_path: Path) -> None:
    """Nobody asks the server for anything: the pager hears of the alert."""
    with http_receiver() as receiver:
        to(config, receiver.port)
        env = environment(tmp_path, PAGER_KEY="planted-routing-key")
        server = subprocess.Popen(
            [*COMMAND, "--config", str(config), "serve", "--port", "0"],
            env=env,
            cwd=tmp_path,
            stderr=subprocess.PIPE,
        )
        try:
            until = time.monotonic() + 60
            while not receiver.documents and time.monotonic() < until:
                time.sleep(0.1)
            assert [document["event_action"] for document in receiver.documents] == ["trigger"]
        finally:
            server.terminate()
            _, err = server.communicate(timeout=20)
    assert server.returncode == 0 and b"planted" not in err, err
