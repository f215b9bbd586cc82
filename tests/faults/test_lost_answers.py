"""Row 63: the answer to a statement that was handed in does not come."""

from __future__ import annotations

import pytest

from sysmon_tui.sources.databricks import api
from tests.faults.scene import STATEMENTS, Scene, all_ended, look, states
from tests.workspace import Fault

_LOSSES = {
    "time-out": Fault(method="POST", path=STATEMENTS, wait_s=2.5),
    "closed": Fault(method="POST", path=STATEMENTS, lose=True),
    "reset": Fault(method="POST", path=STATEMENTS, reset=True),
    "half": Fault(method="POST", path=STATEMENTS, cut=True),
}


@pytest.mark.parametrize("loss", _LOSSES)
async def test_row_63_a_lost_answer_is_no_second_statement(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, loss: str
) -> None:
    """Handed in once; what may run there is found by its tag and cancelled; unreachable is told, the others live."""
    monkeypatch.setattr(api, "CALL_TIMEOUT_S", 1.5)
    workspace = scene.workspace
    async with scene.monitored("[live]\nenabled = false") as monitor:
        before = await look(monitor)
        scene.estate.clock.advance(61)
        workspace.faults.append(_LOSSES[loss])
        workspace.running_s = 30
        asked = scene.posts()
        answer = await monitor.audit()
        assert scene.posts() - asked == 1
        assert (answer.state, answer.code) == ("stale", "source_unreachable")
        assert answer.frame.equals(before["audit"].frame)
        orphan = workspace.statements[-1]
        assert orphan.state == "CANCELED" and orphan.tags["request"]
        assert scene.cancels() == [f"{STATEMENTS}/{orphan.id}/cancel"]
        workspace.running_s = 0
        scene.estate.clock.advance(61)
        assert set(states(await look(monitor)).values()) == {"fresh"}
    assert all_ended(workspace)


async def test_row_63_an_answer_that_was_never_there_is_not_looked_for_long(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The statement never arrived: three looks for it, no cancel, and the next question is asked."""
    fault = Fault(200, {}, method="POST", path=STATEMENTS, lose=True)  # a body: the request does no work
    async with scene.monitored("[live]\nenabled = false") as monitor:
        scene.workspace.faults.append(fault)
        assert (await monitor.audit()).code == "source_unreachable"
        looks = [path for _, path in scene.workspace.requests if path.endswith("/history/queries")]
        assert len(looks) == 3 and not scene.cancels()
        scene.estate.clock.advance(16)
        assert (await monitor.audit()).state == "fresh"
