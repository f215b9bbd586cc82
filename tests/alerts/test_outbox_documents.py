"""The outbox: what becomes of a notice, row by row, and its limits to the microsecond."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from sysmon_tui.alerts.outbox import GIVE_UP_AFTER_S, LEASE_S, MAX_HOLD_S, Claim, Outbox, Standing
from sysmon_tui.alerts.store_file import StoreFile
from sysmon_tui.clock import to_micros
from tests.alerts.queued import claimed, put
from tests.alerts.receivers import NOW, alert

SECOND = timedelta(seconds=1)
MOMENT = timedelta(microseconds=1)


@pytest.fixture
def file(tmp_path: Path) -> StoreFile:
    return StoreFile(tmp_path / "alerts.sqlite")


@pytest.fixture
def outbox(file: StoreFile) -> Outbox:
    return Outbox(file, "t")


def row(file: StoreFile, notice_id: int = 1) -> dict[str, Any]:
    """What the sending of a notice changes of it."""
    with file.transaction() as connection:
        found = connection.execute(
            "SELECT status, attempts, last_error, next_attempt_us, lease_until_us, lease_owner, created_us,"
            " updated_us, receipt FROM notice WHERE id = ?",
            [notice_id],
        )
        return dict(found.fetchone())


NEW = {
    "status": "pending",
    "attempts": 0,
    "last_error": None,
    "next_attempt_us": to_micros(NOW),
    "lease_until_us": 0,
    "lease_owner": None,
    "created_us": to_micros(NOW),
    "updated_us": to_micros(NOW),
    "receipt": None,
}


# Rows ------------------------------------------------------------------------------------------------------


def test_a_claim_is_the_notice_and_a_lease(file: StoreFile, outbox: Outbox) -> None:
    """Owned by nobody else, for two minutes, and counted as an attempt."""
    put(file, 7, alert(id="a"), alert(id="b"))
    later = NOW + SECOND
    claim = claimed(outbox, later)
    assert re.fullmatch("[0-9a-f]{32}", claim.owner)
    assert claim == Claim(
        id=1,
        owner=claim.owner,
        attempts=1,
        kind="firing",
        key="a",
        opened=5,
        number="7",
        alerts=(alert(id="a"), alert(id="b")),
        receipt=None,
    )
    assert row(file) == NEW | {
        "attempts": 1,
        "lease_until_us": to_micros(later) + 120_000_000,
        "lease_owner": claim.owner,
        "updated_us": to_micros(later),
    }


def test_what_arrived_has_no_error_and_no_lease(file: StoreFile, outbox: Outbox) -> None:
    """But its receipt, where the receiver gave one."""
    put(file)
    outbox.record_failed(claimed(outbox), "down", NOW, retry_in_s=0)
    outbox.record_sent(claimed(outbox), NOW + SECOND, "thread-1")
    assert row(file) == NEW | {
        "status": "sent",
        "attempts": 2,
        "updated_us": to_micros(NOW + SECOND),
        "receipt": "thread-1",
    }


@pytest.mark.parametrize(
    ("retry_in_s", "held_us"), [(0, 0), (0.25, 250_000), (90.5, 90_500_000), (3601, 3_600_000_000)]
)
def test_what_failed_waits_and_is_free(
    file: StoreFile, outbox: Outbox, retry_in_s: float, held_us: int
) -> None:
    """From when it failed, to the microsecond, and an hour at most."""
    put(file)
    outbox.record_failed(claimed(outbox), "down", NOW + SECOND, retry_in_s=retry_in_s)
    assert row(file) == NEW | {
        "status": "failed",
        "attempts": 1,
        "last_error": "down",
        "next_attempt_us": to_micros(NOW + SECOND) + held_us,
        "updated_us": to_micros(NOW + SECOND),
    }


def test_what_is_dead_is_due_at_no_later_time(file: StoreFile, outbox: Outbox) -> None:
    """Sent again, it goes out at once, as if it were new."""
    put(file)
    outbox.record_dead(claimed(outbox), "refused", NOW + SECOND)
    dead = {
        "status": "dead",
        "attempts": 1,
        "last_error": "refused",
        "next_attempt_us": to_micros(NOW + SECOND),
        "updated_us": to_micros(NOW + SECOND),
    }
    assert row(file) == NEW | dead
    assert outbox.standing("ops", "a", "firing") == Standing(1, "dead", "firing", "refused", NOW + SECOND)
    later = to_micros(NOW + 3 * SECOND)
    assert outbox.send_again(NOW + 3 * SECOND) == 1
    assert row(file) == NEW | {
        "status": "failed",
        "last_error": "refused",
        "next_attempt_us": later,
        "created_us": later,
        "updated_us": later,
    }


def test_only_what_is_dead_and_of_the_scope_is_sent_again(file: StoreFile, outbox: Outbox) -> None:
    """And that one alone, where one is named."""
    for number, scope in enumerate("ttu"):
        put(file, number, key=str(number), scope=scope)
        of = Outbox(file, scope)
        of.record_dead(claimed(of), "refused", NOW)
    put(file, key="new")
    assert [outbox.send_again(NOW, number) for number in (3, 4, 5, 2, 2)] == [0, 0, 0, 1, 0]
    assert [row(file, number)["status"] for number in (1, 2, 3, 4)] == ["dead", "failed", "dead", "pending"]


@pytest.mark.parametrize("error", [None, "down"])
def test_what_is_given_up_says_since_when(file: StoreFile, outbox: Outbox, error: str | None) -> None:
    """At a day and a moment, not at a day."""
    put(file)
    put(file, key="other", scope="u")
    if error is not None:
        outbox.record_failed(claimed(outbox), error, NOW, retry_in_s=MAX_HOLD_S)
    day = timedelta(seconds=GIVE_UP_AFTER_S)
    outbox.claim("mail", NOW + day)
    assert row(file)["status"] == ("pending" if error is None else "failed")
    outbox.claim("mail", NOW + day + MOMENT)
    found = row(file)
    assert (found["status"], found["updated_us"]) == ("dead", to_micros(NOW + day + MOMENT))
    assert found["last_error"] == f"Given up after a day. {error or 'It was never tried.'}"
    assert row(file, 2) == NEW


@pytest.mark.parametrize(
    ("after", "is_free"),
    [
        (timedelta(seconds=LEASE_S) - MOMENT, False),
        (timedelta(seconds=LEASE_S), True),
        (timedelta(0), False),
        (-MOMENT, True),
    ],
)
def test_a_lease_lasts_two_minutes(file: StoreFile, outbox: Outbox, after: timedelta, is_free: bool) -> None:
    """Up to its end; a clock set back by a moment frees it."""
    put(file)
    taken_at = NOW + 30 * SECOND
    claimed(outbox, taken_at)
    assert outbox.waits(["mail", "ops"], taken_at + after) is is_free
    assert (outbox.claim("ops", taken_at + after) is not None) is is_free


@pytest.mark.parametrize(
    ("after", "is_due"),
    [
        (timedelta(seconds=MAX_HOLD_S) - MOMENT, False),
        (timedelta(seconds=MAX_HOLD_S), True),
        (timedelta(0), False),
        (-MOMENT, True),
    ],
)
def test_a_pause_lasts_an_hour_at_most(
    file: StoreFile, outbox: Outbox, after: timedelta, is_due: bool
) -> None:
    """Up to its end; a clock set back by a moment ends it."""
    put(file)
    outbox.record_failed(claimed(outbox), "down", NOW, retry_in_s=MAX_HOLD_S)
    assert outbox.waits(["ops"], NOW + after) is is_due
    assert (outbox.claim("ops", NOW + after) is not None) is is_due
