"""The outbox: each notice is claimed once, in its order, and nothing is lost by a crash."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from sysmon_tui.alerts.notify.notice import Kind
from sysmon_tui.alerts.outbox import GIVE_UP_AFTER_S, LEASE_S, MAX_HOLD_S, Claim, Outbox, Standing
from sysmon_tui.alerts.plan import Plan, Planned
from sysmon_tui.alerts.store import AlertStore
from sysmon_tui.alerts.store_file import StoreFile
from tests.alerts.receivers import NOW, alert, resolved

SECOND = timedelta(seconds=1)
HOUR = timedelta(hours=1)


@dataclass
class Post:
    """An outbox and what is put into it; `number` tells notices of one incident apart."""

    outbox: Outbox
    store: AlertStore
    number: int = field(default=0)

    def put(
        self,
        kind: Kind = "firing",
        key: str = "a",
        *,
        channel: str = "ops",
        opened: int = 1,
        now: datetime = NOW,
        about: tuple[dict[str, Any], ...] = (),
    ) -> None:
        self.number += 1
        made = resolved(id=key) if kind == "resolved" else alert(id=key)
        notice = Planned(channel, key, opened, kind, str(self.number), about or (made,))
        with self.store.file.transaction() as connection:
            self.store._write_plan(connection, Plan([], [notice]), now)

    def claim(self, now: datetime = NOW, key: str | None = None, channel: str = "ops") -> Claim:
        claim = self.outbox.claim(channel, now, key)
        assert claim is not None
        return claim

    def status(self, key: str = "a", state: str = "firing") -> str:
        standing = self.outbox.standing("ops", key, state)
        assert standing is not None
        return standing.status

    @property
    def counts(self) -> dict[str, int]:
        found = self.outbox.backlog(["ops"])["ops"]
        return {status: found[status] for status in ("pending", "sent", "failed", "dead")}


def post_at(path: Path, scope: str = "t") -> Post:
    file = StoreFile(path)
    return Post(Outbox(file, scope), AlertStore(file, scope))


@pytest.fixture
def post(tmp_path: Path) -> Post:
    return post_at(tmp_path / "alerts.sqlite")


# Once ------------------------------------------------------------------------------------------------------


def test_a_notice_is_claimed_once(post: Post) -> None:
    """While one holds the lease another gets nothing, and after it was sent nobody does."""
    post.put()
    claim = post.claim()
    assert (claim.alerts, claim.kind, claim.attempts) == ((alert(id="a"),), "firing", 1)
    assert post.outbox.claim("ops", NOW) is None
    assert post.outbox.standing("ops", "a", "firing") == Standing(1, "pending", "firing", None, NOW)
    post.outbox.record_sent(claim, NOW)
    assert post.outbox.claim("ops", NOW + timedelta(days=30)) is None
    assert post.status() == "sent"


def test_the_same_notice_is_put_there_once(post: Post) -> None:
    """Two that plan the same at once make one; another incident, kind, channel or number is another."""
    for _ in range(2):
        post.put()
        post.number = 0
    assert post.counts["pending"] == 1
    post.put(opened=2)
    post.put("repeat")
    post.put(channel="mail")
    assert post.counts["pending"] == 3


def test_scopes_and_channels_have_their_own(post: Post) -> None:
    """Nobody delivers for another tenant."""
    post.put()
    assert Outbox(post.store.file, "u").claim("ops", NOW) is None
    assert Outbox(post.store.file, "u").waits(("ops",), NOW) is False
    assert post.outbox.claim("mail", NOW) is None


def test_a_lease_runs_out(post: Post) -> None:
    """A claim whose holder died is taken over after the lease, not before."""
    post.put()
    post.claim()
    assert post.outbox.claim("ops", NOW + (LEASE_S - 1) * SECOND) is None
    assert post.claim(NOW + LEASE_S * SECOND).attempts == 2


def test_a_clock_set_back_frees_leases_and_holds(post: Post) -> None:
    """A wall clock that jumped a day back does not hold deliveries for a day."""
    post.put()
    post.claim()
    yesterday = NOW - timedelta(days=1)
    claim = post.claim(yesterday)
    post.outbox.record_failed(claim, "down", NOW, retry_in_s=60)
    assert post.claim(yesterday).id == claim.id


def test_a_late_failure_does_not_undo_a_success(post: Post) -> None:
    """The first holder fails after its lease went to another, who has sent it meanwhile."""
    post.put()
    slow = post.claim()
    later = NOW + LEASE_S * SECOND
    quick = post.claim(later)
    post.outbox.record_sent(quick, later)
    post.outbox.record_failed(slow, "time-out", later, retry_in_s=0)
    post.outbox.record_dead(slow, "refused", later)
    assert post.counts == {"pending": 0, "sent": 1, "failed": 0, "dead": 0}


def test_a_late_success_counts(post: Post) -> None:
    """Whoever holds the lease by now: it has arrived, and is not sent again."""
    post.put()
    slow = post.claim()
    later = NOW + LEASE_S * SECOND
    quick = post.claim(later)
    post.outbox.record_sent(slow, later)
    post.outbox.record_failed(quick, "time-out", later, retry_in_s=0)
    assert post.counts["sent"] == 1
    assert post.outbox.claim("ops", later + HOUR) is None


# Failures --------------------------------------------------------------------------------------------------


def test_a_failure_waits_for_its_time(post: Post) -> None:
    """Kept with its error, and due when the pause is over."""
    post.put()
    post.outbox.record_failed(post.claim(), "down", NOW, retry_in_s=30)
    due = NOW + 30 * SECOND
    assert post.outbox.standing("ops", "a", "firing") == Standing(1, "failed", "firing", "down", due)
    assert post.outbox.claim("ops", due - SECOND) is None and not post.outbox.waits(("ops",), due - SECOND)
    assert post.outbox.waits(("ops",), due) and post.claim(due).attempts == 2


def test_a_pause_has_a_cap(post: Post) -> None:
    """Whatever a receiver asks for."""
    post.put()
    post.outbox.record_failed(post.claim(), "down", NOW, retry_in_s=1e9)
    assert post.outbox.claim("ops", NOW + (MAX_HOLD_S - 1) * SECOND) is None
    assert post.claim(NOW + MAX_HOLD_S * SECOND)


def test_dead_stays_dead(post: Post) -> None:
    """What the receiver refused for good is not tried again, and counted."""
    post.put()
    post.outbox.record_dead(post.claim(), "no_service", NOW)
    assert post.outbox.claim("ops", NOW + 2 * HOUR) is None
    assert post.counts["dead"] == 1
    (dead,) = post.outbox.dead()
    assert (dead["channel"], dead["kind"], dead["error"]) == ("ops", "firing", "no_service")
    assert (dead["title"], dead["created_at"]) == (alert()["title"], "2026-11-22T03:00:00Z")


def test_given_up_after_a_day(post: Post) -> None:
    """A channel that is down for a day gets no old news; that it missed them stays on record."""
    post.put()
    post.put(key="b")
    post.outbox.record_failed(post.claim(), "down", NOW, retry_in_s=0)
    later = NOW + (GIVE_UP_AFTER_S + 1) * SECOND
    assert post.outbox.claim("ops", later) is None
    assert [dead["error"] for dead in post.outbox.dead()] == [
        "Given up after a day. It was never tried.",
        "Given up after a day. down",
    ]


def test_what_is_being_sent_is_not_given_up(post: Post) -> None:
    """Its holder will say how it went."""
    post.put()
    almost = NOW + (GIVE_UP_AFTER_S - 1) * SECOND
    claim = post.claim(almost)
    assert post.outbox.claim("ops", almost + 3 * SECOND) is None
    post.outbox.record_sent(claim, almost + 4 * SECOND)
    assert post.counts["sent"] == 1


def test_what_is_dead_can_be_sent_again(post: Post) -> None:
    """All, or one; from now on, with a day of its own, and counted anew."""
    for key in ("a", "b"):
        post.put(key=key)
        post.outbox.record_dead(post.claim(), "no_service", NOW)
    later = NOW + timedelta(days=3)
    number = post.outbox.dead()[0]["id"]
    assert post.outbox.send_again(later, number) == 1
    claim = post.claim(later)
    assert (claim.key, claim.attempts) == ("b", 1)
    assert post.outbox.send_again(later) == 1
    assert post.outbox.send_again(later) == 0
    assert post.claim(later).key == "a"


# Order -----------------------------------------------------------------------------------------------------


def test_notices_go_out_oldest_first(post: Post) -> None:
    """In the order in which they arose; of one incident alone where that is asked for."""
    for key in ("b", "a", "c"):
        post.put(key=key)
    assert post.claim(key="c").key == "c"
    assert [post.claim().key, post.claim().key] == ["b", "a"]
    assert post.outbox.claim("ops", NOW) is None


def test_what_follows_waits_for_what_was_before(post: Post) -> None:
    """A resolution never overtakes its opening: neither while that is on its way, nor while it waits."""
    post.put()
    post.put("resolved")
    post.put(key="b")
    opening = post.claim()
    assert post.claim().key == "b"
    assert post.outbox.claim("ops", NOW) is None
    post.outbox.record_failed(opening, "down", NOW, retry_in_s=60)
    assert post.outbox.claim("ops", NOW) is None
    opening = post.claim(NOW + 60 * SECOND)
    post.outbox.record_sent(opening, NOW)
    assert post.claim().kind == "resolved"


def test_a_later_incident_waits_for_the_end_of_the_one_before(post: Post) -> None:
    """To a receiver they have one key: an end that comes late would close what is new."""
    post.put(opened=1)
    post.outbox.record_sent(post.claim(), NOW)
    post.put("resolved", opened=1)
    post.put(opened=2)
    end = post.claim()
    assert end.kind == "resolved"
    assert post.outbox.claim("ops", NOW) is None
    post.outbox.record_dead(end, "refused", NOW)
    assert post.claim().opened == 2


@pytest.mark.parametrize("kind", ["resolved", "acknowledged", "repeat"])
def test_what_follows_a_dead_opening_is_dropped(post: Post, kind: Kind) -> None:
    """Nobody is told the end of a story without its beginning; that it was not told stays on record."""
    post.put()
    post.put(kind)
    post.outbox.record_dead(post.claim(), "no_service", NOW)
    assert post.outbox.claim("ops", NOW) is None
    assert post.counts["dead"] == 2
    assert post.outbox.dead()[0]["error"] == "That it fires was never delivered."


def test_a_group_that_grows_can_be_opened_by_the_next(post: Post) -> None:
    """The first notice was refused; the one about who joined tells of all of them, and then the end follows."""
    for kind in ("firing", "firing", "resolved"):
        post.put(kind)
    post.outbox.record_dead(post.claim(), "too long", NOW)
    post.outbox.record_sent(post.claim(), NOW)
    assert post.claim().kind == "resolved"


def test_a_receipt_is_handed_to_what_follows(post: Post) -> None:
    """What the receiver called the incident: of this incident, and only there."""
    post.put()
    post.put("resolved")
    post.put(opened=2)
    opening = post.claim()
    assert opening.receipt is None
    post.outbox.record_sent(opening, NOW, "thread-1")
    end = post.claim()
    assert end.receipt == "thread-1"
    post.outbox.record_sent(end, NOW)
    assert post.claim().receipt is None


# What is said ----------------------------------------------------------------------------------------------


def test_standing_is_of_the_newest_notice_that_tells_it(post: Post) -> None:
    """In this state; a summary tells it too. An id that is part of another is not it."""
    post.put(about=(alert(id="a"), alert(id="b")))
    post.put("summary", key="s", about=(alert(id="c"),))
    standing = post.outbox.standing("ops", "c", "firing")
    assert standing is not None and standing.kind == "summary"
    assert post.outbox.standing("ops", "b", "firing") is not None
    assert post.outbox.standing("ops", "b", "resolved") is None
    assert post.outbox.standing("mail", "b", "firing") is None
    assert post.outbox.standing("ops", "", "firing") is None


def test_ids_with_marks_are_found(post: Post) -> None:
    """An id is text: quotes, backslashes and other scripts are looked for as they are written."""
    for text in ('a"b', "a\\b", "größe", "%", "_"):
        post.put(key=text)
        assert post.outbox.standing("ops", text, "firing") is not None
    assert post.outbox.standing("ops", "%%", "firing") is None


def test_the_backlog_names_every_channel(post: Post) -> None:
    """Counts by status, since when something waits, and the newest error that stands."""
    post.put()
    post.put(key="b", now=NOW + 5 * SECOND)
    post.put(key="c", now=NOW + 6 * SECOND)
    post.outbox.record_failed(post.claim(NOW), "down", NOW + SECOND, retry_in_s=60)
    post.outbox.record_dead(post.claim(NOW + 6 * SECOND), "refused", NOW + 7 * SECOND)
    assert post.outbox.backlog(["ops", "mail"]) == {
        "ops": {
            "pending": 1,
            "sent": 0,
            "failed": 1,
            "dead": 1,
            "waiting_since": "2026-11-22T03:00:00Z",
            "last_error": "refused",
        },
        "mail": {
            "pending": 0,
            "sent": 0,
            "failed": 0,
            "dead": 0,
            "waiting_since": None,
            "last_error": None,
        },
    }


def test_the_backlog_of_a_channel_that_is_gone_is_whole(post: Post) -> None:
    """It was configured once, and its notices are still there."""
    post.put()
    found = post.outbox.backlog([])
    assert found["ops"].keys() == post.outbox.backlog(["other"])["other"].keys()
    assert found["ops"]["pending"] == 1 and found["ops"]["waiting_since"] == "2026-11-22T03:00:00Z"


def test_what_can_never_be_sent_does_not_wait(post: Post) -> None:
    """Follow-ups whose opening pauses for an hour are not due; claim() gives nothing, so nothing waits."""
    post.put()
    post.put("resolved")
    post.outbox.record_failed(post.claim(), "down", NOW, retry_in_s=600)
    assert post.outbox.claim("ops", NOW) is None
    assert not post.outbox.waits(("ops",), NOW)


def test_what_waits_waits_on_its_channel(post: Post) -> None:
    """One that is no longer configured is nobody's to serve."""
    post.put(channel="mail")
    assert not post.outbox.waits(("ops",), NOW) and not post.outbox.waits((), NOW)
    assert post.outbox.waits(("ops", "mail"), NOW)
    post.claim(channel="mail")
    assert not post.outbox.waits(("ops", "mail"), NOW)


