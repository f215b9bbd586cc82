"""Row 51: the source fails while an alert fires."""

from __future__ import annotations

from typing import Any

import pytest

from sysmon_tui.services.alerting import AlertingService
from tests.alerts.receivers import http_receiver
from tests.faults.scene import Scene, no_secret
from tests.workspace import Fault

_LOGINS = "security.failed_logins_per_hour"
_OUTAGES = {
    "table refused": None,
    "token revoked": Fault(403, {"error_code": 403, "message": "Invalid access token."}, times=None),
    "busy": Fault(
        429, {"error_code": "X", "message": "x"}, headers={"Retry-After": "600"}, path="/api/", times=None
    ),
}


def begin(scene: Scene, outage: str) -> None:
    fault = _OUTAGES[outage]
    if fault is None:
        scene.workspace.denied_tables.add("system.access.audit")
    else:
        scene.workspace.faults.append(fault)


def end(scene: Scene) -> None:
    scene.workspace.denied_tables.clear()
    scene.workspace.faults.clear()


def logins(alerts: list[dict[str, Any]]) -> dict[str, Any]:
    [alert] = [one for one in alerts if one["rule"] == _LOGINS]
    return alert


@pytest.mark.parametrize("outage", _OUTAGES)
async def test_row_51_an_alert_that_fires_is_not_resolved_by_an_outage(scene: Scene, outage: str) -> None:
    """Its state is kept, the answer says that it is stale; it resolves when the table shows that it has."""
    clock = scene.estate.clock
    async with scene.monitored() as monitor:
        before = logins((await monitor.alerts()).rows())
        assert before["state"] == "firing"
        begin(scene, outage)
        for seconds in (61, 600, 5 * 3600):
            clock.advance(seconds)
            answer = await monitor.alerts(hours=24)
            alert = logins(answer.rows())
            assert alert["state"] in ("firing", "unknown") and alert["resolved_at"] is None
            assert alert["id"] == before["id"] and alert["as_of"] == before["as_of"]
            assert answer.state == "stale" and answer.reason and no_secret(scene.workspace, [answer.reason])
            assert (await monitor.health())["status"] != "healthy"
        end(scene)
        scene.estate.event("later", clock.now(), "getTable")
        clock.advance(301)
        after = logins((await monitor.alerts(hours=24, fresh=True)).rows())
        assert (after["id"], after["state"]) == (before["id"], "resolved")


@pytest.mark.parametrize("outage", _OUTAGES)
async def test_row_51_without_rows_from_before_a_rule_is_unknown(scene: Scene, outage: str) -> None:
    """A process that begins in the outage: `unknown` with the reason, which is an alert of its own; not silence."""
    begin(scene, outage)
    async with scene.monitored() as monitor:
        answer = await monitor.alerts(hours=24)
        alert = logins(answer.rows())
        assert alert["state"] == "unknown" and alert["value"] is None
        assert answer.state in ("denied", "failed")
        states = {one["category"]: one["state"] for one in answer.rows() if one["category"] != "freshness"}
        # A refused table makes its own rules unknown and no others.
        assert set(states.values()) == {"unknown"} or outage == "table refused"
        assert (await monitor.health())["status"] in ("unknown", "degraded", "unhealthy")


def test_row_51_nobody_is_told_that_it_is_over(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """A firing page is followed by no `resolved` while the table can't be read, in this process or the next."""
    channel = (
        '[notifications.channels.ops]\ntype = "slack"\nurl_env = "HOOK"\nallow_hosts = ["127.0.0.1"]\n'
        '[[notifications.routes]]\nchannels = ["ops"]\nrules = ["security.failed_logins_per_hour"]\n'
    )
    with http_receiver() as receiver:
        monkeypatch.setenv("HOOK", receiver.url)
        config = scene.config(channel)

        def told(alerting: AlertingService) -> list[str]:
            alerts = alerting.check_all_alerts()["alerts"]
            for alert in alerts:
                alerting.send_alert_notification(alert)
            return [alert["state"] for alert in alerts if alert["rule"] == _LOGINS]

        with AlertingService("prod", config, clock=scene.estate.clock) as alerting:
            assert told(alerting) == ["firing"]
            paged = len(receiver.documents)
            assert paged == 1
            begin(scene, "table refused")
            scene.estate.clock.advance(3 * 3600)
            assert set(told(alerting)) <= {"firing", "unknown"}
        with AlertingService("prod", config, clock=scene.estate.clock) as alerting:
            assert told(alerting) == ["firing"]  # as far as anybody knows
        assert not [one for one in receiver.documents if "resolved" in str(one).lower()]
        end(scene)
        scene.estate.clock.advance(2 * 3600)
        scene.estate.event("later", scene.estate.clock.now(), "getTable")
        scene.estate.clock.advance(61)
        with AlertingService("prod", config, clock=scene.estate.clock) as alerting:
            alerts = alerting.check_security_alerts(hours=24)["alerts"]
            assert logins(alerts)["state"] == "resolved"
            alerting.send_alert_notification(logins(alerts))
        assert [one for one in receiver.documents if "resolved" in str(one).lower()]
