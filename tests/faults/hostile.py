"""An estate in which strangers wrote everything: each text of each table is one that wants to act on the reader."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path
from random import Random

from tests.estate import OTHER_WORKSPACE, WORKSPACE, Estate

# Signs of two cells, of none, and of as many as the terminal thinks.
_OF_OTHER_WIDTHS = (
    "日本語の仕事",
    "e\u0301\u0302\u0303a\u0308combining",
    "👩\U0001f3fd👨🎉🚀\U0001f1e9\U0001f1ea\u2764\ufe0fwide",
)
# What wants to act on a terminal, on a line, on a markup renderer, on the eye. No spaces: a blank in a row is the
# table's own, so that a column out of its place is seen.
PAYLOADS = (
    "\x1b]52;c;ZXZpbA==\x07copied",
    "\x1b[2J\x1b[1;1Herased",
    "\x9b2J\x9b31mC1",
    "\x9d52;c;ZXZpbA==\x9cC1",
    "\x1bPq#0;2;0;0;0#0~~\x1b\\DCS",
    "\x90+q544e\x9c\x98x\x9c\x9ex\x9c\x9fx\x9cC1-strings",
    "\x1b_Ga=d\x1b\\\x1b^x\x1b\\APC",
    "\x1b[?1049l\x1b[?1000l\x1bcreset",
    "\x1b]8;;http://e.example\x07link\x1b]8;;\x07",
    "\x0e\x0f\x05\x08\x08\x7f\x00\x0b\x0cC0",
    "first\r\nforged\nline\ttab",
    "\u202egpj.exe\u2066\u2069\u200f",
    "zero\u200b\u200d\u2060width\ufeff\u00ad\u180e\U000e0041",
    "[/x]",
    "[bold",
    "[@click=app.quit]x[/]",
    "[link=http://e]x[/link]",
    "$(reboot)`reboot`%s%n{0}",
    *_OF_OTHER_WIDTHS,
    "\u3164\u115f\u034f\U0001d173filler",
    "\x1b]0;unterminated",
)
ROWS = 4
_TEN_MB = 10_000_000
# Links lead to the first alone: the host of the other is none.
_WORKSPACES = (WORKSPACE, OTHER_WORKSPACE)


def _texts() -> Callable[[], str]:
    """One payload, or all of them beginning with any; those of other widths are often short enough for a column."""
    chance, numbers = Random(1), count()  # noqa: S311 (no secret: the same estate each time)

    def text() -> str:
        first = chance.randrange(len(PAYLOADS))
        all_of_them = "".join(PAYLOADS[first:] + PAYLOADS[:first])
        said = chance.choice((PAYLOADS[first], chance.choice(_OF_OTHER_WIDTHS), all_of_them, all_of_them))
        return f"{said}#{next(numbers)}"

    return text


def hostile_estate(database: Path, now: datetime) -> None:
    """A DuckDB file with ROWS failed runs, statements and events within the hour before `now`, and their warehouses."""
    estate, text = Estate(now, database), _texts()
    for workspace_id, url in ((WORKSPACE, "https://adb-1.example.net"), (OTHER_WORKSPACE, text())):
        estate.add("workspaces", workspace_id=workspace_id, workspace_name=text(), workspace_url=url)
    for number in range(ROWS):
        began, workspace_id = now - timedelta(minutes=50 - 5 * number), _WORKSPACES[number % 2]
        _run(estate, text, began, workspace_id)
        _statement(estate, text, began, workspace_id, warehouse_id := text())
        _warehouse(estate, text, began, workspace_id, warehouse_id)
        _event(estate, text, began)
    estate.query(
        "ten-megabytes", now - timedelta(minutes=2), now, "FAILED", statement_text="x\x1b[2J" * (_TEN_MB // 5)
    )
    _attacks(estate, text, now)
    estate.connection.close()


def _run(estate: Estate, text: Callable[[], str], began: datetime, workspace_id: str) -> None:
    job_id, run_id, ended = text(), text(), began + timedelta(minutes=3)
    estate.job(
        job_id,
        text(),
        began,
        workspace_id=workspace_id,
        creator_user_name=text(),
        run_as_user_name=text(),
        description=text(),
        tags={text(): text()},
    )
    words = {
        "workspace_id": workspace_id,
        "job_id": job_id,
        "run_name": text(),
        "trigger_type": text(),
        "termination_type": text(),
    }
    estate.slice(run_id, began, ended, "FAILED", termination_code=text(), **words)
    for task in range(2):
        estate.task(
            f"{task}{run_id}",
            text(),
            began,
            ended,
            "FAILED",
            job_run_id=run_id,
            workspace_id=workspace_id,
            termination_code=text(),
        )
    for minutes in range(1, 4):  # enough in a row for an alert, and a history
        start = began - timedelta(minutes=10 * minutes)
        estate.slice(text(), start, start + timedelta(minutes=1), "FAILED", termination_code=text(), **words)


def _statement(
    estate: Estate, text: Callable[[], str], began: datetime, workspace_id: str, warehouse_id: str
) -> None:
    estate.query(
        text(),
        began,
        began + timedelta(minutes=20),
        "FAILED",
        workspace_id=workspace_id,
        warehouse_id=warehouse_id,
        executed_by=text(),
        executed_as=text(),
        statement_text="\n".join(text() for _ in range(5)),
        statement_type=text(),
        error_message=f"[{text()}] {text()}",
        client_application=text(),
        client_driver=text(),
        query_tags={text(): text()},
    )


def _warehouse(
    estate: Estate, text: Callable[[], str], began: datetime, workspace_id: str, warehouse_id: str
) -> None:
    estate.warehouse(
        warehouse_id,
        text(),
        began,
        workspace_id=workspace_id,
        warehouse_size=text(),
        warehouse_type=text(),
        tags={text(): text()},
    )
    for minutes, kind in enumerate(("STARTING", "STOPPED", text(), "STARTING", "RUNNING")):
        when = began + timedelta(minutes=minutes)
        estate.warehouse_event(kind, when, warehouse_id=warehouse_id, workspace_id=workspace_id)


def _event(estate: Estate, text: Callable[[], str], began: datetime) -> None:
    estate.event(
        text(),
        began,
        text(),
        403,
        email=text(),
        service_name=text(),
        source_ip_address=text(),
        user_agent=text(),
        request_params={text(): text()},
        response={"status_code": 403, "error_message": text(), "result": text()},
    )


def _attacks(estate: Estate, text: Callable[[], str], now: datetime) -> None:
    """What makes alerts that name users and addresses."""
    email, address = text(), text()
    for minutes in range(12, 1, -1):
        estate.event(
            text(), now - timedelta(minutes=minutes), "login", 401, email=email, source_ip_address=address
        )
    estate.event(text(), now - timedelta(minutes=1), "login", 200, email=email, source_ip_address=address)
    estate.event(
        text(),
        now - timedelta(minutes=3),
        "setAdmin",
        email=email,
        request_params={"targetUserName": text(), "target_user_name": text()},
    )