def test_standings_of_two_notices_are_two(post: Post) -> None:
    """By their ids, so that what was sent before is told from what has just been sent."""
    found = []
    for opened in (1, 2):
        post.put(opened=opened)
        post.outbox.record_sent(post.claim(), NOW)
        found.append(post.outbox.standing("ops", "a", "firing"))
    assert [(one.id, one.status) for one in found if one] == [(1, "sent"), (2, "sent")]


# Threads and processes -------------------------------------------------------------------------------------


def test_many_threads_get_one_claim(post: Post) -> None:
    """Of eight at once exactly one may send."""
    post.put()
    found: list[Claim | None] = []
    barrier = threading.Barrier(8)

    def work() -> None:
        barrier.wait()
        found.append(post.outbox.claim("ops", NOW))

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert sum(one is not None for one in found) == 1


_CLAIMS = """
import os, sys
from datetime import datetime
from pathlib import Path
from sysmon_tui.alerts.outbox import Outbox
from sysmon_tui.alerts.store_file import StoreFile
outbox = Outbox(StoreFile(Path(sys.argv[1])), "t")
print("ready", flush=True)
sys.stdin.readline()
print(outbox.claim("ops", datetime.fromisoformat(sys.argv[2])) is not None, flush=True)
os._exit(9)
"""


