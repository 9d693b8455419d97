"""The thread that looks whether an event loop still beats, and tells who keeps it from that."""

from __future__ import annotations

import sys
import threading
import time
import traceback
from collections.abc import Callable
from functools import partial
from typing import NamedTuple

from mog.config import GuardConfig
from mog.worker.alarm import Alarm, LoopBlocked, LoopFreed, Manner, write_urgently
from mog.worker.culprit import Culprit
from mog.worker.pulse import Pulse

KEPT = 0.5
"""Seconds by which it looks too late only where no thread could run; a busy machine alone makes it some 0.05 s."""

OVERDUE = 0.1
"""Seconds by which a look must be too late before another thread looks in its place."""

BUSY = 0.2
"""Share of the time for which a thread has the processor if it computes, on a machine that does much else."""

CpuClock = Callable[[], float | None]
"""Returns the seconds that a thread has computed; None where that cannot be told."""


class Moment(NamedTuple):
    """A time by the clock, and how long the loop's thread, and all of the process, had computed by then."""

    clock: float
    cpu: float | None
    process_cpu: float


class Sighting(NamedTuple):
    """What is to be told of a beat that has not come; ``due`` tells one block from another."""

    due: float
    news: LoopBlocked


class End(NamedTuple):
    """A beat that has come ``seconds`` late."""

    due: float
    seconds: float


class Watcher:
    """Sleeps until a beat that is due would be ``warn`` late, looks then, and at ``limit`` again.

    ``see`` returns who is at work on the loop; ``cpu_clock`` tells how long its thread has computed, ``process_clock``
    how long all threads have.
    """

    def __init__(
        self,
        pulse: Pulse,
        config: GuardConfig,
        see: Callable[[], Culprit],
        alarm: Alarm,
        *,
        clock: Callable[[], float] = time.monotonic,
        cpu_clock: CpuClock = lambda: None,
        process_clock: Callable[[], float] = time.process_time,
    ) -> None:
        self._pulse, self._config, self._see, self._alarm = pulse, config, see, alarm
        self._clock, self._cpu_clock, self._process_clock = clock, cpu_clock, process_clock
        self._call = threading.Event()
        self._stopped = False
        self._beat = self._now()
        self._seen: Sighting | None = None
        self._told: Sighting | None = None
        self._ended: End | None = None

    def take_beat(self, due: float, lateness: float) -> None:
        """Take note that the beat that was due then has come, so late; on the loop's thread."""
        self._beat = self._now()
        if lateness >= self._config.warn:
            self._ended = End(due, lateness)
            self._call.set()

    def stop(self) -> None:
        """Let :meth:`run` end once it has told the last news; from any thread."""
        self._stopped = True
        self._call.set()

    def run(self) -> None:
        """Look whenever it is time, until stopped."""
        while True:
            stopped = self._stopped
            wait = self.look()
            if stopped:
                return
            if wait is None or wait > 0:  # else look at once: who blocks may be gone in a moment
                self._call.wait(wait)
                self._call.clear()

    def glance(self, patience: float = OVERDUE) -> None:
        """See who blocks the loop, for :meth:`look` to tell, if that is overdue by ``patience``; from any thread."""
        seen = self._look_for_block(patience)
        if seen is not None:
            self._seen = seen

    def look(self) -> float | None:
        """Tell what is new; return the seconds until the next look, None for none before the next late beat."""
        self.glance(0.0)  # before anything is told: to write lets other threads go on
        seen, self._seen = self._seen, None
        ended, self._ended = self._ended, None
        if ended is not None and (seen is None or seen.due != ended.due):
            self._tell_end(ended)
            ended = None
        if seen is not None and not self._knows(seen):
            self._told = seen
            self._tell(seen.news)
        if ended is not None:
            self._tell_end(ended)
        return self._time_to_next_look()

    def _look_for_block(self, patience: float) -> Sighting | None:
        """Return what is to be told of a loop that is blocked just now, if anything."""
        due = self._pulse.due
        threshold = self._threshold(due)
        if due is None or threshold is None or (late := self._clock() - due) < threshold + patience:
            return None
        manner = self._manner(kept=late - threshold)  # before see(), in which the loop may get to beat
        return Sighting(due, LoopBlocked(late, manner, self._see(), unready=late >= self._config.limit))

    def _knows(self, seen: Sighting) -> bool:
        told = self._told
        return told is not None and (told.due, told.news.unready) == (seen.due, seen.news.unready)

    def _threshold(self, due: float | None) -> float | None:
        """Return how late the beat that is due then must be to be told of; None if all is told."""
        known = self._seen or self._told
        if known is None or known.due != due:
            return self._config.warn
        return None if known.news.unready else self._config.limit

    def _time_to_next_look(self) -> float | None:
        due = self._pulse.due
        threshold = self._threshold(due)
        return None if due is None or threshold is None else due + threshold - self._clock()

    def _tell_end(self, ended: End) -> None:
        told, self._told = self._told, None
        self._tell(LoopFreed(ended.seconds, told.news if told is not None and told.due == ended.due else None))

    def _tell(self, news: LoopBlocked | LoopFreed) -> None:
        try:
            self._alarm(news)
        except Exception:  # noqa: BLE001 - the next news must get out all the same
            write_urgently(traceback.format_exc())

    def _manner(self, kept: float) -> Manner:
        """Return how the loop is blocked; ``kept`` are the seconds by which this look comes too late."""
        now, then = self._now(), self._beat
        passed = max(now.clock - then.clock, 0.001)
        if kept >= KEPT:
            return Manner.HOLDS_LOCK if (now.process_cpu - then.process_cpu) / passed >= BUSY else Manner.STANDS_STILL
        if now.cpu is None or then.cpu is None:
            return Manner.BLOCKS
        return Manner.COMPUTES if (now.cpu - then.cpu) / passed >= BUSY else Manner.WAITS

    def _now(self) -> Moment:
        return Moment(self._clock(), self._cpu_clock(), self._process_clock())


def thread_clock(thread: int) -> CpuClock:
    """Return a clock of the seconds that a thread has computed, where the system has one."""
    if sys.platform == "darwin":
        return lambda: None
    return partial(time.clock_gettime, time.pthread_getcpuclockid(thread))
