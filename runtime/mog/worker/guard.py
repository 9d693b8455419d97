"""Tells who blocks the event loop of a worker, where and for how long, while it is blocked.

The loop beats (:mod:`~mog.worker.pulse`), and a thread sleeps until a beat that is due would be too late, and looks
then. On an idle loop that is two timers and one look a second.

Code that holds the interpreter lock keeps this thread from looking. It comes to look the moment that the lock is let go
of, which is when the call in question returns: it still sees who it was, and knows that it should have looked before.
While the lock is held, the interpreter's own watchdog, which needs none, writes the stacks of all threads
(``faulthandler.dump_traceback_later``, in a process that is the worker's alone).
"""

from __future__ import annotations

import asyncio
import threading
import traceback
from collections.abc import Callable, Iterable
from functools import partial
from typing import TYPE_CHECKING, Self

from mog.config import GuardConfig
from mog.worker.pulse import Pulse
from mog.worker.watchdog import Watchdog

if TYPE_CHECKING:
    from mog.engine.port import Port
    from mog.worker.alarm import Alarm
    from mog.worker.thread_clock import ThreadClock
    from mog.worker.watcher import Judge, See, Watcher

INTERVAL = 0.25
"""Seconds between beats, at most; half of ``warn`` where that is less."""

GLANCES = 0.25
"""Seconds between glances of the I/O thread: it must come to wait for the lock while that is held."""

DUMP_AFTER = 4.0
"""Seconds beyond ``warn`` without a beat and without a look after which the interpreter writes the stacks."""

STOP_TIME = 0.5
"""Seconds that the thread may take to end: it may be writing to a pipe that nobody reads."""


class Guard:
    """Watches the loop on which it is started until it is stopped; does nothing unless ``config.enabled``.

    The packages of the functions ``own`` are the user's code, wherever they are installed. The news go to ``alarm``,
    else to file descriptor 2. ``on_beat`` is called some times a second on the loop.
    """

    def __init__(
        self,
        config: GuardConfig,
        own: Iterable[Callable[..., object]] = (),
        *,
        alarm: Alarm | None = None,
        on_beat: Callable[[], None] = lambda: None,
    ) -> None:
        self.config = config
        self._own = own
        self._alarm = alarm
        self._on_beat = on_beat
        self._pulse = Pulse(min(INTERVAL, config.warn / 2), self._take_beat)
        self._watcher: Watcher | None = None
        self._thread: threading.Thread | None = None
        self._watchdog: Watchdog | None = None
        self._clock: ThreadClock | None = None
        self._blocked = 0.0

    @property
    def late(self) -> float:
        """Seconds for which the loop has not moved although it should have; from any thread."""
        return self._pulse.late

    @property
    def lag(self) -> float:
        """Seconds by which the loop was late last, or is late by now; from any thread."""
        return self._pulse.lag

    @property
    def blocked(self) -> float:
        """Seconds of all times in which the loop was blocked for ``warn`` or longer; from any thread."""
        late = self.late
        return self._blocked + (late if late >= self.config.warn else 0.0)

    def dump_stacks(self) -> None:
        """Have the interpreter write all stacks where not even the guard can run.

        A process has one watchdog: this is for processes that are the worker's alone, before the start.
        """
        self._watchdog = Watchdog(self.config.warn + DUMP_AFTER)

    def start(self) -> None:
        """Begin to watch the running loop."""
        if not self.config.enabled:
            return
        from mog.worker.alarm import write_alarm  # noqa: PLC0415 - takes time, which who only submits need not pay
        from mog.worker.thread_clock import ThreadClock  # noqa: PLC0415 - takes time, which who only submits need not pay
        from mog.worker.watcher import Watcher  # noqa: PLC0415 - takes time, which who only submits need not pay

        self._pulse.start()
        self._clock = ThreadClock()
        alarm = self._alarm or write_alarm
        self._watcher = Watcher(self._pulse, self.config, self._eye(), alarm, thread_clock=self._clock)
        if self._watchdog is not None:
            self._watchdog.wind()
        self._thread = threading.Thread(target=self._watcher.run, name="mog-guard", daemon=True)
        self._thread.start()

    def enlist(self, port: Port) -> None:
        """Have the I/O thread look as well; on the same loop.

        When the interpreter lock is let go of after a long time, one of the threads that wait for it gets it, and the
        guard's is not always the one. Who comes second finds the loop's thread a few lines further on.
        """
        own_loop = asyncio.get_running_loop()

        def glance() -> None:
            watcher, loop = self._watcher, asyncio.get_running_loop()
            if watcher is not None and loop is not own_loop:
                watcher.glance()
                loop.call_later(GLANCES, glance)

        if self._watcher is not None:
            port.ping(glance)

    def stop(self) -> None:
        """Watch no more, once the last news are told; on the same loop. May be repeated."""
        due, late = self._pulse.due, self._pulse.late
        self._pulse.stop()
        if due is not None and self._watcher is not None:
            self._count(late)
            self._watcher.end(due, late)
        if self._watchdog is not None:
            self._watchdog.stop()
        if self._watcher is not None and self._thread is not None:
            self._watcher.stop()
            self._thread.join(STOP_TIME)
            self._watcher = None
        if self._clock is not None:
            self._clock.close()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _take_beat(self, due: float, lateness: float) -> None:
        self._count(lateness)
        if self._watchdog is not None:
            self._watchdog.wind()
        if self._watcher is not None:
            self._watcher.take_beat(due, lateness)
        self._on_beat()

    def _count(self, lateness: float) -> None:
        if lateness >= self.config.warn:
            self._blocked += lateness

    def _eye(self) -> See:
        """Return what looks at the running loop, from any thread."""
        from mog.worker.culprit import Culprit, Snapshot  # noqa: PLC0415 - takes time, which who only submits need not pay

        loop, thread = asyncio.get_running_loop(), threading.get_ident()
        own = frozenset(str(function.__module__).partition(".")[0] for function in self._own)

        def see() -> Judge:
            snapshot = Snapshot(loop, thread)
            if self._watchdog is not None:
                self._watchdog.stop()  # the stack is shown without it
            return partial(judge, snapshot)

        def judge(snapshot: Snapshot, elsewhere: bool) -> Culprit:
            try:
                return snapshot.lock_holder(own) if elsewhere else snapshot.culprit(own)
            except Exception:  # noqa: BLE001 - what user code looks like is without bounds, and the news must get out
                return Culprit(None, "?", stack=traceback.format_exc())

        return see
