"""`python -m sysmon_tui` is the `sysmon-tui` command."""

from __future__ import annotations

from sysmon_tui.cli import main

if __name__ == "__main__":
    main()
