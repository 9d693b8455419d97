"""For how long a thread has computed, and had to wait for a processor."""

from __future__ import annotations

import os
import sys
import threading
import time
from pathlib import Path
from typing import NamedTuple


class Spent(NamedTuple):
    """Seconds that a thread has computed, and that it would have if it had been given a processor."""

    computing: float
    queueing: float = 0.0


class ThreadClock:
    """Tells, from any thread, what the thread that makes it has spent.

    Source: /proc/PID/task/TID/schedstat, see https://docs.kernel.org/scheduler/sched-stats.html. Where there is none it
    is the thread's processor time alone, and None where that cannot be told either.
    """

    def __init__(self) -> None:
        self._thread = threading.get_ident()
        self._file = -1
        path = Path(f"/proc/self/task/{threading.get_native_id()}/schedstat")
        if path.exists():
            self._file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)

    def __call__(self) -> Spent | None:
        """Return what was spent by now."""
        if sys.platform == "darwin":
            return None
        if self._file < 0:
            return Spent(time.clock_gettime(time.pthread_getcpuclockid(self._thread)))
        try:
            computing, queueing, _ = os.pread(self._file, 100, 0).split()
        except (OSError, ValueError):  # it is just being closed
            return None
        return Spent(int(computing) / 1e9, int(queueing) / 1e9)

    def close(self) -> None:
        """Let go of the file."""
        file, self._file = self._file, -1
        if file >= 0:
            os.close(file)
