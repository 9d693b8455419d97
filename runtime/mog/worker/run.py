"""Runs a worker as a process: its own event loop, signals, an end in bounded time."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import signal
import threading
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from mog.worker.signals import SignalWatch
from mog.worker.worker import CANCEL_PATIENCE, Worker

if TYPE_CHECKING:
    from mog.app import App
    from mog.worker.events import Observer
    from mog.worker.side_thread import SideThread

HAND_BACK_TIME = 0.7
"""Seconds that an abrupt end may spend on putting back what runs; the promise is one second in all."""

LEAVE_TIME = 2.0
"""Seconds that what user code has left behind (tasks, threads) may hold up the end of the process."""

STOPPED_LATE = 128 + signal.SIGTERM
"""Exit code of a worker that its supervisor has stopped and that did not end in good order."""

log = logging.getLogger("mog.worker")


def run_worker(app: App, *, side: SideThread | None = None, **options: Any) -> int:
    """Run a worker until it is told to stop, and return the process's exit code; options as for ``App.start``.

    ``side`` answers for it to the outside, and is stopped at the end.

    The first SIGTERM or SIGINT lets running tasks end within the grace period; the second puts everything back and
    ends the process within a second, and so does a first one whose grace period went by on a blocked event loop.
    Must be called on the main thread of a process that does nothing else: it may end the process.
    """
    end = _End(app)
    own_threads = set(threading.enumerate())
    with SignalWatch(end.on_signal), ExitStack() as closed, asyncio.Runner() as runner:
        loop = runner.get_loop()
        if side is not None:
            options["observer"] = end.attach(side, options.get("observer"))
        working = loop.create_task(end.run_worker(options))
        try:
            _run_to_end(loop, working)
        finally:
            failed = not working.done() or working.cancelled() or working.exception() is not None
            end.detach()
            closed.callback(end.leave_threads(int(failed)).cancel)
    if any(not thread.daemon for thread in set(threading.enumerate()) - own_threads):
        _leave_later(0)  # for the threads that user code has left behind the interpreter would wait, maybe for ever
    return 0


def _run_to_end(loop: asyncio.AbstractEventLoop, working: asyncio.Task[None]) -> None:
    """Run the loop until the worker has ended, even if code that user code has left on it tries to end the program."""
    while not working.done():
        try:
            loop.run_until_complete(working)
        except BaseException as error:
            if working.done():
                raise
            log.error("code outside the run of any task has interrupted the event loop; it goes on", exc_info=error)


class _End:
    """How this process ends: in good order if it can, at once if it must."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._worker: Worker | None = None
        self._side: SideThread | None = None
        self._asked_early = False
        self._last_resort: threading.Timer | None = None
        self._lock = threading.Lock()
        self._leaving = threading.Lock()

    @property
    def patience(self) -> float:
        """Seconds that an end in good order may take; see :class:`~mog.worker.side_thread.Controls`."""
        return self._app.config.grace + CANCEL_PATIENCE + 1.0

    def attach(self, side: SideThread, observer: Observer | None) -> Observer:
        """Let ``side`` know the worker and end it; return what is to observe the worker."""
        self._side = side
        side.vitals.attend(self._app)
        side.controls = self
        return side.observer(observer)

    def detach(self) -> None:
        """End the thread at the side, which says its last word."""
        if self._side is not None:
            self._side.stop()

    async def run_worker(self, options: dict[str, Any]) -> None:
        """Connect, run the worker until it ends by its own will, close."""
        await self._app.connect()
        gc.freeze()  # what is loaded stays: to search it for garbage held up all tasks, for 15 to 50 ms each time
        try:
            while await self._is_cancelled(options):
                log.error("the code of a task has cancelled the worker, which begins anew")
        finally:
            gc.unfreeze()  # for a process that goes on, as a test's does
            await self._app.close()

    async def _is_cancelled(self, options: dict[str, Any]) -> bool:
        self._worker = self._app.create_worker(**options)
        self._worker.guard.dump_stacks()
        if self._side is not None:
            self._side.vitals.worker = self._worker
        if self._asked_early:
            self._worker.stopping.set()
        try:
            await self._worker.run()
        except asyncio.CancelledError:
            return True
        return False

    def on_signal(self, count: int, signum: int) -> None:
        """Stop, or leave; called on the watch thread, which runs even where the loop is blocked."""
        code = 128 + signum  # as shells tell of a process that a signal ended
        if count > 1:
            self._leave_now(code)
        self._stop(code)

    def stop(self) -> None:
        """See :class:`~mog.worker.side_thread.Controls`."""
        self._stop(STOPPED_LATE)

    def leave(self) -> None:
        """See :class:`~mog.worker.side_thread.Controls`."""
        self._leave_now(STOPPED_LATE)

    def _stop(self, code: int) -> None:
        """Stop in good order, or with ``code`` once patience is over."""
        self._asked_early = True
        if self._worker is not None:
            self._worker.stopping.set()
        with self._lock:
            if self._last_resort is None:
                self._last_resort = threading.Timer(self.patience, self._leave_now, (code,))
                self._last_resort.daemon = True
                self._last_resort.start()

    def leave_threads(self, code: int) -> threading.Timer:
        """End the process over the heads of `def` tasks that did not end; they have been put back.

        Returns a timer that ends it if the loop cannot be closed.
        """
        if self._last_resort is not None:
            self._last_resort.cancel()
        if self._worker is not None and self._worker.threads_left:
            os._exit(code)
        return _leave_later(code)

    def _leave_now(self, code: int) -> None:
        """Put back what runs and end the process; a second caller waits for the first, who may be a signal's thread."""
        try:
            self._leaving.acquire(timeout=LEAVE_TIME)
            if self._worker is not None:
                port = self._worker.port
                for requeue in self._worker.unfinished():
                    port.send("results.requeue", requeue)
                port.close_blocking(HAND_BACK_TIME)
        finally:
            os._exit(code)


def _leave_later(code: int) -> threading.Timer:
    """End the process after LEAVE_TIME, unless it has ended by then or the timer that is returned is cancelled."""
    timer = threading.Timer(LEAVE_TIME, os._exit, (code,))
    timer.daemon = True
    timer.start()
    return timer
