"""For how long a thread has had something to compute."""

from __future__ import annotations

import os
import sys
import threading
import time
from pathlib import Path


class BusyClock:
    """Tells, from any thread, the seconds that the thread which makes it has computed or waited for a processor.

    The latter because a machine with much to do lets a thread wait that computes without end. Source:
    /proc/PID/task/TID/schedstat, see https://docs.kernel.org/scheduler/sched-stats.html. Where there is none, it is the
    thread's processor time, and where that cannot be told either, None.
    """

    def __init__(self) -> None:
        self._thread = threading.get_ident()
        self._file = -1
        path = Path(f"/proc/self/task/{threading.get_native_id()}/schedstat")
        if path.exists():
            self._file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)

    def __call__(self) -> float | None:
        """Return the seconds."""
        if sys.platform == "darwin":
            return None
        if self._file < 0:
            return time.clock_gettime(time.pthread_getcpuclockid(self._thread))
        try:
            computed, waited, _ = os.pread(self._file, 100, 0).split()
        except (OSError, ValueError):  # it is just being closed
            return None
        return (int(computed) + int(waited)) / 1e9

    def close(self) -> None:
        """Let go of the file."""
        file, self._file = self._file, -1
        if file >= 0:
            os.close(file)
