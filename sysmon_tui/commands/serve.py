"""`serve`: the headless mode."""

from __future__ import annotations

import click

from sysmon_tui import limits, memory
from sysmon_tui.commands.flags import Flags, global_options


@click.command(short_help="Answer over HTTP.")
@click.option("--host", metavar="HOST", help="A loopback address.  [default: http.host]")
@click.option("--port", type=int, metavar="PORT", help="0 takes a free one.  [default: http.port]")
@global_options
@click.pass_obj
def serve(flags: Flags, host: str | None, port: int | None) -> None:
    """Serve all tenants over HTTP until SIGTERM or Ctrl-C; a line on standard error says when it is ready."""
    given = {"http.host": host, "http.port": port}
    loaded = flags.load({key: value for key, value in given.items() if value is not None})
    config = loaded.config
    memory.keep_little()
    # Not for --help, and after the above.
    from sysmon_tui import server  # noqa: PLC0415
    from sysmon_tui.runtime import Runtime  # noqa: PLC0415

    runtime = Runtime(
        config,
        demo_rows=flags.demo_rows,
        incremental=True,
        patience_s=limits.CLIENT_PATIENCE_S,
        tells=flags.tells(loaded),
    )
    server.serve(runtime, config.http.host, config.http.port)
