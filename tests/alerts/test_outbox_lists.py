"""The outbox: what waits, what failed and what is dead, as whole documents."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from sysmon_tui.alerts.outbox import Outbox, Standing
from sysmon_tui.alerts.store_file import StoreFile
from tests.alerts.queued import claimed, put
from tests.alerts.receivers import NOW, alert

SECOND = timedelta(seconds=1)


@pytest.fixture
def file(tmp_path: Path) -> StoreFile:
    return StoreFile(tmp_path / "alerts.sqlite")


@pytest.fixture
def outbox(file: StoreFile) -> Outbox:
    return Outbox(file, "t")


def test_what_is_dead_is_listed_whole(file: StoreFile, outbox: Outbox) -> None:
    """Newest first, by the title of its first alert; of this scope alone, and without what still has a chance."""
    put(file, 1, alert(title="first"), alert(title="second"))
    put(file, 2, {"id": "x", "state": "firing"}, kind="summary", key="b", channel="mail", now=NOW + SECOND)
    put(file, 3, key="c", scope="u")
    put(file, 4, key="d")
    put(file, 5, key="e", channel="pager")
    with file.transaction() as connection:
        connection.execute("UPDATE notice SET alerts = '[]' WHERE key = 'e'")
    outbox.record_dead(claimed(outbox), "refused", NOW)
    outbox.record_dead(claimed(outbox, NOW + SECOND, "mail"), "too long", NOW)
    outbox.record_dead(claimed(outbox, NOW, "pager"), "gone", NOW)
    assert outbox.dead() == [
        {
            "id": 5,
            "channel": "pager",
            "kind": "firing",
            "title": None,
            "error": "gone",
            "created_at": "2026-11-22T03:00:00Z",
        },
        {
            "id": 2,
            "channel": "mail",
            "kind": "summary",
            "title": None,
            "error": "too long",
            "created_at": "2026-11-22T03:00:01Z",
        },
        {
            "id": 1,
            "channel": "ops",
            "kind": "firing",
            "title": "first",
            "error": "refused",
            "created_at": "2026-11-22T03:00:00Z",
        },
    ]


NONE = {"pending": 0, "sent": 0, "failed": 0, "dead": 0, "waiting_since": None, "last_error": None}


def test_the_backlog_by_channel(file: StoreFile, outbox: Outbox) -> None:
    """Each status is counted; since when is the oldest of what waits, the error the newest of what stands."""
    for number in range(4):
        put(file, number, key=str(number), now=NOW + number * SECOND)
    put(file, key="mail", channel="mail", now=NOW + 9 * SECOND)
    put(file, key="other", channel="other", scope="u")
    later = NOW + 5 * SECOND
    outbox.record_sent(claimed(outbox, later), later)
    outbox.record_failed(claimed(outbox, later), "first", later, retry_in_s=60)
    outbox.record_failed(claimed(outbox, later), "second", later + SECOND, retry_in_s=60)
    assert outbox.backlog(["ops", "pager"]) == {
        "ops": NONE
        | {
            "pending": 1,
            "sent": 1,
            "failed": 2,
            "waiting_since": "2026-11-22T03:00:01Z",
            "last_error": "second",
        },
        "pager": NONE,
        "mail": NONE | {"pending": 1, "waiting_since": "2026-11-22T03:00:09Z"},
    }
    assert Outbox(file, "v").backlog([]) == {}


def test_nothing_waits_of_what_was_sent_or_is_dead(file: StoreFile, outbox: Outbox) -> None:
    """An error that was overcome is none any more."""
    for number in range(2):
        put(file, number, key=str(number))
    outbox.record_failed(claimed(outbox), "down", NOW, retry_in_s=0)
    outbox.record_sent(claimed(outbox), NOW)
    outbox.record_dead(claimed(outbox), "refused", NOW)
    assert outbox.backlog([]) == {"ops": NONE | {"sent": 1, "dead": 1, "last_error": "refused"}}
    outbox.send_again(NOW)
    outbox.record_sent(claimed(outbox), NOW)
    assert outbox.backlog([]) == {"ops": NONE | {"sent": 2}}


def test_a_receipt_is_the_newest_of_its_incident(file: StoreFile, outbox: Outbox) -> None:
    """Not of another channel, scope, key or time."""
    put(file, 1)
    put(file, 1, opened=4, key="other")
    put(file, 1, scope="u")
    put(file, 1, channel="mail")
    for of, channel, receipts in (
        (outbox, "ops", ["first", "other"]),
        (Outbox(file, "u"), "ops", ["u"]),
        (outbox, "mail", ["mail"]),
    ):
        for receipt in receipts:
            of.record_sent(claimed(of, channel=channel), NOW, receipt)
    put(file, 2)
    outbox.record_sent(claimed(outbox), NOW, "second")
    put(file, 3)
    outbox.record_sent(claimed(outbox), NOW)
    put(file, 4)
    assert claimed(outbox).receipt == "second"


def test_a_standing_is_of_the_newest_notice_that_tells_this_of_the_alert(
    file: StoreFile, outbox: Outbox
) -> None:
    """Both must be so of one alert in it: that another one fires in the same notice says nothing of this."""
    put(file, 1)
    put(file, 2, alert(id="b"), alert(id="a", state="resolved"), kind="resolved", now=NOW + SECOND)
    put(file, 3, alert(id="c", runbook_url="a"), now=NOW + 2 * SECOND)
    put(file, 4, channel="mail")
    put(file, 5, scope="u")
    assert {
        (name, state): outbox.standing("ops", name, state)
        for name in ("a", "b")
        for state in ("firing", "resolved")
    } == {
        ("a", "firing"): Standing(1, "pending", "firing", None, NOW),
        ("a", "resolved"): Standing(2, "pending", "resolved", None, NOW + SECOND),
        ("b", "firing"): Standing(2, "pending", "resolved", None, NOW + SECOND),
        ("b", "resolved"): None,
    }
