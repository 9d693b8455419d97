"""Lets the I/O thread through when the event loop is busy.

A loop that is busy with short callbacks gives the interpreter lock away in each of its many system calls, and has it
back before a waiting thread is awake; forced switching (``sys.setswitchinterval``) never sets in, because the lock
keeps changing hands. Measured: a 10 ms timer on another thread came 12 s late. So the loop looks every 10 ms whether
the I/O thread has answered, and if it is more than 20 ms late, sleeps for 0.2 ms, long enough for it to wake.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from mog.engine.port import Port

INTERVAL = 0.010
"""Seconds between looks on a busy loop."""

IDLE_INTERVAL = 0.100
"""The same on a loop that used less than a tenth of the time."""

LATE = 0.020
"""Seconds without an answer after which the I/O thread is let through."""

NAP = 0.0002
"""Seconds that the loop then sleeps."""


class Valve:
    """Watches one port's I/O thread from a loop that runs tasks; costs nothing while it is stopped.

    :meth:`start` and :meth:`stop` are cheap enough for each task: the timer ends by itself, at the next look.
    """

    def __init__(
        self,
        port: Port,
        *,
        clock: Callable[[], float] = time.monotonic,
        cpu_clock: Callable[[], float] = time.thread_time,
        nap: Callable[[float], object] = time.sleep,
    ) -> None:
        self._port = port
        self._clock = clock
        self._cpu_clock = cpu_clock
        self._nap = nap
        self._running = False
        self._timer: asyncio.TimerHandle | None = None
        self._asked = 0.0
        self._answered = True
        self._cpu = 0.0
        self._looked = 0.0

    def start(self) -> None:
        """Begin to look, on the running loop; while it looks already, nothing happens."""
        self._running = True
        if self._timer is None:
            self._answered = True
            self._looked, self._cpu = self._clock(), self._cpu_clock()
            self._timer = asyncio.get_running_loop().call_later(INTERVAL, self._look)

    def stop(self) -> None:
        """Look no more, until the next start."""
        self._running = False

    def _look(self) -> None:
        if not self._running:
            self._timer = None
            return
        now = self._clock()
        if not self._answered:
            if now - self._asked > LATE:
                self._nap(NAP)
        else:
            self._answered, self._asked = False, now
            self._port.ping(self._pong)
        self._timer = asyncio.get_running_loop().call_later(self._interval(now), self._look)

    def _pong(self) -> None:
        self._answered = True

    def _interval(self, now: float) -> float:
        """Return the time until the next look: short if this thread was busy since the last."""
        cpu = self._cpu_clock()
        busy = cpu - self._cpu > 0.1 * (now - self._looked)
        self._cpu, self._looked = cpu, now
        return INTERVAL if busy else IDLE_INTERVAL
