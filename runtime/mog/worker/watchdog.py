"""The interpreter's own watchdog: it writes the stacks of all threads, and needs no interpreter lock for that."""

from __future__ import annotations

import faulthandler
import time
from collections.abc import Callable
from contextlib import suppress

PATIENCE = 2.0
"""Seconds for which it is left as it is: to wind it up again takes 0.1 ms, in which no thread runs."""


class Watchdog:
    """Writes to file descriptor 2 unless it is wound up in time: within ``after`` seconds, and PATIENCE at most less.

    A process has one, so this is for processes that are a worker's alone.
    """

    def __init__(self, after: float, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._after = after
        self._clock = clock
        self._wound_at: float | None = None

    def wind(self) -> None:
        """Let time begin anew, unless it has just begun."""
        now = self._clock()
        if self._wound_at is not None and now - self._wound_at < PATIENCE:
            return
        with suppress(RuntimeError, OSError):  # no thread can be started
            faulthandler.dump_traceback_later(self._after, file=2)
            self._wound_at = now

    def stop(self) -> None:
        """Write nothing until it is wound up again; from any thread."""
        if self._wound_at is not None:
            faulthandler.cancel_dump_traceback_later()
            self._wound_at = None
