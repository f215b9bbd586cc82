"""Running the application: the socket, the log, the signals."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
import socket
from collections.abc import Iterator

import click
import uvicorn
from starlette.applications import Starlette

from sysmon_tui import text
from sysmon_tui.errors import ConfigError
from sysmon_tui.runtime import Runtime
from sysmon_tui.server.app import create_app
from sysmon_tui.server.connection import MAX_HEAD_BYTES, BoundedProtocol
from sysmon_tui.server.guard import is_loopback

_log = logging.getLogger("sysmon_tui.server")

# Together under the five seconds in which a stopped server is gone.
_FINISH_REQUESTS_S = 1
_CLOSE_RUNTIME_S = 3.5


def serve(runtime: Runtime, host: str, port: int) -> None:
    """Serve until SIGTERM or SIGINT, then close the runtime. Port 0 takes a free one.

    Raises ConfigError for a host that is not loopback, and for an address that cannot be bound.
    """
    require_loopback(host)
    listener = bind(host, port)
    _log_one_line_an_event()
    names = [
        f"{name} with DEMO DATA" if tenant.source == "demo" else name
        for name, tenant in runtime.config.tenants.items()
    ]
    ready_line = f"Serving {_url(host, listener)} (tenants: {', '.join(names)})"
    server = _Server(uvicorn_config(create_app(runtime)), ready_line)
    with listener:
        asyncio.run(_serve(server, listener, runtime))


def uvicorn_config(app: Starlette) -> uvicorn.Config:
    """What a client sent as X-Forwarded-* counts for nothing, and no answer names the software."""
    return uvicorn.Config(
        app,
        http=BoundedProtocol,
        h11_max_incomplete_event_size=MAX_HEAD_BYTES,
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=_FINISH_REQUESTS_S,
    )


async def _serve(server: uvicorn.Server, listener: socket.socket, runtime: Runtime) -> None:
    try:
        await server.serve(sockets=[listener])
    finally:
        try:
            await asyncio.wait_for(runtime.close(), _CLOSE_RUNTIME_S)
        except TimeoutError:
            _log.warning("a source did not end within %.0f s and is left behind", _CLOSE_RUNTIME_S)
        except Exception:  # the server has ended well; that a source has not is for the log
            _log.exception("a source did not close")


def require_loopback(host: str) -> None:
    """Without tokens everyone who reaches the port may see every tenant."""
    if not is_loopback(host):
        raise ConfigError(
            f"The server would listen on {text.one_line(host, 64)}, but tokens are not configured, "
            "so only loopback is allowed.",
            "Use --host 127.0.0.1 and reach it from elsewhere through an SSH tunnel.",
        )


def bind(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # The protocol by name, or asyncio leaves Nagle's delay on and every answer takes 40 ms.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host.removeprefix("[").removesuffix("]"), port))
        listener.listen()
    except OSError as error:
        listener.close()
        raise ConfigError(
            f"Port {port} on {host} cannot be used: {(error.strerror or str(error)).lower()}.",
            "Stop the other process or choose another port with --port.",
        ) from error
    return listener


def _url(host: str, listener: socket.socket) -> str:
    shown = f"[{host}]" if ":" in host and not host.startswith("[") else host
    return f"http://{shown}:{listener.getsockname()[1]}"


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, ready_line: str) -> None:
        super().__init__(config)
        self._ready_line = ready_line

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        click.echo(self._ready_line, err=True)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Uvicorn would raise the signal again before the runtime is closed; a stop asked for is exit 0.

        A dropped terminal (SIGHUP) stops it as SIGTERM does: a service has none to drop.
        """
        with super().capture_signals():
            hangup = getattr(signal, "SIGHUP", None)  # not on every system
            before = None if hangup is None else signal.signal(hangup, self.handle_exit)
            yield
            if hangup is not None:
                signal.signal(hangup, before)
            self._captured_signals.clear()


class _OneLineFormatter(logging.Formatter):
    """A traceback comes on the event's own line, and what a client sent can't make a second one."""

    def format(self, record: logging.LogRecord) -> str:
        return text.one_line(super().format(record))


def _log_one_line_an_event() -> None:
    handler = logging.StreamHandler()
    handler.setFormatter(_OneLineFormatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    for name in ("sysmon_tui", "uvicorn", "asyncio"):
        logger = logging.getLogger(name)
        logger.addHandler(handler)
        logger.setLevel(logging.WARNING)
        logger.propagate = False
