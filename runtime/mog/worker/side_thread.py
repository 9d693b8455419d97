"""A thread that answers for a worker process to the outside: to health probes, or to its supervisor.

It has an event loop of its own and runs no user code, so it answers while the tasks' loop is blocked. It is not the
I/O thread, because the engine may wait there for a lock of the store for many seconds, and because ``memory://`` has
none.
"""

from __future__ import annotations

import asyncio
import os
import threading
import weakref
from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Protocol

from mog.worker.events import Event, Observer
from mog.worker.vitals import Vitals

STOP_TIME = 1.0
"""Seconds that the thread may take to end."""

_threads: weakref.WeakSet[SideThread] = weakref.WeakSet()


class Controls(Protocol):
    """How a worker process is ended; from any thread."""

    @property
    def patience(self) -> float:
        """Seconds that an end in good order may take."""

    def stop(self) -> None:
        """End in good order. May be repeated."""

    def leave(self) -> None:
        """Put back what runs, and end the process now."""


class SideThread(ABC):
    """Runs :meth:`serve` on a thread of its own, from start to stop."""

    def __init__(self) -> None:
        self.vitals = Vitals()
        self.controls: Controls | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._serving: asyncio.Task[None] | None = None
        self._begun = threading.Event()
        self._thread = threading.Thread(target=self._run, name="mog-side", daemon=True)

    @abstractmethod
    async def serve(self) -> None:
        """Answer until cancelled, and call :meth:`has_begun` once it does; on the thread's loop."""

    @abstractmethod
    def close_after_fork(self) -> None:
        """Close, in a forked child, what must not stay open there."""

    def observe(self, event: Event) -> None:
        """Take note of what the worker tells; on the tasks' loop."""
        self.vitals.observe(event)

    def has_begun(self) -> None:
        """Let :meth:`start` return."""
        self._begun.set()

    def start(self) -> None:
        """Begin to answer, and return once it does; the worker may follow much later."""
        _threads.add(self)
        self._thread.start()
        self._begun.wait()

    def stop(self) -> None:
        """End the thread; what it still has to say it says within STOP_TIME."""
        _threads.discard(self)
        if self._serving is not None:
            self.call(self._serving.cancel)
        self._thread.join(STOP_TIME)

    def call(self, function: Callable[..., object], *args: Any) -> None:
        """Call a function on the thread's loop; from any thread. Nothing happens once the thread has ended."""
        if self._loop is not None:
            with suppress(RuntimeError):
                self._loop.call_soon_threadsafe(function, *args)

    def observer(self, other: Observer | None) -> Observer:
        """Return an observer that tells the other, and takes note: what is shown comes before what follows from it."""

        def both(event: Event) -> None:
            if other is not None:
                other(event)
            self.observe(event)

        return both

    def _run(self) -> None:
        with suppress(asyncio.CancelledError):
            asyncio.run(self._serve())

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._serving = asyncio.current_task()
        try:
            await self.serve()
        finally:
            self._begun.set()


def _forked() -> None:
    for thread in list(_threads):
        _threads.discard(thread)
        thread._loop = None  # the parent's, and it runs there alone
        thread.close_after_fork()


os.register_at_fork(after_in_child=_forked)
