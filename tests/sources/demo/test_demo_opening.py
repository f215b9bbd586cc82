"""How a process comes by its estate: begun beside the imports, packed where the process stays."""

from __future__ import annotations

import threading

import pytest

from sysmon_tui import runtime as runtime_module
from sysmon_tui.clock import HeldClock
from sysmon_tui.config import Config, TenantConfig
from sysmon_tui.runtime import Runtime
from sysmon_tui.sources.demo import DemoEstate
from sysmon_tui.sources.demo.estate import FEWEST_ROWS
from tests.sources.values import NOW

CONFIG = Config(tenants={name: TenantConfig(source="demo") for name in ("one", "other")})


def opened(*, incremental: bool) -> Runtime:
    return Runtime(CONFIG, clock=HeldClock(NOW), demo_rows=FEWEST_ROWS, incremental=incremental)


@pytest.fixture
def packed(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """Set once an estate has been packed; packing is due at once."""
    event, pack = threading.Event(), DemoEstate.pack

    def watched(estate: DemoEstate) -> None:
        pack(estate)
        event.set()

    monkeypatch.setattr(DemoEstate, "pack", watched)
    monkeypatch.setattr(runtime_module, "_PACK_AFTER_S", 0.0)
    return event


async def test_two_demo_tenants_have_an_estate_each() -> None:
    """The one that was asked for first, and begun early, is no other tenant's: closing it leaves the other at work."""
    runtime = opened(incremental=False)
    first, other = (runtime.tenant(name).monitor for name in ("one", "other"))
    assert (await first.workflows()).total > 0
    await first.service.close()
    assert (await other.workflows()).total > 0
    await runtime.close()


async def test_a_process_that_stays_packs_its_estate(packed: threading.Event) -> None:
    """The answers are the same before and after."""
    runtime = opened(incremental=True)
    monitor = runtime.tenant("one").monitor
    before = await monitor.queries()
    assert packed.wait(30)
    after = await monitor.queries(fresh=True)
    assert before.total == after.total > 0
    assert before.frame.equals(after.frame)
    await runtime.close()


async def test_a_command_packs_nothing(packed: threading.Event) -> None:
    """A process of one answer ends before it would be worth it."""
    runtime = opened(incremental=False)
    assert (await runtime.tenant("one").monitor.workflows()).total > 0
    assert not packed.is_set()
    await runtime.close()


async def test_an_estate_that_cannot_be_built_fails_its_answers_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What breaks in the thread that builds is told by the answer, and the next question builds anew."""
    built = DemoEstate.__init__
    fails = [True]

    def init(estate: DemoEstate, *args: object, **options: object) -> None:
        if fails.pop() if fails else False:
            raise MemoryError
        built(estate, *args, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(DemoEstate, "__init__", init)
    runtime = opened(incremental=False)
    monitor = runtime.tenant("one").monitor
    broken = await monitor.workflows()
    assert (broken.state, "MemoryError" in (broken.reason or "")) == ("failed", True)
    assert (await monitor.workflows(fresh=True)).total > 0
    await runtime.close()
