"""The record of deliveries: once for each key, nothing lost by a crash, usable by several processes."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import threading
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from sysmon_tui.alerts.store import GIVE_UP_AFTER_S, LEASE_S, Claim, DeliveryKey, DeliveryStore, Standing
from sysmon_tui.alerts.store_file import StoreError
from tests.alerts.receivers import NOW, alert

FIRING = DeliveryKey("prod", "a1", "firing", NOW, "ops")
RESOLVED = replace(FIRING, state="resolved")


@pytest.fixture
def store(tmp_path: Path) -> DeliveryStore:
    return DeliveryStore(tmp_path / "deliveries.sqlite")


def claimed(store: DeliveryStore, key: DeliveryKey = FIRING) -> Claim:
    claim = store.claim(key, alert(), NOW)
    assert isinstance(claim, Claim)
    return claim


def test_a_delivery_is_claimed_once(store: DeliveryStore) -> None:
    """While one holds the lease another gets nothing, and after it was sent nobody does."""
    claim = claimed(store)
    assert claim.alert == alert()
    assert store.claim(FIRING, alert(), NOW) == Standing("pending", None, NOW)
    store.record_sent(claim, NOW)
    much_later = NOW + timedelta(days=30)
    standing = store.claim(FIRING, alert(), much_later)
    assert isinstance(standing, Standing)
    assert standing.status == "sent"
    assert store.claim_due("prod", "ops", much_later) is None


@pytest.mark.parametrize(
    "other",
    [
        replace(FIRING, tenant="test"),
        replace(FIRING, alert_id="a2"),
        replace(FIRING, started_at=NOW + timedelta(microseconds=1)),
        replace(FIRING, channel="mail"),
    ],
)
def test_each_part_of_the_key_counts(store: DeliveryStore, other: DeliveryKey) -> None:
    """Another tenant, alert, episode or channel is another delivery."""
    store.record_sent(claimed(store), NOW)
    assert isinstance(store.claim(other, alert(), NOW), Claim)


def test_a_lease_runs_out(store: DeliveryStore) -> None:
    """A claim whose holder died is taken over after the lease, not before."""
    claimed(store)
    assert store.claim_due("prod", "ops", NOW + timedelta(seconds=LEASE_S - 1)) is None
    again = store.claim_due("prod", "ops", NOW + timedelta(seconds=LEASE_S))
    assert again is not None
    assert again.attempts == 2


def test_a_clock_set_back_frees_leases_and_holds(store: DeliveryStore) -> None:
    """A wall clock that jumped a day back does not hold deliveries for a day."""
    claimed(store)
    yesterday = NOW - timedelta(days=1)
    claim = store.claim_due("prod", "ops", yesterday)
    assert claim is not None
    store.record_failed(claim, "down", NOW, retry_in_s=60)
    assert store.claim_due("prod", "ops", yesterday) is not None


def test_a_late_failure_does_not_undo_a_success(store: DeliveryStore) -> None:
    """The first holder fails after its lease went to another, who has sent it meanwhile."""
    slow = claimed(store)
    later = NOW + timedelta(seconds=LEASE_S)
    quick = store.claim_due("prod", "ops", later)
    assert quick is not None
    store.record_sent(quick, later)
    store.record_failed(slow, "time-out", later, retry_in_s=0)
    assert store.counts("prod") == {"pending": 0, "sent": 1, "failed": 0, "dead": 0}


def test_a_failure_waits_for_its_time(store: DeliveryStore) -> None:
    """Kept with its error, and due when the pause is over."""
    store.record_failed(claimed(store), "down", NOW, retry_in_s=30)
    assert store.claim(FIRING, alert(), NOW) == Standing("failed", "down", NOW + timedelta(seconds=30))
    assert store.claim_due("prod", "ops", NOW + timedelta(seconds=29)) is None
    assert store.claim_due("prod", "ops", NOW + timedelta(seconds=30)) is not None


def test_due_deliveries_come_oldest_first_and_by_channel_and_tenant(store: DeliveryStore) -> None:
    """One tenant's channel gets its own deliveries, in the order in which they arose."""
    for key in (replace(FIRING, alert_id="b"), replace(FIRING, tenant="test"), FIRING):
        store.record_failed(claimed(store, key), "down", NOW, retry_in_s=0)
    first = store.claim_due("prod", "ops", NOW)
    second = store.claim_due("prod", "ops", NOW)
    assert first is not None and second is not None
    assert (first.id, second.id) == (1, 3)
    assert store.claim_due("prod", "ops", NOW) is None
    assert store.claim_due("prod", "mail", NOW) is None


def test_dead_stays_dead(store: DeliveryStore) -> None:
    """What the receiver refused for good is not tried again, and counted."""
    store.record_dead(claimed(store), "no_service", NOW)
    assert store.claim_due("prod", "ops", NOW + timedelta(hours=2)) is None
    standing = store.claim(FIRING, alert(), NOW)
    assert isinstance(standing, Standing)
    assert (standing.status, standing.last_error) == ("dead", "no_service")
    assert store.counts("prod")["dead"] == 1


def test_given_up_after_a_day(store: DeliveryStore) -> None:
    """A channel that is down for a day gets no old news; that it missed them stays on record."""
    store.record_failed(claimed(store), "down", NOW, retry_in_s=0)
    assert store.claim_due("prod", "ops", NOW + timedelta(seconds=GIVE_UP_AFTER_S + 1)) is None
    standing = store.claim(FIRING, alert(), NOW + timedelta(days=2))
    assert standing == Standing("dead", "Given up after a day. down", NOW)


