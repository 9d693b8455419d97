"""Runs a worker as a process: its own event loop, signals, an end in bounded time."""

from __future__ import annotations

import asyncio
import os
import threading
from typing import TYPE_CHECKING, Any

from mog.worker.signals import SignalWatch
from mog.worker.worker import CANCEL_PATIENCE, Worker

if TYPE_CHECKING:
    from mog.app import App

HAND_BACK_TIME = 0.7
"""Seconds that an abrupt end may spend on putting back what runs; the promise is one second in all."""


def run_worker(app: App, **options: Any) -> int:
    """Run a worker until it is told to stop, and return the process's exit code; options as for ``App.start``.

    The first SIGTERM or SIGINT lets running tasks end within the grace period; the second puts everything back and
    ends the process within a second, and so does a first one whose grace period went by on a blocked event loop.
    Must be called on the main thread of a process that does nothing else: it may end the process.
    """
    end = _End(app)
    with SignalWatch(end.on_signal), asyncio.Runner() as runner:
        runner.run(end.run_worker(options))
        end.leave_threads()
    return 0


class _End:
    """How this process ends: in good order if it can, at once if it must."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._worker: Worker | None = None
        self._asked_early = False
        self._last_resort: threading.Timer | None = None

    async def run_worker(self, options: dict[str, Any]) -> None:
        """Connect, run the worker, close."""
        await self._app.connect()
        try:
            self._worker = self._app.create_worker(**options)
            if self._asked_early:
                self._worker.stopping.set()
            await self._worker.run()
        finally:
            await self._app.close()

    def on_signal(self, count: int, signum: int) -> None:
        """Stop, or leave; called on the watch thread, which runs even where the loop is blocked."""
        if count > 1:
            self._leave_now(128 + signum)  # as shells tell of a process that a signal ended
        self._asked_early = True
        if self._worker is not None:
            self._worker.stopping.set()
        patience = self._app.config.grace + CANCEL_PATIENCE + 1.0
        self._last_resort = threading.Timer(patience, self._leave_now, (128 + signum,))
        self._last_resort.daemon = True
        self._last_resort.start()

    def leave_threads(self) -> None:
        """End the process over the heads of `def` tasks that did not end; they have been put back."""
        if self._last_resort is not None:
            self._last_resort.cancel()
        if self._worker is not None and self._worker.threads_left:
            os._exit(0)

    def _leave_now(self, code: int) -> None:
        if self._worker is not None:
            port = self._worker.port
            for requeue in self._worker.unfinished():
                port.send("results.requeue", requeue)
            port.close_blocking(HAND_BACK_TIME)
        os._exit(code)
