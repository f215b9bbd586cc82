"""What an Alertmanager is told, as whole documents. A real one is in test_alertmanager.py."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from sysmon_tui.alerts.notify import alertmanager
from sysmon_tui.alerts.notify.alertmanager import payload, send
from sysmon_tui.alerts.notify.notice import Kind
from sysmon_tui.alerts.notify.sent import Sent
from sysmon_tui.clock import HeldClock
from sysmon_tui.config import AlertmanagerChannel
from tests.alerts.posting import Post, Posted
from tests.alerts.receivers import NOW, alert, notice, resolved

LABELS = {
    "alertname": "query.failed_per_hour",
    "severity": "high",
    "category": "query",
    "tenant": "prod",
    "environment": "production",
    "alert_id": "3f1c2a9d5e7b8a60",
}
ANNOTATIONS = {
    "summary": "12 failed queries within an hour",
    "description": "12 failed queries in the hour up to 2026-11-22 02:41 UTC (threshold 10).",
    "value": "12",
    "threshold": "10",
    "as_of": "2026-11-22T02:41:00Z",
}


def test_a_firing_alert_as_a_whole() -> None:
    """Ids are labels, names and words are annotations, and it lasts a day unless it is told again."""
    job = {"workspace_id": "1", "job_id": 7, "workflow_name": "nightly"}
    told = alert(entity=job, runbook_url="https://wiki.example.com/x")
    assert payload(notice(told)) == [
        {
            "labels": LABELS | {"workspace_id": "1", "job_id": "7"},
            "annotations": ANNOTATIONS
            | {"workflow_name": "nightly", "runbook_url": "https://wiki.example.com/x"},
            "startsAt": "2026-11-22T02:30:00Z",
            "endsAt": "2026-11-23T03:00:00Z",
        }
    ]


def test_a_resolved_alert_as_a_whole() -> None:
    """The same labels and words with the end that it had."""
    assert payload(notice(resolved())) == [
        {
            "labels": LABELS,
            "annotations": ANNOTATIONS,
            "startsAt": "2026-11-22T02:30:00Z",
            "endsAt": "2026-11-22T02:50:00Z",
        }
    ]


def test_a_group_as_a_whole() -> None:
    """Each alert is a document of its own, in the notice's order, with its own words."""
    second = alert(id="b", title="second", message="more", severity="medium", value=None)
    assert payload(notice(alert(), second, kind="repeat")) == [
        {
            "labels": LABELS,
            "annotations": ANNOTATIONS,
            "startsAt": "2026-11-22T02:30:00Z",
            "endsAt": "2026-11-23T03:00:00Z",
        },
        {
            "labels": LABELS | {"alert_id": "b", "severity": "medium"},
            "annotations": {
                "summary": "second",
                "description": "more",
                "threshold": "10",
                "as_of": "2026-11-22T02:41:00Z",
            },
            "startsAt": "2026-11-22T02:30:00Z",
            "endsAt": "2026-11-23T03:00:00Z",
        },
    ]


@pytest.mark.parametrize(
    ("kind", "state", "resolved_at", "ends_at"),
    [
        ("firing", "firing", None, "2026-11-23T03:00:00Z"),
        ("summary", "firing", "2026-11-22T02:50:00Z", "2026-11-23T03:00:00Z"),
        ("repeat", "resolved", "2026-11-22T02:50:00Z", "2026-11-22T02:50:00Z"),
        ("resolved", "firing", "2026-11-22T02:50:00Z", "2026-11-22T02:50:00Z"),
        ("resolved", "resolved", None, "2026-11-22T03:00:00Z"),
        ("resolved", "resolved", "", "2026-11-22T03:00:00Z"),
        ("resolved", "resolved", "2026-11-22T03:00:01Z", "2026-11-22T03:00:00Z"),
    ],
)
def test_when_it_ends(kind: Kind, state: str, resolved_at: str | None, ends_at: str) -> None:
    """It has ended when the notice or the alert says so, at the latest at the time of sending."""
    (document,) = payload(notice(alert(state=state, resolved_at=resolved_at), kind=kind))
    assert (document["startsAt"], document["endsAt"]) == ("2026-11-22T02:30:00Z", ends_at)


def test_an_alert_that_says_neither_state_nor_end_fires() -> None:
    """Without a state it is told as the notice has it, and a resolved one ends when it is sent."""
    bare = {"id": "a", "started_at": "2026-11-22T02:30:00Z"}
    (fires,) = payload(notice(bare | {"state": None}, kind="firing"))
    (ends,) = payload(notice(bare | {"state": None}, kind="resolved"))
    assert fires == {
        "labels": {"tenant": "prod", "environment": "production", "alert_id": "a"},
        "annotations": {"summary": "", "description": ""},
        "startsAt": "2026-11-22T02:30:00Z",
        "endsAt": "2026-11-23T03:00:00Z",
    }
    assert ends == fires | {"endsAt": "2026-11-22T03:00:00Z"}


def test_an_end_before_the_start_is_the_start_too() -> None:
    """Two clocks that disagree do not make Alertmanager refuse the alert."""
    (document,) = payload(notice(resolved(started_at="2026-11-22T02:55:00Z")))
    assert (document["startsAt"], document["endsAt"]) == ("2026-11-22T02:50:00Z", "2026-11-22T02:50:00Z")


def test_a_later_notice_lasts_from_its_own_time() -> None:
    """Each repeat moves the end on."""
    (document,) = payload(notice(kind="repeat", sent_at=NOW + timedelta(hours=4)))
    assert (document["startsAt"], document["endsAt"]) == ("2026-11-22T02:30:00Z", "2026-11-23T07:00:00Z")


