"""`alerts ack`, `silence`, `silences`, `unsilence`, `undelivered` and `send-again`: what people do about alerts.

They work on the store of this machine's user, which the app, `serve`, `check` and jobs share; no statement runs.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import click

from sysmon_tui.commands.flags import Flags, global_options
from sysmon_tui.commands.output import note, write_stdout
from sysmon_tui.errors import RequestError
from sysmon_tui.paths import user_name
from sysmon_tui.text import one_line

if TYPE_CHECKING:
    from sysmon_tui.alerts.outbox import Outbox
    from sysmon_tui.alerts.store import AlertStore
    from sysmon_tui.runtime import Runtime, Tenant

_MOST_HOURS = 24 * 366


@click.command(short_help="Say that you have an alert: nobody is reminded of it.")
@click.argument("alert_id", metavar="ALERT")
@click.option("--by", metavar="NAME", help="Who has it. Default: you.")
@click.option("--undo", is_flag=True, help="Nobody has it any more.")
@global_options
@click.pass_obj
def ack(flags: Flags, alert_id: str, by: str | None, undo: bool) -> None:
    """ALERT is an id, as `query alerts` shows it. PagerDuty and Slack threads hear of it."""
    runtime, tenant = _opened(flags)
    if not tenant.store.acknowledge(alert_id, None if undo else by or user_name(), runtime.clock.now()):
        raise RequestError("There is no open alert of that id.", parameter="ALERT")


@click.command(short_help="Tell nobody of some alerts for a while.")
@click.argument("matchers", metavar="NAME=TEXT...", nargs=-1, required=True)
@click.option(
    "--hours",
    type=click.FloatRange(0, _MOST_HOURS, min_open=True),
    default=4.0,
    show_default=True,
    help="For how long.",
)
@click.option("--reason", required=True, metavar="TEXT", help="Why: others will ask.")
@click.option("--by", metavar="NAME", help="Who wants it. Default: you.")
@global_options
@click.pass_obj
def silence(flags: Flags, matchers: tuple[str, ...], hours: float, reason: str, by: str | None) -> None:
    """NAME is id, rule, category, severity or a field of the entity (workflow_name, user_email ...); a * in TEXT
    stands for any characters. An alert is silent that meets all of them. It is still shown."""
    from sysmon_tui.alerts.silences import parsed_matchers  # noqa: PLC0415 (not for --help)

    runtime, tenant = _opened(flags)
    now = runtime.clock.now()
    until = now + timedelta(hours=hours)
    made = tenant.store.silence(parsed_matchers(matchers), now, until, reason, by or user_name())
    write_stdout(f"{made.id}\n".encode())


@click.command(short_help="The silences that last now.")
@global_options
@click.pass_obj
def silences(flags: Flags) -> None:
    """One a line: id, until when, what it covers, who wants it and why."""
    from sysmon_tui.clock import rfc3339  # noqa: PLC0415

    runtime, tenant = _opened(flags)
    for one in tenant.store.silences(runtime.clock.now()):
        covers = " ".join(f"{name}={text}" for name, text in one.matchers.items())
        until = rfc3339(one.ends_at.replace(microsecond=0))
        _line(f"{one.id}  until {until}  {covers}  {one.created_by}: {one.reason}")


@click.command(short_help="End a silence.")
@click.argument("silence_id", metavar="SILENCE")
@global_options
@click.pass_obj
def unsilence(flags: Flags, silence_id: str) -> None:
    """SILENCE is an id, as `alerts silences` shows it."""
    runtime, tenant = _opened(flags)
    if not tenant.store.unsilence(silence_id, runtime.clock.now()):
        raise RequestError("There is no silence of that id, or it is over.", parameter="SILENCE")


@click.command(short_help="Notices that were given up.")
@global_options
@click.pass_obj
def undelivered(flags: Flags) -> None:
    """One a line: id, channel, since when, what it was about, and why it could not be delivered."""
    _, tenant = _opened(flags)
    for one in _outbox(tenant).dead():
        _line(
            f"{one['id']}  {one['channel']}  {one['created_at']}  {one['kind']}: {one['title']}  {one['error']}"
        )


@click.command(name="send-again", short_help="Try notices again that were given up.")
@click.argument("notice_id", metavar="[NOTICE]", type=int, required=False)
@global_options
@click.pass_obj
def send_again(flags: Flags, notice_id: int | None) -> None:
    """NOTICE is an id, as `alerts undelivered` shows it; without it all of them. Exit 1 where one fails again."""
    runtime, tenant = _opened(flags)
    count = _outbox(tenant).send_again(runtime.clock.now(), notice_id)
    if not count:
        raise RequestError("There is no such notice.", parameter="NOTICE")
    outcomes: list[Any] = []
    if tenant.notifier is not None:
        outcomes = [one for of_channel in tenant.notifier.deliver_due().values() for one in of_channel]
    failed = [one for one in outcomes if one["result"] == "failed"]
    for one in failed:
        note(one_line(one["reason"] or ""))
    note(f"{len(outcomes) - len(failed)} sent, {len(failed)} failed")
    raise click.exceptions.Exit(1 if failed or not outcomes else 0)


COMMANDS = (ack, silence, silences, unsilence, undelivered, send_again)


def _opened(flags: Flags) -> tuple[Runtime, Tenant]:
    from sysmon_tui.runtime import Runtime  # noqa: PLC0415 (not for --help)

    runtime = Runtime(flags.load().config, demo_rows=flags.demo_rows)
    return runtime, runtime.tenant(flags.tenant)


def _outbox(tenant: Tenant) -> Outbox:
    from sysmon_tui.alerts.outbox import Outbox  # noqa: PLC0415

    store: AlertStore = tenant.store
    return Outbox(store.file, store.scope)


def _line(text: str) -> None:
    write_stdout(f"{one_line(text)}\n".encode())
