"""The thread that looks whether an event loop still beats, and tells who keeps it from that."""

from __future__ import annotations

import threading
import time
import traceback
from collections.abc import Callable
from typing import NamedTuple

from mog.config import GuardConfig
from mog.worker.alarm import Alarm, LoopBlocked, LoopFreed, Manner, write_urgently
from mog.worker.culprit import Culprit
from mog.worker.pulse import Pulse
from mog.worker.thread_clock import Spent

KEPT = 0.5
"""Seconds by which it looks too late only where no thread could run; a busy machine alone makes it some 0.05 s."""

OVERDUE = 0.1
"""Seconds by which a look must be too late before another thread looks in its place."""

BUSY = 0.5
"""Share of the time for which a thread that computes has a processor, or waits for one."""

PROCESS_BUSY = 0.1
"""Share of the time for which a process that computes has a processor, on a machine that does much else."""

OWN_SHARE = 0.5
"""Part of what a process has computed that is the work of the thread which kept all others from it."""

Judge = Callable[[bool], Culprit]
"""Returns who was at work on the loop or, given True, who kept it from working, on another thread."""

See = Callable[[], Judge]
"""Looks at all threads, at once and without letting any of them go on, and returns what judges of what it has seen."""


class Moment(NamedTuple):
    """A time by the clock, what the loop's thread had spent by then, and for how long all threads had computed."""

    clock: float
    spent: Spent | None
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

    ``thread_clock`` tells what the loop's thread has spent, or None where there is no telling, ``process_clock`` how
    long all threads have computed.
    """

    def __init__(
        self,
        pulse: Pulse,
        config: GuardConfig,
        see: See,
        alarm: Alarm,
        *,
        clock: Callable[[], float] = time.monotonic,
        thread_clock: Callable[[], Spent | None] = lambda: None,
        process_clock: Callable[[], float] = time.process_time,
    ) -> None:
        self._pulse, self._config, self._see, self._alarm = pulse, config, see, alarm
        self._clock, self._thread_clock, self._process_clock = clock, thread_clock, process_clock
        self._call = threading.Event()
        self._stopped = False
        self._since = self._before = (pulse.due, self._now())
        self._seen: Sighting | None = None
        self._told: Sighting | None = None
        self._ended: End | None = None

    def take_beat(self, due: float, lateness: float) -> None:
        """Take note that the beat that was due then has come, so late; on the loop's thread."""
        self._before, self._since = self._since, (self._pulse.due, self._now())
        self.end(due, lateness)

    def end(self, due: float, lateness: float) -> None:
        """Take note that the loop, whose beat was due then, moves again; on its thread."""
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
        judge = self._see()
        manner, elsewhere = self._manner(due, kept=late - threshold)
        return Sighting(due, LoopBlocked(late, manner, judge(elsewhere), unready=late >= self._config.limit))

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

    def _manner(self, due: float, kept: float) -> tuple[Manner, bool]:
        """Return how the loop is blocked whose beat is due then, and whether by another thread.

        ``kept`` are the seconds by which this look comes too late. The loop may have come to beat since it was seen.
        """
        now = self._now()
        then = next((moment for beat, moment in (self._since, self._before) if beat == due), None)
        if then is None:
            return Manner.BLOCKS, False
        passed = max(now.clock - then.clock, 0.001)
        process_cpu = now.process_cpu - then.process_cpu
        if now.spent is None or then.spent is None:
            busy, is_own = None, True
        else:
            cpu = now.spent.computing - then.spent.computing
            busy = cpu + now.spent.queueing - then.spent.queueing >= BUSY * passed
            is_own = cpu >= OWN_SHARE * process_cpu
        if kept < KEPT:
            return Manner.BLOCKS if busy is None else Manner.COMPUTES if busy else Manner.WAITS, False
        if process_cpu < PROCESS_BUSY * passed:
            return Manner.STANDS_STILL, False
        return Manner.HOLDS_LOCK, not is_own

    def _now(self) -> Moment:
        return Moment(self._clock(), self._thread_clock(), self._process_clock())