@pytest.mark.parametrize(
    ("name", "value", "label"),
    [
        ("job_id", "7", ("job_id", "7")),
        ("job_id", 7, ("job_id", "7")),
        ("Zone id", "z", ("Zone_id", "z")),
        ("warehouse-AZaz09.id", "w", ("warehouse_AZaz09_id", "w")),
        ("user_ID", "u", None),
        ("job_id_name", "x", None),
        ("9_id", "x", None),
        ("_id", "x", None),
        ("é_id", "x", None),
        ("list_id", ["x"], None),
        ("none_id", None, None),
        ("long_id", "x" * 200, ("long_id", "x" * 200)),
        ("long_id", "x" * 201, ("long_id", "x" * 199 + "…")),
        ("line_id", "a\nb", ("line_id", "a b")),
    ],
)
def test_what_of_an_entity_is_a_label(name: str, value: object, label: tuple[str, str] | None) -> None:
    """What ends in `_id` and has a plain value, under a name that Prometheus takes."""
    (document,) = payload(notice(alert(entity={name: value})))
    assert document["labels"] == LABELS | (dict([label]) if label else {})


@pytest.mark.parametrize(
    ("name", "value", "annotation"),
    [
        ("name", "nightly", ("name", "nightly")),
        ("Name of it", "nightly", ("Name_of_it", "nightly")),
        ("retries", 3, ("retries", "3")),
        ("user_ID", "u", ("user_ID", "u")),
        ("job_id", "7", None),
        ("9 lives", "x", None),
        ("rate", 1.5, None),
        ("tags", {"a": "b"}, None),
        ("name", "x" * 201, ("name", "x" * 199 + "…")),
    ],
)
def test_what_of_an_entity_is_an_annotation(
    name: str, value: object, annotation: tuple[str, str] | None
) -> None:
    """What has a plain value and is no id."""
    (document,) = payload(notice(alert(entity={name: value})))
    assert document["annotations"] == ANNOTATIONS | (dict([annotation]) if annotation else {})


@pytest.mark.parametrize("entity", [None, "job", ["job_id"], {}])
def test_an_entity_that_says_nothing(entity: object) -> None:
    """No entity, or one that is no object, adds neither label nor annotation."""
    (document,) = payload(notice(alert(entity=entity)))
    assert (document["labels"], document["annotations"]) == (LABELS, ANNOTATIONS)


def test_an_entity_does_not_stand_for_our_own_words() -> None:
    """A field called as one of our labels or annotations is overwritten by ours."""
    entity = {"alert_id": "x", "summary": "x", "description": "x", "value": "x", "as_of": "x"}
    (document,) = payload(notice(alert(entity=entity)))
    assert (document["labels"], document["annotations"]) == (LABELS, ANNOTATIONS)


@pytest.mark.parametrize(
    ("changes", "settings", "labels"),
    [
        ({"rule": None}, {}, {"alertname": None}),
        ({"severity": None}, {}, {"severity": None}),
        ({"category": None}, {}, {"category": None}),
        ({}, {"environment": None}, {"environment": None}),
        ({"category": ""}, {}, {"category": ""}),
        ({"rule": "r" * 201}, {}, {"alertname": "r" * 199 + "…"}),
        ({"rule": 5}, {}, {"alertname": "5"}),
        ({}, {"tenant": "t\nt"}, {"tenant": "t t"}),
        ({}, {"demo": True}, {"demo": "true"}),
    ],
)
def test_what_is_not_known_is_no_label(
    changes: dict[str, Any], settings: dict[str, Any], labels: dict[str, str | None]
) -> None:
    """Labels hold what is known on one line, at most 200 characters, and invented data carry one more."""
    (document,) = payload(notice(alert(**changes), **settings))
    assert document["labels"] == {
        name: value for name, value in (LABELS | labels).items() if value is not None
    }


@pytest.mark.parametrize(
    ("changes", "settings", "annotations"),
    [
        ({"value": None}, {}, {"value": None}),
        ({"value": 0}, {}, {"value": "0"}),
        ({"threshold": 1.5}, {}, {"threshold": "1.5"}),
        ({"threshold": None, "as_of": None}, {}, {"threshold": None, "as_of": None}),
        ({"as_of": "x" * 201}, {}, {"as_of": "x" * 199 + "…"}),
        ({"runbook_url": "http://wiki.example.com"}, {}, {}),
        ({}, {"demo": True}, {"summary": "DEMO DATA, 12 failed queries within an hour"}),
    ],
)
def test_the_words_of_an_alert(
    changes: dict[str, Any], settings: dict[str, Any], annotations: dict[str, str | None]
) -> None:
    """Annotations hold what is known; invented data say so first, and a runbook is https or not there."""
    (document,) = payload(notice(alert(**changes), **settings))
    assert document["annotations"] == {
        name: value for name, value in (ANNOTATIONS | annotations).items() if value is not None
    }


@pytest.mark.parametrize(
    ("url", "asked"),
    [
        ("https://am.example.com", "https://am.example.com/api/v2/alerts"),
        ("https://am.example.com/", "https://am.example.com/api/v2/alerts"),
        ("https://am.example.com/BOX//", "https://am.example.com/BOX/api/v2/alerts"),
    ],
)
def test_where_it_is_sent(url: str, asked: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """One request to version 2 of the API below the configured address, which holds no secret."""
    post, clock = Post(), HeldClock(NOW)
    monkeypatch.setattr(alertmanager, "post_json", post)
    told = notice(alert(), alert(id="b"))
    assert send(told, AlertmanagerChannel(url=url, allow_hosts=("am",)), clock, None) == Sent()
    assert post.posted == [Posted(asked, payload(told), ("am",), [], clock)]