def test_processes_share_the_outbox_and_one_that_dies_loses_nothing(post: Post) -> None:
    """Three processes at once, killed after the claim: one had it, and it is due again after the lease."""
    post.put()
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", _CLAIMS, str(post.store.file.path), NOW.isoformat()],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ,
        )
        for _ in range(3)
    ]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    answers = [process.communicate(timeout=30)[0] for process in processes]
    assert [process.returncode for process in processes] == [9, 9, 9]
    assert sorted(answers) == ["False\n", "False\n", "True\n"]
    assert post.outbox.claim("ops", NOW) is None
    assert post.claim(NOW + LEASE_S * SECOND).attempts == 2


# Any order -------------------------------------------------------------------------------------------------


class Posting(RuleBasedStateMachine):
    """Two workers, of which each may die with what it holds, and a receiver that fails or refuses."""

    folder: Path
    made = 0

    def __init__(self) -> None:
        super().__init__()
        Posting.made += 1
        self.post = post_at(self.folder / f"{Posting.made}.sqlite")
        self.now = NOW
        self.kinds: dict[tuple[str, int], list[Kind]] = {}
        self.held: list[Claim] = []
        self.arrived: list[Claim] = []

    @rule(key=st.sampled_from("ab"), kind=st.sampled_from(["firing", "repeat", "acknowledged", "resolved"]))
    def plan(self, key: str, kind: Kind) -> None:
        """As planning does: an opening first, nothing after the end."""
        opened = max((one for name, one in self.kinds if name == key), default=0)
        kinds = self.kinds.get((key, opened), ["resolved"])
        if kinds[-1] == "resolved":
            kind, opened = "firing", opened + 1
        self.kinds.setdefault((key, opened), []).append(kind)
        self.post.put(kind, key, opened=opened, now=self.now)

    @rule()
    def take(self) -> None:
        claim = self.post.outbox.claim("ops", self.now)
        if claim is not None:
            self.held.append(claim)

    @rule(how=st.sampled_from(["sent", "sent", "sent", "failed", "dead", "died"]))
    def finish(self, how: str) -> None:
        if not self.held:
            return
        claim = self.held.pop(0)
        if how == "sent":
            self.arrived.append(claim)
            self.post.outbox.record_sent(claim, self.now)
        elif how == "failed":
            self.post.outbox.record_failed(claim, "down", self.now, retry_in_s=30)
        elif how == "dead":
            self.post.outbox.record_dead(claim, "refused", self.now)

    @rule(seconds=st.sampled_from([1, 30, LEASE_S]))
    def wait(self, seconds: int) -> None:
        self.now += seconds * SECOND
        if seconds >= LEASE_S:
            self.held.clear()  # whoever holds longer than a lease is dead

    @invariant()
    def nothing_arrives_twice(self) -> None:
        """As long as nobody dies between the sending and its record."""
        assert len({claim.id for claim in self.arrived}) == len(self.arrived)

    @invariant()
    def what_arrives_is_in_order(self) -> None:
        """Of one key by its notices' order; nothing of an incident before an opening of it."""
        for key in "ab":
            mine = [claim for claim in self.arrived if claim.key == key]
            assert [claim.id for claim in mine] == sorted(claim.id for claim in mine)
            for number, claim in enumerate(mine):
                if claim.kind != "firing":
                    before = [one for one in mine[:number] if one.opened == claim.opened]
                    assert any(one.kind == "firing" for one in before)

    def teardown(self) -> None:
        """Once the receiver takes all, all has arrived or is dead."""
        for _ in range(100):
            self.now += LEASE_S * SECOND
            claim = self.post.outbox.claim("ops", self.now)
            if claim is None:
                break
            self.post.outbox.record_sent(claim, self.now)
        counts = self.post.counts
        assert counts["pending"] == counts["failed"] == 0
        assert not self.post.outbox.waits(("ops",), self.now)


def test_any_order_of_workers_and_failures(tmp_path: Path) -> None:
    """Nothing twice, nothing out of order, nothing left."""
    Posting.folder = tmp_path
    run_state_machine_as_test(
        Posting, settings=settings(max_examples=10, stateful_step_count=25, deadline=None)
    )
