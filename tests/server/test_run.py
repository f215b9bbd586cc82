"""`serve` in a process of its own: where it binds, what it says, how it ends."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest

from sysmon_tui.errors import ConfigError
from sysmon_tui.server import run
from tests.server.conftest import wait_until_ready

# What the command does, without its configuration.
_PROGRAM = """
import sys
from sysmon_tui.config import Config, TenantConfig
from sysmon_tui.errors import SysmonError
from sysmon_tui.runtime import Runtime
from sysmon_tui.server import serve

runtime = Runtime(Config(tenants={"demo_tenant": TenantConfig(source="demo")}), demo_rows=50_000)
try:
    serve(runtime, sys.argv[1], int(sys.argv[2]))
except SysmonError as error:
    print(error.sentence, file=sys.stderr)
    sys.exit(2)
print([name for name in ("textual", "databricks") if name in sys.modules])
"""


@contextmanager
def process(
    host: str = "127.0.0.1", port: int = 0, words: tuple[str, ...] | None = None
) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, *(words or ("-c", _PROGRAM, host, str(port)))]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as running:
        try:
            yield running
        finally:
            running.kill()


def ready_url(running: subprocess.Popen[str]) -> str:
    """The address of the line that says it is ready."""
    assert running.stderr is not None
    line = running.stderr.readline()
    found = re.fullmatch(r"Serving (http://\S+:[1-9]\d*) \(tenants: demo_tenant with DEMO DATA\)\n", line)
    assert found is not None, line
    return found[1]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signal_ends_it_well_and_soon(number: signal.Signals) -> None:
    """One line when ready, with the real port; after the signal exit 0 within 5 s and not a word more.

    Neither the terminal app nor the Databricks SDK is imported for a demo tenant.
    """
    with process() as running:
        with httpx.Client(base_url=ready_url(running)) as client:
            wait_until_ready(client)
            assert client.get("/api/monitoring/health").status_code == 200
            assert client.get("/nothing").status_code == 404  # a client's fault is no line in the log
            started = time.monotonic()
            running.send_signal(number)
            out, err = running.communicate(timeout=10)
        assert time.monotonic() - started < 5
        assert (running.returncode, err) == (0, "")
        assert out == "[]\n"


def test_signal_while_the_first_statement_runs_ends_it_well() -> None:
    """A stop before the first answer is a stop like any other, through the command that people start."""
    with process(words=("-m", "sysmon_tui", "serve", "--demo", "--port", "0")) as running:
        ready_url(running)
        running.send_signal(signal.SIGTERM)
        _, err = running.communicate(timeout=10)
        assert (running.returncode, err) == (0, "")


def test_port_in_use_is_one_line() -> None:
    """Another process has the port: one line that says so and what to do, exit 2."""
    with socket.create_server(("127.0.0.1", 0)) as taken, process(port=taken.getsockname()[1]) as running:
        _, err = running.communicate(timeout=20)
    assert running.returncode == 2
    assert err == (
        f"Port {taken_port(err)} on 127.0.0.1 cannot be used: address already in use. "
        "Stop the other process or choose another port with --port.\n"
    )


def taken_port(line: str) -> str:
    found = re.search(r"Port (\d+) ", line)
    assert found is not None, line
    return found[1]


@pytest.mark.parametrize(
    "host",
    ["0.0.0.0", "::", "192.168.1.1", "example.com", "", "127.0.0.1.example.com", "localhost.example.com"],  # noqa: S104
)
def test_host_beyond_loopback_is_refused(host: str) -> None:
    """Without tokens everyone who reaches the port sees everything, so nobody else may reach it."""
    with pytest.raises(ConfigError, match=r"tokens are not configured.*loopback"):
        run.require_loopback(host)


def test_refused_host_starts_nothing() -> None:
    """The command ends with exit 2 before it listens anywhere."""
    with process(host="0.0.0.0") as running:  # noqa: S104
        _, err = running.communicate(timeout=20)
    assert running.returncode == 2
    assert err.count("\n") == 1
    assert "--host 127.0.0.1" in err


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1", "127.0.0.2"])
def test_loopback_hosts_are_taken(host: str) -> None:
    """Each name of this machine for itself can be bound."""
    if host == "::1" and not socket.has_dualstack_ipv6():
        pytest.skip("no IPv6 here")
    run.require_loopback(host)
    with run.bind(host, 0) as listener:
        assert listener.getsockname()[1] > 0


def test_bug_is_one_line_in_the_log() -> None:
    """A traceback is an event like others: one line, harmless, whatever the exception says."""
    program = (
        "import logging; from sysmon_tui.server.run import _log_one_line_an_event as set_up; set_up()\n"
        "try: raise ValueError('first\\nsecond \\x1b]52;c;x\\x07')\n"
        "except ValueError: logging.getLogger('sysmon_tui.server').exception('request %s failed', 'x')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=True,
        env=os.environ,
        timeout=30,
    )
    assert done.stderr.count("\n") == 1
    assert "Traceback" in done.stderr and "first second ␛]52;c;x␇" in done.stderr
