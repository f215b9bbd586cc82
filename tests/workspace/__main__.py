"""`python -m tests.workspace --port 0`: the stand-in over the demo estate, for a person to point the app at."""

from __future__ import annotations

import argparse
import threading

from sysmon_tui.clock import SystemClock
from tests.workspace.demo import demo_workspace


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.workspace")
    parser.add_argument("--port", type=int, default=0, help="0 takes any free port")
    parser.add_argument("--zone", default="America/New_York", help="the warehouse's session time zone")
    parser.add_argument("--stopped", action="store_true", help="the warehouse is stopped at first")
    parser.add_argument(
        "--start-seconds", type=float, default=0.0, help="how long the warehouse's start takes"
    )
    arguments = parser.parse_args()
    with demo_workspace(SystemClock(), port=arguments.port, zone=arguments.zone) as workspace:
        workspace.warehouse.start_s = arguments.start_seconds
        if arguments.stopped:
            workspace.warehouse.state = "STOPPED"
        print(f"export DATABRICKS_HOST={workspace.url}")
        print(f"export DATABRICKS_TOKEN={workspace.token}")
        print(f"export DATABRICKS_WAREHOUSE_ID={workspace.warehouse_id}", flush=True)
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            return


main()
