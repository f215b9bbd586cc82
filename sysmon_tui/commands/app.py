"""No command: the terminal app."""

from __future__ import annotations

import gc
import sys

from sysmon_tui import limits, memory
from sysmon_tui.commands.flags import Flags
from sysmon_tui.errors import ConfigError

# How many objects are made before Python looks for dead cycles among them. At its own 700 that is a tenth of the time
# that the imports take, and they make none.
_GARBAGE_OBJECTS = 10_000


def run(flags: Flags, *, row_limit: int | None, low_bandwidth: bool) -> None:
    """Runs until the user quits. Raises ConfigError where there is no terminal to draw on."""
    # Textual reads the first and draws on the last; what goes into a pipe was not meant for eyes.
    if not all(stream.isatty() for stream in (sys.stdin, sys.stdout, sys.stderr)):
        raise ConfigError(
            "The app needs a terminal.",
            "For pipes and jobs there are `sysmon-tui query`, `check` and `serve`.",
        )
    loaded = flags.load({} if row_limit is None else {"limits.table_rows": row_limit})
    config = loaded.config
    memory.keep_little()
    gc.set_threshold(_GARBAGE_OBJECTS)
    # Not for --help, and after the above.
    from sysmon_tui import tui  # noqa: PLC0415
    from sysmon_tui.runtime import Runtime  # noqa: PLC0415

    broken = tui.run_app(
        Runtime(
            config,
            demo_rows=flags.demo_rows,
            incremental=True,
            patience_s=limits.SCREEN_PATIENCE_S,
            tells=flags.tells(loaded),
        ),
        tenant=flags.tenant,
        row_limit=config.limits.table_rows,
        demo=flags.demo,
        low_bandwidth=low_bandwidth,
    )
    if broken:
        sys.exit(broken)
