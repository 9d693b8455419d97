"""A clock that a test turns."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable


class VirtualClock:
    """Stands still until :meth:`advance` is called; what was to happen by then is called in its order.

    Callbacks run in the thread that turns the clock. Times are POSIX seconds.
    """

    def __init__(self, start: float = 1_750_000_000.0) -> None:
        self._now = start
        self._order = itertools.count()
        self._timers: list[tuple[float, int, Callable[[], object]]] = []
        self._cancelled: set[int] = set()

    def __call__(self) -> float:
        """Return the time."""
        return self._now

    @property
    def next_call(self) -> float | None:
        """When the next callback is to be called; None where there is none."""
        while self._timers and self._timers[0][1] in self._cancelled:
            self._cancelled.discard(heapq.heappop(self._timers)[1])
        return self._timers[0][0] if self._timers else None

    def advance(self, seconds: float) -> None:
        """Turn the clock on; each callback sees the time that it was set for."""
        if seconds < 0:
            raise ValueError("a clock is not turned back")
        until = self._now + seconds
        while self._timers and self._timers[0][0] <= until:
            when, number, callback = heapq.heappop(self._timers)
            if number in self._cancelled:
                self._cancelled.discard(number)
                continue
            self._now = max(self._now, when)
            callback()
        self._now = until

    def call_at(self, when: float, callback: Callable[[], object]) -> Callable[[], None]:
        """Call back once ``when`` is reached, at the next turn if it is past; returns what cancels this."""
        number = next(self._order)
        heapq.heappush(self._timers, (when, number, callback))
        return lambda: self._cancelled.add(number)
