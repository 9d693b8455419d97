"""The beat of an event loop: how late the loop is, for those who ask from other threads.

A timer on the loop itself beats; nobody has to wake the loop to ask. A thread that asked by ``call_soon_threadsafe``
would mistake its own lateness beside a busy loop (see :mod:`mog.worker.valve`) for the loop's.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

OnBeat = Callable[[float, float], None]
"""Takes when the beat was due by the clock, and how many seconds late it came; called on the loop."""


class Pulse:
    """Beats every ``interval`` seconds on the loop that starts it. Its properties may be read from any thread."""

    def __init__(self, interval: float, on_beat: OnBeat, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.interval = interval
        self.due: float | None = None
        """When the next beat is due, by the clock; None while it does not beat."""
        self._on_beat = on_beat
        self._clock = clock
        self._last_lateness = 0.0
        self._timer: asyncio.TimerHandle | None = None

    @property
    def late(self) -> float:
        """Seconds for which the next beat has been overdue."""
        due = self.due
        return 0.0 if due is None else max(0.0, self._clock() - due)

    @property
    def lag(self) -> float:
        """Seconds that the last beat came late, or by which the next is late already."""
        return max(self.late, self._last_lateness)

    def start(self) -> None:
        """Begin to beat, on the running loop."""
        self._await_next()

    def stop(self) -> None:
        """Beat no more; on the same loop."""
        self.due = None
        if self._timer is not None:
            self._timer.cancel()

    def _await_next(self) -> None:
        self.due = self._clock() + self.interval
        self._timer = asyncio.get_running_loop().call_later(self.interval, self._beat)

    def _beat(self) -> None:
        due, lateness = self.due, self.late
        self._last_lateness = lateness
        self._await_next()
        if due is not None:
            self._on_beat(due, lateness)
