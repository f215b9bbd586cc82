"""`check`: one evaluation of the alert rules, for cron and job schedulers."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import click

from sysmon_tui.commands.flags import Flags, global_options
from sysmon_tui.commands.output import DEMO_DATA, note, write_stdout
from sysmon_tui.errors import ConfigError
from sysmon_tui.text import inert_json, one_line

if TYPE_CHECKING:
    from sysmon_tui.runtime import Tells
    from sysmon_tui.services.alerting import AlertingService

_UNKNOWN = ("stale", "denied", "failed")


@click.command(short_help="Evaluate the alert rules once.")
@click.option(
    "--notify", is_flag=True, help="Send to the configured channels, once for each state of an alert."
)
@click.option("--format", "form", type=click.Choice(("text", "json")), default="text", show_default=True)
@global_options
@click.pass_obj
def check(flags: Flags, notify: bool, form: str) -> None:
    """One line for each alert that fires or can't be known.

    Exit 0: nothing fires. 1: medium. 2: high or critical, or a wrong configuration. 3: unknown: a table
    that is needed is stale, denied or unreachable and nothing fires.
    """
    from sysmon_tui.services.alerting import AlertingService  # noqa: PLC0415 (not for --help)

    loaded = flags.load()
    if notify and loaded.nothing_configured:
        raise ConfigError(
            "No tenant is configured, and invented alerts are sent to nobody.",
            "Configure a tenant, or try the channels with --demo.",
        )
    tells: Tells = "all" if notify else "nobody"
    with AlertingService(flags.tenant, loaded.config, demo_rows=flags.demo_rows, tells=tells) as alerting:
        found = alerting.check_all_alerts()
        # Before anything is printed: a reader that went away must not keep a page from being sent.
        if notify:
            _notify(alerting)
    write_stdout(_document(found) if form == "json" else _lines(found))
    if loaded.nothing_configured:
        note(f"No tenant is configured: {DEMO_DATA}.")
    if found["store_reason"]:
        note(found["store_reason"])
    for name, source in found["sources"].items():
        if source["state"] in _UNKNOWN:
            note(f"{name}: {source['state']}: {source['reason'] or 'no reason is known.'}")
    raise click.exceptions.Exit(_exit_code(found))


def _document(found: dict[str, Any]) -> bytes:
    import msgspec  # noqa: PLC0415 (not for --help)

    return inert_json(msgspec.json.encode(found)) + b"\n"


def _lines(found: dict[str, Any]) -> bytes:
    shown = [alert for alert in found["alerts"] if alert["state"] in ("firing", "unknown")]
    return "".join(
        one_line(f"{alert['severity']:8}  {alert['state']:7}  {alert['rule']}  {alert['message']}") + "\n"
        for alert in shown
    ).encode()


def _exit_code(found: dict[str, Any]) -> int:
    # That a table is late says that something is not known, which is an exit of its own.
    firing = {
        alert["severity"]
        for alert in found["alerts"]
        if alert["state"] == "firing" and alert["category"] != "freshness"
    }
    if firing & {"critical", "high"}:
        return 2
    if firing:
        return 1
    blind = found["state"] in _UNKNOWN or any(
        source["state"] in _UNKNOWN for source in found["sources"].values()
    )
    return 3 if blind or any(alert["state"] == "unknown" for alert in found["alerts"]) else 0


def _notify(alerting: AlertingService) -> None:
    results: Counter[str] = Counter()
    for channel, outcomes in alerting.deliver().items():
        for outcome in outcomes:
            results[outcome["result"]] += 1
            if outcome["result"] == "failed":
                note(f"{channel}: not sent: {outcome['reason']}")
    alerting.tell_alive()
    note("notifications: " + ", ".join(f"{results[word]} {word}" for word in ("sent", "failed")))
