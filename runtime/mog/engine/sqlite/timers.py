"""Timers by the engine's clock, which may be one that a test turns."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Protocol, runtime_checkable

Clock = Callable[[], float]
"""Returns the time in POSIX seconds."""

_LONGEST_WAIT = 1.0
"""Wall clocks are set and computers sleep; so a timer looks at the clock again at least this often, in seconds."""


@runtime_checkable
class TurnableClock(Protocol):
    """A clock that knows when it is turned, such as mog.testing.clock.VirtualClock."""

    def __call__(self) -> float:
        """Return the time."""
        ...

    def call_at(self, when: float, callback: Callable[[], object]) -> Callable[[], None]:
        """Call back, from whichever thread turns the clock, once ``when`` is reached; returns what cancels this."""
        ...


class Timer:
    """One timer that is set again and again; ``ring`` is called on the loop when the clock has reached its time."""

    def __init__(self, loop: asyncio.AbstractEventLoop, clock: Clock, ring: Callable[[], object]) -> None:
        self._loop = loop
        self._clock = clock
        self._ring = ring
        self._when: float | None = None
        self._cancel: Callable[[], None] | None = None

    def set(self, when: float | None) -> None:
        """Ring at ``when`` instead of what was set before; None: not at all."""
        if when == self._when and self._cancel is not None:
            return
        if self._cancel is not None:
            self._cancel()
        self._when, self._cancel = when, None
        if when is not None:
            self._cancel = self._start(when)

    def _start(self, when: float) -> Callable[[], None]:
        if isinstance(self._clock, TurnableClock):
            return self._clock.call_at(when, lambda: self._loop.call_soon_threadsafe(self._due))
        return self._loop.call_later(min(max(0.0, when - self._clock()), _LONGEST_WAIT), self._due).cancel

    def _due(self) -> None:
        self._cancel = None
        if self._when is None or self._loop.is_closed():
            return
        if self._clock() < self._when:
            self._cancel = self._start(self._when)
            return
        self._when = None
        self._ring()
