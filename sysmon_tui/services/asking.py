"""Who asks: the panel that a question is for, and whether anybody waits for it or it is a refresh by the clock.

Both go with the coroutine that asks, so that nothing between a front end and the statement has to hand them on. The
outermost panel counts: what Health asks of alerts is asked for Health.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

_panel: ContextVar[str] = ContextVar("panel", default="")
_by_the_clock: ContextVar[bool] = ContextVar("by_the_clock", default=False)


def panel() -> str:
    return _panel.get()


def by_the_clock() -> bool:
    """Whether this is a refresh that nobody asked for just now."""
    return _by_the_clock.get()


@contextmanager
def of_panel(name: str) -> Iterator[None]:
    """What is asked within is asked for this panel, unless an outer one has said otherwise."""
    if _panel.get():
        yield
        return
    token = _panel.set(name)
    try:
        yield
    finally:
        _panel.reset(token)


def for_panel(
    name: str,
) -> Callable[[Callable[P, Coroutine[Any, Any, T]]], Callable[P, Coroutine[Any, Any, T]]]:
    """`of_panel` around a coroutine function."""

    def decorate(call: Callable[P, Coroutine[Any, Any, T]]) -> Callable[P, Coroutine[Any, Any, T]]:
        @functools.wraps(call)
        async def asked(*args: P.args, **kwargs: P.kwargs) -> T:
            with of_panel(name):
                return await call(*args, **kwargs)

        return asked

    return decorate


@contextmanager
def refreshing() -> Iterator[None]:
    """What is asked within is a refresh by the clock."""
    token = _by_the_clock.set(True)
    try:
        yield
    finally:
        _by_the_clock.reset(token)
