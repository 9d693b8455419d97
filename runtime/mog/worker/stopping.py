"""An event that says: stop soon."""

from __future__ import annotations

import asyncio
import threading
from contextlib import suppress


class Stopping:
    """Set once, from any thread; seen at once everywhere, even by code that blocks its event loop.

    ``async def`` tasks await :meth:`wait`, ``def`` tasks call :meth:`wait_blocking`, both may ask :meth:`is_set`.
    """

    def __init__(self) -> None:
        self._event = threading.Event()
        self._waiters: set[asyncio.Future[None]] = set()

    def is_set(self) -> bool:
        """Tell whether the worker has been asked to stop."""
        return self._event.is_set()

    def set(self) -> None:
        """Ask to stop; may be repeated."""
        self._event.set()
        for waiter in list(self._waiters):
            with suppress(RuntimeError):  # its loop is closed
                waiter.get_loop().call_soon_threadsafe(_wake, waiter)

    async def wait(self) -> None:
        """Wait until :meth:`set` is called."""
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiters.add(waiter)  # before the look: a set() that comes in between finds it
        try:
            if not self._event.is_set():
                await waiter
        finally:
            self._waiters.discard(waiter)

    def wait_blocking(self, timeout: float | None = None) -> bool:
        """Wait in this thread, at most ``timeout`` seconds; tell whether it is set."""
        return self._event.wait(timeout)


def _wake(waiter: asyncio.Future[None]) -> None:
    if not waiter.done():
        waiter.set_result(None)