def test_a_resolution_needs_its_firing(store: DeliveryStore) -> None:
    """Not announced: no resolution. Announced later: the resolution follows it. Refused: dropped with it."""
    assert store.claim(RESOLVED, alert(), NOW) == Standing("unopened")
    store.record_failed(claimed(store), "down", NOW, retry_in_s=0)
    assert store.claim(RESOLVED, alert(state="resolved"), NOW) == Standing("waiting")
    firing = store.claim_due("prod", "ops", NOW)
    assert firing is not None and firing.alert["state"] == "firing"
    assert store.claim_due("prod", "ops", NOW) is None
    store.record_sent(firing, NOW)
    resolution = store.claim_due("prod", "ops", NOW)
    assert resolution is not None and resolution.alert["state"] == "resolved"


def test_a_waiting_resolution_dies_with_its_firing(store: DeliveryStore) -> None:
    """The firing notice was refused for good: its resolution is never sent."""
    store.record_failed(claimed(store), "down", NOW, retry_in_s=0)
    store.claim(RESOLVED, alert(state="resolved"), NOW)
    firing = store.claim_due("prod", "ops", NOW)
    assert firing is not None
    store.record_dead(firing, "no_service", NOW)
    assert store.claim_due("prod", "ops", NOW) is None
    assert store.counts("prod")["dead"] == 2


def test_an_old_resolution_does_not_close_a_new_episode(store: DeliveryStore) -> None:
    """Receivers know one incident per alert: the end of the first episode must not end the second."""
    store.record_sent(claimed(store), NOW)
    store.record_sent(claimed(store, replace(FIRING, started_at=NOW + timedelta(hours=1))), NOW)
    assert store.claim(RESOLVED, alert(state="resolved"), NOW) == Standing("again")


def test_the_alert_is_forgotten_once_it_is_sent(store: DeliveryStore) -> None:
    """Job names and users stay in the file no longer than a delivery needs them."""
    store.record_sent(claimed(store), NOW)
    with sqlite3.connect(store.path) as connection:
        assert connection.execute("SELECT alert FROM delivery").fetchall() == [(None,)]
    connection.close()


def test_the_record_is_private(store: DeliveryStore) -> None:
    """0600 for the file and those beside it, also when the file was there with another mode."""
    store.path.touch(mode=0o644)
    claimed(store)
    holder = sqlite3.connect(store.path)
    holder.execute("SELECT count(*) FROM delivery").fetchone()
    claimed(store, replace(FIRING, alert_id="b"))
    modes = {path.name: path.stat().st_mode & 0o777 for path in store.path.parent.iterdir()}
    holder.close()
    assert set(modes.values()) == {0o600}
    assert len(modes) == 3


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    """A link planted in place of the record leads to an error, not to a write elsewhere."""
    target = tmp_path / "target"
    target.write_text("precious")
    (tmp_path / "deliveries.sqlite").symlink_to(target)
    with pytest.raises(StoreError):
        DeliveryStore(tmp_path / "deliveries.sqlite").counts("prod")
    assert target.read_text() == "precious"


def test_an_unreadable_record_is_put_aside(store: DeliveryStore) -> None:
    """Garbage neither stops the alerts nor is overwritten."""
    store.path.write_bytes(b"garbage " * 1000)
    claimed(store)
    aside = [path for path in store.path.parent.iterdir() if ".corrupt-" in path.name]
    assert [path.read_bytes()[:7] for path in aside] == [b"garbage"]


def test_a_newer_record_is_refused(store: DeliveryStore) -> None:
    """A file that a newer version wrote is left as it is."""
    claimed(store)
    with sqlite3.connect(store.path) as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(StoreError, match="newer version"):
        store.counts("prod")


def test_a_record_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    """A state directory that is gone is a StoreError, not a traceback of another kind."""
    with pytest.raises(StoreError, match="can't be used"):
        DeliveryStore(tmp_path / "gone" / "deliveries.sqlite").counts("prod")


def test_many_threads_get_one_claim(store: DeliveryStore) -> None:
    """Of eight at once on a file that does not exist yet, exactly one may send."""
    found: list[Claim | Standing] = []
    barrier = threading.Barrier(8)

    def work() -> None:
        barrier.wait()
        found.append(store.claim(FIRING, alert(), NOW))

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert sum(isinstance(one, Claim) for one in found) == 1


_CLAIM_IN_PROCESS = """
import os, sys
from datetime import datetime
from pathlib import Path
from sysmon_tui.alerts.store import Claim, DeliveryKey, DeliveryStore
now = datetime.fromisoformat(sys.argv[2])
print("ready", flush=True)
sys.stdin.readline()
key = DeliveryKey("prod", "a1", "firing", now, "ops")
claim = DeliveryStore(Path(sys.argv[1])).claim(key, {"state": "firing"}, now)
print(isinstance(claim, Claim), flush=True)
os._exit(9)
"""


def test_processes_share_the_record_and_one_that_dies_loses_nothing(store: DeliveryStore) -> None:
    """Three processes at once, killed after the claim: one had it, and it is due again after the lease."""
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", _CLAIM_IN_PROCESS, str(store.path), NOW.isoformat()],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(3)
    ]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    answers = []
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    for process in processes:
        answers.append(process.communicate(timeout=15)[0])
        assert process.returncode == 9
    assert sorted(answers) == ["False\n", "False\n", "True\n"]
    assert store.claim_due("prod", "ops", NOW) is None
    assert store.claim_due("prod", "ops", NOW + timedelta(seconds=LEASE_S)) is not None
