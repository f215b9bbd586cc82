"""The app's tests see UTC, whatever zone the machine has."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def _utc(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "UTC")
